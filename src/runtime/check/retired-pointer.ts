/** No live slot of a goroutine points into a stack that has been left. */
import type { Event } from '#emu/trace/event.ts';
import { getStackMap } from '../gc/maps.ts';
import { gentraceback, type Start, savedPosition } from '../gc/unwind.ts';
import { hex } from '../go/show.ts';
import { defer, G, SCAN } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { GView, World } from '../world.ts';
import type { Invariant } from './checker.ts';

export const retiredPointer: Invariant = {
  name: 'retired-pointer',
  because:
    'what the maps call live is followed and written through: into a stack that was left, which is anybody’s memory now',
  start: (world) => {
    const told = new Set<bigint>();
    return (e) => {
      if (!world.stacks.retired.length || world.currentG === 0n) return undefined;
      const from = standsAt(world, e);
      if (!from) return undefined;
      for (const { slot, where } of liveSlots(world, from.g, from.start)) {
        const value = world.machine.mem.peek(slot, 8);
        const left = world.stacks.retiredAt(value);
        if (!left || told.has(slot)) continue;
        told.add(slot);
        return `${where} holds ${hex(value)}, live, at ${hex(slot)}: g${left.goid} has left that stack`;
      }
      return undefined;
    };
  },
};

/** Where a walk over the running M's goroutine begins: at its system call while C runs, at the caller of what it enters. */
function standsAt(world: World, e: Event): { readonly g: GView; readonly start: Start } | undefined {
  const m = world.mOf(world.g(world.currentG).m);
  if (m.curg === 0n) return undefined;
  const g = world.g(m.curg);
  if ((e.kind === 'enter' || e.kind === 'return') && e.convention === 'C') {
    const inSyscall = world.currentG === m.g0 && (g.atomicstatus & ~SCAN) === BigInt(G.syscall) && g.syscallsp !== 0n;
    return inSyscall ? { g, start: savedPosition(world, g) } : undefined;
  }
  if (e.kind !== 'enter' || e.convention !== 'ABIInternal' || world.currentG !== g.at) return undefined;
  return { g, start: { pc: world.machine.mem.peek(e.rsp, 8), sp: e.rsp + 8n } };
}

interface Slot {
  readonly slot: bigint;
  readonly where: string;
}

function* liveSlots(world: World, g: GView, start: Start): Generator<Slot> {
  for (const frame of gentraceback(world, g, 'quiet', start)) {
    const { locals, args } = getStackMap(world, frame);
    const where = `the frame of ${frame.fn.name}`;
    for (const slot of [...locals.pointers, ...args.pointers]) yield { slot, where };
  }
  for (let d = g._defer; d !== 0n; d = view(world.machine.mem, defer, d).link) {
    yield { slot: d + BigInt(defer.fields.fn[0]), where: 'a deferred call' };
  }
}
