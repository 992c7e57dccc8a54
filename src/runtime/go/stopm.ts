/** stopm: this M has no P, and sleeps until it is given one. runtime/proc.go */
import type { Model } from '../model.ts';
import { acquirep } from './acquirep.ts';
import { call } from './call.ts';
import { mput } from './idle.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func stopm() */
export const stopm: Model = {
  name: 'runtime.stopm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  sites: { mput: 'mput(_g_.m)', mPark: 'mPark()' },
  *body(f) {
    const { world } = f;
    const mp = f.m;
    if (mp.locks !== 0n) world.throw('stopm holding locks');
    if (mp.p !== 0n) world.throw('stopm holding p');
    if (mp.spinning !== 0n) world.throw('stopm spinning');
    yield* lock(f, 'mput', schedLock(world));
    mput(world, mp);
    yield* unlock(f, 'mput', schedLock(world));
    yield* call(f, 'mPark', 'runtime.mPark');
    acquirep(f, mp.nextp);
    mp.nextp = 0n;
    return undefined;
  },
};
