/**
 * A function of the Go or C side, written in TypeScript, with a real frame on the guest's stack.
 *
 * The body is a generator. Between two yields it happens at once; a yield calls machine code (or another model) from a
 * named call site, whose PC is the return address that lands on the stack.
 */
import type { Convention } from '#emu/trace/event.ts';
import type { Frame } from './frame.ts';

/** "Call `target` from my call site `site`." Registers and outgoing arguments are set before yielding it. */
export interface CallRequest {
  readonly site: string;
  /** An address, or the name of a symbol. */
  readonly target: bigint | string;
  /** The convention the callee keeps. */
  readonly convention: Convention;
}

export interface Model {
  /** As the symbol table has it: "runtime.mmap". */
  readonly name: string;
  readonly convention: Convention;
  /** Bytes of locals and outgoing arguments; the saved BP comes on top. */
  readonly frame: number;
  /** For C functions: how much of RAX is a result. The rest is junk when it returns. */
  readonly resultBits?: 0 | 32 | 64;
  /** Call sites, in the order of their PCs. */
  readonly sites: readonly string[];
  /** Its arguments, for the trace. */
  readonly show?: (f: Frame) => string;
  /** The text it returns is its result, for the trace. */
  readonly body: (f: Frame) => Generator<CallRequest, string | undefined, void>;
}
