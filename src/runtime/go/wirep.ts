/** wirep: associates a P with the running M. runtime/proc.go */
import { P } from '../layout/go1.19.ts';
import type { MView, World } from '../world.ts';

/** func wirep(_p_ *p) */
export function wirep(world: World, m: MView, at: bigint): void {
  const p = world.pOf(at);
  // Before clear-m-p an M in a system call goes on naming the P it had.
  if (m.p !== 0n && (m.p !== at || world.has('clear-m-p'))) world.throw('wirep: already in go');
  if (p.m !== 0n || p.status !== BigInt(P.idle)) {
    const id = p.m === 0n ? 0n : world.mOf(p.m).id;
    world.print(`wirep: p->m=${p.m}(${id}) p->status=${p.status}\n`);
    world.throw('wirep: invalid p state');
  }
  m.p = at;
  p.m = m.at;
  p.status = BigInt(P.running);
}
