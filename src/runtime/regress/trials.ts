/** Scenarios as trials: what an explorer runs under one schedule after another. */
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { nearest } from '#emu/linux/nearest.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { Digest } from '../digest.ts';
import { type FixName, fixNamed } from '../fixes.ts';
import { footprints } from '../footprint.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { scenarios } from '../scenarios/index.ts';
import type { Stubs } from '../stubs.ts';
import type { Outcome, RunHow, Trial } from '../trial.ts';
import { type CaseResult, runCase } from '../verdict.ts';

export interface TrialOptions {
  /** Historic fixes to leave out. */
  readonly without: readonly string[];
  /** Of the junk in registers. */
  readonly seed: bigint;
  readonly stubs: Stubs;
  /** Which situation, by the beginning of its name; the first when left out. */
  readonly situation?: string;
}

/** No scenario, situation or fix is called so. The message says which there are. */
export class UnknownTrial extends Error {}

/** Steps a run may take: none of ours needs a tenth. */
const STEPS = 200_000;

export function trialNamed(name: string, options: TrialOptions): Trial {
  const scenario = scenarios.find((s) => s.name === name);
  if (!scenario) {
    const names = scenarios.map((s) => s.name);
    const guess = nearest(name, names);
    throw new UnknownTrial(
      `no scenario is called '${name}'${guess ? `; did you mean ${guess}?` : ''} (callgate list shows them all)`,
    );
  }
  const { situation: wanted = '' } = options;
  const situation = scenario.situations.find((s) => s.name.startsWith(wanted));
  if (!situation) {
    throw new UnknownTrial(
      `${name} has no situation '${wanted}'; there are ${scenario.situations.map((s) => `'${s.name}'`).join(', ')}`,
    );
  }
  return trial(scenario, situation, options.without.map(fixNamed), options);
}

export function trial(
  scenario: Scenario,
  situation: Situation,
  without: readonly FixName[],
  { seed, stubs }: Pick<TrialOptions, 'seed' | 'stubs'>,
): Trial {
  return {
    name: scenario.name,
    run: (scheduler, how = {}) => attempt(scenario, situation, without, { seed, stubs }, scheduler, how).outcome,
  };
}

/** One run: what an explorer wants to know of it, and all of it. */
export function attempt(
  scenario: Scenario,
  situation: Situation,
  without: readonly FixName[],
  { seed, stubs }: Pick<TrialOptions, 'seed' | 'stubs'>,
  scheduler: Scheduler,
  how: RunHow = {},
): { readonly outcome: Outcome; readonly result: CaseResult } {
  const digest = new Digest();
  let steps = 0;
  let prints: ReturnType<typeof footprints> | undefined;
  const counting: Scheduler = {
    next(turn) {
      steps = turn.step + 1;
      return (prints?.scheduler ?? scheduler).next(turn);
    },
  };
  const result = runCase(
    {
      scenario,
      situation,
      stack: scenario.stacks[0]!,
      residue: 0,
      seed,
      fail: [],
      without,
      scheduler: counting,
      engine: (parts) => new Interpreter(parts, stubs.decoded),
    },
    stubs,
    STEPS,
    ({ machine }) => {
      if (how.footprints) prints = footprints(machine, scheduler);
      return digest.observe;
    },
  );
  const outcome = {
    failure: failureOf(result),
    steps,
    digest: String(digest),
    ...(prints && { turns: prints.turns() }),
  };
  return { outcome, result };
}

/** What went wrong, in the words of the run: what Go or a sanitizer said, or the first finding. */
export function failureOf({ findings, thrown }: CaseResult): string | undefined {
  const [first] = findings;
  if (!first) return undefined;
  return thrown === undefined ? first.message : `fatal error: ${thrown}`;
}
