/** A run that follows the default, except at a few steps; with all its turns kept. */
import type { Scheduler, Turn } from '#emu/sched/scheduler.ts';
import type { Outcome, Trial } from '../trial.ts';
import { Ledger } from './ledger.ts';

/** At this step this thread moves. Ascending by step. */
export type Deviation = readonly [step: number, thread: number];

/** The same choices led to another run: the trial depends on something besides its schedule. */
export class Unrepeatable extends Error {
  override readonly name = 'Unrepeatable';
}

export interface SteeredRun {
  readonly outcome: Outcome;
  /** What could be chosen from at each step, and who moved. */
  readonly turns: readonly Turn[];
  readonly moved: readonly number[];
}

export function runSteered(trial: Trial, deviations: readonly Deviation[], patience: number | undefined): SteeredRun {
  const ledger = new Ledger(patience);
  const turns: Turn[] = [];
  const moved: number[] = [];
  let at = 0;
  const scheduler: Scheduler = {
    next(given) {
      const turn = kept(given, turns.at(-1));
      const wanted = deviations[at]?.[0] === turns.length ? deviations[at++]![1] : undefined;
      if (wanted !== undefined && !turn.awake.includes(wanted) && !turn.asleep.includes(wanted)) {
        throw new Unrepeatable(
          `${trial.name} is not the same run twice: thread ${wanted} could move at step ${turns.length} before, and cannot now`,
        );
      }
      const thread = wanted ?? ledger.byDefault(turn);
      ledger.took(turn, thread);
      turns.push(turn);
      moved.push(thread);
      return thread;
    },
  };
  return { outcome: trial.run(scheduler, { footprints: true }), turns, moved };
}

/** The machine may use its lists again: keep copies, shared with the turn before where nothing has changed. */
function kept(turn: Turn, before: Turn | undefined): Turn {
  const list = (now: readonly number[], then: readonly number[] | undefined): readonly number[] =>
    then && then.length === now.length && then.every((t, i) => t === now[i]) ? then : [...now];
  return { ...turn, awake: list(turn.awake, before?.awake), asleep: list(turn.asleep, before?.asleep) };
}
