/** resetspinning: this M has found something; perhaps another should go on looking. runtime/proc.go */
import type { Model } from '../model.ts';
import { call } from './call.ts';

/** func resetspinning() */
export const resetspinning: Model = {
  name: 'runtime.resetspinning',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  sites: { nmspinning: 'nmspinning := atomic.Xadd(&sched.nmspinning, -1)', wakep: 'wakep()' },
  *body(f) {
    const { world } = f;
    if (f.m.spinning === 0n) world.throw('resetspinning: not a spinning m');
    f.m.spinning = 0n;
    yield { site: 'nmspinning' };
    world.sched.nmspinning -= 1n;
    if (BigInt.asIntN(32, world.sched.nmspinning) < 0n) world.throw('findrunnable: negative nmspinning');
    yield* call(f, 'wakep', 'runtime.wakep');
    return undefined;
  },
};
