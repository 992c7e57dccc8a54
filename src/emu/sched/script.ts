/** What somebody wrote down beforehand: as a wish (`script`) or to the letter (`replay`). */
import { canGoOn, goOn } from './go-on.ts';
import { formatSchedule, type Schedule } from './schedule.ts';
import type { Scheduler, Turn } from './scheduler.ts';

/** A schedule that this run cannot follow: it was made on another run. */
export class ScheduleMismatch extends Error {
  override readonly name = 'ScheduleMismatch';
}

const canMove = (turn: Turn, thread: number): boolean => turn.awake.includes(thread) || turn.asleep.includes(thread);

/** Follow the stretches, leaving out what cannot be done; then as `rest` says. Infinity is for as long as a thread can go on. */
export function script(stretches: Schedule, rest: Scheduler = goOn): Scheduler {
  let at = 0;
  let done = 0;
  return {
    next(turn) {
      for (; at < stretches.length; at++, done = 0) {
        const [thread, steps] = stretches[at]!;
        const goes = steps === Infinity && done > 0 ? canGoOn(turn) && turn.last === thread : done < steps;
        if (goes && canMove(turn, thread)) {
          done++;
          return thread;
        }
      }
      return rest.next(turn);
    },
  };
}

/** Follow the schedule exactly, and throw where that cannot be done. After its end as `rest` says, which may be: throw. */
export function replay(schedule: Schedule, rest: Scheduler = nothingMore): Scheduler {
  let at = 0;
  let done = 0;
  return {
    next(turn) {
      if (done === schedule[at]?.[1]) {
        at++;
        done = 0;
      }
      const stretch = schedule[at];
      if (!stretch) return rest.next(turn);
      const [thread] = stretch;
      if (!canMove(turn, thread)) throw new ScheduleMismatch(mismatch(thread, stretch, at, turn));
      done++;
      return thread;
    },
  };
}

const nothingMore: Scheduler = {
  next({ step }) {
    throw new ScheduleMismatch(`the schedule ends after ${step} steps, and the run goes on`);
  },
};

function mismatch(thread: number, stretch: Schedule[number], at: number, { step, awake, asleep }: Turn): string {
  const part = `part ${at + 1} of the schedule, ${formatSchedule([stretch])}`;
  const who = [...awake, ...asleep.map((t) => `${t} (asleep)`)].join(', ');
  return `${part}: thread ${thread} cannot move at step ${step}; those who can: ${who}`;
}
