/** recovery: on g0, back to the function whose deferred call has recovered. runtime/panic.go */
import { R } from '#emu/cpu/layout.ts';
import { gobuf, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { hex } from './show.ts';

/** func recovery(gp *g): it goes on at its deferreturn, as if deferproc had returned there a second time, with 1. */
export const recovery: Model = {
  name: 'runtime.recovery',
  convention: 'ABIInternal',
  file: 'runtime/panic.go',
  frame: 0x28,
  spills: 'p',
  sites: { gogo: 'gogo(&gp.sched)' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world, mem } = f;
    const gp = world.g(f.reg(R.ax));
    const { sigcode0: sp, sigcode1: pc } = gp;
    const { lo, hi } = view(mem, stack, gp.stack);
    if (sp !== 0n && (sp < lo || sp > hi)) {
      world.print(`recover: ${hex(sp)} not in [${hex(lo)}, ${hex(hi)}]\n`);
      world.throw('bad recovery');
    }
    const sched = view(mem, gobuf, gp.sched);
    [sched.sp, sched.pc, sched.lr, sched.ret] = [sp, pc, 0n, 1n];
    f.set(0, sched.at);
    yield { site: 'gogo', target: 'runtime.gogo', convention: 'ABI0' };
    return undefined;
  },
};
