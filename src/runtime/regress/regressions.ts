/** The five historic bugs, each shown both ways: without its fix a schedule is found that fails, with it none is. */
import { goOn } from '#emu/sched/go-on.ts';
import type { Schedule } from '#emu/sched/schedule.ts';
import { script } from '#emu/sched/script.ts';
import { shrink } from '../explore/shrink.ts';
import { explore } from '../explore.ts';
import { type Fix, type FixName, fixes } from '../fixes.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Stubs } from '../stubs.ts';
import type { CaseResult } from '../verdict.ts';
import { attempt, failureOf, trial } from './trials.ts';

export interface Regression {
  readonly id: 'R1' | 'R2' | 'R3' | 'R4' | 'R5';
  readonly fix: Fix & { readonly name: FixName };
  readonly scenario: Scenario;
  readonly situation: Situation;
}

/** In the order of their numbers; of several scenarios that show one, the first. */
export const regressions: readonly Regression[] = fixes.flatMap((fix) => {
  const scenario = scenarios.find((s) => s.shows === fix.name);
  return fix.mends && scenario ? [{ id: fix.mends, fix, scenario, situation: scenario.situations[0]! }] : [];
});

export interface Without {
  /** What Go, or the sanitizer, says. Undefined when nothing was found: the regression is not reproduced. */
  readonly failure: string | undefined;
  /** The simplest schedule that fails; empty where the default does. */
  readonly schedule: Schedule;
  /** Schedules tried before one failed. */
  readonly tried: number;
  readonly result: CaseResult;
}

export interface With {
  readonly failure: string | undefined;
  readonly schedules: number;
  /** All schedules within the bound were run. */
  readonly exhausted: boolean;
}

export interface Shown {
  readonly regression: Regression;
  readonly without: Without;
  readonly with: With;
}

/** Preemptions of the schedules looked at: enough for each of the five. */
const BOUND = 1;
/** How many schedules at most: until one fails, and until it may be said that with the fix none does. */
const MOST = { without: 2_000, with: 250 } as const;

export async function show(regression: Regression, how: { stubs: Stubs; seed: bigint }): Promise<Shown> {
  const { scenario, situation, fix } = regression;
  const search = { strategy: 'exhaustive', bound: BOUND } as const;
  const broken = trial(scenario, situation, [fix.name], how);
  const found = await explore(broken, { ...search, budget: MOST.without });
  const [first] = found.failures;
  const simplest = first && shrink(broken, first.schedule);
  const schedule = simplest?.schedule ?? [];
  const { result } = attempt(scenario, situation, [fix.name], how, script(schedule, goOn));
  const held = await explore(trial(scenario, situation, [], how), { ...search, budget: MOST.with });
  return {
    regression,
    without: { failure: first && failureOf(result), schedule, tried: found.runs, result },
    with: { failure: held.failures[0]?.failure, schedules: held.runs, exhausted: held.exhausted },
  };
}
