/** The lists of idle Ps and Ms: pidleput, pidleget, mput, mget. The caller holds sched.lock. runtime/proc.go */
import type { MView, PView, World } from '../world.ts';
import { runqempty } from './runq.ts';

/** func pidleput(_p_ *p, now int64) int64 */
export function pidleput(world: World, p: PView): void {
  if (!runqempty(p)) world.throw('pidleput: P has non-empty run queue');
  p.link = world.sched.pidle;
  world.sched.pidle = p.at;
  world.sched.npidle += 1n;
}

/** func pidleget(now int64) (*p, int64) */
export function pidleget(world: World): PView | undefined {
  const { sched } = world;
  if (sched.pidle === 0n) return undefined;
  const p = world.pOf(sched.pidle);
  sched.pidle = p.link;
  sched.npidle -= 1n;
  return p;
}

/** func mput(mp *m). Without checkdead: the spare M of a program with cgo counts as one that runs. */
export function mput({ sched }: World, mp: MView): void {
  mp.schedlink = sched.midle;
  sched.midle = mp.at;
  sched.nmidle += 1n;
}

/** func mget() *m */
export function mget(world: World): MView | undefined {
  const { sched } = world;
  if (sched.midle === 0n) return undefined;
  const mp = world.mOf(sched.midle);
  sched.midle = mp.schedlink;
  sched.nmidle -= 1n;
  return mp;
}
