/** The global run queue, a list through schedlink. The caller holds sched.lock. runtime/proc.go */
import { gQueue } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { PView, World } from '../world.ts';
import { runqput } from './runq.ts';

/** Half of a P's own queue: no more is moved there at once. */
const HALF = 128n;

/** func globrunqput(gp *g) */
export function globrunqput(world: World, gp: bigint): void {
  const queue = view(world.machine.mem, gQueue, world.sched.runq);
  world.g(gp).schedlink = 0n;
  if (queue.tail === 0n) queue.head = gp;
  else world.g(queue.tail).schedlink = gp;
  queue.tail = gp;
  world.sched.runqsize += 1n;
}

function pop(world: World): bigint {
  const queue = view(world.machine.mem, gQueue, world.sched.runq);
  const gp = queue.head;
  queue.head = world.g(gp).schedlink;
  if (queue.head === 0n) queue.tail = 0n;
  world.sched.runqsize -= 1n;
  return gp;
}

/** func globrunqget(_p_ *p, max int32) *g: one to run, and a fair share of the others into p's own queue. */
export function globrunqget(world: World, p: PView, max: bigint): bigint {
  const { runqsize } = world.sched;
  if (runqsize === 0n) return 0n;
  const limits = [runqsize / BigInt(world.allp.length) + 1n, runqsize, HALF, ...(max > 0n ? [max] : [])];
  const share = limits.reduce((a, b) => (b < a ? b : a));
  const gp = pop(world);
  for (let n = share - 1n; n > 0n; n--) runqput(world, p, pop(world), false);
  return gp;
}
