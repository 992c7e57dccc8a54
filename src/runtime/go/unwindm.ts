/** unwindm: a panic leaves a callback over C's frames; g0 and the M's account of cgo calls go back with it. runtime/cgocall.go */
import type { Frame } from '../frame.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';

/** func unwindm(restore *bool) */
export function unwindm({ world, mem, m }: Frame, restore: bigint): void {
  if (mem.read(restore, 1) === 0n) return;
  // cgocallback keeps the old value at 0(SP): C's frames below it are gone with this one assignment.
  const sched = view(mem, gobuf, world.g(m.g0).sched);
  sched.sp = mem.read(sched.sp, 8);
  // A thread that C made has no cgo call to end.
  if (m.ncgo > 0n) {
    m.incgo = 0n;
    m.ncgo -= 1n;
  }
}
