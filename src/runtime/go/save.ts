/** save: where a goroutine stands, kept in its sched before it enters a system call. runtime/proc.go */
import type { Frame } from '../frame.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';

/** func save(pc, sp uintptr). BP stays as whoever came by last has left it: that is so until Go 1.23. */
export function save({ world, mem, g, m }: Frame, pc: bigint, sp: bigint): void {
  if (g.at === m.g0 || g.at === m.gsignal) world.throw('save on system g not allowed');
  const sched = view(mem, gobuf, g.sched);
  if (sched.ctxt !== 0n) world.throw('ctxt != 0');
  [sched.pc, sched.sp, sched.lr, sched.ret] = [pc, sp, 0n, 0n];
}
