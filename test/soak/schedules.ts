/** Scenarios under random schedules, one after the other: with every fix in, nothing may fail. */
import { random } from '#emu/sched/random.ts';
import { recording } from '#emu/sched/recording.ts';
import { formatSchedule } from '#emu/sched/schedule.ts';
import { Random } from '#runtime/junk.ts';
import { trial } from '#runtime/regress/trials.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { ownLibrary, stubs } from '#runtime/stubs.ts';
import { hostFiles, stubsDir } from '../../src/cli/files.ts';

export interface ScheduleRun {
  readonly done: number;
  readonly scenario: string;
  readonly failure: { readonly message: string; readonly schedule: string } | undefined;
}

/** `total` runs, spread evenly; each has its own junk and its own schedule. */
export function* schedules(total: number, seed: bigint): Generator<ScheduleRun> {
  const linked = stubs(ownLibrary(stubsDir(), hostFiles));
  const cases = scenarios.flatMap((scenario) => scenario.situations.map((situation) => ({ scenario, situation })));
  for (let done = 0; done < total; ) {
    const { scenario, situation } = cases[done % cases.length]!;
    const n = seed * BigInt(total) + BigInt(done);
    const scheduler = recording(random(new Random(n)));
    const { failure } = trial(scenario, situation, [], { seed: n, stubs: linked }).run(scheduler);
    done++;
    const failed =
      failure === undefined ? undefined : { message: failure, schedule: formatSchedule(scheduler.schedule()) };
    yield { done, scenario: scenario.name, failure: failed };
  }
}
