/** What an instruction has changed, told as a `Step`: registers compared before and after, values all silicon's. */
import type { Registers } from '../../cpu/cpu.ts';
import { AT, FLAG_NAMES, FLAGS, VECTOR_STRIDE, X87_STRIDE } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Step, Store } from '../engine.ts';

/** Registers that have a name of their own in a trace, in the order in which the interpreter lists them. */
// biome-ignore format: table
const named: readonly (readonly [name: string, at: number, size: number])[] = [
  ['FSBASE', AT.fsBase, 8],
  ['GSBASE', AT.gsBase, 8],
  ['MXCSR',  AT.mxcsr,  4],
  ['FCW',    AT.fcw,    2],
  ['FSW',    AT.fsw,    2],
  ['FTW',    AT.tags,   1],
  ...Array.from({ length: 8 }, (_, n) => [`FPR${n}`, AT.x87 + X87_STRIDE * n, 10] as const),
];

const gprs = Array.from({ length: 16 }, (_, n) => [n, AT.gpr + 8 * n, 8] as const);
const vectors = Array.from({ length: 32 }, (_, n) => [n, AT.vector + VECTOR_STRIDE * (n & 15) + (n & 16), 16] as const);

/** `flagsWritten` and which stores there were is our row's word; a flag that changed beside them was written too. */
export function stepBetween(
  insn: Instruction,
  before: Registers,
  after: Registers,
  flagsWritten: number,
  stores: readonly Store[],
): Step {
  const flagValues = flagsIn(after);
  const written = flagsWritten | (flagsIn(before) ^ flagValues);
  return {
    insn,
    next: little(after, AT.rip, 8),
    gprs: changes(gprs, before, after),
    vectors: changes(vectors, before, after),
    others: changes(named, before, after),
    flagsWritten: written,
    flagValues: flagValues & written,
    stores,
  };
}

function changes<N>(
  rows: readonly (readonly [name: N, at: number, size: number])[],
  before: Registers,
  after: Registers,
): (readonly [N, bigint])[] {
  const out: (readonly [N, bigint])[] = [];
  for (const [name, at, size] of rows) {
    for (let i = at; i < at + size; i++) {
      if (before[i] === after[i]) continue;
      out.push([name, little(after, at, size)]);
      break;
    }
  }
  return out;
}

function little(bytes: Uint8Array, at: number, size: number): bigint {
  let v = 0n;
  for (let i = at + size - 1; i >= at; i--) v = (v << 8n) | BigInt(bytes[i]!);
  return v;
}

const flagsIn = (file: Registers): number =>
  FLAG_NAMES.reduce((mask, f, i) => (file[AT.flags + i] ? mask | (1 << FLAGS[f]) : mask), 0);
