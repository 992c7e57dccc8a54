/** npm run soak -- cpu [--seed S] [--instructions N] [--blocks N] [--only NAME]: exit code 1 when anything disagrees. */
import { parseArgs } from 'node:util';
import { foundLine } from '../witness/found.ts';
import { hasSilicon, missingSilicon } from '../witness/silicon.ts';
import { type Finding, STATES, soak } from './cpu.ts';

class BadInput extends Error {}
const USAGE = 'npm run soak -- cpu [--seed S] [--instructions N] [--blocks N] [--only instruction:N|block:N]';
const MAX_FINDINGS = 10;

function count(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new BadInput(`--${name} ${text}: a number is wanted: ${USAGE}`);
  return Number(text);
}

function options(): { seed: string; names: string[] } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      instructions: { type: 'string', default: '1000000' },
      blocks: { type: 'string', default: '20000' },
      only: { type: 'string' },
    },
  });
  if (positionals.join() !== 'cpu') throw new BadInput(`what is to be soaked? ${USAGE}`);
  if (values.only && !/^(instruction|block):\d+$/.test(values.only))
    throw new BadInput(`--only ${values.only}: ${USAGE}`);
  if (!hasSilicon) throw new BadInput(`soak cpu ${missingSilicon}`);
  const numbered = (kind: string, n: number): string[] => Array.from({ length: n }, (_, i) => `${kind}:${i}`);
  const instructions = Math.ceil(count('instructions', values.instructions) / STATES);
  const all = [...numbered('instruction', instructions), ...numbered('block', count('blocks', values.blocks))];
  return { seed: values.seed, names: values.only ? [values.only] : all };
}

function report(seed: string, { name, found, ours }: Finding): void {
  console.log(`\n${name}: npm run soak -- cpu --seed ${seed} --only ${name}`);
  console.log(`  silicon ${found.silicon}`);
  for (const text of ours) console.log(`  ${text}`);
  console.log(`  for test/emu/silicon/found.txt:\n${foundLine(found)}`);
}

function main(): number {
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
  process.exitCode = main();
} catch (e) {
  if (!(e instanceof BadInput) && !String((e as { code?: string }).code).startsWith('ERR_PARSE_ARGS')) throw e;
  console.error(`soak: ${(e as Error).message}`);
  process.exitCode = 2;
}
