/** What to explore and how far; how far it went. */
import type { Failed, Perform } from './task.ts';
import type { WordUse } from './words.ts';

/** Part `index` of `of`, counted from 1. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

export const WHOLE: Shard = { index: 1, of: 1 };

interface Common {
  readonly perform: Perform;
  readonly shard: Shard;
  /** At most so many schedules. */
  readonly budget: number;
  /** Go on after a failure, and give the first of each kind. */
  readonly all?: boolean;
  readonly progress?: (p: Progress) => void;
}

export interface ExhaustivePlan extends Common {
  /** How many preemptions a schedule may have. */
  readonly bound: number;
  readonly patience?: number;
  /** What is known about words from before, such as from other shards. */
  readonly known?: readonly WordUse[];
}

export interface SamplePlan extends Common {
  readonly strategy: 'random' | 'pct' | 'round-robin';
  readonly seed: bigint;
  /** PCT's d and k. */
  readonly depth: number;
  readonly length: number;
}

export interface Progress {
  readonly runs: number;
  readonly waiting: number;
  /** Preemptions of the schedules that are being run. */
  readonly cost?: number;
}

export interface Explored {
  /** Runs made, those of passes that were begun anew included. */
  readonly runs: number;
  /** Different schedules among them: those of the last pass, without what other shards run as well. */
  readonly schedules: number;
  /** Schedules by what they cost; of an exhaustive exploration. */
  readonly byCost?: readonly number[];
  /** How often it was begun, each time with more known about which words are shared. */
  readonly passes?: number;
  /** Every schedule within the bounds was run, or one that amounts to it. */
  readonly exhausted: boolean;
  readonly failures: readonly Failed[];
  /** What merging needs: it must come to the same shared words as each shard. */
  readonly uses?: readonly WordUse[];
}

export const TASK = 2;
const TASKS = 32;
/** Runs between two looks at what was found. Fixed, so that the result is the same for any number of workers. */
export const ROUND = TASK * TASKS;

/** Cut into tasks of a few runs each. */
export function inTasks<T>(things: readonly T[]): T[][] {
  const out: T[][] = [];
  for (let i = 0; i < things.length; i += TASK) out.push(things.slice(i, i + TASK));
  return out;
}
