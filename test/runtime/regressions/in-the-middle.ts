/** The schedule that R5 needs: C comes back while another thread is at work in the race detector. */
import { whoGoesOn } from '#emu/sched/go-on.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { view } from '#runtime/layout/view.ts';
import { processor } from '#runtime/sanitizer/tsan-memory.ts';
import type { World } from '#runtime/world.ts';

/** Nobody is interrupted, except that C's sleep is over when another thread is in the middle of the detector. */
export const inTheMiddle = (world: () => World): Scheduler => ({
  next(turn) {
    const w = world();
    const inside = w.allp.some((p) => {
      const at = w.pOf(p).raceprocctx;
      return at !== 0n && view(w.machine.mem, processor, at).user !== 0n;
    });
    return inside && turn.asleep.includes(0) ? 0 : whoGoesOn(turn);
  },
});
