/** The explorer misses nothing that brute force finds, and says honestly how far it went. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { goOn } from '#emu/sched/go-on.ts';
import { formatSchedule, parseSchedule, type Schedule } from '#emu/sched/schedule.ts';
import { replay } from '#emu/sched/script.ts';
import { kindOf } from '#runtime/explore/found.ts';
import type { Explored } from '#runtime/explore/plan.ts';
import { BadRecords, type ExploreRecord, mergeResults, parseRecords } from '#runtime/explore/record.ts';
import { shrink } from '#runtime/explore/shrink.ts';
import { Unrepeatable } from '#runtime/explore/steered.ts';
import { strategies } from '#runtime/explore/strategies.ts';
import { type Perform, performHere } from '#runtime/explore/task.ts';
import { twice } from '#runtime/explore/twice.ts';
import { explore } from '#runtime/explore.ts';
import type { Trial } from '#runtime/trial.ts';
import { bruteForce, type Instruction, type Program, toy } from './toy.ts';

/** Every way in which runs of the trial ended while `act` looked at it. */
async function endings(trial: Trial, act: (trial: Trial) => Promise<unknown>): Promise<Set<string>> {
  const seen = new Set<string>();
  await act({
    name: trial.name,
    run(scheduler, how) {
      const outcome = trial.run(scheduler, how);
      seen.add(outcome.digest);
      return outcome;
    },
  });
  return seen;
}

const word = fc.integer({ min: 0, max: 2 });
const ns = fc.constantFrom(1, 2, 5);
const instruction: fc.Arbitrary<Instruction> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ op: fc.constant('local' as const) }) },
  { weight: 6, arbitrary: fc.record({ op: fc.constantFrom('read' as const, 'write' as const, 'add' as const), word }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constantFrom('lock' as const, 'unlock' as const), word: fc.constantFrom(8, 9) }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('sleep' as const), ns }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('yield' as const, 'now' as const) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('start' as const), thread: fc.integer({ min: 1, max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('refuse' as const), word, value: fc.constantFrom(1, 2, 3) }) },
);
const code = fc.array(instruction, { minLength: 1, maxLength: 5 });
const program: fc.Arbitrary<Program> = fc.array(code, { minLength: 2, maxLength: 3 });

test('the reduced exploration ends in every way in which brute force does, within the same bound', async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(program, fc.integer({ min: 0, max: 2 }), async (p, bound) => {
      const all = bruteForce(toy(p), bound, Infinity);
      if (!all) return;
      compared++;
      const found = await endings(toy(p), async (t) => {
        const r = await explore(t, { strategy: 'exhaustive', bound, patience: Infinity, all: true });
        expect(r.exhausted).toBe(true);
      });
      expect([...found].sort()).toEqual([...all].sort());
    }),
    { numRuns: 400, seed: 1 },
  );
  expect(compared).toBeGreaterThan(240);
});

const polling: fc.Arbitrary<Instruction> = fc.oneof(
  { weight: 3, arbitrary: instruction },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('poll' as const), word, ns }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('yield' as const) }) },
);

test('so it does where threads poll and only patience makes the space finite', async () => {
  let compared = 0;
  // The first thread ends with what the others may be polling for.
  const last = [0, 1, 2].map((w): Instruction => ({ op: 'add', word: w }));
  const programs = fc
    .array(fc.array(polling, { minLength: 1, maxLength: 3 }), { minLength: 2, maxLength: 3 })
    .map(([first, ...rest]): Program => [[...first!, ...last], ...rest]);
  await fc.assert(
    fc.asyncProperty(
      programs,
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 1, max: 2 }),
      async (p, bound, patience) => {
        const all = bruteForce(toy(p), bound, patience, 4_000);
        if (!all) return;
        compared++;
        const found = await endings(toy(p), async (t) => {
          const r = await explore(t, { strategy: 'exhaustive', bound, patience, all: true });
          expect(r.exhausted).toBe(true);
        });
        expect([...found].sort()).toEqual([...all].sort());
      },
    ),
    { numRuns: 400, seed: 1 },
  );
  expect(compared).toBeGreaterThan(160);
});

/** Thread 1 refuses what the word is between two steps of thread 0. */
const tornCode: Program = [
  [{ op: 'local' }, { op: 'add', word: 0 }, { op: 'local' }, { op: 'add', word: 0 }, { op: 'local' }],
  [{ op: 'local' }, { op: 'local' }, { op: 'refuse', word: 0, value: 1 }, { op: 'local' }],
];
const torn = toy(tornCode);

test('finds what takes one preemption, with the fewest, and says so', async () => {
  expect(await explore(torn, { strategy: 'exhaustive', bound: 0 })).toMatchObject({ exhausted: true, failures: [] });
  const found = await explore(torn, { strategy: 'exhaustive', bound: 3 });
  expect(found.exhausted).toBe(false);
  expect(found.byCost?.length).toBe(2);
  expect(found.failures.map((f) => f.failure)).toEqual(['0 is 1']);
});

