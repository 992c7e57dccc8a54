/** newproc: a new goroutine, the next to run on this P. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { G, gobuf, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { acquirem, releasem } from './acquirem.ts';
import { call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { runqput } from './runq.ts';
import { hex } from './show.ts';

/** The closure: its code and what it has captured, behind the word for systemstack. */
const CLOSURE = { at: 8, code: 8, fn: 0x10, gp: 0x18, pc: 0x20 } as const;

/** func newproc(fn *funcval) */
export const newproc: Model = {
  name: 'runtime.newproc',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x28,
  spills: 'p',
  sites: { systemstack: 'systemstack(func() {' },
  show: (f) => showFuncval(f, f.reg(R.ax)),
  *body(f) {
    f.set(CLOSURE.code, f.world.addressOf('runtime.newproc.func1'));
    f.set(CLOSURE.fn, f.reg(R.ax));
    f.set(CLOSURE.gp, f.g.at);
    f.set(CLOSURE.pc, f.mem.read(f.entry, 8));
    f.set(0, f.slot(CLOSURE.at));
    yield { site: 'systemstack', target: 'runtime.systemstack', convention: 'ABI0' };
    return undefined;
  },
};

/** func() { … }: as systemstack runs it. */
export const newprocFunc1: Model = {
  name: 'runtime.newproc.func1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  go: 'newproc',
  frame: 0x18,
  closure: true,
  sites: {
    newproc1: 'newproc1(fn, gp, pc)',
    runqput: 'runqput(_p_, newg, true)',
    wakep: 'wakep()',
  },
  *body(f) {
    const { world } = f;
    const [fn, gp, pc] = [8n, 16n, 24n].map((at) => f.mem.read(f.reg(R.dx) + at, 8));
    const newg = yield* call(f, 'newproc1', 'runtime.newproc1', fn!, gp!, pc!);
    yield { site: 'runqput' };
    runqput(world, world.pOf(f.m.p), newg, true);
    yield* call(f, 'wakep', 'runtime.wakep');
    return undefined;
  },
};

/** Bytes above a new goroutine's first frame, in case somebody reads slightly beyond it. */
export const SPARE = 32n;
/** What a goroutine begins with: _StackMin. */
const STACK_MIN = 2048n;

/** func newproc1(fn *funcval, callergp *g, callerpc uintptr) *g. Goroutines that have ended are not used again. */
export const newproc1: Model = {
  name: 'runtime.newproc1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x40,
  spills: 'ppw',
  sites: {
    casgstatus: 'casgstatus(newg, _Gdead, _Grunnable)',
    racegostart: 'racegostart(callerpc)',
  },
  show: (f) => showFuncval(f, f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const [fn, callerpc] = [f.reg(R.ax), f.reg(R.cx)];
    if (fn === 0n) world.throw('go of nil func value');
    const mp = acquirem(f);
    const newg = world.newG(`g${world.allgs.length + 1}`, STACK_MIN);
    newg.atomicstatus = BigInt(G.dead);
    const sched = view(f.mem, gobuf, newg.sched);
    sched.sp = view(f.mem, stack, newg.stack).hi - SPARE;
    newg.stktopsp = sched.sp;
    sched.pc = world.addressOf('runtime.goexit') + 1n;
    sched.g = newg.at;
    gostartcallfn(f, newg.sched, fn);
    newg.gopc = callerpc;
    newg.startpc = f.mem.read(fn, 8);
    yield* casgstatus(f, 'casgstatus', newg, G.dead, G.runnable);
    if (world.race) newg.racectx = yield* call(f, 'racegostart', 'runtime.racegostart', callerpc);
    releasem(f, mp);
    f.setReg(R.ax, newg.at);
    return `goroutine ${newg.goid}`;
  },
};

/** func gostartcallfn(gobuf *gobuf, fv *funcval): as if whoever stands in buf had just called fv. */
function gostartcallfn(f: Frame, at: bigint, fv: bigint): void {
  const buf = view(f.mem, gobuf, at);
  buf.sp -= 8n;
  f.mem.write(buf.sp, 8, buf.pc);
  buf.pc = f.mem.read(fv, 8);
  buf.ctxt = fv;
}

const showFuncval = (f: Frame, fv: bigint): string => {
  const pc = fv === 0n ? 0n : f.mem.peek(fv, 8);
  return f.world.machine.symbols.nameOf(pc) ?? hex(fv);
};
