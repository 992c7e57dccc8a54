/** gopark and ready: a goroutine waits until another readies it. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G, SCAN } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { acquirem, releasem } from './acquirem.ts';
import { ask, call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { dropg } from './dropg.ts';
import { toSystem } from './exitsyscall.ts';
import { runqput } from './runq.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';

/**
 * func gopark(unlockf func(*g, unsafe.Pointer) bool, lock unsafe.Pointer, reason waitReason, traceEv byte, traceskip int).
 * unlockf, the address of a funcval or 0, runs once the goroutine waits, and may take it back.
 */
export const gopark: Model = {
  name: 'runtime.gopark',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  spills: 'ppwww',
  sites: { mcall: 'mcall(park_m)' },
  *body(f) {
    const mp = acquirem(f);
    const { g } = f;
    if ((g.atomicstatus & ~SCAN) !== BigInt(G.running)) f.world.throw('gopark: bad g status');
    mp.waitunlockf = f.reg(R.ax);
    mp.waitlock = f.reg(R.bx);
    g.waitreason = f.reg(R.cx);
    releasem(f, mp);
    yield* toSystem(f, 'mcall', 'runtime.park_m');
    return undefined;
  },
};

/** func park_m(gp *g). On g0; does not return. */
export const parkM: Model = {
  name: 'runtime.park_m',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  spills: 'p',
  sites: {
    waiting: 'casgstatus(gp, _Grunning, _Gwaiting)',
    fn: 'ok := fn(gp, _g_.m.waitlock)',
    runnable: 'casgstatus(gp, _Gwaiting, _Grunnable)',
    execute: 'execute(gp, true)',
    schedule: 'schedule()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const gp = f.world.g(f.reg(R.ax));
    const mp = f.m;
    yield* casgstatus(f, 'waiting', gp, G.running, G.waiting);
    dropg(f);
    if (mp.waitunlockf !== 0n) {
      f.setReg(R.dx, mp.waitunlockf);
      const ok = yield* ask(f, 'fn', f.mem.read(mp.waitunlockf, 8), gp.at, mp.waitlock);
      mp.waitunlockf = 0n;
      mp.waitlock = 0n;
      if (!ok) {
        yield* casgstatus(f, 'runnable', gp, G.waiting, G.runnable);
        yield* call(f, 'execute', 'runtime.execute', gp.at, 1n);
      }
    }
    yield* call(f, 'schedule', 'runtime.schedule');
    return undefined;
  },
};

/** func parkunlock_c(gp *g, lock unsafe.Pointer) bool: what a goroutine waits with that holds a lock. */
export const parkunlockC: Model = {
  name: 'runtime.parkunlock_c',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 8,
  spills: 'pp',
  sites: { unlock: 'unlock((*mutex)(lock))' },
  *body(f) {
    yield* unlock(f, 'unlock', f.reg(R.bx));
    f.setReg(R.ax, 1n);
    return 'true';
  },
};

/** func ready(gp *g, traceskip int, next bool). On a system stack. */
export const ready: Model = {
  name: 'runtime.ready',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x48,
  spills: 'pww',
  sites: {
    casgstatus: 'casgstatus(gp, _Gwaiting, _Grunnable)',
    runqput: 'runqput(_g_.m.p.ptr(), gp, next)',
    wakep: 'wakep()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const gp = world.g(f.reg(R.ax));
    const next = (f.reg(R.cx) & 0xffn) !== 0n;
    const mp = acquirem(f);
    if ((gp.atomicstatus & ~SCAN) !== BigInt(G.waiting)) world.throw('bad g->status in ready');
    yield* casgstatus(f, 'casgstatus', gp, G.waiting, G.runnable);
    yield { site: 'runqput' };
    runqput(world, world.pOf(mp.p), gp.at, next);
    yield* call(f, 'wakep', 'runtime.wakep');
    releasem(f, mp);
    return undefined;
  },
};

/** The closure: its code and what it has captured, behind the word for systemstack. */
const CLOSURE = { at: 8, fn: 8, gp: 0x10, traceskip: 0x18 } as const;

/** func goready(gp *g, traceskip int) */
export const goready: Model = {
  name: 'runtime.goready',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  spills: 'pw',
  sites: { systemstack: 'systemstack(func() {' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    f.set(CLOSURE.fn, f.world.addressOf('runtime.goready.func1'));
    f.set(CLOSURE.gp, f.reg(R.ax));
    f.set(CLOSURE.traceskip, f.reg(R.bx));
    f.set(0, f.slot(CLOSURE.at));
    yield { site: 'systemstack', target: 'runtime.systemstack', convention: 'ABI0' };
    return undefined;
  },
};

/** func() { ready(gp, traceskip, true) } */
export const goreadyFunc1: Model = {
  name: 'runtime.goready.func1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  go: 'goready',
  frame: 0x18,
  closure: true,
  sites: { ready: 'ready(gp, traceskip, true)' },
  *body(f) {
    const [gp, traceskip] = [8n, 16n].map((at) => f.mem.read(f.reg(R.dx) + at, 8));
    yield* call(f, 'ready', 'runtime.ready', gp!, traceskip!, 1n);
    return undefined;
  },
};
