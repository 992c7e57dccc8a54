/** preemptPark: whoever wanted this goroutine suspended finds it preempted. On g0; does not return. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { waitReason } from '../gc/traceback.ts';
import { G, SCAN } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { dropg } from './dropg.ts';
import { hex } from './show.ts';

/** func preemptPark(gp *g) */
export const preemptPark: Model = {
  name: 'runtime.preemptPark',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x38,
  spills: 'p',
  sites: {
    casGToPreemptScan: 'casGToPreemptScan(gp, _Grunning, _Gscan|_Gpreempted)',
    casfrom: 'casfrom_Gscanstatus(gp, _Gscan|_Gpreempted, _Gpreempted)',
    schedule: 'schedule()',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const gp = world.g(f.reg(R.ax));
    if ((gp.atomicstatus & ~SCAN) !== BigInt(G.running)) world.throw('bad g status');
    gp.waitreason = waitReason('preempted');
    // Once it is preempted it may be anybody's: until it has left this M, the scan bit holds it.
    do yield { site: 'casGToPreemptScan' };
    while (gp.atomicstatus !== BigInt(G.running));
    gp.atomicstatus = SCAN | BigInt(G.preempted);
    dropg(f);
    yield { site: 'casfrom' };
    gp.atomicstatus = BigInt(G.preempted);
    yield* call(f, 'schedule', 'runtime.schedule');
    return undefined;
  },
};
