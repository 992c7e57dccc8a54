/** Recorded silicon, everywhere: interpreter and translator leave what a CPU left. Integer, x87 and system chapters. */
import { readdirSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { MakeEngine } from '#emu/engine/engine.ts';
import { chapters, forms } from '#emu/isa/forms/index.ts';
import { expectRecorded, replay, simd, totals } from '../witness/replay.ts';
import { meaningless, reasonRows, unrecorded } from '../witness/unrecorded.ts';
import { readVectors } from '../witness/vectors.ts';

const others = Object.keys(chapters).filter((c) => !simd.includes(c));

test.each(others)('chapter %s', (chapter) => expect(replay(chapter).wrong.slice(0, 20)).toEqual([]));
afterAll(() => console.log(totals()));

test('rows without a meaning go to another code segment; every reason has a row', () => {
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
