/** What each step of a run touches, for an explorer that wants to know which steps could change places. */
import type { Machine } from '#emu/machine.ts';
import type { Scheduler, Turn } from '#emu/sched/scheduler.ts';
import { CLOCK, type TurnTaken } from './trial.ts';

/** The kernel's tables but futex queues, as a word. Below it, a word for the queue of each futex. */
const KERNEL = -2;

const SYS = {
  sched_yield: 24,
  nanosleep: 35,
  gettid: 186,
  futex: 202,
  clock_gettime: 228,
  clock_nanosleep: 230,
} as const;
/** Calls that look at the clock; the others only make it tick, and ticks are the same in any order. */
const looks: readonly number[] = [SYS.nanosleep, SYS.clock_gettime, SYS.clock_nanosleep];
/** Calls that leave the kernel as it was. */
const harmless: readonly number[] = [SYS.sched_yield, SYS.gettid, ...looks];

/** `scheduler`, with a record of what the machine's threads do under it. */
export function footprints(machine: Machine, scheduler: Scheduler): { scheduler: Scheduler; turns: () => TurnTaken[] } {
  const done: TurnTaken[] = [];
  let taken: { turn: Turn; thread: number } | undefined;
  let [reads, writes] = [new Set<number>(), new Set<number>()];

  const flush = (): void => {
    if (taken) {
      const { turn, thread } = taken;
      done.push({ thread, awake: turn.awake, asleep: turn.asleep, reads: [...reads], writes: [...writes] });
    }
    [reads, writes] = [new Set(), new Set()];
  };
  machine.mem.toucher = (address, size, write) => {
    const first = Number(address >> 3n);
    const last = Number((address + BigInt(Math.max(size, 1) - 1)) >> 3n);
    for (let word = first; word <= last; word++) (write ? writes : reads).add(word);
  };
  machine.observe((e) => {
    if (e.kind !== 'syscall') return;
    (looks.includes(e.number) ? writes : reads).add(CLOCK);
    if (e.number === SYS.futex) writes.add(KERNEL - 1 - Number(e.args[0]! >> 2n));
    else if (!harmless.includes(e.number)) writes.add(KERNEL);
  });
  return {
    scheduler: {
      next(turn) {
        flush();
        taken = { turn, thread: scheduler.next(turn) };
        return taken.thread;
      },
    },
    turns: () => {
      flush();
      taken = undefined;
      return done;
    },
  };
}
