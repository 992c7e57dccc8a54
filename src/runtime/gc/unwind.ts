/**
 * A walk over a goroutine's frames, by return addresses and the tables of SP, as Go's: gentraceback (runtime/traceback.go).
 * Saved BPs play no part in it. What it reads is guest memory; who walks says how sure it must be of what it finds.
 */
import { hex } from '#emu/trace/text.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { DEFERRETURN } from '../model.ts';
import type { GView, World } from '../world.ts';
import { type Func, findfunc, funcspdelta, isExit } from './function.ts';

export interface StackFrame {
  readonly fn: Func;
  readonly pc: bigint;
  /** Where it goes on; 0: it never will, and its slots mean nothing. */
  readonly continpc: bigint;
  readonly sp: bigint;
  /** Its caller's SP. */
  readonly fp: bigint;
  /** Its return address; 0 at the top of a stack. */
  readonly lr: bigint;
  /** Locals end here; the saved BP, if there is one, comes next. */
  readonly varp: bigint;
  /** Arguments begin here. */
  readonly argp: bigint;
}

/** Where a walk begins. `fp` where it is known better than the tables do. */
export interface Start {
  readonly pc: bigint;
  readonly sp: bigint;
  readonly fp?: bigint;
}

/**
 * precise: to scan or move a stack; what cannot be explained ends the run. printing: says so and stops.
 * quiet: just stops.
 */
export type Purpose = 'precise' | 'printing' | 'quiet';

/** Where a goroutine that does not run stands: in its system call, or where it left its stack. */
export function savedPosition(w: World, gp: GView): Start {
  if (gp.syscallsp !== 0n) return { pc: gp.syscallpc, sp: gp.syscallsp };
  const { pc, sp } = view(w.machine.mem, gobuf, gp.sched);
  return { pc, sp };
}

/** The frames of `gp`, the innermost first. */
export function* gentraceback(
  w: World,
  gp: GView,
  purpose: Purpose,
  start: Start = savedPosition(w, gp),
): Generator<StackFrame> {
  if (purpose === 'precise' && w.currentG === gp.at && w.mOf(gp.m).curg === gp.at) {
    w.throw('gentraceback cannot trace user goroutine on its own stack');
  }
  const walk = new Walk(w, gp, purpose, entered(w, start));
  let fn = walk.begin();
  for (let n = 0; fn; n++) {
    const found = walk.frame(fn, n);
    if (!found) return;
    yield found.frame;
    fn = walk.next(found.frame, found.caller);
  }
}

/** A call of nil has no frame: the walk begins with whoever made it. */
function entered(w: World, { pc, sp, fp }: Start): Start {
  if (pc !== 0n) return { pc, sp, ...(fp !== undefined && { fp }) };
  return { pc: w.machine.mem.peek(sp, 8), sp: sp + 8n };
}

class Walk {
  readonly #w: World;
  readonly #gp: GView;
  readonly #purpose: Purpose;
  #at: Start;
  /** The frame before was sigpanic's: this one stopped at an instruction, not at a call. */
  #waspanic = false;

  constructor(w: World, gp: GView, purpose: Purpose, start: Start) {
    this.#w = w;
    this.#gp = gp;
    this.#purpose = purpose;
    this.#at = start;
  }

  begin(): Func | undefined {
    const fn = findfunc(this.#w, this.#at.pc);
    if (fn || this.#purpose === 'quiet') return fn;
    this.#w.print(`runtime: g ${this.#gp.goid}: unknown pc ${hex(this.#at.pc)}\n`);
    if (this.#purpose === 'precise') this.#w.throw('unknown pc');
    return undefined;
  }

  /** The frame at hand, and who called it. Undefined where no table describes it. */
  frame(fn: Func, n: number): { frame: StackFrame; caller: Func | undefined } | undefined {
    const { pc, sp } = this.#at;
    const depth = funcspdelta(this.#w, pc);
    if (depth === undefined) return undefined;
    const fp = this.#at.fp ?? sp + depth + 8n;
    let lr = 0n;
    let caller: Func | undefined;
    if (!this.#ends(fn, n)) {
      lr = this.#w.machine.mem.peek(fp - 8n, 8);
      caller = this.#caller(fn, lr);
    }
    // A frame of any size has a BP saved in its highest word.
    const varp = fp - 8n > sp ? fp - 16n : fp - 8n;
    const continpc = this.#waspanic ? deferreturnOf(this.#w, fn) : pc;
    return { frame: { fn, pc, continpc, sp, fp, lr, varp, argp: fp }, caller };
  }

  next(frame: StackFrame, caller: Func | undefined): Func | undefined {
    this.#waspanic = frame.fn.id === 'sigpanic';
    if (!caller) {
      this.#checkTop(frame);
      return undefined;
    }
    if (frame.pc === frame.lr && frame.sp === frame.fp) {
      this.#w.print(`runtime: traceback stuck. pc=${hex(frame.pc)} sp=${hex(frame.sp)}\n`);
      this.#w.throw('traceback stuck');
    }
    this.#at = { pc: frame.lr, sp: frame.fp };
    return caller;
  }

  /** Is there nothing to find above this function? */
  #ends(fn: Func, n: number): boolean {
    if (fn.topFrame) return true;
    if (!this.#writesSp(fn)) return false;
    if (this.#purpose !== 'precise') return true;
    // The innermost function of a stopped goroutine has been stopped in its prologue, before it touched SP.
    if (n === 0) return false;
    this.#w.print(`traceback: unexpected SPWRITE function ${fn.name}\n`);
    return this.#w.throw('traceback');
  }

  #writesSp(fn: Func): boolean {
    // It changes stacks with a frame of its own on both.
    if (!fn.writesSp || fn.id === 'cgocallback') return false;
    // What a function does to SP after it has saved it for entersyscall does not matter.
    const { pc, sp } = this.#at;
    return pc !== this.#gp.syscallpc || sp !== this.#gp.syscallsp;
  }

  #caller(fn: Func, lr: bigint): Func | undefined {
    const caller = findfunc(this.#w, lr);
    if (caller || isExit(this.#w, lr) || this.#purpose === 'quiet') return caller;
    this.#w.print(`runtime: g ${this.#gp.goid}: unexpected return pc for ${fn.name} called from ${hex(lr)}\n`);
    if (this.#purpose === 'precise') this.#w.throw('unknown caller pc');
    return undefined;
  }

  /** A precise walk has seen all frames, up to where newproc1 began the stack. */
  #checkTop({ fn, sp }: StackFrame): void {
    const { goid, stktopsp } = this.#gp;
    // 0: a goroutine that was under way when the world began.
    if (this.#purpose !== 'precise' || !fn.topFrame || stktopsp === 0n || sp === stktopsp) return;
    this.#w.print(`runtime: g${goid}: frame.sp=${hex(sp)} top=${hex(stktopsp)}\n`);
    this.#w.throw('traceback did not unwind completely');
  }
}

/** Where a function goes on that has panicked at an instruction: at its deferreturn, if it has one. */
function deferreturnOf(w: World, { name, model }: Func): bigint {
  return model && DEFERRETURN in model.sites ? w.bridge.siteAddress(name, DEFERRETURN) : 0n;
}
