/** A schedule as a value and as one printable line: `0*153,1*20,0*3` is 153 steps of thread 0, then 20 of thread 1, … */

/** So many steps of one thread. */
export type Stretch = readonly [thread: number, steps: number];
export type Schedule = readonly Stretch[];

/** Text that is no schedule. The message is one line: where, what, what to write. */
export class BadSchedule extends Error {
  override readonly name = 'BadSchedule';
}

/** `0` for a single step. An empty schedule is `-`: an empty word would get lost on a command line. */
export function formatSchedule(schedule: Schedule): string {
  return schedule.map(([thread, steps]) => (steps === 1 ? `${thread}` : `${thread}*${steps}`)).join(',') || '-';
}

export function parseSchedule(line: string): Schedule {
  const text = line.trim();
  if (text === '-') return [];
  const stretches = text.split(',').map((part, i) => stretch(part.trim(), i + 1));
  return joined(stretches);
}

function stretch(text: string, nth: number): Stretch {
  const match = /^(\d+)(?:\*(\d+))?$/.exec(text);
  const [thread, steps] = [Number(match?.[1]), Number(match?.[2] ?? 1)];
  if (!match) throw new BadSchedule(`part ${nth} is '${text}': write THREAD*STEPS, as in 0*153,1*20,0*3`);
  if (steps < 1) throw new BadSchedule(`part ${nth} is '${text}': a thread that is named moves at least once`);
  if (!Number.isSafeInteger(thread) || !Number.isSafeInteger(steps)) {
    throw new BadSchedule(`part ${nth} is '${text}': the number is too large`);
  }
  return [thread, steps];
}

/** Without empty stretches, and with neighbours of one thread made one. */
export function joined(schedule: Schedule): Schedule {
  const out: [number, number][] = [];
  for (const [thread, steps] of schedule) {
    const before = out.at(-1);
    if (before?.[0] === thread) before[1] += steps;
    else if (steps > 0) out.push([thread, steps]);
  }
  return out;
}

/** Its first `steps` steps. */
export function firstSteps(schedule: Schedule, steps: number): Schedule {
  const out: Stretch[] = [];
  let left = steps;
  for (const [thread, n] of schedule) {
    if (left <= 0) break;
    out.push([thread, Math.min(n, left)]);
    left -= n;
  }
  return out;
}
