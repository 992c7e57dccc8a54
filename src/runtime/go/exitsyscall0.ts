/** exitsyscall0: no P for a goroutine that is back from a system call: another M will run it. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { acquirep } from './acquirep.ts';
import { call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { dropg } from './dropg.ts';
import { wakeSysmon } from './entersyscall_sysmon.ts';
import { globrunqput } from './globrunq.ts';
import { pidleget } from './idle.ts';
import { lock } from './lock2.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func exitsyscall0(gp *g). On g0; does not return. */
export const exitsyscall0: Model = {
  name: 'runtime.exitsyscall0',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  spills: 'p',
  sites: {
    casgstatus: 'casgstatus(gp, _Gsyscall, _Grunnable)',
    pidleget: 'pidleget(0)',
    notewakeup: 'notewakeup(&sched.sysmonnote)',
    unlock: 'unlock(&sched.lock)',
    execute: 'acquirep(_p_)',
    stoplockedm: 'stoplockedm()',
    executeLocked: 'stoplockedm()\n\t\texecute(gp, false)',
    stopm: 'stopm()',
    schedule: 'schedule()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const gp = world.g(f.reg(R.ax));
    yield* casgstatus(f, 'casgstatus', gp, G.syscall, G.runnable);
    dropg(f);
    yield* lock(f, 'pidleget', schedLock(world));
    const p = pidleget(world);
    let locked = false;
    if (p) yield* wakeSysmon(f, 'notewakeup');
    else {
      globrunqput(world, gp.at);
      // From the unlock on it is no longer ours to ask.
      locked = gp.lockedm !== 0n;
    }
    yield* unlock(f, 'unlock', schedLock(world));
    if (p) {
      acquirep(f, p.at);
      yield* call(f, 'execute', 'runtime.execute', gp.at, 0n);
    }
    if (locked) {
      yield* call(f, 'stoplockedm', 'runtime.stoplockedm');
      yield* call(f, 'executeLocked', 'runtime.execute', gp.at, 0n);
    }
    yield* call(f, 'stopm', 'runtime.stopm');
    yield* call(f, 'schedule', 'runtime.schedule');
    return undefined;
  },
};
