/**
 * A P's own run queue: a ring, and one goroutine that goes first. runtime/proc.go
 *
 * Each of these happens at once: whoever calls them lets others move before.
 */
import { P } from '../layout/go1.19.ts';
import type { PView, World } from '../world.ts';
import { globrunqput } from './globrunq.ts';

/** len(p.runq) */
const LENGTH = 256n;

/** func runqempty(_p_ *p) bool */
export const runqempty = (p: PView): boolean => p.runqhead === p.runqtail && p.runnext === 0n;

const at = (p: PView, n: bigint): bigint => p.runq + 8n * (n % LENGTH);
const length = (p: PView): bigint => BigInt.asUintN(32, p.runqtail - p.runqhead);

/** func runqput(_p_ *p, gp *g, next bool) */
export function runqput(world: World, p: PView, gp: bigint, next: boolean): void {
  let last = gp;
  if (next) {
    last = p.runnext;
    p.runnext = gp;
    if (last === 0n) return;
  }
  if (length(p) === LENGTH) runqputslow(world, p);
  world.machine.mem.poke(at(p, p.runqtail), 8, last);
  p.runqtail += 1n;
}

/** func runqputslow: half of a full queue goes to the global one. Go locks sched for it; this happens at once. */
function runqputslow(world: World, p: PView): void {
  for (let n = 0n; n < LENGTH / 2n; n++) globrunqput(world, pop(world, p));
}

/** func runqget(_p_ *p) (gp *g, inheritTime bool) */
export function runqget(world: World, p: PView): { readonly gp: bigint; readonly inheritTime: boolean } {
  const next = p.runnext;
  if (next !== 0n) {
    p.runnext = 0n;
    return { gp: next, inheritTime: true };
  }
  return { gp: length(p) === 0n ? 0n : pop(world, p), inheritTime: false };
}

function pop(world: World, p: PView): bigint {
  const gp = world.machine.mem.peek(at(p, p.runqhead), 8);
  p.runqhead += 1n;
  return gp;
}

/** Is all that could be stolen the goroutine which `p` is about to run? runqgrab waits a little, then. */
export const onlyNext = (p: PView): boolean => length(p) === 0n && p.runnext !== 0n && p.status === BigInt(P.running);

/** func runqsteal(_p_, p2 *p, stealRunNextG bool) *g: half of p2's queue, the last of it to be run at once. */
export function runqsteal(world: World, p: PView, p2: PView, stealRunNext: boolean): bigint {
  const there = length(p2);
  if (there === 0n) {
    const next = stealRunNext ? p2.runnext : 0n;
    if (next !== 0n) p2.runnext = 0n;
    return next;
  }
  for (let n = there - there / 2n; n > 1n; n--) runqput(world, p, pop(world, p2), false);
  return pop(world, p2);
}
