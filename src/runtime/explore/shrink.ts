/** A failing schedule, made as simple as it gets: the fewest preemptions, then the fewest switches. */
import { canGoOn, whoGoesOn } from '#emu/sched/go-on.ts';
import { recording } from '#emu/sched/recording.ts';
import { firstSteps, joined, type Schedule, type Stretch } from '#emu/sched/schedule.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { replay, script } from '#emu/sched/script.ts';
import type { Trial } from '../trial.ts';
import { kindOf } from './found.ts';

export interface Simplest {
  /** To be replayed, and after its end the default (`goOn`): what only says what happens anyway is left out. */
  readonly schedule: Schedule;
  readonly failure: string;
  readonly preemptions: number;
  /** Changes of thread, forced ones included, in the whole run. */
  readonly switches: number;
  /** Runs that it took. */
  readonly runs: number;
}

const MOST_RUNS = 500;

/** Delta debugging (Zeller and Hildebrandt, 2002) over the stretches of the schedule, with the default as filler. */
export function shrink(trial: Trial, failing: Schedule, mostRuns = MOST_RUNS): Simplest {
  let best = attempt(trial, replay(failing));
  if (best.failure === undefined) throw new Error(`${trial.name} does not fail on the schedule to shrink`);
  const kind = kindOf(best.failure);
  let runs = 1;
  const improves = (candidate: Schedule): boolean => {
    if (runs >= mostRuns) return false;
    runs++;
    const tried = attempt(trial, script(joined(candidate)));
    if (tried.failure === undefined || kindOf(tried.failure) !== kind || !isSimpler(tried, best)) return false;
    best = tried;
    return true;
  };
  // Large cuts first, and again after each gain; then stretch by stretch, until nothing helps.
  do {
    for (let size = best.schedule.length; size >= 1; ) {
      size = cuts(best.schedule, size).some(improves) ? best.schedule.length : Math.floor(size / 2);
    }
  } while (best.schedule.some((_, i) => [longer, later, sooner].some((way) => improves(way(best.schedule, i)))));
  const { schedule, failure, preemptions, switches } = best;
  return { schedule, failure: failure!, preemptions, switches, runs };
}

/** The schedule without `size` neighbouring stretches, later ones first. */
function cuts(schedule: Schedule, size: number): Schedule[] {
  const places = Array.from({ length: schedule.length - size + 1 }, (_, i) => schedule.length - size - i);
  return places.map((at) => [...schedule.slice(0, at), ...schedule.slice(at + size)]);
}

/** Stretch `i` for as long as its thread can go on. */
const longer = (schedule: Schedule, i: number): Schedule =>
  schedule.map(([thread, steps], at): Stretch => [thread, at === i ? Infinity : steps]);

/** Stretch `i` where its thread comes next, so that it is interrupted once less. */
function later(schedule: Schedule, i: number): Schedule {
  const [thread, steps] = schedule[i]!;
  const next = schedule.findIndex(([t], at) => at > i && t === thread);
  return next < 0 ? schedule : moved(schedule, i, next, steps);
}

/** Stretch `i` where its thread came before. */
function sooner(schedule: Schedule, i: number): Schedule {
  const [thread, steps] = schedule[i]!;
  const before = schedule.findLastIndex(([t], at) => at < i && t === thread);
  return before < 0 ? schedule : moved(schedule, i, before, steps);
}

const moved = (schedule: Schedule, from: number, to: number, steps: number): Schedule =>
  schedule.map(([thread, n], at): Stretch => [thread, at === from ? 0 : at === to ? n + steps : n]);

interface Attempt extends Omit<Simplest, 'failure' | 'runs'> {
  readonly failure: string | undefined;
}

function isSimpler(a: Attempt, b: Attempt): boolean {
  const sizes = ({ preemptions, switches, schedule }: Attempt): number[] => [
    preemptions,
    switches,
    schedule.length,
    schedule.reduce((n, [, steps]) => n + steps, 0),
  ];
  const [x, y] = [sizes(a), sizes(b)];
  const at = x.findIndex((n, i) => n !== y[i]);
  return at >= 0 && x[at]! < y[at]!;
}

function attempt(trial: Trial, scheduler: Scheduler): Attempt {
  let preemptions = 0;
  let said = 0;
  let steps = 0;
  const recorder = recording({
    next(turn) {
      const thread = scheduler.next(turn);
      steps++;
      if (canGoOn(turn) && thread !== turn.last) preemptions++;
      if (thread !== whoGoesOn(turn)) said = steps;
      return thread;
    },
  });
  const { failure } = trial.run(recorder);
  const schedule = recorder.schedule();
  return { schedule: firstSteps(schedule, said), failure, preemptions, switches: Math.max(0, schedule.length - 1) };
}