test('fewer schedules than brute force', async () => {
  const counted = (trial: Trial): { trial: Trial; runs: () => number } => {
    let n = 0;
    const run: Trial['run'] = (s, how) => {
      n++;
      return trial.run(s, how);
    };
    return { trial: { name: 'counted', run }, runs: () => n };
  };
  const held = toy([
    ...tornCode.map((t) => t.filter((i) => i.op !== 'refuse')),
    [{ op: 'local' }, { op: 'add', word: 0 }],
  ]);
  const brute = counted(held);
  bruteForce(brute.trial, 2, Infinity);
  const { runs, schedules, passes, exhausted } = await explore(held, { strategy: 'exhaustive', bound: 2 });
  expect(exhausted).toBe(true);
  expect(passes).toBeGreaterThan(1);
  expect(schedules).toBeLessThan(runs);
  expect(runs).toBeLessThan(brute.runs() / 2);
});

test('a budget is kept, and what it leaves undone is not called exhausted', async () => {
  const all = await explore(torn, { strategy: 'exhaustive', bound: 2, all: true });
  expect(all.exhausted).toBe(true);
  expect(await explore(torn, { strategy: 'exhaustive', bound: 2, all: true, budget: all.runs })).toEqual(all);
  const cut = await explore(torn, { strategy: 'exhaustive', bound: 2, all: true, budget: all.runs - 1 });
  expect(cut).toMatchObject({ runs: all.runs - 1, exhausted: false });
});

test('the shards of a space are the whole, and know when one of them knew too little', async () => {
  const p = toy([
    ...tornCode,
    [
      { op: 'read', word: 0 },
      { op: 'add', word: 1 },
      { op: 'read', word: 0 },
    ],
  ]);
  const options = { strategy: 'exhaustive', bound: 2, all: true } as const;
  const whole = await endings(p, (t) => explore(t, options));
  for (const of of [2, 3, 5]) {
    const parts = new Set<string>();
    const records: ExploreRecord[] = [];
    for (let index = 1; index <= of; index++) {
      const part = await endings(p, async (t) => {
        const r = await explore(t, { ...options, shard: { index, of } });
        records.push(record(r, index, of));
      });
      for (const ending of part) parts.add(ending);
    }
    expect(parts).toEqual(whole);
    const merged = mergeResults(records);
    expect(merged).toMatchObject({ exhausted: true, unaware: [], shards: of });
    expect(merged.schedules).toBe(records.reduce((n, r) => n + r.schedules, 0));
  }
});

const asked = { scenario: 'toy', without: [], strategy: 'exhaustive', bound: 1, patience: 3, seed: '0' };
function record(r: Explored, index: number, of: number): ExploreRecord {
  const { schedules, runs, exhausted, uses } = r;
  return {
    callgate: 'explore',
    asked,
    shard: { index, of },
    schedules,
    runs,
    exhausted,
    failures: [],
    ...(uses && { uses }),
  };
}

describe('merging', () => {
  const empty: Explored = { runs: 3, schedules: 3, exhausted: true, failures: [] };

  test('refuses what is missing, there twice, or of another exploration', () => {
    const shard = (i: number): ExploreRecord => record(empty, i, 3);
    expect(() => mergeResults([shard(1)])).toThrow(new BadRecords('missing: shard 2/3, 3/3'));
    expect(() => mergeResults([shard(1), shard(2), shard(1)])).toThrow(new BadRecords('shard 1/3 is there twice'));
    const other = { ...shard(2), asked: { ...asked, seed: '1' } };
    expect(() => mergeResults([shard(1), other])).toThrow(
      new BadRecords('shard 2/3 is of another exploration than shard 1/3'),
    );
    expect(mergeResults([3, 1, 2].map(shard))).toMatchObject({ schedules: 9, runs: 9, exhausted: true });
  });

  test('is not exhausted where a shard did not know a word that others found shared', () => {
    const knows = { ...empty, uses: [[5, -1, 0]] } as const;
    const doesNot = { ...empty, uses: [[5, 0, 0]] } as const;
    expect(mergeResults([record(knows, 1, 2), record(doesNot, 2, 2)])).toMatchObject({
      exhausted: false,
      unaware: [2],
    });
    expect(mergeResults([record(knows, 1, 2), record(knows, 2, 2)])).toMatchObject({ exhausted: true, unaware: [] });
  });

  test('what is no record is refused with its line', () => {
    const line = JSON.stringify(record(empty, 1, 1));
    expect(parseRecords('a', `${line}\n\n${line}\n`).length).toBe(2);
    for (const bad of [
      'x',
      '{}',
      'null',
      line.replace('"index":1', '"index":2'),
      line.replace('"runs":3', '"runs":-1'),
    ]) {
      expect(() => parseRecords('a', `${line}\n${bad}`)).toThrow(
        new BadRecords('a:2: is not a line of callgate explore --ndjson'),
      );
    }
  });
});

