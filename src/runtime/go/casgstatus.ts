/** casgstatus: a goroutine's status, unless a collector holds the goroutine to scan it: then wait. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { SCAN } from '../layout/go1.19.ts';
import type { Body, Model } from '../model.ts';
import type { GView } from '../world.ts';
import { call } from './call.ts';

/** The call from a model's site: what is free to change is changed there and then. */
export function* casgstatus(f: Frame, site: string, gp: GView, from: number, to: number): Body<void> {
  yield { site };
  if (gp.atomicstatus === BigInt(from)) {
    gp.atomicstatus = BigInt(to);
    return;
  }
  yield* call(f, site, 'runtime.casgstatus', gp.at, BigInt(from), BigInt(to));
}

/** func casgstatus(gp *g, oldval, newval uint32) */
export const casgstatusModel: Model = {
  name: 'runtime.casgstatus',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x38,
  nosplit: true,
  sites: { osyield: 'osyield()' },
  *body(f) {
    const gp = f.world.g(f.reg(R.ax));
    const [from, to] = [f.reg(R.bx), f.reg(R.cx)];
    while (gp.atomicstatus !== from) {
      // Go would wait for ever.
      if (gp.atomicstatus !== (from | SCAN)) {
        f.world.throw(`casgstatus: goroutine ${gp.goid} has status ${gp.atomicstatus}, not ${from}`);
      }
      yield { site: 'osyield', target: 'runtime.osyield', convention: 'ABI0' };
    }
    gp.atomicstatus = to;
    return undefined;
  },
};
