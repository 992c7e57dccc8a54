/** A few runs, asked for and answered as plain data: done here, or by a worker that has the same trial. */
import type { Dice } from '#emu/sched/dice.ts';
import { pct } from '#emu/sched/pct.ts';
import { random } from '#emu/sched/random.ts';
import { recording } from '#emu/sched/recording.ts';
import { roundRobin } from '#emu/sched/round-robin.ts';
import { joined, type Schedule } from '#emu/sched/schedule.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { Random } from '../junk.ts';
import type { Trial } from '../trial.ts';
import { type Branches, branchesOf, footprints, type Limits } from './branches.ts';
import { type Deviation, runSteered } from './steered.ts';
import { type SharedWords, Words, type WordUse } from './words.ts';

/** A schedule to run: the default but for these. */
export interface Item {
  readonly deviations: readonly Deviation[];
  readonly cost: number;
}

/** Schedules by chance or by rule; each is made from its number alone. */
export type Sampling =
  | { readonly strategy: 'random'; readonly seed: bigint }
  | { readonly strategy: 'pct'; readonly seed: bigint; readonly depth: number; readonly length: number }
  | { readonly strategy: 'round-robin' };

export type Task =
  | {
      readonly kind: 'items';
      readonly items: readonly Item[];
      readonly shared: SharedWords;
      readonly limits: Limits;
    }
  | { readonly kind: 'samples'; readonly sampling: Sampling; readonly numbers: readonly number[] };

export interface Failed {
  /** In the words of the run. */
  readonly failure: string;
  readonly schedule: Schedule;
}

export interface Ran extends Branches {
  readonly failed: Failed | undefined;
}

export interface Done {
  /** In the order of the task's items or numbers. */
  readonly ran: readonly Ran[];
  readonly uses: readonly WordUse[];
}

export type Perform = (tasks: readonly Task[]) => Promise<readonly Done[]>;

export const performHere =
  (trial: Trial): Perform =>
  async (tasks) =>
    tasks.map((task) => perform(trial, task));

export function perform(trial: Trial, task: Task): Done {
  if (task.kind === 'samples') return { ran: task.numbers.map((n) => sample(trial, task.sampling, n)), uses: [] };
  const words = new Words();
  const ran = task.items.map((item) => runItem(trial, item, task.shared, words, task.limits));
  return { ran, uses: [...words.uses()] };
}

function runItem(trial: Trial, item: Item, shared: SharedWords, words: Words, limits: Limits): Ran {
  const run = runSteered(trial, item.deviations, limits.patience);
  const steps = footprints(run);
  for (const step of steps) words.take(step);
  const { failure } = run.outcome;
  const schedule = failure === undefined ? [] : joined(run.moved.map((t) => [t, 1]));
  const from = item.deviations.at(-1)?.[0] ?? -1;
  return {
    ...branchesOf(run, steps, from, item.cost, shared, limits),
    failed: failure === undefined ? undefined : { failure, schedule },
  };
}

function sample(trial: Trial, sampling: Sampling, n: number): Ran {
  const recorder = recording(sampled(sampling, n));
  const { failure } = trial.run(recorder);
  const failed = failure === undefined ? undefined : { failure, schedule: recorder.schedule() };
  return { branches: [], taken: [], failed };
}

function sampled(sampling: Sampling, n: number): Scheduler {
  if (sampling.strategy === 'round-robin') return roundRobin(n + 1);
  const dice: Dice = new Random(sampling.seed + BigInt(n));
  return sampling.strategy === 'random' ? random(dice) : pct(dice, sampling);
}
