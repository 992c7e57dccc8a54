/** Every row that has a meaning, on random operands: the interpreter leaves what the host's CPU leaves. */
import { describe, expect, test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase, randomState } from '../witness/cases.ts';
import { Bench, differences } from '../witness/ours.ts';
import { hasSilicon, missingSilicon, onSilicon, type SiliconCase, type SiliconResult } from '../witness/silicon.ts';

const CASES_PER_FORM = 60;
/** What user code sees of RFLAGS here: CF PF AF ZF SF DF OF. */
const FLAG_MASK = 0xcd5n;

/** Rows that leave straight-line code, or whose answer is not the instruction's alone. */
const elsewhere = /^(J|LOOP|CALL|RET|SYSCALL|INT|CPUID|RDTSC|PUSHF|POPF|HLT|UD2|LEAVE)/;
const testable = (f: Form): boolean =>
  f.meaning !== undefined && !elsewhere.test(f.name) && f.operands.every((k) => k.slot !== 'rel');

/** Flags that the manual calls undefined, and on which processors differ. `count`: a shift's, as the CPU masks it. */
const undefinedFlags = (f: Form, count: number): bigint => {
  const [CF, PF, AF, ZF, SF, OF] = [1n, 4n, 16n, 64n, 128n, 2048n];
  if (/^I?MUL/.test(f.name)) return PF | AF | ZF | SF;
  if (/^I?DIV/.test(f.name)) return CF | PF | AF | ZF | SF | OF;
  if (/^BS[FR]/.test(f.name)) return CF | PF | AF | SF | OF;
  if (/^[LT]ZCNT/.test(f.name)) return PF | AF | SF | OF;
  if (/^BT/.test(f.name)) return PF | AF | SF | OF;
  if (/^(SH|SA)/.test(f.name)) return AF | (count === 1 ? 0n : OF) | (count >= widthOf(f) ? CF : 0n);
  if (/^RO|^RC/.test(f.name)) return count === 1 ? 0n : OF;
  return 0n;
};

const widthOf = (f: Form): number => ({ B: 8, W: 16, L: 32, Q: 64 })[f.name.at(-1)!]!;

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const bench = new Bench((parts) => new Interpreter(parts));

describe.skipIf(!hasSilicon)(`silicon${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const random = new Random(20261121n);

  test.each(Object.entries(chapters))('rows of the chapter %s agree with the host CPU', (_, rows) => {
    const jobs = rows
      .filter(testable)
      .flatMap((f) =>
        Array.from({ length: CASES_PER_FORM }, (_, i) => makeCase(f, random, i % 2 === 1)).flatMap((c) =>
          c ? [{ f, c }] : [],
        ),
      );
    const results = onSilicon(jobs.map((j) => j.c));
    const wrong = jobs.flatMap(({ f, c }, i) => {
      const last = f.operands.at(-1);
      const given = last?.slot === 'one' ? 1n : last?.slot === 'imm' ? BigInt(c.code.at(-1)!) : c.before.gprs[1]!;
      const count = Number(given & (f.name.endsWith('Q') ? 63n : 31n));
      const difference = compare(c, results[i]!, FLAG_MASK & ~undefinedFlags(f, count));
      return difference ? [`${f.name} ${f.encoding.text}: ${hex(c.code)}: ${difference}`] : [];
    });
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(new Set(jobs.map((j) => j.f)).size).toBe(rows.filter(testable).length);
  });

  // Prefixes in odd places and sizes, as no assembler writes them.
  // biome-ignore format: table
  const odd = [
    '66f3480f7ec8', '66f3410f6f4500', 'f266410f6f4500', 'f3660fefc1', '66f20f57c1', '664850', '664858', '666834126690', '666a01', '66c8000000',
    '486689c8', '48f30fb8c1', '404889c8', '484089c8', '66410fef4501', '410f574501', 'f34190', 'f6c801', '63c8', 'd1f0', 'c0f003', '0f1fc8', '0f19c0',
    'f30f1ec8', '0f1f4000', '662e0f1f840000000000', '66666666666666666666666666666690', '2e2e2e2e2e2e2e2e2e2e48b80102030405060708', '06', '27', 'd4', 'ea',
    'f089c8', 'f04889c8', 'f041014500', '480fbcc1', '0fbcc1', '0fbdc1', '660fbcc1', 'd2e0', 'd3f8', '48d3e8', '66d3d0', '88e0', '4088e0',
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
