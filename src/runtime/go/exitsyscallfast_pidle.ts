/** exitsyscallfast_pidle: any idle P will do. runtime/proc.go */
import type { Model } from '../model.ts';
import { acquirep } from './acquirep.ts';
import { answer } from './call.ts';
import { wakeSysmon } from './entersyscall_sysmon.ts';
import { pidleget } from './idle.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func exitsyscallfast_pidle() bool */
export const exitsyscallfastPidle: Model = {
  name: 'runtime.exitsyscallfast_pidle',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  sites: {
    pidleget: 'pidleget(0)',
    notewakeup: 'notewakeup(&sched.sysmonnote)',
    unlock: 'unlock(&sched.lock)',
  },
  *body(f) {
    const { world } = f;
    yield* lock(f, 'pidleget', schedLock(world));
    const p = pidleget(world);
    if (p) yield* wakeSysmon(f, 'notewakeup');
    yield* unlock(f, 'unlock', schedLock(world));
    if (p) acquirep(f, p.at);
    return answer(f, p !== undefined);
  },
};
