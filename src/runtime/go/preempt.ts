/** preemptone and preemptall: ask a goroutine to give way at its next prologue. runtime/proc.go */
import type { Frame } from '../frame.ts';
import { P } from '../layout/go1.19.ts';
import type { PView } from '../world.ts';
import { STACK_PREEMPT } from './reentersyscall.ts';

/** func preemptone(_p_ *p) bool. No signal is sent, as with GODEBUG=asyncpreemptoff=1. */
export function preemptone(f: Frame, p: PView): boolean {
  const { world } = f;
  if (p.m === 0n || p.m === f.m.at) return false;
  const mp = world.mOf(p.m);
  if (mp.curg === 0n || mp.curg === mp.g0) return false;
  const gp = world.g(mp.curg);
  gp.preempt = 1n;
  gp.stackguard0 = STACK_PREEMPT;
  return true;
}

/** func preemptall() bool */
export function preemptall(f: Frame): boolean {
  const { world } = f;
  const running = world.allp.map((at) => world.pOf(at)).filter((p) => p.status === BigInt(P.running));
  return running.filter((p) => preemptone(f, p)).length > 0;
}
