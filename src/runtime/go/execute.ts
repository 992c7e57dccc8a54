/** execute: run a goroutine on this M. Does not return. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G, STACK_GUARD, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { casgstatus } from './casgstatus.ts';
import { hex } from './show.ts';

/** func execute(gp *g, inheritTime bool) */
export const execute: Model = {
  name: 'runtime.execute',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  spills: 'pw',
  sites: { casgstatus: 'casgstatus(gp, _Grunnable, _Grunning)', gogo: 'gogo(&gp.sched)' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const gp = f.world.g(f.reg(R.ax));
    const inheritTime = (f.reg(R.bx) & 0xffn) !== 0n;
    const mp = f.m;
    mp.curg = gp.at;
    gp.m = mp.at;
    yield* casgstatus(f, 'casgstatus', gp, G.runnable, G.running);
    gp.waitsince = 0n;
    gp.preempt = 0n;
    gp.stackguard0 = view(f.mem, stack, gp.stack).lo + STACK_GUARD;
    if (!inheritTime) f.world.pOf(mp.p).schedtick += 1n;
    f.set(0, gp.sched);
    yield { site: 'gogo', target: 'runtime.gogo', convention: 'ABI0' };
    return undefined;
  },
};
