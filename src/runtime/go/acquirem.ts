/** acquirem and releasem: no preemption in between. runtime/runtime1.go */
import type { Frame } from '../frame.ts';
import type { MView } from '../world.ts';
import { STACK_PREEMPT } from './reentersyscall.ts';

/** func acquirem() *m */
export function acquirem(f: Frame): MView {
  const mp = f.m;
  mp.locks += 1n;
  return mp;
}

/** func releasem(mp *m) */
export function releasem({ g }: Frame, mp: MView): void {
  mp.locks -= 1n;
  // The request may have been dropped in newstack meanwhile.
  if (mp.locks === 0n && g.preempt !== 0n) g.stackguard0 = STACK_PREEMPT;
}
