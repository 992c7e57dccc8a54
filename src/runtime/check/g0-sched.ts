/** g0.sched.sp is after a C call what it was before. */
import { hex } from '../go/show.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Invariant } from './checker.ts';

export const g0Sched: Invariant = {
  name: 'g0-sched',
  because:
    'every switch to g0 begins below g0.sched.sp: too high, and it writes over frames; too low, and g0 overflows in the end',
  start: (world) => {
    /** g0.sched.sp by the slot of a return address. */
    const before = new Map<bigint, bigint>();
    const now = (): bigint | undefined => {
      if (world.currentG === 0n) return undefined;
      return view(world.machine.mem, gobuf, world.g(world.mOf(world.g(world.currentG).m).g0).sched).sp;
    };
    const target = world.machine.symbols.named('runtime.asmcgocall')?.address;
    return (e) => {
      if (e.kind === 'moved') {
        for (const [slot, sp] of [...before]) {
          if (slot < e.from || slot >= e.from + e.size) continue;
          before.delete(slot);
          before.set(slot + e.delta, sp);
        }
      }
      if (e.kind === 'call' && e.to === target) {
        const sp = now();
        if (sp !== undefined) before.set(e.slot, sp);
      }
      if (e.kind !== 'return') return undefined;
      const was = before.get(e.slot);
      before.delete(e.slot);
      const is = now();
      if (was === undefined || is === was) return undefined;
      return `g0.sched.sp is ${is === undefined ? 'nowhere' : hex(is)} after the C call, it was ${hex(was)}`;
    };
  },
};
