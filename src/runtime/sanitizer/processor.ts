/** ThreadSanitizer's Processors: one for each P, with caches that no lock protects. One thread at a time is the contract. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { view } from '../layout/view.ts';
import type { Body } from '../model.ts';
import type { World } from '../world.ts';
import { type Processor, processor } from './tsan-memory.ts';

/** What v2 said when a cache had given the same block out twice (measured at Go 1.12 before its fix), and its exit status. */
const FATAL = 'FATAL: ThreadSanitizer CHECK failed: ./gotsan.cc:380 "((v)) > ((0))" (0x0, 0x0)';
const STATUS = 66;

/** racecallbackthunk's command 0: whose Processor may this thread use? */
const GET_PROC = 0n;

/**
 * Ask Go for the Processor, through the thunk it gave raceinit, do `work` with it, and be done: two places at which
 * another thread may come in between. `slot`: where in the frame the answer goes. Sites: getProc, take, give.
 */
export function* withProcessor(f: Frame, slot: number, work: () => void): Body<void> {
  f.setReg(R.di, GET_PROC);
  f.setReg(R.si, f.slot(slot));
  yield { site: 'getProc', target: 'runtime.racecallbackthunk', convention: 'C' };
  const proc = view(f.mem, processor, f.get(slot));
  yield { site: 'take' };
  take(f, proc);
  yield { site: 'give' };
  work();
  proc.user = 0n;
}

function take(f: Frame, proc: Processor): void {
  const { world } = f;
  const me = f.m.at;
  const p = world.pOf(proc.p);
  world.note(`processor of ${who(world, me)}`, [p.id, p.m, me]);
  if (proc.user !== 0n) corrupted(world, proc, me);
  if (p.m !== me) world.tell(`${who(world, me)} works with the Processor of P${p.id}, which ${whose(world, p.m)}`);
  proc.user = me;
}

/** Two threads in one cache. TSan finds out when a block's count is wrong; here there is no need to wait for that. */
function corrupted(world: World, { user, p: at }: Processor, me: bigint): never {
  const p = world.pOf(at);
  const message = `${who(world, user)} and ${who(world, me)} are both at work with the Processor of P${p.id}, which ${whose(world, p.m)}`;
  world.tell(message);
  world.expect(false, 'processor', `${FATAL}: ${message}`);
  world.print(`${FATAL}\n`);
  return world.exit(STATUS);
}

const whose = (world: World, m: bigint): string => (m === 0n ? "is nobody's" : `is ${who(world, m)}'s`);

/** "m1" */
const who = (world: World, m: bigint): string => `m${world.mOf(m).id}`;
