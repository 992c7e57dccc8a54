/** lock: a mutex is 0 when free, 1 when held, 2 when held and perhaps waited for. runtime/lock_futex.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { mutex } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import { call } from './call.ts';

export const UNLOCKED = 0n;
export const LOCKED = 1n;
export const SLEEPING = 2n;

/** lock(l), from a site: one that is free is taken there and then. */
export function* lock(f: Frame, site: string, l: bigint): Body<void> {
  yield { site };
  const mu = view(f.mem, mutex, l);
  if (mu.key !== UNLOCKED) {
    yield* call(f, site, 'runtime.lock2', l);
    return;
  }
  f.m.locks += 1n;
  mu.key = LOCKED;
}

/** func lock2(l *mutex), as on a machine with one processor: it does not spin. */
export const lock2: Model = {
  name: 'runtime.lock2',
  convention: 'ABIInternal',
  file: 'runtime/lock_futex.go',
  frame: 0x30,
  spills: 'p',
  sites: {
    osyield: 'osyield()',
    sleep: 'v = atomic.Xchg(key32(&l.key), mutex_sleeping)',
    futexsleep: 'futexsleep(key32(&l.key), mutex_sleeping, -1)',
  },
  *body(f) {
    const l = f.reg(R.ax);
    const mu = view(f.mem, mutex, l);
    if (BigInt.asIntN(32, f.m.locks) < 0n) f.world.throw('runtime·lock: lock count');
    f.m.locks += 1n;
    // Whoever has slept must leave word that others may still do.
    let wait = mu.key;
    mu.key = LOCKED;
    while (wait !== UNLOCKED) {
      yield { site: 'osyield', target: 'runtime.osyield', convention: 'ABI0' };
      if (mu.key === UNLOCKED) {
        mu.key = wait;
        break;
      }
      yield { site: 'sleep' };
      const was = mu.key;
      mu.key = SLEEPING;
      if (was === UNLOCKED) break;
      wait = SLEEPING;
      yield* call(f, 'futexsleep', 'runtime.futexsleep', l, SLEEPING, -1n);
    }
    return undefined;
  },
};
