/** schedule: find a goroutine and run it. On g0; does not return. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';

/** func schedule() */
export const schedule: Model = {
  name: 'runtime.schedule',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x28,
  sites: {
    stoplockedm: 'stoplockedm()',
    executeLocked: 'execute(_g_.m.lockedg.ptr(), false)',
    findRunnable: 'findRunnable()',
    resetspinning: 'resetspinning()',
    startlockedm: 'startlockedm(gp)',
    execute: 'execute(gp, inheritTime)',
  },
  *body(f) {
    const { world } = f;
    const mp = f.m;
    if (mp.locks !== 0n) world.throw('schedule: holding locks');
    if (mp.lockedg !== 0n) {
      yield* call(f, 'stoplockedm', 'runtime.stoplockedm');
      yield* call(f, 'executeLocked', 'runtime.execute', mp.lockedg, 0n);
    }
    // C's frames lie on this g0: whoever scheduled here would write over them.
    if (mp.incgo !== 0n) world.throw('schedule: in cgo');
    for (;;) {
      const pp = world.pOf(mp.p);
      pp.preempt = 0n;
      if (mp.spinning !== 0n && (pp.runnext !== 0n || pp.runqhead !== pp.runqtail)) {
        world.throw('schedule: spinning with local work');
      }
      const gp = yield* call(f, 'findRunnable', 'runtime.findRunnable');
      const inheritTime = f.reg(R.bx) & 0xffn;
      if (mp.spinning !== 0n) yield* call(f, 'resetspinning', 'runtime.resetspinning');
      if (world.g(gp).lockedm === 0n) yield* call(f, 'execute', 'runtime.execute', gp, inheritTime);
      // Our P goes to the goroutine's own M; then we wait for another.
      yield* call(f, 'startlockedm', 'runtime.startlockedm', gp);
    }
  },
};
