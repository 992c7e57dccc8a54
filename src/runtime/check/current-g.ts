/** Where Go code begins, TLS, R14 and the M agree on who runs. */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import type { World } from '../world.ts';
import type { Invariant } from './checker.ts';

export const currentG: Invariant = {
  name: 'current-g',
  because: 'compiled Go takes g from R14 and assembly from TLS; both find the M, its stacks and its P through it',
  start: (world) => (e) => (e.kind === 'enter' && e.convention === 'ABIInternal' ? broken(world, e.name) : undefined),
};

function broken(world: World, name: string): string | undefined {
  const g = world.currentG;
  const r14 = world.machine.cpu.gpr(R.r14);
  if (r14 !== g) return `${name} entered with R14=${hex(r14)}, TLS has ${hex(g)}`;
  if (g === 0n) return undefined;
  const m = world.mOf(world.g(g).m);
  const belongs = g === m.g0 || g === m.gsignal || g === m.curg;
  if (!belongs)
    return `${name} entered as g${world.g(g).goid}, which is neither m${m.id}'s curg nor its g0 nor its gsignal`;
  const { tid } = world.machine.task;
  if (m.procid !== 0n && m.procid !== BigInt(tid))
    return `${name} runs on thread ${tid}, its M is that of thread ${m.procid}`;
  return undefined;
}
