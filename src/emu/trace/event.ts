/** What happens in a run, as data: made by the machine and its host functions, read by traces and checkers. */
import type { Step } from '../engine/engine.ts';
import type { Fault } from '../mem/fault.ts';

/** The calling conventions that meet here: the System V psABI, and Go's two. */
export type Convention = 'C' | 'ABI0' | 'ABIInternal';

/** A register that held a value the callee was free to destroy, and was given junk. */
export interface Junk {
  readonly register: string;
  readonly value: bigint;
}

export type Event =
  /**
   * One instruction, the `n`th of the run to retire, or not quite (`step.unfinished`). `rsp` is RSP after it. Engines may
   * be ahead of their steps: registers and memory are as some later instruction left them.
   */
  | { readonly kind: 'insn'; readonly n: number; readonly step: Step; readonly rsp: bigint }
  /** A system call and its answer, as strace would print it. */
  | {
      readonly kind: 'syscall';
      readonly number: number;
      readonly name: string;
      readonly args: readonly bigint[];
      readonly text: string;
      readonly injected: boolean;
    }
  /** Machine code reached a host function. RSP points at the return address. */
  | {
      readonly kind: 'enter';
      readonly name: string;
      readonly convention: Convention;
      readonly args: string;
      readonly rsp: bigint;
    }
  /** A host function returns from where `enter` had RSP. `junk`: what it left in registers it need not preserve. */
  | {
      readonly kind: 'leave';
      readonly name: string;
      readonly convention: Convention;
      readonly rsp: bigint;
      readonly result: string;
      readonly junk: readonly Junk[];
    }
  /** A host function calls machine code; the return address is at `slot`. */
  | {
      readonly kind: 'call';
      readonly from: string;
      readonly to: bigint;
      readonly convention: Convention;
      readonly slot: bigint;
      readonly returnTo: bigint;
    }
  /** Machine code returned to the host function that called it. */
  | { readonly kind: 'return'; readonly to: string; readonly convention: Convention; readonly slot: bigint }
  /** Something was written to standard output (1) or standard error (2). */
  | { readonly kind: 'output'; readonly fd: number; readonly bytes: Uint8Array }
  /** RSP went from one stack to another. */
  | { readonly kind: 'stack'; readonly from: string; readonly to: string; readonly rsp: bigint }
  /** Another thread runs from here on. */
  | { readonly kind: 'thread'; readonly from: string; readonly to: string; readonly tid: number }
  /** The stack [from, from + size) lies `delta` higher now: addresses into it have moved along. */
  | { readonly kind: 'moved'; readonly from: bigint; readonly size: bigint; readonly delta: bigint }
  | { readonly kind: 'end'; readonly ending: Ending };

/** Why a run is over. */
export type Ending =
  | { readonly kind: 'done' }
  | { readonly kind: 'exit'; readonly status: number }
  /** Killed: by a fault, a trap, or abort(). */
  | { readonly kind: 'signal'; readonly signal: Signal; readonly detail: string; readonly fault: Fault | undefined }
  | { readonly kind: 'unknown-syscall'; readonly number: number; readonly name: string }
  | { readonly kind: 'no-meaning'; readonly what: string }
  /** Reached a function that nobody has written. */
  | { readonly kind: 'no-model'; readonly name: string }
  | { readonly kind: 'blocked'; readonly on: string }
  | { readonly kind: 'budget'; readonly retired: number }
  /** Returned to a host frame that is not the one that called. */
  | { readonly kind: 'lost'; readonly detail: string };

export type Signal = 'SIGSEGV' | 'SIGILL' | 'SIGTRAP' | 'SIGFPE' | 'SIGABRT' | 'SIGBUS';

export type Observer = (e: Event) => void;
