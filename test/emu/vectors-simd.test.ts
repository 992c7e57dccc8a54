/** Recorded silicon, everywhere: interpreter and translator leave what a CPU left. MMX to AVX2. */
import { afterAll, expect, test } from 'vitest';
import { replay, simd, totals } from '../witness/replay.ts';

test.each(simd)('chapter %s', (chapter) => expect(replay(chapter).wrong.slice(0, 20)).toEqual([]));
afterAll(() => console.log(totals()));
