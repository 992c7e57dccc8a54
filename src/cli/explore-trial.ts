/** The trial that the options of `callgate explore` name: made here, and made again in every worker. */
import { twice } from '#runtime/explore/twice.ts';
import { trialNamed } from '#runtime/regress/trials.ts';
import { stubs } from '#runtime/stubs.ts';
import type { Trial } from '#runtime/trial.ts';
import { AssemblyErrors, library } from './assembly.ts';

export interface TrialSpec {
  readonly scenario: string;
  readonly situation?: string;
  readonly without: readonly string[];
  readonly seed: bigint;
  readonly goroot?: string;
  /** Make every run two times. */
  readonly twice: boolean;
}

export function trialFrom({ scenario, goroot, twice: doubled, ...options }: TrialSpec): Trial {
  const made = stubs(library(goroot === undefined ? {} : { goroot }));
  if (made.diagnostics.length) throw new AssemblyErrors(made.diagnostics, {});
  const trial = trialNamed(scenario, { ...options, stubs: made });
  return doubled ? twice(trial) : trial;
}
