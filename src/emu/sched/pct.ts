/**
 * PCT: random priorities, and a few places where the one who runs falls behind everybody.
 *
 * Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs
 * (ASPLOS 2010). With n threads and k steps, a bug that needs d ordered events is found with a probability of at least
 * 1/(n·k^(d−1)) a run, whatever the program.
 */
import { below, chance, type Dice } from './dice.ts';
import type { Scheduler, Turn } from './scheduler.ts';

export interface PctOptions {
  /** d: one more than there are places where priorities change. */
  readonly depth: number;
  /** k: how many steps the run is expected to take. */
  readonly length: number;
}

/**
 * The paper's program never waits by sleeping or by sched_yield. Where ours does, the one who waits draws a new priority,
 * which may be below all: with its old one a loop that polls would keep the others from what it waits for.
 */
export function pct(dice: Dice, { depth, length }: PctOptions): Scheduler {
  const priorities = new Map<number, number>();
  // Below every first priority, which lies in [1, 2), and apart from each other, in an order that chance decides.
  const changes = new Map<number, number>();
  for (let i = 1; i < depth; i++) changes.set(below(dice, length), i / depth);
  const of = (thread: number): number => {
    const known = priorities.get(thread) ?? 1 + chance(dice);
    priorities.set(thread, known);
    return known;
  };
  const highest = ({ awake, asleep }: Turn): number =>
    [...awake, ...asleep].reduce((best, t) => (of(t) > of(best) ? t : best));
  return {
    next(turn) {
      const { last, yielded, asleep } = turn;
      if (last !== undefined && (yielded || asleep.includes(last))) priorities.set(last, 2 * chance(dice));
      const change = changes.get(turn.step);
      if (change !== undefined) priorities.set(highest(turn), change);
      return highest(turn);
    },
  };
}
