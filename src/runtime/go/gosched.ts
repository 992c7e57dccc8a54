/** Gosched: let others run; the goroutine goes to the end of the global queue. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G, SCAN } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { dropg } from './dropg.ts';
import { toSystem } from './exitsyscall.ts';
import { globrunqput } from './globrunq.ts';
import { lock } from './lock2.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func Gosched() */
export const gosched: Model = {
  name: 'runtime.Gosched',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 8,
  sites: { mcall: 'mcall(gosched_m)' },
  *body(f) {
    yield* toSystem(f, 'mcall', 'runtime.gosched_m');
    return undefined;
  },
};

/** func gosched_m(gp *g): from Gosched, on g0. */
export const goschedM: Model = {
  name: 'runtime.gosched_m',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  spills: 'p',
  sites: { goschedImpl: 'goschedImpl(gp)' },
  *body(f) {
    yield* call(f, 'goschedImpl', 'runtime.goschedImpl', f.reg(R.ax));
    return undefined;
  },
};

/** func gopreempt_m(gp *g): the same, where it was not the goroutine's wish. */
export const gopreemptM: Model = {
  ...goschedM,
  name: 'runtime.gopreempt_m',
  frame: 0x30,
};

/** func goschedImpl(gp *g). Does not return. */
export const goschedImpl: Model = {
  name: 'runtime.goschedImpl',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x28,
  spills: 'p',
  sites: {
    casgstatus: 'casgstatus(gp, _Grunning, _Grunnable)',
    globrunqput: 'globrunqput(gp)',
    schedule: 'schedule()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const gp = world.g(f.reg(R.ax));
    if ((gp.atomicstatus & ~SCAN) !== BigInt(G.running)) world.throw('bad g status');
    yield* casgstatus(f, 'casgstatus', gp, G.running, G.runnable);
    dropg(f);
    yield* lock(f, 'globrunqput', schedLock(world));
    globrunqput(world, gp.at);
    yield* unlock(f, 'globrunqput', schedLock(world));
    yield* call(f, 'schedule', 'runtime.schedule');
    return undefined;
  },
};
