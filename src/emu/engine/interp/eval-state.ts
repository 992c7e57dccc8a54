/**
 * What the instruction being evaluated has written so far. Nothing reaches the machine before `commit`, so a fault
 * anywhere in a meaning leaves every register and byte as it was.
 */
import type { Cpu } from '../../cpu/cpu.ts';
import { FLAG_NAMES, FLAGS, SEGMENTS } from '../../cpu/layout.ts';
import { type CpuModel, models } from '../../cpu/models.ts';
import type { Width } from '../../isa/ops.ts';
import type { Memory } from '../../mem/memory.ts';
import type { EngineParts, Store, Why } from '../engine.ts';

const masks: Readonly<Record<Width, bigint>> = {
  8: 0xffn,
  16: 0xffffn,
  32: 0xffff_ffffn,
  64: 0xffff_ffff_ffff_ffffn,
  80: (1n << 80n) - 1n,
  128: (1n << 128n) - 1n,
  256: (1n << 256n) - 1n,
  512: (1n << 512n) - 1n,
};
export const mask = (w: Width): bigint => masks[w];
export const M64 = mask(64);
export const bool = (b: boolean): bigint => (b ? 1n : 0n);
/** The flags POPF may change in user mode. */
export const POPPED = FLAG_NAMES.reduce((m, f) => m | (1 << FLAGS[f]), 0);

export class EvalState {
  readonly cpu: Cpu;
  protected readonly mem: Memory;
  protected readonly clock: () => bigint;
  protected readonly model: CpuModel;

  /** General registers: a bit for each that was written, and its value. */
  gprsWritten = 0;
  readonly gprValues = Array<bigint>(16).fill(0n);
  /** Vector halves: n for the low 128 bits, 16 + n for the upper. */
  readonly vectors = new Map<number, bigint>();
  /** Selectors by their number, segment bases and the random sequence by name. */
  protected readonly selectors = new Map<number, bigint>();
  protected readonly bases = new Map<'FS' | 'GS', bigint>();
  protected nextRandom: bigint | undefined;
  readonly stores: Store[] = [];
  /** Masks of RFLAGS bits. */
  flagsWritten = 0;
  flagValues = 0;
  protected nextRip = 0n;
  protected target: bigint | undefined;
  stop: Why | undefined;

  constructor({ cpu, mem, clock, model = models.max }: EngineParts) {
    this.cpu = cpu;
    this.mem = mem;
    this.clock = clock;
    this.model = model;
  }

  /** Forget what was written and begin an instruction whose successor is at `next`. */
  begin(next: bigint): void {
    this.gprsWritten = 0;
    if (this.vectors.size) this.vectors.clear();
    if (this.selectors.size) this.selectors.clear();
    if (this.bases.size) this.bases.clear();
    this.nextRandom = undefined;
    if (this.stores.length) this.stores.length = 0;
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
    for (let rest = this.gprsWritten; rest; rest &= rest - 1) {
      const n = 31 - Math.clz32(rest & -rest);
      this.cpu.setGpr(n, this.gprValues[n]!);
    }
    this.commitVectors();
    for (const [n, v] of this.selectors) this.cpu.setSelector(n, Number(v));
    for (const [s, v] of this.bases) this.cpu[s === 'FS' ? 'fsBase' : 'gsBase'] = v;
    if (this.nextRandom !== undefined) this.cpu.random = this.nextRandom;
    for (const s of this.stores) this.mem.poke(s.address, s.size, s.value);
    if (this.flagsWritten) this.cpu.setFlags(this.flagsWritten, this.flagValues);
    this.cpu.rip = this.target ?? this.nextRip;
  }

  /** Make real what was written to vector registers, and nothing else: for a fault half-way through a gather. */
  commitVectors(): void {
    for (const [n, v] of this.vectors) this.cpu.setXmm(n & 15, v, n < 16 ? 0 : 1);
  }

  /** Registers beside the general and vector ones that were written, by name, for the recorder. */
  others(): [name: string, value: bigint][] {
    const out: [string, bigint][] = [];
    for (const [n, v] of this.selectors) if (BigInt(this.cpu.selector(n)) !== v) out.push([SEGMENTS[n]!, v]);
    for (const [s, v] of this.bases) {
      if (this.cpu[s === 'FS' ? 'fsBase' : 'gsBase'] !== v) out.push([`${s}BASE`, v]);
    }
    return out;
  }

  /** What changes and is no news to a recorder, but belongs on a tape. */
  beside(): [name: string, value: bigint][] {
    return this.nextRandom === undefined ? [] : [['RANDOM', this.nextRandom]];
  }
}
