/** Long runs that look for what short ones miss; exit code 1 when anything disagrees or a limit is passed. */
import { parseArgs } from 'node:util';
import { foundLine } from '../witness/found.ts';
import { hasSilicon, missingSilicon } from '../witness/silicon.ts';
import { churn } from './churn.ts';
import { type Finding, STATES, soak } from './cpu.ts';
import { schedules } from './schedules.ts';

class BadInput extends Error {}
const CPU_USAGE = 'npm run soak -- cpu [--seed S] [--instructions N] [--blocks N] [--only instruction:N|block:N]';
const CHURN_USAGE = 'npm run soak -- churn [--seed S] [--blocks N] [--limit MB]';
const SCHEDULES_USAGE = 'npm run soak -- schedules [--seed S] [--schedules N]';
const USAGE = `${CPU_USAGE}; ${CHURN_USAGE}; ${SCHEDULES_USAGE}`;
const MAX_FINDINGS = 10;

function count(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new BadInput(`--${name} ${text}: a number is wanted: ${USAGE}`);
  return Number(text);
}

const { values, positionals } = (() => {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        seed: { type: 'string', default: '1' },
        instructions: { type: 'string', default: '1000000' },
        blocks: { type: 'string' },
        schedules: { type: 'string', default: '10000' },
        limit: { type: 'string', default: '1024' },
        only: { type: 'string' },
      },
    });
  } catch (e) {
    console.error(`soak: ${(e as Error).message}`);
    process.exit(2);
  }
})();

function options(): { seed: string; names: string[] } {
  if (values.only && !/^(instruction|block):\d+$/.test(values.only))
    throw new BadInput(`--only ${values.only}: ${USAGE}`);
  if (!hasSilicon) throw new BadInput(`soak cpu ${missingSilicon}`);
  const numbered = (kind: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${kind}:${i}`);
  const instructions = Math.ceil(count('instructions', values.instructions) / STATES);
  const all = [
    ...numbered('instruction', instructions),
    ...numbered('block', count('blocks', values.blocks ?? '20000')),
  ];
  return { seed: values.seed, names: values.only ? [values.only] : all };
}

function report(seed: string, { name, found, ours }: Finding): void {
  console.log(`\n${name}: npm run soak -- cpu --seed ${seed} --only ${name}`);
  console.log(`  silicon ${found.silicon}`);
  for (const text of ours) console.log(`  ${text}`);
  console.log(`  for test/emu/silicon/found.txt:\n${foundLine(found)}`);
}

/** Blocks that are translated, and what memory that takes. */
function churnMain(): number {
  const blocks = count('blocks', values.blocks ?? '1000000');
  const limit = count('limit', values.limit);
  const start = Date.now();
  let most = 0;
  let shown = 0;
  for (const p of churn(blocks, BigInt(count('seed', values.seed)))) {
    most = Math.max(most, process.memoryUsage.rss() / 2 ** 20);
    if (most > limit) {
      console.error(`\nafter ${p.blocks} blocks the process takes ${most.toFixed(0)} MB, and ${limit} are allowed`);
      return 1;
    }
    if (p.blocks < blocks && p.blocks - shown < blocks / 20) continue;
    shown = p.blocks;
    const seconds = ((Date.now() - start) / 1000).toFixed(0);
    console.error(
      `${p.blocks} blocks, ${p.translated} regions, ${p.evictions} evictions, at most ${most.toFixed(0)} MB, ${p.instructions} instructions, ${seconds} s`,
    );
  }
  return 0;
}

function cpuMain(): number {
  const { seed, names } = options();
  const start = Date.now();
  let findings = 0;
  for (const { done, instructions, finding } of soak(seed, names)) {
    if (finding) report(seed, finding);
    if (finding && ++findings >= MAX_FINDINGS) break;
    const seconds = Math.round((Date.now() - start) / 1000);
    const line = `${done}/${names.length} codes, ${instructions} runs on each engine, ${findings} differences, ${seconds} s`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
    else if (done === names.length) console.error(line);
  }
  console.error(`\nseed ${seed}: ${findings} differences${findings >= MAX_FINDINGS ? ', and stopped looking' : ''}`);
  return findings ? 1 : 0;
}

/** Random schedules over all scenarios, with every fix in: none may find anything. */
function schedulesMain(): number {
  const total = count('schedules', values.schedules);
  const start = Date.now();
  let failures = 0;
  for (const { done, scenario, failure } of schedules(total, BigInt(count('seed', values.seed)))) {
    if (failure) {
      failures++;
      console.log(`\n${scenario}: ${failure.message}\n  callgate explore ${scenario} --schedule '${failure.schedule}'`);
    }
    const line = `${done}/${total} schedules, ${failures} failures, ${Math.round((Date.now() - start) / 1000)} s, ${scenario}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}\x1b[K`);
    else if (done === total || done % 1000 === 0) console.error(line);
    if (failures >= MAX_FINDINGS) break;
  }
  console.error(`\nseed ${values.seed}: ${failures} failures`);
  return failures ? 1 : 0;
}

const jobs: Readonly<Record<string, () => number>> = { cpu: cpuMain, churn: churnMain, schedules: schedulesMain };

try {
  const job = positionals.length === 1 ? jobs[positionals[0]!] : undefined;
  if (!job) throw new BadInput(`what is to be soaked? ${USAGE}`);
  process.exitCode = job();
} catch (e) {
  if (!(e instanceof BadInput)) throw e;
  console.error(`soak: ${(e as Error).message}`);
  process.exitCode = 2;
}
