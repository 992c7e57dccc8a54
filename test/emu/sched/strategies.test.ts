/** Each strategy on a table of threads that can always move, sleep or yield on command. */
import { describe, expect, test } from 'vitest';
import type { Dice } from '#emu/sched/dice.ts';
import { goOn, nextInLine, whoGoesOn } from '#emu/sched/go-on.ts';
import { pct } from '#emu/sched/pct.ts';
import { random } from '#emu/sched/random.ts';
import { recording } from '#emu/sched/recording.ts';
import { roundRobin } from '#emu/sched/round-robin.ts';
import type { Scheduler, Turn } from '#emu/sched/scheduler.ts';
import { replay, ScheduleMismatch, script } from '#emu/sched/script.ts';
import { Random } from '#runtime/junk.ts';

const turn = (t: Partial<Turn>): Turn => ({ awake: [], asleep: [], last: undefined, yielded: false, step: 0, ...t });

/** Who moves in `steps` steps among threads that are always awake. */
function among(awake: readonly number[], scheduler: Scheduler, steps: number): number[] {
  const moved: number[] = [];
  for (let step = 0; step < steps; step++) moved.push(scheduler.next(turn({ awake, last: moved.at(-1), step })));
  return moved;
}

const dice = (seed: bigint): Dice => new Random(seed);
const switches = (moved: readonly number[]): number => moved.filter((t, i) => i > 0 && t !== moved[i - 1]).length;

// biome-ignore format: table
test.each([
  ['the first one begins',                       { awake: [0, 1] },                              0],
  ['who can go on does',                         { awake: [0, 1], last: 1 },                     1],
  ['who yielded makes room for the next',        { awake: [0, 1, 2], last: 1, yielded: true },   2],
  ['round the table',                            { awake: [0, 1, 2], last: 2, yielded: true },   0],
  ['who yielded goes on when alone',             { awake: [1], last: 1, yielded: true },         1],
  ['who blocked is followed by the next',        { awake: [0, 3], last: 2 },                     3],
  ['the awake come before the sleepers',         { awake: [0], asleep: [2, 1], last: 2 },        0],
  ['the soonest sleeper, when nobody is awake',  { asleep: [2, 0, 1], last: 0 },                 2],
] as const)('default: %s', (_, given, thread) => {
  expect(whoGoesOn(turn(given))).toBe(thread);
});

test('the next in line is not the last one, unless it is alone', () => {
  expect(nextInLine(turn({ awake: [0, 1], last: 0 }))).toBe(1);
  expect(nextInLine(turn({ awake: [0], last: 0 }))).toBe(0);
});

describe('round-robin', () => {
  test('everybody has a quantum in turn', () => {
    expect(among([0, 1, 2], roundRobin(2), 8)).toEqual([0, 0, 1, 1, 2, 2, 0, 0]);
  });

  test('what is left of it is lost with a yield', () => {
    const s = roundRobin(3);
    expect(s.next(turn({ awake: [0, 1] }))).toBe(0);
    expect(s.next(turn({ awake: [0, 1], last: 0, yielded: true }))).toBe(1);
    expect(among([0, 1], { next: (t) => s.next({ ...t, last: t.last ?? 1 }) }, 4)).toEqual([1, 1, 0, 0]);
  });
});

describe('random', () => {
  test('the same seed gives the same schedule, another seed another', () => {
    const moved = (seed: bigint): number[] => among([0, 1, 2], random(dice(seed)), 200);
    expect(moved(1n)).toEqual(moved(1n));
    expect(moved(2n)).not.toEqual(moved(1n));
  });

  test('switches about as often as it is told to', () => {
    // One time in three the one who comes next is the one who was there.
    expect(switches(among([0, 1, 2], random(dice(3n), 0.1), 30_000)) / 30_000).toBeCloseTo(0.1 * (2 / 3), 2);
    expect(switches(among([0, 1, 2], random(dice(3n), 0), 1_000))).toBe(0);
  });

  test('wakes sleepers, too', () => {
    const s = random(dice(5n));
    const chosen = new Set(Array.from({ length: 50 }, () => s.next(turn({ awake: [0], asleep: [3, 1], last: 2 }))));
    expect([...chosen].sort()).toEqual([0, 1, 3]);
  });
});

