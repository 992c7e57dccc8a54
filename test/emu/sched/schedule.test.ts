/** Schedules as text: what is printed is read back, and what is no schedule is refused in one line. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadSchedule, firstSteps, formatSchedule, joined, parseSchedule } from '#emu/sched/schedule.ts';

const schedules = fc
  .array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 1e6 })), { maxLength: 12 })
  .map((stretches) => joined(stretches));

test('a line is read back as the schedule it was printed from', () => {
  fc.assert(
    fc.property(schedules, (s) => {
      expect(parseSchedule(formatSchedule(s))).toEqual(s);
    }),
    { seed: 1 },
  );
});

// biome-ignore format: table
test.each([
  [[],                          '-'],
  [[[0, 153], [1, 20], [0, 3]], '0*153,1*20,0*3'],
  [[[2, 1], [0, 2]],            '2,0*2'],
] as const)('%j is %s', (schedule, line) => {
  expect(formatSchedule(schedule)).toBe(line);
  expect(parseSchedule(line)).toEqual(schedule);
});

test('neighbours of one thread are one stretch, spaces do not matter', () => {
  expect(parseSchedule(' 0*2, 0, 1*1 ')).toEqual([
    [0, 3],
    [1, 1],
  ]);
});

// biome-ignore format: table
test.each([
  ['',          "part 1 is '': write THREAD*STEPS, as in 0*153,1*20,0*3"],
  ['0*153;1*2', "part 1 is '0*153;1*2': write THREAD*STEPS, as in 0*153,1*20,0*3"],
  ['0*1,x',     "part 2 is 'x': write THREAD*STEPS, as in 0*153,1*20,0*3"],
  ['0*-1',      "part 1 is '0*-1': write THREAD*STEPS, as in 0*153,1*20,0*3"],
  ['0,1*0',     "part 2 is '1*0': a thread that is named moves at least once"],
  ['0*99999999999999999999', "part 1 is '0*99999999999999999999': the number is too large"],
] as const)('%j is refused', (line, message) => {
  expect(() => parseSchedule(line)).toThrow(new BadSchedule(message));
});

test('the first steps of a schedule are as many as asked for', () => {
  fc.assert(
    fc.property(schedules, fc.nat(100), (s, n) => {
      const steps = (of: typeof s): number[] =>
        of.flatMap(([t, k]) => Array.from({ length: Math.min(k, 200) }, () => t));
      expect(steps(firstSteps(s, n))).toEqual(steps(s).slice(0, n));
    }),
    { seed: 1 },
  );
});
