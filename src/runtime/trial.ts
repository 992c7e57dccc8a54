/** What can be explored: one situation, runnable under any scheduler, any number of times. */
import type { Scheduler } from '#emu/sched/scheduler.ts';

/** The same schedule gives the same run. */
export interface Trial {
  readonly name: string;
  run(scheduler: Scheduler, how?: RunHow): Outcome;
}

export interface RunHow {
  /** Give `turns`, which costs time. */
  readonly footprints?: boolean;
}

export interface Outcome {
  /** What went wrong, in the words of the run (first finding or fatal message); undefined when all held. */
  readonly failure: string | undefined;
  readonly steps: number;
  /** A digest of everything that happened (for "run twice, same trace"). */
  readonly digest: string;
  /** One for each step, in order, when footprints were asked for. */
  readonly turns?: readonly TurnTaken[];
}

/**
 * One step, as far as others can notice it.
 *
 * Words are 8 bytes of memory, by address / 8. What else a step depends on or changes that another thread can notice
 * counts too, as a word that no memory has (a negative number): a futex's queue, the kernel's tables, the clock. Two
 * steps of different threads that share no written word must do the same in either order: the explorer relies on it.
 */
export interface TurnTaken {
  readonly thread: number;
  /** Who could have moved, itself included. */
  readonly awake: readonly number[];
  readonly asleep: readonly number[];
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/**
 * The clock, as a word. A step that looks at it or makes it tick says so; that waking a sleeper moves it, and that
 * going to sleep looks at it, the explorer sees for itself.
 */
export const CLOCK = -1;
