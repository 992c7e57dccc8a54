/** No P is lost, and none is counted twice. */
import { P } from '../layout/go1.19.ts';
import type { PView, World } from '../world.ts';
import type { Invariant } from './checker.ts';

export const pCount: Invariant = {
  name: 'p-count',
  because: 'GOMAXPROCS is a promise: a P that nobody has and nobody finds idles a processor for ever',
  start: (world) => (e) =>
    e.kind === 'enter' && e.convention === 'ABIInternal' && isQuiet(world, e.name) ? broken(world) : undefined,
};

/** While the program's own code runs and all other threads wait, nobody has a P in hand to give it to somebody. */
function isQuiet(world: World, name: string): boolean {
  const { machine } = world;
  if (name.startsWith('runtime.') || world.currentG === 0n) return false;
  return machine.threads.every((t) => t === machine.thread || t.exited || t.wait !== undefined);
}

function broken(world: World): string | undefined {
  const listed: bigint[] = [];
  for (let at = world.sched.pidle; at !== 0n; at = world.pOf(at).link) {
    const { id } = world.pOf(at);
    if (listed.includes(at)) return `P${id} is twice on the list of idle Ps`;
    listed.push(at);
  }
  const { npidle } = world.sched;
  if (npidle !== BigInt(listed.length)) return `${listed.length} Ps are on the idle list, sched.npidle is ${npidle}`;
  for (const at of world.allp) {
    const p = world.pOf(at);
    const wrong = misplaced(world, p, listed.includes(at));
    if (wrong) return `P${p.id} ${wrong}`;
  }
  return undefined;
}

function misplaced(world: World, p: PView, listed: boolean): string | undefined {
  const has = world.allm.map((m) => world.mOf(m)).find((m) => m.p === p.at && p.m === m.at);
  const gets = world.allm.some((m) => world.mOf(m).nextp === p.at);
  if (listed && (has || gets)) return `is on the idle list, and m${has?.id ?? '?'} has it`;
  if (has || gets || listed) return undefined;
  if (p.status === BigInt(P.idle)) return 'is idle, and on no list';
  return p.status === BigInt(P.running) ? 'runs, and no M has it' : undefined;
}
