/**
 * A function of the Go or C side, written in TypeScript, with a real frame on the guest's stack.
 *
 * The body is a generator. Between two yields it happens at once; a yield names one of the function's sites and either
 * calls from there (the site's PC is the return address that lands on the stack) or only stops there, so that another
 * thread may move first. Pointers to the stack live in the frame, never in a variable of the body: the stack may move.
 */
import type { Convention } from '#emu/trace/event.ts';
import type { Frame } from './frame.ts';
import type { World } from './world.ts';

/** "Call `target` from my site `site`." Registers and outgoing arguments are set before yielding it. */
export interface CallRequest {
  readonly site: string;
  /** An address, or the name of a symbol. */
  readonly target: bigint | string;
  /** The convention the callee keeps. */
  readonly convention: Convention;
}

/** "I am about to do what my site `site` says": whoever wants to may move first. */
export interface StopRequest {
  readonly site: string;
}

export type Request = CallRequest | StopRequest;
export type Body<T = string | undefined> = Generator<Request, T, void>;

/**
 * The sites of a function, in the order of their PCs: name → statement. For functions of Go's, a statement that occurs
 * exactly once in that function of Go 1.19 (a test looks); empty for what nobody else has written.
 */
export type Sites = Readonly<Record<string, string>>;

/** Which words of a frame hold pointers: what FUNCDATA's bitmaps say of a PC (funcdata.h). */
export interface PointerMap {
  /** Offsets from FP, the first argument word, in bytes. */
  readonly args?: readonly number[];
  /** Offsets from SP inside the body, in bytes. */
  readonly locals?: readonly number[];
}

export interface Model {
  /** As the symbol table has it: "runtime.mmap". */
  readonly name: string;
  readonly convention: Convention;
  /** Bytes of locals and outgoing arguments; the saved BP comes on top. */
  readonly frame: number;
  /** Where Go has it, relative to GOROOT/src; undefined for what Go has not. */
  readonly file?: string;
  /** The name of the Go function, where it is not what follows the package: "(*p).init", "cgocallbackg1.func3". */
  readonly go?: string;
  /** ABI0 code reaches it through a wrapper that hands over this many words from the stack (ABIInternal only). */
  readonly abi0?: number;
  /** Its prologue does not look whether the stack is large enough. C functions never do. */
  readonly nosplit?: boolean;
  /** Its prologue keeps DX, the closure, when the stack grows. */
  readonly closure?: boolean;
  /** Register arguments, which the prologue spills when the stack grows: p for a pointer, w for a word. */
  readonly spills?: string;
  /** For C functions: how much of RAX is a result. The rest is junk when it returns. */
  readonly resultBits?: 0 | 32 | 64;
  readonly sites: Sites;
  /** Live pointers by site; '*' for those not named. Without any, the frame holds none. */
  readonly live?: Readonly<Record<string, PointerMap>> | ((w: World) => Readonly<Record<string, PointerMap>>);
  /** A deferred call may end its panic: the body is resumed by throwing Recovered into it. */
  readonly recovers?: boolean;
  /** Its arguments, for the trace. */
  readonly show?: (f: Frame) => string;
  /** The text it returns is its result, for the trace. */
  readonly body: (f: Frame) => Body;
}

/** Sites of functions that are not Go's. */
export const sites = (...names: string[]): Sites => Object.fromEntries(names.map((n) => [n, '']));

/** The site at which a function makes its deferred calls, and goes on when one of them has recovered. */
export const DEFERRETURN = 'deferreturn';

/** What a model's body receives where a deferred call has recovered: it goes on with its return. */
export class Recovered extends Error {}

/** The run has ended inside a body: nothing after it happens. */
export class Stopped extends Error {}
