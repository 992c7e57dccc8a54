/** acquirep and releasep: this M takes a P, or gives its own away. runtime/proc.go */
import type { Frame } from '../frame.ts';
import { P } from '../layout/go1.19.ts';
import type { PView } from '../world.ts';
import { hex } from './show.ts';
import { wirep } from './wirep.ts';

/** func acquirep(_p_ *p) */
export function acquirep(f: Frame, at: bigint): void {
  wirep(f.world, f.m, at);
}

/** func releasep() *p */
export function releasep({ world, m }: Frame): PView {
  if (m.p === 0n) world.throw('releasep: invalid arg');
  const p = world.pOf(m.p);
  if (p.m !== m.at || p.status !== BigInt(P.running)) {
    world.print(`releasep: m=${hex(m.at)} m->p=${hex(m.p)} p->m=${hex(p.m)} p->status=${p.status}\n`);
    world.throw('releasep: invalid p state');
  }
  m.p = 0n;
  p.m = 0n;
  p.status = BigInt(P.idle);
  return p;
}
