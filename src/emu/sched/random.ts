/** Anybody, at any time: the simplest search there is, and hard to beat on short runs. */
import { below, chance, type Dice } from './dice.ts';
import { canGoOn } from './go-on.ts';
import type { Scheduler } from './scheduler.ts';

/**
 * Where a thread could go on, it is interrupted with probability `switching`; who comes next is anybody who can move.
 * A sleeper counts as one who can: sooner or later, others are that slow.
 */
export function random(dice: Dice, switching = 0.05): Scheduler {
  return {
    next(turn) {
      if (canGoOn(turn) && chance(dice) >= switching) return turn.last;
      const { awake, asleep } = turn;
      const n = below(dice, awake.length + asleep.length);
      return n < awake.length ? awake[n]! : asleep[n - awake.length]!;
    },
  };
}