test('shards begin to agree when they are told what the others know', async () => {
  const known = [[0, -1, 0]] as const;
  const r = await explore(torn, { strategy: 'exhaustive', bound: 1, known, all: true });
  expect(r).toMatchObject({ exhausted: true, passes: 1 });
});

test('what workers answer, in whatever order they finish, comes to the same', async () => {
  const here = performHere(torn);
  const elsewhere: Perform = async (tasks) => {
    const backwards = await here(structuredClone([...tasks]).reverse());
    return structuredClone([...backwards]).reverse();
  };
  for (const strategy of strategies) {
    const options = { strategy, bound: 2, all: true, budget: 300 } as const;
    expect(await explore(torn, { ...options, perform: elsewhere })).toEqual(await explore(torn, options));
  }
});

describe('by chance', () => {
  test.each(['random', 'pct', 'round-robin'] as const)('%s finds it, and the same one again', async (strategy) => {
    const found = await explore(torn, { strategy, seed: 7n, budget: 2_000 });
    expect(found.failures.map((f) => f.failure)).toEqual(['0 is 1']);
    expect(found.exhausted).toBe(false);
    expect(await explore(torn, { strategy, seed: 7n, budget: 2_000 })).toEqual(found);
  });

  test('shards share the numbers out', async () => {
    const runs = [1, 2, 3].map(
      async (index) => (await explore(toy([[]]), { strategy: 'random', budget: 100, shard: { index, of: 3 } })).runs,
    );
    expect(await Promise.all(runs)).toEqual([34, 33, 33]);
  });
});

describe('shrinking', () => {
  test('any failing schedule of a simple bug comes down to one preemption', async () => {
    for (let seed = 0n; seed < 40n; seed++) {
      const { failures } = await explore(torn, { strategy: 'random', seed: seed * 1_000n, budget: 1_000 });
      const simplest = shrink(torn, failures[0]!.schedule);
      expect(simplest).toMatchObject({ failure: '0 is 1', preemptions: 1 });
      expect(simplest.switches).toBeLessThanOrEqual(2);
      const again = torn.run(replay(parseSchedule(formatSchedule(simplest.schedule)), goOn));
      expect(again.failure).toBe('0 is 1');
      expect(shrink(torn, failures[0]!.schedule)).toEqual(simplest);
    }
  });

  test('stretches are put together where leaving them out does not help', () => {
    const steps = Array.from({ length: 6 }, (): Instruction => ({ op: 'local' }));
    const p = toy([
      [...steps, { op: 'add', word: 0 }, ...steps, { op: 'add', word: 0 }],
      [...steps, { op: 'refuse', word: 0, value: 1 }],
    ]);
    const torture: Schedule = [
      [0, 2],
      [1, 2],
      [0, 2],
      [1, 2],
      [0, 3],
      [1, 3],
    ];
    expect(p.run(replay(torture, goOn)).failure).toBe('0 is 1');
    expect(shrink(p, torture)).toMatchObject({
      schedule: [
        [0, 7],
        [1, 1],
      ],
      preemptions: 1,
      switches: 1,
    });
  });

  test('refuses what does not fail', () => {
    expect(() =>
      shrink(torn, [
        [0, 5],
        [1, 5],
      ]),
    ).toThrow('does not fail');
  });

  test('another failure is not taken for the one that is shrunk', () => {
    const two = toy([
      [{ op: 'add', word: 0 }, { op: 'refuse', word: 0, value: 3 }, { op: 'fail' }],
      [{ op: 'add', word: 0 }],
    ]);
    // Without the switch thread 0 fails by itself.
    expect(
      shrink(two, [
        [1, 1],
        [0, 2],
      ]),
    ).toMatchObject({ failure: '0 is 3', switches: 1 });
    expect(kindOf('p 0x5 in 12')).toBe(kindOf('p 0xff in 7'));
    expect(kindOf('thread fails')).not.toBe(kindOf('word fails'));
  });
});

describe('run twice', () => {
  test('a trial that repeats itself is what it was', async () => {
    const once = await explore(torn, { strategy: 'exhaustive', bound: 2 });
    expect(await explore(twice(torn), { strategy: 'exhaustive', bound: 2 })).toEqual(once);
  });

  test('one that does not is told apart', async () => {
    let n = 0;
    const moody: Trial = { name: 'moody', run: (s, how) => ({ ...torn.run(s, how), digest: `${n++}` }) };
    await expect(explore(twice(moody), { strategy: 'random', budget: 1 })).rejects.toThrow(
      new Unrepeatable('moody is not the same run twice: its digest was 0, and then 1'),
    );
  });

  test('and noticed where a schedule no longer fits', async () => {
    let n = 0;
    const short = toy([[{ op: 'add', word: 0 }]]);
    const moody: Trial = { name: 'moody', run: (s, how) => (n++ < 3 ? torn : short).run(s, how) };
    await expect(explore(moody, { strategy: 'exhaustive', bound: 2 })).rejects.toThrow(Unrepeatable);
  });
});
