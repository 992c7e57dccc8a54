/** newstack: a prologue found too little stack, or was asked to give way. runtime/stack.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { shrinkstack } from '../gc/copystack.ts';
import { findfunc, funcMaxSPDelta } from '../gc/function.ts';
import { traceback } from '../gc/traceback.ts';
import { G, gobuf, P, STACK_GUARD, stack } from '../layout/go1.19.ts';
import { type View, view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import type { GView, World } from '../world.ts';
import { casgstatus } from './casgstatus.ts';
import { STACK_PREEMPT } from './reentersyscall.ts';
import { hex } from './show.ts';

/** Guards above every stack, as stackPreempt is: the process is a child that fork made; a stack is to move for a test. */
const STACK_FORK = 0xffff_ffff_ffff_fb2en;
export const STACK_FORCE_MOVE = 0xffff_ffff_ffff_feedn;
/** maxstacksize on 64-bit machines (runtime/proc.go). */
const MAX_STACK_SIZE = 1_000_000_000n;

type Gobuf = View<keyof (typeof gobuf)['fields']>;
type Position = Pick<Gobuf, 'pc' | 'sp' | 'lr'>;

/** func newstack(): on g0, called by morestack. It does not return. */
export const newstack: Model = {
  name: 'runtime.newstack',
  convention: 'ABIInternal',
  file: 'runtime/stack.go',
  abi0: 0,
  frame: 0x1a8,
  sites: {
    guard: 'atomic.Loaduintptr(&gp.stackguard0)',
    goOn: 'gp.stackguard0 = gp.stack.lo + _StackGuard',
    preemptPark: 'preemptPark(gp)',
    gopreempt_m: 'gopreempt_m(gp)',
    casgstatus: 'casgstatus(gp, _Grunning, _Gcopystack)',
    copystack: 'copystack(gp, newsize)',
    running: 'casgstatus(gp, _Gcopystack, _Grunning)',
  },
  *body(f) {
    const { world, m } = f;
    const morebuf = view(f.mem, gobuf, m.morebuf);
    checkCaller(f, morebuf);
    const gp = world.g(m.curg);
    if (gp.throwsplit !== 0n) atBadTime(f, gp, morebuf);
    const caller = { pc: morebuf.pc, sp: morebuf.sp, lr: morebuf.lr };
    [morebuf.pc, morebuf.sp, morebuf.lr, morebuf.g] = [0n, 0n, 0n, 0n];
    // Whoever wants the goroutine to give way may write it at any time: it is read once.
    yield { site: 'guard' };
    const guard = gp.stackguard0;
    const preempt = guard === STACK_PREEMPT;
    if (preempt && !canPreemptM(f)) {
      // Not now. gp.preempt stays set, for the next time.
      gp.stackguard0 = view(f.mem, stack, gp.stack).lo + STACK_GUARD;
      return yield* gogo(f, 'goOn', gp);
    }
    checkBounds(f, gp, caller);
    if (preempt) return yield* giveWay(f, gp);
    const newsize = sizeFor(f, gp, guard);
    yield* casgstatus(f, 'casgstatus', gp, G.running, G.copystack);
    f.setReg(R.ax, gp.at);
    f.setReg(R.bx, newsize);
    yield { site: 'copystack', target: 'runtime.copystack', convention: 'ABIInternal' };
    yield* casgstatus(f, 'running', gp, G.copystack, G.running);
    return yield* gogo(f, 'running', gp);
  },
};

/** gogo(&gp.sched): once more from the start of the function that wanted more stack. */
function* gogo(f: Frame, site: string, gp: GView): Body {
  f.set(0, gp.sched);
  yield { site, target: 'runtime.gogo', convention: 'ABI0' };
  return undefined;
}

function checkCaller({ world, m }: Frame, morebuf: Gobuf): void {
  const from = world.g(morebuf.g);
  if (from.stackguard0 === STACK_FORK) world.throw('stack growth after fork');
  if (from.at === m.curg) return;
  world.print(
    `runtime: newstack called from g=${hex(from.at)}\n\tm=${hex(m.at)} m->curg=${hex(m.curg)} m->g0=${hex(m.g0)} m->gsignal=${hex(m.gsignal)}\n`,
  );
  traceback(world, from, morebuf);
  world.throw('runtime: wrong goroutine in newstack');
}

