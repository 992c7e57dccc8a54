/** Everybody in turn, for a fixed number of steps each. */
import { canGoOn, nextInLine } from './go-on.ts';
import type { Scheduler } from './scheduler.ts';

/** A thread loses the rest of its `quantum` when it blocks, sleeps or yields. */
export function roundRobin(quantum: number): Scheduler {
  let left = quantum;
  return {
    next(turn) {
      if (canGoOn(turn) && left > 0) {
        left--;
        return turn.last;
      }
      left = quantum - 1;
      return nextInLine(turn);
    },
  };
}
