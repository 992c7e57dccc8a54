/** Long runs that look for what short ones miss; exit code 1 when anything disagrees or a limit is passed. */
import { parseArgs } from 'node:util';
import { foundLine } from '../witness/found.ts';
import { hasSilicon, missingSilicon } from '../witness/silicon.ts';
import { churn } from './churn.ts';
import { type Finding, STATES, soak } from './cpu.ts';

class BadInput extends Error {}
const CPU_USAGE = 'npm run soak -- cpu [--seed S] [--instructions N] [--blocks N] [--only instruction:N|block:N]';
const CHURN_USAGE = 'npm run soak -- churn [--seed S] [--blocks N] [--limit MB]';
const USAGE = `${CPU_USAGE}; ${CHURN_USAGE}`;
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

try {
  if (positionals.length !== 1 || !/^(cpu|churn)$/.test(positionals[0]!))
    throw new BadInput(`what is to be soaked? ${USAGE}`);
  process.exitCode = positionals[0] === 'cpu' ? cpuMain() : churnMain();
} catch (e) {
  if (!(e instanceof BadInput)) throw e;
  console.error(`soak: ${(e as Error).message}`);
  process.exitCode = 2;
}
