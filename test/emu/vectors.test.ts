/** Recorded silicon, everywhere: interpreter and translator leave what a CPU left. Integer, x87 and system chapters. */
import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { MakeEngine } from '#emu/engine/engine.ts';
import { chapters, forms } from '#emu/isa/forms/index.ts';
import { BUDGET, readFound } from '../witness/found.ts';
import { Bench } from '../witness/ours.ts';
import { outcomeText } from '../witness/outcome.ts';
import { engines, expectRecorded, replay, simd, totals } from '../witness/replay.ts';
import { meaningless, reasonRows, unrecorded } from '../witness/unrecorded.ts';
import { readVectors } from '../witness/vectors.ts';

const others = Object.keys(chapters).filter((c) => !simd.includes(c));

test.each(others)('chapter %s', (chapter) => expect(replay(chapter).wrong.slice(0, 20)).toEqual([]));
afterAll(() => console.log(totals()));

test.each(Object.entries(engines))('what was found once stays right: %s', (_, make) => {
  const bench = new Bench(make);
  const found = readFound();
  // The second time pages are known to the translator, and it does not ask the interpreter.
  for (let time = 0; time < 2; time++) {
    const ours = found.map(({ c, loose }) => outcomeText(c, bench.run(c, BUDGET), loose));
    expect(ours).toEqual(found.map((f) => f.silicon));
  }
  expect(found.length).toBeGreaterThan(0);
});

test('every row without a meaning has a reason, and every reason a row', () => {
  const without = forms.filter((f) => !f.meaning);
  expect(without.filter((f) => !meaningless(f)).map((f) => f.name)).toEqual([]);
  const excused = forms.filter((f) => (f.meaning ? unrecorded(f) : meaningless(f)));
  const reasons = new Set(excused.map((f) => unrecorded(f) ?? meaningless(f)));
  expect(reasonRows.map((r) => r.at(-1)).filter((reason) => !reasons.has(String(reason)))).toEqual([]);
});

test('there is a file for every chapter, and no other', () => {
  const files = readdirSync('test/emu/silicon').filter((f) => f !== 'found.txt');
  expect(files.sort()).toEqual(
    Object.keys(chapters)
      .map((c) => `${c}.txt`)
      .sort(),
  );
});

test('an engine that does nothing is found out', () => {
  const idle: MakeEngine = () => ({ run: () => ({ why: 'budget', retired: 1 }) });
  const { wrong, cases } = replay('string', { idle });
  expect(wrong.length).toBeGreaterThan(cases / 2);
});

test('vectors of other cases are refused with what to do', () => {
  const [form] = readVectors('string').forms;
  const f = chapters.string![0]!;
  expect(() => expectRecorded('string', f, { ...form!, digest: '00000000' })).toThrow(
    /string\.txt: .* run npm run record$/,
  );
  expect(() => readVectors('nowhere')).toThrow('test/emu/silicon/nowhere.txt is not there: run npm run record');
});
