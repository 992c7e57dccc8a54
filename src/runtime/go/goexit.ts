/** goexit1 and goexit0: a goroutine's function has returned. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { dropg } from './dropg.ts';
import { toSystem } from './exitsyscall.ts';
import { hex } from './show.ts';

/** func goexit1() */
export const goexit1: Model = {
  name: 'runtime.goexit1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  abi0: 0,
  frame: 0x28,
  sites: { racegoend: 'racegoend()', mcall: 'mcall(goexit0)' },
  *body(f) {
    if (f.world.race) yield* call(f, 'racegoend', 'runtime.racegoend');
    yield* toSystem(f, 'mcall', 'runtime.goexit0');
    return undefined;
  },
};

/** func goexit0(gp *g). On g0; does not return. */
export const goexit0: Model = {
  name: 'runtime.goexit0',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x30,
  spills: 'p',
  sites: {
    casgstatus: 'casgstatus(gp, _Grunning, _Gdead)',
    gogo: 'gogo(&_g_.m.g0.sched)',
    schedule: 'lockedExt = 0\n\t\t}\n\t}\n\tschedule()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const mp = f.m;
    const gp = world.g(f.reg(R.ax));
    yield* casgstatus(f, 'casgstatus', gp, G.running, G.dead);
    gp.m = 0n;
    const locked = gp.lockedm !== 0n;
    gp.lockedm = 0n;
    mp.lockedg = 0n;
    gp.preemptStop = 0n;
    gp.paniconfault = 0n;
    gp._defer = 0n;
    gp._panic = 0n;
    gp.waitreason = 0n;
    gp.param = 0n;
    dropg(f);
    if (mp.lockedInt !== 0n) {
      world.print(`invalid m->lockedInt = ${mp.lockedInt}\n`);
      world.throw('internal lockOSThread error');
    }
    if (locked) {
      // What the goroutine may have done to its thread nobody knows: it ends with it, by way of mstart0.
      f.set(0, world.g(mp.g0).sched);
      yield { site: 'gogo', target: 'runtime.gogo', convention: 'ABI0' };
    }
    yield* call(f, 'schedule', 'runtime.schedule');
    return undefined;
  },
};
