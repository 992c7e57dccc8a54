/** Vector rows where random operands seldom lead: across the end of a page, behind odd prefixes, with odd VEX fields. */
import { describe, expect, test } from 'vitest';
import { decode } from '#emu/decode/decode.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import type { Form } from '#emu/isa/form.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase } from '../witness/cases.ts';
import { Bench, differences } from '../witness/ours.ts';
import { CODE, DATA, hasSilicon, missingSilicon, onSilicon, type SiliconCase } from '../witness/silicon.ts';

const rows = (['mmx', 'vectorMove', 'vectorInteger', 'vectorShuffle', 'vectorMasked'] as const).flatMap(
  (c) => chapters[c]!,
);
const FLAGS = 0xcd5n;
const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');
const bench = new Bench((parts) => new Interpreter(parts));

describe.skipIf(!hasSilicon)(`silicon${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const random = new Random(20261122n);
  const pick = (n: number): number => Number(random.next() % BigInt(n));

  /** `count` cases a row, each changed by `change`; undefined leaves one out. */
  function casesOf(
    forms: readonly Form[],
    count: number,
    change: (c: SiliconCase) => SiliconCase | undefined,
  ): SiliconCase[] {
    const all = forms.flatMap((f) => Array.from({ length: count }, (_, i) => makeCase(f, random, i % 2 === 0)));
    return all.flatMap((c) => (c && change(c)) ?? []);
  }

  function disagreements(cases: readonly SiliconCase[]): string[] {
    const results = onSilicon(cases);
    return cases.flatMap((c, i) => {
      const difference = differences(results[i]!, bench.run(c), FLAGS);
      return difference ? [`${hex(c.code)}: ${difference}`] : [];
    });
  }

  test('memory operands across the ends of a mapping: the same bytes, the same fault', () => {
    const cases = casesOf(rows, 10, (c) => {
      const gprs = [...c.before.gprs];
      gprs[13] = pick(3) ? DATA + 4096n - 128n + BigInt(pick(16)) : DATA - 128n + BigInt(pick(64));
      return { ...c, before: { ...c.before, gprs } };
    });
    expect(cases.length).toBeGreaterThan(7000);
    expect(disagreements(cases).slice(0, 20)).toEqual([]);
  });

  // SSE4a, which only AMD has: F2 or F3 before 0F 2B.
  const isSse4a = (code: Uint8Array): boolean => /^(66)?f[23](66)?(4.)?0f2b/.test(hex(code));

  test('prefixes that are not the row’s own: another instruction, or #UD', () => {
    const prefixes = [[0x66], [0xf2], [0xf3], [0xf0], [0x66, 0xf2], [0xf3, 0x66], [0x67], [0x2e], [0x48]];
    const cases = casesOf(rows, 10, (c) => {
      const code = Uint8Array.of(...prefixes[pick(prefixes.length)]!, ...c.code);
      return isSse4a(code) ? undefined : { ...c, code };
    });
    expect(cases.length).toBeGreaterThan(7000);
    expect(disagreements(cases).slice(0, 20)).toEqual([]);
  });

  /** W, L, a bit of vvvv or one of pp flipped, in the three-byte form. */
  function withOddVex(code: Uint8Array): Uint8Array {
    const [first, second, ...rest] = code;
    const long = first === 0xc4 ? [...code] : [0xc4, (second! & 0x80) | 0x61, second! & 0x7f, ...rest];
    long[2]! ^= [0x80, 4, 8, 0x10, 0x20, 0x40, 1, 2][pick(8)]!;
    return Uint8Array.from(long);
  }
  // With W 0 AMD's processors execute VPERMQ and VPERMPD as well; the manuals of both makers give W 1 only.
  const isPermuteW0 = (code: Uint8Array): boolean => /^c4.37d0[01]/.test(hex(code));

  test('VEX fields that are not the row’s own: another instruction, or #UD', () => {
    const vexed = rows.filter((f) => f.encoding.vex);
    const cases = casesOf(vexed, 10, (c) => {
      const code = withOddVex(c.code);
      // Another row's immediate may be missing or left over: one instruction is compared.
      const insn = decode(code, CODE);
      if (insn && insn !== 'short' && insn.length !== code.length) return undefined;
      return isPermuteW0(code) ? undefined : { ...c, code };
    });
    expect(cases.length).toBeGreaterThan(3000);
    expect(disagreements(cases).slice(0, 20)).toEqual([]);
  });
});
