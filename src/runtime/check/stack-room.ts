/** A goroutine's stack pointer stays within its stack. */
import { hex } from '../go/show.ts';
import { gobuf, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { World } from '../world.ts';
import type { Invariant } from './checker.ts';

export const stackRoom: Invariant = {
  name: 'stack-room',
  because:
    'functions that do not check how much is left count on what StackGuard keeps free: a chain of them must not need more',
  start: (world) => (e) => {
    // With the frame that the function is about to open.
    if (e.kind === 'enter') return outside(world, e.rsp - BigInt(world.bridge.model(e.name)?.frame ?? 0) - 8n);
    return e.kind === 'call' ? outside(world, e.slot) : undefined;
  },
};

function outside(world: World, sp: bigint): string | undefined {
  if (world.currentG === 0n) return undefined;
  const g = world.g(world.currentG);
  // System stacks are C's: of those of its threads Go knows but a guess.
  if (world.mOf(g.m).curg !== g.at) return undefined;
  const { lo, hi } = view(world.machine.mem, stack, g.stack);
  if (sp >= lo && sp < hi) return undefined;
  // racecall and msancall change stacks, not g.
  const { machine } = world;
  const system = view(machine.mem, gobuf, world.g(world.mOf(g.m).g0).sched).sp;
  if (machine.stackAt(sp) === machine.stackAt(system)) return undefined;
  return `RSP comes to ${hex(sp)}, outside g${g.goid}'s stack [${hex(lo)},${hex(hi)})`;
}
