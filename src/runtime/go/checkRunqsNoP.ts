/** checkRunqsNoP: without a P, is there work in any P's queue? Then an idle P to do it with. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { pidleget } from './idle.ts';
import { lock } from './lock2.ts';
import { runqempty } from './runq.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func checkRunqsNoP(allpSnapshot []*p, idlepMaskSnapshot pMask) *p */
export const checkRunqsNoP: Model = {
  name: 'runtime.checkRunqsNoP',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  sites: { runqempty: '!runqempty(p2)', pidleget: 'pp, _ := pidleget(0)', unlock: 'unlock(&sched.lock)' },
  *body(f) {
    const { world } = f;
    let p = 0n;
    for (const at of world.allp) {
      yield { site: 'runqempty' };
      if (runqempty(world.pOf(at))) continue;
      yield* lock(f, 'pidleget', schedLock(world));
      p = pidleget(world)?.at ?? 0n;
      yield* unlock(f, 'unlock', schedLock(world));
      break;
    }
    f.setReg(R.ax, p);
    return hex(p);
  },
};
