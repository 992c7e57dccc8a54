/** stealWork: from another P's queue. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import type { PView } from '../world.ts';
import { usleep } from './call.ts';
import { onlyNext, runqsteal } from './runq.ts';
import { hex } from './show.ts';

/** What runqgrab gives another P before it takes the goroutine which that P is about to run, in microseconds. */
const PATIENCE = 3n;

/**
 * func stealWork(now int64) (gp *g, inheritTime bool, rnow, pollUntil int64, newWork bool), of which gp is in AX and
 * newWork in BX. Go tries four times, in an order drawn by lot; only the last try is different.
 */
export const stealWork: Model = {
  name: 'runtime.stealWork',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x70,
  sites: { gcwaiting: 'if sched.gcwaiting != 0 {', runqsteal: 'runqsteal(pp, p2, stealTimersOrRunNextG)' },
  *body(f) {
    const { world } = f;
    const pp = world.pOf(f.m.p);
    for (const last of [false, true]) {
      for (const p2 of others(
        world.allp.map((at) => world.pOf(at)),
        pp,
      )) {
        yield { site: 'gcwaiting' };
        if (world.sched.gcwaiting !== 0n) {
          f.setReg(R.ax, 0n);
          f.setReg(R.bx, 1n);
          return 'the world stops';
        }
        if (last && onlyNext(p2)) yield* usleep(f, 'runqsteal', PATIENCE);
        yield { site: 'runqsteal' };
        const gp = runqsteal(world, pp, p2, last);
        if (gp === 0n) continue;
        f.setReg(R.ax, gp);
        f.setReg(R.bx, 0n);
        return hex(gp);
      }
    }
    f.setReg(R.ax, 0n);
    f.setReg(R.bx, 0n);
    return 'nil';
  },
};

/** All Ps but this one, from the next on. */
function others(ps: readonly PView[], self: PView): readonly PView[] {
  const here = Number(self.id);
  return [...ps.slice(here + 1), ...ps.slice(0, here)];
}
