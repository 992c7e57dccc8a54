/** gcstopm: the world stops, and this M with it. runtime/proc.go */
import { P } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { releasep } from './acquirep.ts';
import { call } from './call.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock, stopnote } from './words.ts';

/** func gcstopm() */
export const gcstopm: Model = {
  name: 'runtime.gcstopm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  sites: {
    nmspinning: 'atomic.Xadd(&sched.nmspinning, -1)',
    status: '_p_.status = _Pgcstop',
    notewakeup: 'notewakeup(&sched.stopnote)',
    stopm: 'stopm()\n}',
  },
  *body(f) {
    const { world } = f;
    const { sched } = world;
    if (sched.gcwaiting === 0n) world.throw('gcstopm: not waiting for gc');
    if (f.m.spinning !== 0n) {
      f.m.spinning = 0n;
      yield { site: 'nmspinning' };
      sched.nmspinning -= 1n;
      if (BigInt.asIntN(32, sched.nmspinning) < 0n) world.throw('gcstopm: negative nmspinning');
    }
    const pp = releasep(f);
    yield* lock(f, 'status', schedLock(world));
    pp.status = BigInt(P.gcstop);
    sched.stopwait -= 1n;
    if (sched.stopwait === 0n) yield* call(f, 'notewakeup', 'runtime.notewakeup', stopnote(world));
    yield* unlock(f, 'notewakeup', schedLock(world));
    yield* call(f, 'stopm', 'runtime.stopm');
    return undefined;
  },
};
