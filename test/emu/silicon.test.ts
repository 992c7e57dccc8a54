/** Every row that has a meaning, on random operands: the interpreter leaves what the host's CPU leaves. */
import { describe, expect, test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { Random } from '#runtime/junk.ts';
import { randomState } from '../witness/cases.ts';
import { isMissing } from '../witness/host.ts';
import { Bench, differences } from '../witness/ours.ts';
import { looseOf, ourText, outcomeText } from '../witness/outcome.ts';
import { casesOf, keyOf, plan } from '../witness/plan.ts';
import { hasSilicon, missingSilicon, onSilicon, type SiliconCase, type SiliconResult } from '../witness/silicon.ts';
import { unrecorded } from '../witness/unrecorded.ts';

/** What user code sees of RFLAGS here: CF PF AF ZF SF DF OF. */
const FLAG_MASK = 0xcd5n;
/** Other cases than the recorded ones, which are compared everywhere. */
const [ENCODINGS, STATES] = [2, 3];

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const bench = new Bench((parts) => new Interpreter(parts));

describe.skipIf(!hasSilicon)(`silicon${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const random = new Random(20261121n);

  test.each(Object.entries(chapters))('rows of the chapter %s agree with the host CPU', (_, rows) => {
    const tested = rows.filter((f) => f.meaning && !unrecorded(f) && !isMissing(f));
    const jobs = tested.flatMap((f) => casesOf(plan(f, 'live', ENCODINGS, STATES)).map((c) => ({ f, c })));
    const results = onSilicon(jobs.map((j) => j.c));
    const wrong = jobs.flatMap(({ f, c }, i) => {
      const loose = looseOf(c);
      const silicon = outcomeText(c, results[i]!, loose);
      const ours = ourText(c, bench.run(c), silicon, loose, f);
      return ours === silicon ? [] : [`${keyOf(f)}: ${hex(c.code)}: silicon ${silicon}, ours ${ours}`];
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(new Set(jobs.map((j) => j.f)).size).toBe(tested.length);
  });

  // Prefixes in odd places and sizes, as no assembler writes them.
  // biome-ignore format: table
  const odd = [
    '66f3480f7ec8', '66f3410f6f4500', 'f266410f6f4500', 'f3660fefc1', '66f20f57c1', '664850', '664858', '666834126690', '666a01', '66c8000000',
    '486689c8', '48f30fb8c1', '404889c8', '484089c8', '66410fef4501', '410f574501', 'f34190', 'f6c801', '63c8', 'd1f0', 'c0f003', '0f1fc8', '0f19c0',
    'f30f1ec8', '0f1f4000', '662e0f1f840000000000', '66666666666666666666666666666690', '2e2e2e2e2e2e2e2e2e2e48b80102030405060708', '06', '27', 'd4', 'ea',
    'f089c8', 'f04889c8', 'f041014500', '480fbcc1', '0fbcc1', '0fbdc1', '660fbcc1', 'd2e0', 'd3f8', '48d3e8', '66d3d0', '88e0', '4088e0',
    'f2660f51c1', 'f2f30f58c1', 'f3f20f58c1', 'c5f758c1', 'c4e1fb58c1', 'c5ff2dc1', 'c5e951c1', 'c5e92fc1', 'c5fcae5d00', 'c4c1f8ae5d00',
    'c4e2fd13c1', 'c4e3fd1dc107', 'c4e36d41c107', 'c4e26d99c1', '66410fae5d00', '66f2480f2ac1', 'f20f5bc1', 'c4e1ff2dc1', '66c5f858c1', 'f0410f585500',
  ];

  test(`${odd.length} odd byte sequences do what the host CPU does`, () => {
    const cases = odd.flatMap((text) =>
      Array.from({ length: 20 }, () => ({ code: Buffer.from(text, 'hex'), before: randomState(random) })),
    );
    const results = onSilicon(cases);
    const quiet = FLAG_MASK & ~(4n | 16n | 128n | 2048n);
    const wrong = cases.flatMap((c, i) => {
      const difference = compare(
        c,
        results[i]!,
        /^(66)?(48)?0fb|^66?d|^48d|^d|^c0/.test(hex(c.code)) ? quiet & ~1n : FLAG_MASK,
      );
      return difference ? [`${hex(c.code)}: ${difference}`] : [];
    });
    expect(wrong).toEqual([]);
  });
});

/** What silicon and the interpreter disagree on, or nothing. */
function compare(c: SiliconCase, silicon: SiliconResult, mask: bigint): string | undefined {
  const ours = bench.run(c);
  // Where we have no row there is nothing to compare.
  return ours.signal === -1 ? undefined : differences(silicon, ours, mask);
}
