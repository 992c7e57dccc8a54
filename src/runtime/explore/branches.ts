/**
 * Where a run could have gone another way, and which of these ways are worth going.
 *
 * Two reductions. Both keep, for every schedule within the bound, one that does the same steps in the same
 * happens-before order at no higher cost; so every failure and every final state is still met.
 *
 * 1. A thread is interrupted only before a step that is *visible*: one that writes a word which others touch or reads
 *    one which others write (`words.ts`), blocks, sleeps, yields, ends, changes who else can move, or ends the run.
 *    Take a schedule that interrupts a thread before another step s. No other thread can notice s, nor can s notice them;
 *    so s may as well be made before the interruption, which then stands before the step after s. Repeat this until that step
 *    is visible. Costs do not rise: the switches are the same, of the same kind; and where the thread came back
 *    for nothing but such steps, two switches become one, which costs at most one, as the one away from it did.
 *    That a word is shared is learned from runs. A step thought invisible that is not would be met with its true footprint
 *    in some run of the exploration: take the first place where a schedule differs from all that were explored; the steps
 *    before it were, and the one at it is then made from an explored state. So when a whole exploration has shown no new
 *    shared word, none was missing (`exhaustive.ts` begins anew until then).
 *
 * 2. From one state (`happens-before.ts`), with one thread moving next and one ledger, the futures are the same. The one
 *    that was reached at the lower cost is gone into, the others are not. (That is all of sleep sets that survives a bound: what
 *    they leave out may be cheaper than what they keep, as Coons, Musuvathi and McKinley show, OOPSLA 2013.)
 */
import { canGoOn } from '#emu/sched/go-on.ts';
import type { Turn } from '#emu/sched/scheduler.ts';
import { CLOCK, type TurnTaken } from '../trial.ts';
import { HappensBefore } from './happens-before.ts';
import { Ledger } from './ledger.ts';
import type { Deviation, SteeredRun } from './steered.ts';
import { noticed, type SharedWords, THREADS } from './words.ts';

/** A way to go: at `at`, `thread` instead of the one that moved there. */
export interface Branch {
  readonly at: Deviation;
  /** Of the whole schedule, this branch included. */
  readonly cost: number;
  /** Branches with one key lead to the same. */
  readonly key: string;
}

export interface Limits {
  readonly bound: number;
  readonly patience: number | undefined;
}

type Footprint = Pick<TurnTaken, 'thread' | 'reads' | 'writes'>;

/** What each step touched, with what the trial leaves to us to see: clock and number of threads. */
export function footprints({ outcome, turns, moved }: SteeredRun): Footprint[] {
  const taken = outcome.turns;
  if (taken?.length !== turns.length) {
    throw new Error(`a trial gave ${taken?.length ?? 'no'} footprints for ${turns.length} steps`);
  }
  let highest = -1;
  return taken.map(({ thread, reads, writes }, i) => {
    if (thread !== moved[i]) throw new Error(`a trial moved thread ${thread}, not ${moved[i]}, at step ${i}`);
    const after = turns[i + 1];
    const slept = after?.asleep.includes(thread) ?? false;
    const woke = turns[i]!.asleep.includes(thread);
    const known = Math.max(highest, ...movable(turns[i]!));
    highest = Math.max(known, ...(after ? movable(after) : []));
    const made = highest > known;
    return {
      thread,
      reads: slept ? [...reads, CLOCK] : reads,
      writes: woke || made ? [...writes, ...(woke ? [CLOCK] : []), ...(made ? [THREADS] : [])] : writes,
    };
  });
}

export interface Branches {
  readonly branches: readonly Branch[];
  /** The keys of what the run itself did where it could have branched. */
  readonly taken: readonly string[];
}

/** The branches after step `from`; `cost` is what the schedule has paid by then. */
export function branchesOf(
  run: SteeredRun,
  steps: readonly Footprint[],
  from: number,
  cost: number,
  shared: SharedWords,
  { bound, patience }: Limits,
): Branches {
  const out: Branch[] = [];
  const taken: string[] = [];
  const state = new HappensBefore(shared);
  const ledger = new Ledger(patience);
  run.turns.forEach((turn, i) => {
    const { thread, reads, writes } = steps[i]!;
    const interrupts = canGoOn(turn);
    if (i > from && (!interrupts || (cost < bound && isVisible(run, i, steps[i]!, shared)))) {
      for (const choice of ledger.choices(turn)) {
        if (cost + choice.cost > bound) continue;
        const after = ledger.copy();
        after.took(turn, choice.thread);
        const key = `${state.key}/${choice.thread}/${after.key}`;
        if (choice.thread === thread) taken.push(key);
        else out.push({ at: [i, choice.thread], cost: cost + choice.cost, key });
      }
    }
    ledger.took(turn, thread);
    state.step(thread, reads, writes);
  });
  return { branches: out, taken };
}

function isVisible({ turns }: SteeredRun, i: number, step: Footprint, shared: SharedWords): boolean {
  const [before, after] = [turns[i]!, turns[i + 1]];
  if (!after || after.yielded || !after.awake.includes(step.thread)) return true;
  if (!sameMovable(before, after)) return true;
  return noticed(step, shared);
}

const movable = ({ awake, asleep }: Turn): number[] => [...awake, ...asleep];

/** A thread that wakes because its time has come could move before, too. */
function sameMovable(before: Turn, after: Turn): boolean {
  if (before.awake === after.awake && before.asleep === after.asleep) return true;
  const could = new Set(movable(before));
  const can = movable(after);
  return can.length === could.size && can.every((t) => could.has(t));
}
