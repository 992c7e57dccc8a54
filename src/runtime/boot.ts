/** Goroutines that are already under way when a scenario begins: each on a thread, an M and a P of its own. */
import { R } from '#emu/cpu/layout.ts';
import type { Thread } from '#emu/thread.ts';
import { G, gobuf, P, stack } from './layout/go1.19.ts';
import { view } from './layout/view.ts';
import type { GView, World } from './world.ts';

/** Four times what newproc1 gives (_StackMin, stack.go): nobody's first call should grow it. */
const STACK_SIZE = 0x2000n;

/** Let P number `proc`, which must be idle, run `model` as a goroutine on a fresh M and thread. */
export function underway(world: World, proc: number, model: string): { readonly g: GView; readonly thread: Thread } {
  const { machine } = world;
  const { mem } = machine;
  const name = `m${world.allm.length}`;
  const m = world.newM(`${name} `);
  const g = world.newG(`g${world.allgs.length + 1}`, STACK_SIZE);
  const p = world.pOf(world.allp[proc]!);
  unlinkIdle(world, p.at);
  [m.p, p.m, p.status] = [p.at, m.at, BigInt(P.running)];
  [m.curg, g.m, g.atomicstatus] = [g.at, m.at, BigInt(G.running)];
  g.startpc = world.addressOf(model);
  // Where newproc1 lets a goroutine begin: as if goexit had called it.
  const sp = view(mem, stack, g.stack).hi - 16n;
  mem.write(sp, 8, world.addressOf('runtime.goexit') + 1n);
  const g0 = world.g(m.g0);
  view(mem, gobuf, g0.sched).sp = view(mem, stack, g0.stack).hi - 0x40n;
  const thread = machine.spawn(name, (cpu) => {
    cpu.fsBase = world.threadPointer(m);
    cpu.setGpr(R.r14, g.at);
    cpu.setGpr(R.sp, sp);
    cpu.rip = world.addressOf(model);
  });
  mem.write(world.threadPointer(m) - 8n, 8, g.at);
  m.procid = BigInt(thread.task.tid);
  return { g, thread };
}

/** Off the list of idle Ps, wherever it stands there. */
function unlinkIdle(world: World, at: bigint): void {
  const { sched } = world;
  if (sched.pidle === at) sched.pidle = world.pOf(at).link;
  for (let p = sched.pidle; p !== 0n; p = world.pOf(p).link) {
    if (world.pOf(p).link === at) world.pOf(p).link = world.pOf(at).link;
  }
  world.pOf(at).link = 0n;
  sched.npidle -= 1n;
}
