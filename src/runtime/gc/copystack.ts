/** A goroutine's stack moves: what is in use is copied, and every pointer into it that the maps tell of moves along. runtime/stack.go */
import { hex } from '#emu/trace/text.ts';
import { defer, G, g as gLayout, gobuf, SCAN, STACK_GUARD, stack, sudog } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { GView, World } from '../world.ts';
import { getStackMap, type Words } from './maps.ts';
import { gentraceback, type StackFrame } from './unwind.ts';

/** What nosplit functions may take of the room below the guard: StackLimit. */
const STACK_LIMIT = 800n;
/** The smallest stack: _FixedStack. */
const FIXED_STACK = 2048n;
/** No pointer is this small: minLegalPointer (runtime/malloc.go). */
const MIN_LEGAL_POINTER = 4096n;

interface Move {
  readonly w: World;
  readonly lo: bigint;
  readonly hi: bigint;
  readonly delta: bigint;
}

/** func copystack(gp *g, newsize uintptr) */
export function copystack(w: World, gp: GView, newsize: bigint): void {
  const { mem } = w.machine;
  if (gp.syscallsp !== 0n) w.throw('stack growth not allowed in system call');
  const bounds = view(mem, stack, gp.stack);
  const { lo, hi } = bounds;
  const sched = view(mem, gobuf, gp.sched);
  const used = hi - sched.sp;
  if (newsize < hi - lo && gp.parkingOnChan !== 0n) {
    w.throw('racy sudog adjustment due to parking on channel');
  }
  const newLo = w.heap.stack(newsize, mem.find(lo)?.name ?? 'stack');
  const newHi = newLo + newsize;
  const move: Move = { w, lo, hi, delta: newHi - hi };
  mem.pokeBytes(newHi - used, mem.peekBytes(hi - used, Number(used)));
  // What the walk over the new stack goes by moves first.
  adjustOutside(move, gp);
  [bounds.lo, bounds.hi] = [newLo, newHi];
  gp.stackguard0 = newLo + STACK_GUARD;
  sched.sp = newHi - used;
  if (gp.stktopsp !== 0n) gp.stktopsp += move.delta;
  w.bridge.moved(lo, hi - lo, move.delta);
  for (const frame of gentraceback(w, gp, 'precise')) adjustframe(move, frame);
  w.stacks.free({ lo, hi, goid: gp.goid, delta: move.delta });
  w.tell(`goroutine ${gp.goid}'s stack moves from [${hex(lo)},${hex(hi)}) to [${hex(newLo)},${hex(newHi)})`);
}

/** Pointers into the stack that lie elsewhere: sched, waiting sudogs, deferred calls, the innermost panic. */
function adjustOutside(move: Move, gp: GView): void {
  const { mem } = move.w.machine;
  for (let s = gp.waiting; s !== 0n; s = view(mem, sudog, s).waitlink) adjust(move, s + at(sudog.fields.elem));
  adjust(move, gp.sched + at(gobuf.fields.ctxt));
  adjust(move, gp.sched + at(gobuf.fields.bp));
  // The list itself first: the rest is read where it lies now.
  adjust(move, gp.at + at(gLayout.fields._defer));
  for (let d = gp._defer; d !== 0n; d = view(mem, defer, d).link) {
    for (const field of ['fn', 'sp', '_panic', 'link', 'varp', 'fd'] as const) {
      adjust(move, d + at(defer.fields[field]));
    }
  }
  adjust(move, gp.at + at(gLayout.fields._panic));
}

const at = ([offset]: readonly [number, number]): bigint => BigInt(offset);

/** func adjustpointer(adjinfo *adjustinfo, vpp unsafe.Pointer) */
function adjust({ w, lo, hi, delta }: Move, slot: bigint): void {
  const { mem } = w.machine;
  const v = mem.peek(slot, 8);
  if (v >= lo && v < hi) mem.poke(slot, 8, v + delta);
}

/** func adjustframe(frame *stkframe, arg unsafe.Pointer) bool */
function adjustframe(move: Move, frame: StackFrame): void {
  const { fn, continpc, argp, varp } = frame;
  // Dead, or the one that has no map and no words: where systemstack and asmcgocall leave a goroutine.
  if (continpc === 0n || fn.id === 'systemstack_switch') return;
  const { locals, args } = getStackMap(move.w, frame);
  adjustlocals(move, fn.name, locals);
  if (argp - varp === 16n) adjust(move, varp);
  for (const slot of args.pointers) adjust(move, slot);
}

function adjustlocals(move: Move, name: string, { pointers }: Words): void {
  for (const slot of pointers) {
    const v = move.w.machine.mem.peek(slot, 8);
    if (v > 0n && v < MIN_LEGAL_POINTER) {
      move.w.print(`runtime: bad pointer in frame ${name} at ${hex(slot)}: ${hex(v)}\n`);
      move.w.throw('invalid pointer found on stack');
    }
    adjust(move, slot);
  }
}

/** May this stack shrink? Only where every frame has a precise map, and nobody else holds pointers into it. */
export const isShrinkStackSafe = (gp: GView): boolean =>
  gp.syscallsp === 0n && gp.asyncSafePoint === 0n && gp.parkingOnChan === 0n;

/** func shrinkstack(gp *g): to half its size, when less than a quarter is in use. */
export function shrinkstack(w: World, gp: GView): void {
  const own = w.g(w.currentG);
  const scanning = (gp.atomicstatus & SCAN) !== 0n;
  const self = w.mOf(own.m).curg === gp.at && own.at !== gp.at && gp.atomicstatus === BigInt(G.running);
  if (!scanning && !self) w.throw('bad status in shrinkstack');
  if (!isShrinkStackSafe(gp)) w.throw('shrinkstack at bad time');
  const { lo, hi } = view(w.machine.mem, stack, gp.stack);
  const newsize = (hi - lo) / 2n;
  if (newsize < FIXED_STACK) return;
  const used = hi - view(w.machine.mem, gobuf, gp.sched).sp + STACK_LIMIT;
  if (used < (hi - lo) / 4n) copystack(w, gp, newsize);
}
