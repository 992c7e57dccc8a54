/** The M's account of cgo calls: in C it says so, in Go it does not. */
import { G, SCAN } from '../layout/go1.19.ts';
import type { World } from '../world.ts';
import type { Invariant } from './checker.ts';

/** Still on its way to C when it is called: cgocallbackg has said so already. */
const LEAVING = new Set(['runtime.reentersyscall', 'runtime.entersyscall', 'runtime.casgstatus']);

export const cgoAccount: Invariant = {
  name: 'cgo-account',
  because:
    'schedule refuses to run on an M in cgo, signal handlers and the profiler ask whether C runs (m.incgo, m.ncgo)',
  start: (world) => (e) => {
    if (e.kind !== 'enter') return undefined;
    return e.convention === 'C' ? inC(world, e.name) : inGo(world, e.name);
  },
};

function inC(world: World, name: string): string | undefined {
  const m = running(world);
  if (!m || m.curg === 0n || world.currentG !== m.g0) return undefined;
  const g = world.g(m.curg);
  // Not a cgo call but the runtime's own: the goroutine is not in a system call.
  if ((g.atomicstatus & ~SCAN) !== BigInt(G.syscall) || g.syscallsp === 0n || m.ncgo === 0n) return undefined;
  if (m.incgo === 0n) return `${name} runs in C, m${m.id}.incgo says that it does not`;
  if (world.has('clear-m-p') && m.p !== 0n) return `${name} runs in C while m${m.id} has P${world.pOf(m.p).id}`;
  return undefined;
}

function inGo(world: World, name: string): string | undefined {
  const m = running(world);
  if (!m || world.currentG !== m.curg || LEAVING.has(name)) return undefined;
  if ((world.g(m.curg).atomicstatus & ~SCAN) !== BigInt(G.running)) return undefined;
  return m.incgo === 0n ? undefined : `${name} runs in Go, m${m.id}.incgo says that C does`;
}

const running = (world: World) => (world.currentG === 0n ? undefined : world.mOf(world.g(world.currentG).m));
