/** Any scheduler, with what it decided written down. */
import type { Schedule } from './schedule.ts';
import type { Scheduler } from './scheduler.ts';

export interface Recording extends Scheduler {
  /** The schedule so far. */
  readonly schedule: () => Schedule;
}

export function recording(of: Scheduler): Recording {
  const stretches: [number, number][] = [];
  return {
    next(turn) {
      const thread = of.next(turn);
      const now = stretches.at(-1);
      if (now?.[0] === thread) now[1]++;
      else stretches.push([thread, 1]);
      return thread;
    },
    schedule: () => stretches.map(([thread, steps]) => [thread, steps]),
  };
}