/** Between entersyscall and exitsyscall, where no stack may move. */
function atBadTime({ world, mem }: Frame, gp: GView, morebuf: Gobuf): never {
  // The traceback goes by them when they are set.
  [gp.syscallsp, gp.syscallpc] = [morebuf.sp, morebuf.pc];
  const sched = view(mem, gobuf, gp.sched);
  const fn = findfunc(world, sched.pc);
  const at = fn ? `${fn.name}+${hex(sched.pc - fn.entry)}` : '(unknown)+0x0';
  const { lo, hi } = view(mem, stack, gp.stack);
  world.print(`runtime: newstack at ${at} sp=${hex(sched.sp)} stack=[${hex(lo)}, ${hex(hi)}]\n`);
  printBuffers(world, morebuf, sched);
  traceback(world, gp, morebuf);
  return world.throw('runtime: stack split at bad time');
}

function printBuffers(world: World, morebuf: Position, sched: Gobuf): void {
  const words = (b: Position): string => `pc:${hex(b.pc)} sp:${hex(b.sp)} lr:${hex(b.lr)}`;
  world.print(`\tmorebuf={${words(morebuf)}}\n\tsched={${words(sched)} ctxt:${hex(sched.ctxt)}}\n`);
}

/** func canPreemptM(mp *m) bool: not while it holds locks, allocates, or says why not. */
function canPreemptM({ world, mem, m }: Frame): boolean {
  const why = mem.peek(m.preemptoff + 8n, 8);
  return m.locks === 0n && m.mallocing === 0n && why === 0n && world.pOf(m.p).status === BigInt(P.running);
}

function checkBounds({ world, mem }: Frame, gp: GView, morebuf: Position): void {
  const { lo, hi } = view(mem, stack, gp.stack);
  if (lo === 0n) world.throw('missing stack in newstack');
  const sched = view(mem, gobuf, gp.sched);
  // The call of morestack has taken a word.
  const sp = sched.sp - 8n;
  if (sp >= lo) return;
  world.print(`runtime: newstack sp=${hex(sp)} stack=[${hex(lo)}, ${hex(hi)}]\n`);
  printBuffers(world, morebuf, sched);
  world.print(`runtime: gp=${hex(gp.at)}, goid=${gp.goid}, gp->status=${hex(gp.atomicstatus)}\n `);
  world.print(`runtime: split stack overflow: ${hex(sp)} < ${hex(lo)}\n`);
  world.throw('runtime: split stack overflow');
}

function* giveWay(f: Frame, gp: GView): Body {
  const { world, m } = f;
  if (gp.at === m.g0) world.throw('runtime: preempt g0');
  if (m.p === 0n && m.locks === 0n) world.throw('runtime: g is running but p is not');
  if (gp.preemptShrink !== 0n) {
    gp.preemptShrink = 0n;
    shrinkstack(world, gp);
  }
  f.setReg(R.ax, gp.at);
  const how = gp.preemptStop === 0n ? 'gopreempt_m' : 'preemptPark';
  yield { site: how, target: `runtime.${how}`, convention: 'ABIInternal' };
  return undefined;
}

/** Twice as large, or as large as the function's frame needs. */
function sizeFor({ world, mem }: Frame, gp: GView, guard: bigint): bigint {
  const { lo, hi } = view(mem, stack, gp.stack);
  const sched = view(mem, gobuf, gp.sched);
  let newsize = 2n * (hi - lo);
  const fn = findfunc(world, sched.pc);
  if (fn) while (newsize - (hi - sched.sp) < funcMaxSPDelta(fn) + STACK_GUARD) newsize *= 2n;
  if (guard === STACK_FORCE_MOVE) return hi - lo;
  if (newsize <= MAX_STACK_SIZE) return newsize;
  world.print(`runtime: goroutine stack exceeds ${MAX_STACK_SIZE}-byte limit\n`);
  world.print(`runtime: sp=${hex(sched.sp - 8n)} stack=[${hex(lo)}, ${hex(hi)}]\n`);
  return world.throw('stack overflow');
}
