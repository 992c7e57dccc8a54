/** Who moves next: asked before every step of a machine with several threads. */

/** What a scheduler may go by. Threads are numbers, counted from 0 in the order in which they were made. */
export interface Turn {
  /** Threads that can move now, ascending. Together with `asleep` never empty. */
  readonly awake: readonly number[];
  /**
   * Threads asleep until some time, soonest first. Choosing one lets the clock go there: the others were slow.
   */
  readonly asleep: readonly number[];
  /** Who moved last, whether or not it can go on; undefined before the first step. */
  readonly last: number | undefined;
  /** Did it offer the processor to others (sched_yield) with its last step? */
  readonly yielded: boolean;
  /** Steps done so far by all. A step is one instruction, or a model's way from one stopping point to the next. */
  readonly step: number;
}

export interface Scheduler {
  /** One of `awake` or `asleep`. */
  next(turn: Turn): number;
}
