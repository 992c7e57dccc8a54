/**
 * What the instruction being evaluated has written so far. Nothing reaches the machine before `commit`, so a fault
 * anywhere in a meaning leaves every register and byte as it was.
 */
import type { Cpu } from '../../cpu/cpu.ts';
import { FLAG_NAMES, FLAGS } from '../../cpu/layout.ts';
import type { Width } from '../../isa/ops.ts';
import type { Memory } from '../../mem/memory.ts';
import type { Store, Why } from '../engine.ts';

const masks: Readonly<Record<Width, bigint>> = {
  8: 0xffn,
  16: 0xffffn,
  32: 0xffff_ffffn,
  64: 0xffff_ffff_ffff_ffffn,
  80: (1n << 80n) - 1n,
  128: (1n << 128n) - 1n,
  256: (1n << 256n) - 1n,
};
export const mask = (w: Width): bigint => masks[w];
export const M64 = mask(64);
export const bool = (b: boolean): bigint => (b ? 1n : 0n);
const flagBits = FLAG_NAMES.map((f) => [f, 1 << FLAGS[f]] as const);
/** The flags POPF may change in user mode. */
export const POPPED = flagBits.reduce((m, [, bit]) => m | bit, 0);

export class EvalState {
  readonly cpu: Cpu;
  protected readonly mem: Memory;
  protected readonly clock: () => bigint;

  readonly gprs = new Map<number, bigint>();
  /** Vector halves: n for the low 128 bits, 16 + n for the upper. */
  readonly vectors = new Map<number, bigint>();
  readonly stores: Store[] = [];
  /** Masks of RFLAGS bits. */
  flagsWritten = 0;
  flagValues = 0;
  protected nextRip = 0n;
  protected target: bigint | undefined;
  stop: Why | undefined;

  constructor(cpu: Cpu, mem: Memory, clock: () => bigint) {
    this.cpu = cpu;
    this.mem = mem;
    this.clock = clock;
  }

  /** Forget what was written and begin an instruction whose successor is at `next`. */
  begin(next: bigint): void {
    this.gprs.clear();
    this.vectors.clear();
    this.stores.length = 0;
    this.flagsWritten = 0;
    this.flagValues = 0;
    this.nextRip = next;
    this.target = undefined;
    this.stop = undefined;
  }

  /** The meaning is through: the last chance to fault, for exceptions that are noted on the way. */
  finish(): void {}

  /** Make the writes real. Nothing here can fail. */
  commit(): void {
    for (const [n, v] of this.gprs) this.cpu.setGpr(n, v);
    for (const [n, v] of this.vectors) this.cpu.setXmm(n & 15, v, n < 16 ? 0 : 1);
    for (const s of this.stores) this.mem.poke(s.address, s.size, s.value);
    if (this.flagsWritten) {
      for (const [f, bit] of flagBits) if (this.flagsWritten & bit) this.cpu.setFlag(f, (this.flagValues & bit) !== 0);
    }
    this.cpu.rip = this.target ?? this.nextRip;
  }

  /** Registers beside the general and vector ones that were written, by name, for the recorder. */
  others(): [name: string, value: bigint][] {
    return [];
  }
}
