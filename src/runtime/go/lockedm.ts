/** stoplockedm and startlockedm: a goroutine that is locked to an M, and an M without it. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G, SCAN } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { acquirep, releasep } from './acquirep.ts';
import { call } from './call.ts';
import { hex } from './show.ts';
import { park } from './words.ts';

/** func stoplockedm(): sleep until somebody schedules our goroutine. */
export const stoplockedm: Model = {
  name: 'runtime.stoplockedm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x40,
  sites: { handoffp: 'handoffp(_p_)', incidlelocked: 'incidlelocked(1)', mPark: 'mPark()' },
  *body(f) {
    const { world } = f;
    const mp = f.m;
    if (mp.lockedg === 0n || world.g(mp.lockedg).lockedm !== mp.at) world.throw('stoplockedm: inconsistent locking');
    if (mp.p !== 0n) yield* call(f, 'handoffp', 'runtime.handoffp', releasep(f).at);
    yield* call(f, 'incidlelocked', 'runtime.incidlelocked', 1n);
    yield* call(f, 'mPark', 'runtime.mPark');
    const status = world.g(mp.lockedg).atomicstatus;
    if ((status & ~SCAN) !== BigInt(G.runnable)) {
      world.print(`runtime:stoplockedm: lockedg (atomicstatus=${status}) is not Grunnable or Gscanrunnable\n`);
      world.throw('stoplockedm: not runnable');
    }
    acquirep(f, mp.nextp);
    mp.nextp = 0n;
    return undefined;
  },
};

/** func startlockedm(gp *g): our P goes to the M that gp is locked to. */
export const startlockedm: Model = {
  name: 'runtime.startlockedm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  spills: 'p',
  sites: { incidlelocked: 'incidlelocked(-1)', notewakeup: 'notewakeup(&mp.park)', stopm: 'stopm()' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const mp = world.mOf(world.g(f.reg(R.ax)).lockedm);
    if (mp.at === f.m.at) world.throw('startlockedm: locked to me');
    if (mp.nextp !== 0n) world.throw('startlockedm: m has p');
    yield* call(f, 'incidlelocked', 'runtime.incidlelocked', -1n);
    mp.nextp = releasep(f).at;
    yield* call(f, 'notewakeup', 'runtime.notewakeup', park(mp));
    yield* call(f, 'stopm', 'runtime.stopm');
    return undefined;
  },
};
