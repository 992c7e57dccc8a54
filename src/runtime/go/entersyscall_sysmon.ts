/** entersyscall_sysmon: somebody is in a system call again: sysmon has something to watch. runtime/proc.go */
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import { call } from './call.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock, sysmonnote } from './words.ts';

/** Wake sysmon if it sleeps, from a site that holds sched.lock. */
export function* wakeSysmon(f: Frame, site: string): Body<void> {
  const { sched } = f.world;
  if (sched.sysmonwait === 0n) return;
  sched.sysmonwait = 0n;
  yield* call(f, site, 'runtime.notewakeup', sysmonnote(f.world));
}

/** func entersyscall_sysmon() */
export const entersyscallSysmon: Model = {
  name: 'runtime.entersyscall_sysmon',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 8,
  sites: {
    lock: 'atomic.Load(&sched.sysmonwait) != 0',
    notewakeup: 'notewakeup(&sched.sysmonnote)',
    unlock: 'unlock(&sched.lock)',
  },
  *body(f) {
    yield* lock(f, 'lock', schedLock(f.world));
    yield* wakeSysmon(f, 'notewakeup');
    yield* unlock(f, 'unlock', schedLock(f.world));
    return undefined;
  },
};
