/** entersyscall_gcwait: the world stops while a system call begins: this P has stopped, then. runtime/proc.go */
import { P } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock, stopnote } from './words.ts';

/** func entersyscall_gcwait() */
export const entersyscallGcwait: Model = {
  name: 'runtime.entersyscall_gcwait',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  sites: {
    cas: 'atomic.Cas(&_p_.status, _Psyscall, _Pgcstop)',
    notewakeup: 'notewakeup(&sched.stopnote)',
    unlock: 'unlock(&sched.lock)',
  },
  *body(f) {
    const { world } = f;
    const { sched } = world;
    const pp = world.pOf(world.has('clear-m-p') ? f.m.oldp : f.m.p);
    yield* lock(f, 'cas', schedLock(world));
    yield { site: 'cas' };
    if (BigInt.asIntN(32, sched.stopwait) > 0n && pp.status === BigInt(P.syscall)) {
      pp.status = BigInt(P.gcstop);
      pp.syscalltick += 1n;
      sched.stopwait -= 1n;
      if (sched.stopwait === 0n) yield* call(f, 'notewakeup', 'runtime.notewakeup', stopnote(world));
    }
    yield* unlock(f, 'unlock', schedLock(world));
    return undefined;
  },
};
