/** One scenario, run as a regression test wants it: with or without fixes, some models replaced, the world kept. */
import type { Scheduler } from '#emu/sched/scheduler.ts';
import type { FixName } from '#runtime/fixes.ts';
import type { Model } from '#runtime/model.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { ownLibrary, type Stubs, stubs } from '#runtime/stubs.ts';
import { type CaseResult, RESIDUES, runCase } from '#runtime/verdict.ts';
import type { StackName, World } from '#runtime/world.ts';
import { hostFiles, stubsDir } from '../../../src/cli/files.ts';

export const library = ownLibrary(stubsDir(), hostFiles);
const ours = stubs(library);

export interface How {
  readonly without?: readonly FixName[];
  readonly stack?: StackName;
  readonly residue?: number;
  readonly stubs?: Stubs;
  /** It may ask for the world, which is there by its first turn. */
  readonly scheduler?: (world: () => World) => Scheduler;
}

export interface Ran extends CaseResult {
  readonly world: World;
}

const STEPS = 200_000;

export function run(scenario: Scenario, how: How = {}): Ran {
  let world: World | undefined;
  const result = runCase(
    {
      scenario,
      situation: scenario.situations[0]!,
      stack: how.stack ?? scenario.stacks[0]!,
      residue: how.residue ?? 0,
      seed: 0n,
      fail: [],
      without: how.without ?? [],
      ...(how.scheduler && { scheduler: how.scheduler(() => world!) }),
    },
    how.stubs ?? ours,
    STEPS,
    (w) => {
      world = w;
      return () => {};
    },
  );
  return { ...result, world: world! };
}

/** At all alignments of RSP. */
export const atEveryResidue = (scenario: Scenario, how: How = {}): Ran[] =>
  RESIDUES.map((residue) => run(scenario, { ...how, residue }));

/** The scenario with models of these names replaced. Throws when one of them is not there. */
export function replacing(scenario: Scenario, ...others: readonly Model[]): Scenario {
  const models = scenario.models!(scenario.situations[0]!);
  for (const { name } of others) {
    if (!models.some((m) => m.name === name)) throw new Error(`${scenario.name} has no model ${name}`);
  }
  return { ...scenario, models: () => models.map((m) => others.find((o) => o.name === m.name) ?? m) };
}

/** What was found, a line each. */
export const found = (r: CaseResult): string[] => r.findings.map((f) => `${f.check}: ${f.message}`);
