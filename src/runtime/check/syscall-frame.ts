/** While C runs, the goroutine's system call stands in a frame that is still there. */
import { hex } from '../go/show.ts';
import { G, gobuf, SCAN } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { World } from '../world.ts';
import type { Invariant } from './checker.ts';

export const syscallFrame: Invariant = {
  name: 'syscall-frame',
  because:
    'tracebacks and the collector begin at syscallsp: what lies below the stack pointer is nobody’s frame any more',
  start: (world) => (e) => {
    const inC = (e.kind === 'enter' || e.kind === 'return') && e.convention === 'C';
    return inC ? broken(world) : undefined;
  },
};

function broken(world: World): string | undefined {
  const { currentG } = world;
  if (currentG === 0n) return undefined;
  const m = world.mOf(world.g(currentG).m);
  if (currentG !== m.g0 || m.curg === 0n) return undefined;
  const g = world.g(m.curg);
  const { sp } = view(world.machine.mem, gobuf, g.sched);
  if ((g.atomicstatus & ~SCAN) !== BigInt(G.syscall) || g.syscallsp === 0n || g.syscallsp >= sp) return undefined;
  return `g${g.goid} is in a system call whose frame, at ${hex(g.syscallsp)}, has been popped: its stack ends at ${hex(sp)}`;
}