describe('PCT', () => {
  test('with depth 1 nobody is interrupted, and every thread comes first sometimes', () => {
    const firsts = new Set<number>();
    for (let seed = 0n; seed < 60n; seed++) {
      const moved = among([0, 1, 2], pct(dice(seed), { depth: 1, length: 100 }), 100);
      expect(switches(moved)).toBe(0);
      firsts.add(moved[0]!);
    }
    expect(firsts.size).toBe(3);
  });

  test('with depth d there are at most d − 1 switches, at different places', () => {
    const places = new Set<number>();
    for (let seed = 0n; seed < 200n; seed++) {
      const moved = among([0, 1, 2], pct(dice(seed), { depth: 3, length: 50 }), 60);
      expect(switches(moved)).toBeLessThanOrEqual(2);
      moved.forEach((t, i) => i > 0 && t !== moved[i - 1] && places.add(i));
    }
    // Every step but the first can be one.
    expect(places.size).toBe(49);
  });

  test('who yields or falls asleep draws again, who blocks does not', () => {
    const again = new Set<boolean>();
    for (let seed = 0n; seed < 40n; seed++) {
      const s = pct(dice(seed), { depth: 1, length: 10 });
      const first = s.next(turn({ awake: [0, 1] }));
      const other = 1 - first;
      expect(s.next(turn({ awake: [other], last: first }))).toBe(other);
      expect(s.next(turn({ awake: [0, 1], last: other }))).toBe(first);
      again.add(s.next(turn({ awake: [0, 1], last: first, yielded: true })) === first);
      again.add(s.next(turn({ awake: [other], asleep: [first], last: first })) === first);
    }
    expect(again.size).toBe(2);
  });

  test('who polls does not keep the others away for ever', () => {
    for (let seed = 0n; seed < 40n; seed++) {
      const s = pct(dice(seed), { depth: 3, length: 10 });
      let last: number | undefined;
      const moved = Array.from({ length: 200 }, (_, step) => {
        last = s.next(turn({ awake: [0, 1], last, yielded: last === 1, step }));
        return last;
      });
      expect(moved).toContain(0);
    }
  });
});

describe('script and replay', () => {
  test('a script is followed as far as it can be', () => {
    expect(
      among(
        [0, 1],
        script([
          [1, 2],
          [7, 3],
          [0, 1],
          [1, 1],
        ]),
        6,
      ),
    ).toEqual([1, 1, 0, 1, 1, 1]);
  });

  test('Infinity is for as long as a thread can go on', () => {
    const s = script([
      [1, Infinity],
      [0, 2],
    ]);
    expect(s.next(turn({ awake: [0, 1] }))).toBe(1);
    expect(s.next(turn({ awake: [0, 1], last: 1 }))).toBe(1);
    expect(s.next(turn({ awake: [0, 1], last: 1, yielded: true }))).toBe(0);
    expect(s.next(turn({ awake: [0, 1], last: 0, yielded: true }))).toBe(0);
  });

  test('what was recorded is replayed, and then nothing more', () => {
    const recorder = recording(random(dice(9n), 0.3));
    const moved = among([0, 1, 2], recorder, 50);
    const schedule = recorder.schedule();
    expect(schedule.length).toBeGreaterThan(5);
    expect(among([0, 1, 2], replay(schedule), 50)).toEqual(moved);
    expect(() => among([0, 1, 2], replay(schedule), 51)).toThrow(
      new ScheduleMismatch('the schedule ends after 50 steps, and the run goes on'),
    );
    expect(among([0, 1, 2], replay(schedule, goOn), 52)).toEqual([...moved, moved.at(-1), moved.at(-1)]);
  });

  test('a schedule of another run is refused where it does not fit', () => {
    const s = replay([
      [0, 1],
      [2, 5],
    ]);
    s.next(turn({ awake: [0, 1] }));
    expect(() => s.next(turn({ awake: [0], asleep: [1], last: 0, step: 1 }))).toThrow(
      new ScheduleMismatch('part 2 of the schedule, 2*5: thread 2 cannot move at step 1; those who can: 0, 1 (asleep)'),
    );
  });

  test('a recording is what was done so far, not what is done later', () => {
    const recorder = recording(goOn);
    recorder.next(turn({ awake: [0] }));
    const before = recorder.schedule();
    recorder.next(turn({ awake: [0], last: 0 }));
    expect(before).toEqual([[0, 1]]);
    expect(recorder.schedule()).toEqual([[0, 2]]);
  });
});
