/** A trial that makes each run two times, and insists that both are the same. */
import { recording } from '#emu/sched/recording.ts';
import { replay } from '#emu/sched/script.ts';
import type { Outcome, Trial } from '../trial.ts';
import { Unrepeatable } from './steered.ts';

export function twice(trial: Trial): Trial {
  return {
    name: trial.name,
    run(scheduler, how) {
      const recorder = recording(scheduler);
      const first = trial.run(recorder, how);
      const second = trial.run(replay(recorder.schedule()));
      const difference = differs(first, second);
      if (difference) throw new Unrepeatable(`${trial.name} is not the same run twice: ${difference}`);
      return first;
    },
  };
}

function differs(a: Outcome, b: Outcome): string | undefined {
  if (a.steps !== b.steps) return `it took ${a.steps} steps, and then ${b.steps}`;
  if (a.failure !== b.failure) return `it ended with '${a.failure ?? 'success'}', and then '${b.failure ?? 'success'}'`;
  return a.digest === b.digest ? undefined : `its digest was ${a.digest}, and then ${b.digest}`;
}
