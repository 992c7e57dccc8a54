/** mexit: the thread ends, for its locked goroutine has; it goes back to the C code that started it. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import { releasep } from './acquirep.ts';
import { call } from './call.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func mexit(osStack bool) */
export const mexit: Model = {
  name: 'runtime.mexit',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  spills: 'w',
  sites: {
    first: 'if m == &m0 {',
    mPark: 'mPark()',
    allm: '*pprev = m.alllink',
    unlock: 'm.freeWait.Store(freeMWait)',
    handoffp: 'atomic.Xadd64(&ncgocall, int64(m.ncgocall))',
    nmfreed: 'mdestroy(m)',
  },
  show: (f) => String((f.reg(R.ax) & 0xffn) !== 0n),
  *body(f) {
    const { world } = f;
    const mp = f.m;
    if (mp.at === world.m.at) return yield* wedge(f);
    mp.gsignal = 0n;
    yield* lock(f, 'allm', schedLock(world));
    const at = world.allm.indexOf(mp.at);
    if (at < 0) world.throw('m not found in allm');
    world.allm.splice(at, 1);
    yield* unlock(f, 'unlock', schedLock(world));
    yield* call(f, 'handoffp', 'runtime.handoffp', releasep(f).at);
    yield* lock(f, 'nmfreed', schedLock(world));
    world.sched.nmfreed += 1n;
    yield* unlock(f, 'nmfreed', schedLock(world));
    return undefined;
  },
};

/** The first thread cannot end without the process looking dead: it sleeps for ever. */
function* wedge(f: Frame): Body<undefined> {
  const { world } = f;
  yield* call(f, 'first', 'runtime.handoffp', releasep(f).at);
  yield* lock(f, 'mPark', schedLock(world));
  world.sched.nmfreed += 1n;
  yield* unlock(f, 'mPark', schedLock(world));
  yield* call(f, 'mPark', 'runtime.mPark');
  return world.throw('locked m0 woke up');
}
