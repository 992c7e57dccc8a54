/** unlock: and wake who waits. runtime/lock_futex.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { mutex } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import { call } from './call.ts';
import { LOCKED, SLEEPING, UNLOCKED } from './lock2.ts';
import { STACK_PREEMPT } from './reentersyscall.ts';

/** unlock(l), from a site: one that nobody waits for is free there and then. */
export function* unlock(f: Frame, site: string, l: bigint): Body<void> {
  yield { site };
  const mu = view(f.mem, mutex, l);
  if (mu.key !== LOCKED) {
    yield* call(f, site, 'runtime.unlock2', l);
    return;
  }
  mu.key = UNLOCKED;
  counted(f);
}

/** func unlock2(l *mutex) */
export const unlock2: Model = {
  name: 'runtime.unlock2',
  convention: 'ABIInternal',
  file: 'runtime/lock_futex.go',
  frame: 0x10,
  spills: 'p',
  sites: { futexwakeup: 'futexwakeup(key32(&l.key), 1)' },
  *body(f) {
    const l = f.reg(R.ax);
    const mu = view(f.mem, mutex, l);
    const was = mu.key;
    mu.key = UNLOCKED;
    if (was === UNLOCKED) f.world.throw('unlock of unlocked lock');
    if (was === SLEEPING) yield* call(f, 'futexwakeup', 'runtime.futexwakeup', l, 1n);
    counted(f);
    return undefined;
  },
};

function counted({ world, g, m }: Frame): void {
  m.locks -= 1n;
  if (BigInt.asIntN(32, m.locks) < 0n) world.throw('runtime·unlock: lock count');
  // newstack drops a request while locks are held.
  if (m.locks === 0n && g.preempt !== 0n) g.stackguard0 = STACK_PREEMPT;
}
