/** What runs instructions, and why it hands control back. Nothing above can tell which engine it is, but by speed. */
import type { Cpu } from '../cpu/cpu.ts';
import { FLAG_NAMES, FLAGS, type Flag } from '../cpu/layout.ts';
import type { CpuModel } from '../cpu/models.ts';
import type { Instruction } from '../decode/instruction.ts';
import type { Fault } from '../mem/fault.ts';
import type { Memory } from '../mem/memory.ts';

export interface Engine {
  /**
   * Retire at most `budget` instructions, then say why it stopped. Deterministic: same registers, same memory, same
   * answer. A faulting instruction does not retire, and RIP still points at it; SYSCALL and INT retire first.
   */
  run(budget: number, recorder?: Recorder): Stop;
}

/** What an engine works on. `clock` is virtual time in nanoseconds, for RDTSC. */
export interface EngineParts {
  readonly cpu: Cpu;
  readonly mem: Memory;
  readonly clock: () => bigint;
  /** Which instructions there are, and what CPUID says. Everything callgate knows when left out. */
  readonly model?: CpuModel;
}
export type MakeEngine = (parts: EngineParts) => Engine;

export type Stop = { readonly retired: number } & Why;

export type Why =
  | { readonly why: 'budget' }
  | { readonly why: 'syscall' }
  | { readonly why: 'fault'; readonly fault: Fault }
  /** INT n, by its vector: 3 is a breakpoint. */
  | { readonly why: 'trap'; readonly vector: number };

/**
 * Told about every retired instruction, in order, and what one that faulted had changed before (`unfinished`): before
 * `run` returns, but not always before the next one is done. Registers and memory are to be taken from the steps.
 */
export interface Recorder {
  retired(step: Step): void;
  /**
   * The same in bytes (tape/format.ts): whole records, many at a time. An engine that can write them calls this instead.
   * They are the engine's again afterwards. `code`: the instruction that was at an address when they were written.
   */
  tape?(bytes: Uint8Array, code: (address: bigint) => Instruction): void;
}

export interface Store {
  readonly address: bigint;
  readonly size: number;
  readonly value: bigint;
}

/** What one instruction changed. Only real changes: a register written with its old value is not listed. */
export interface Step {
  readonly insn: Instruction;
  /** RIP after it. */
  readonly next: bigint;
  /** A REP or a gather that faulted after some turns, which stay: it has not retired, and RIP still points at it. */
  readonly unfinished?: true;
  /** General registers by number, with their new value. */
  readonly gprs: readonly (readonly [n: number, value: bigint])[];
  /** Halves of vector registers with their new 128 bits: n is XMM n, 16 + n the upper half of YMM n. */
  readonly vectors: readonly (readonly [n: number, value: bigint])[];
  /** Whatever else: MXCSR, FSBASE, the x87's registers, by name. */
  readonly others: readonly (readonly [name: string, value: bigint])[];
  /** The flags it wrote, changed or not: a mask of RFLAGS bits, and their values under that mask. */
  readonly flagsWritten: number;
  readonly flagValues: number;
  /** Every store, changed or not: a write of the same value is still a write. */
  readonly stores: readonly Store[];
}

/** Go's name of a half of a vector register, as in `Step.vectors`: X3, or Y3H for the upper half of Y3. */
export const vectorName = (n: number): string => (n < 16 ? `X${n}` : `Y${n - 16}H`);

/** The flags a step wrote, by name, in the order of their bits. */
export function flagsOf({ flagsWritten, flagValues }: Step): (readonly [flag: Flag, value: boolean])[] {
  return FLAG_NAMES.filter((f) => (flagsWritten >> FLAGS[f]) & 1).map((f) => [f, ((flagValues >> FLAGS[f]) & 1) === 1]);
}
