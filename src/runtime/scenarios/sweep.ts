/** Schedules that try one thing at every step of a run, or of a part of it. */
import type { Schedule } from '#emu/sched/schedule.ts';

export interface Sweep {
  /** Steps of the first thread: the first and the last after which it is interrupted. */
  readonly from: number;
  readonly to: number;
  /** Who moves then. */
  readonly next: Schedule;
}

/** Steps that no stretch takes: until the thread ends or waits for another. */
export const REST = 10_000;

/** One for each step: until then nobody else moves, and when all is done that is said here, nobody is interrupted. */
export const interruptions = ({ from, to, next }: Sweep): readonly Schedule[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [[0, from + i], ...next]);
