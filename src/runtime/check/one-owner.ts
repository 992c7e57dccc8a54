/** A P belongs to one M: the M it names is the one that names it. And Go code runs with one. */
import { G, P, SCAN } from '../layout/go1.19.ts';
import type { World } from '../world.ts';
import type { Invariant } from './checker.ts';

export const oneOwner: Invariant = {
  name: 'p-has-one-owner',
  because: 'what is kept per P (caches, run queue, race context) is used without a lock by the M that has it',
  start: (world) => (e) => {
    if (e.kind === 'thread') return broken(world);
    if (e.kind !== 'enter') return undefined;
    return broken(world) ?? (e.convention === 'ABIInternal' ? without(world, e.name) : undefined);
  },
};

/** A goroutine that runs has a P, also where Go could do without for a while: caches and write barriers need one. */
function without(world: World, name: string): string | undefined {
  if (world.currentG === 0n) return undefined;
  const g = world.g(world.currentG);
  const m = world.mOf(g.m);
  if (m.curg !== g.at || (g.atomicstatus & ~SCAN) !== BigInt(G.running)) return undefined;
  if (m.p === 0n) return `${name} runs as g${g.goid} on m${m.id}, which has no P`;
  const p = world.pOf(m.p);
  // gcstop: who stops the world goes on.
  const runs = p.m === m.at && (p.status === BigInt(P.running) || p.status === BigInt(P.gcstop));
  return runs ? undefined : `${name} runs as g${g.goid} with P${p.id}, whose status is ${p.status}`;
}

function broken(world: World): string | undefined {
  const owners = new Map<bigint, bigint>();
  for (const at of world.allm) {
    const m = world.mOf(at);
    if (m.p === 0n || (inSyscall(world, m.curg) && !world.has('clear-m-p'))) continue;
    const p = world.pOf(m.p);
    const other = owners.get(m.p);
    if (other !== undefined) return `P${p.id} belongs to m${other} and to m${m.id}`;
    owners.set(m.p, m.id);
    // On its way into a system call an M lets go of its P one word at a time.
    if (p.m !== 0n && p.m !== at) return `m${m.id} has P${p.id}, which names m${world.mOf(p.m).id} as its own`;
  }
  for (const at of world.allp) {
    const p = world.pOf(at);
    if (p.m !== 0n && world.mOf(p.m).p !== at)
      return `P${p.id} names m${world.mOf(p.m).id}, which has another P or none`;
  }
  return undefined;
}

/** Before clear-m-p an M in a system call goes on naming the P it had. */
const inSyscall = (world: World, g: bigint): boolean =>
  g !== 0n && (world.g(g).atomicstatus & ~SCAN) === BigInt(G.syscall);
