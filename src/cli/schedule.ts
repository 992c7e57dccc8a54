/** A schedule from the command line. */
import { BadSchedule, parseSchedule, type Schedule } from '#emu/sched/schedule.ts';
import { fail } from './fail.ts';

export function scheduleFrom(line: string): Schedule {
  try {
    return parseSchedule(line);
  } catch (e) {
    if (e instanceof BadSchedule) fail(`--schedule '${line}': ${e.message}`);
    throw e;
  }
}
