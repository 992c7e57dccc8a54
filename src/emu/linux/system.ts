/** What a system call may see and change: the kernel as its handlers know it. */
import type { Cpu } from '../cpu/cpu.ts';
import type { Memory } from '../mem/memory.ts';
import type { Clock } from './clock.ts';
import type { SigAction, Stack } from './structs.ts';

/** A guest thread, as far as Linux is concerned. */
export interface Task {
  readonly tid: number;
  readonly cpu: Cpu;
  altStack: Stack;
  /** Bit n-1 blocks signal n. */
  sigmask: bigint;
  /** Exit status as given, once the task is gone. */
  exited?: number;
}

/** A task asleep on a futex. The order of the list is the order of waking. */
export interface Waiter {
  readonly tid: number;
  readonly address: bigint;
  /** Waiters with FUTEX_PRIVATE_FLAG and those without never meet. */
  readonly isPrivate: boolean;
  readonly bitset: number;
}

/**
 * What a blocked task waits for: a wake at a futex, a time on the monotonic clock, or whichever comes first.
 * The machine either finds the task among an `Outcome`'s `wakes`, or lets time pass with `Kernel.expire`.
 */
export interface WaitCondition {
  readonly futex?: bigint;
  readonly untilNs?: bigint;
}

/** What a handler answers: a value or -errno, or one of the things a value cannot say. */
export type Result =
  | number
  | bigint
  | { readonly value: number; readonly wakes: readonly number[] }
  | { readonly block: WaitCondition }
  | { readonly exit: number; readonly group: boolean };

export interface System {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly pid: number;
  /** New mappings lie below it, highest first. */
  readonly mmapBase: bigint;
  /** brk(2): `end` is the program break. */
  readonly heap: { readonly start: bigint; end: bigint };
  /** By signal; one that is not here has its default action. */
  readonly sigactions: Map<number, SigAction>;
  waiters: readonly Waiter[];
  /** No other task is left that could wake this one or use the time it sleeps. */
  readonly isAlone: boolean;
  output(fd: number, bytes: Uint8Array): void;
}
