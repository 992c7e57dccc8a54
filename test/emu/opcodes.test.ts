/** Every opcode, row or not, behind every prefix: where the host's CPU says #UD so do we, and nowhere else. */
import { Decoder, DecoderOptions } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Random } from '#runtime/junk.ts';
import { randomState } from '../witness/cases.ts';
import { Bench } from '../witness/ours.ts';
import { cleanX87, DATA, hasSilicon, missingSilicon, onSilicon } from '../witness/silicon.ts';

const hex = (...bytes: number[]): string => bytes.map((b) => b.toString(16).padStart(2, '0')).join('');
const all = Array.from({ length: 256 }, (_, b) => b);
const immediates = '0102030405060708';

/** 8(BP), which lies in the data page, and registers 0 and 1: with /digit in between. */
const modrms = all.filter((b) => b < 8).flatMap((digit) => [hex(0x45 | (digit << 3), 8), hex(0xc1 | (digit << 3))]);

// Prefixes are rows of their own; these leave the code, or take the witness's stack, flags or thread pointer away.
const oneByte = all.filter(
  (b) =>
    (b & 0xf0) !== 0x40 &&
    (b & 0xf0) !== 0x70 &&
    ![0x0f, 0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65, 0x66, 0x67, 0xc4, 0xc5, 0xf0, 0xf2, 0xf3].includes(b) &&
    ![0x8e, 0x9d, 0xa0, 0xa1, 0xa2, 0xa3, 0xc2, 0xc3, 0xc8, 0xca, 0xcb, 0xcd, 0xcf].includes(b) &&
    !(b >= 0xe0 && b <= 0xeb && ![0xe4, 0xe5, 0xe6, 0xe7].includes(b)),
);
const twoBytes = all.filter(
  (b) => (b & 0xf0) !== 0x80 && ![0x05, 0x38, 0x3a, 0xa1, 0xa9, 0xb2, 0xb4, 0xb5].includes(b),
);
const maps = [
  ...oneByte.map((b) => hex(b)),
  ...twoBytes.map((b) => hex(0x0f, b)),
  ...all.flatMap((b) => [hex(0x0f, 0x38, b), hex(0x0f, 0x3a, b)]),
];
const prefixes = ['', '66', 'f2', 'f3', '66f2', '66f3', '48', '6648', 'f348', 'f0'];

/** VEX, three bytes: every map, W, L and pp, without and with a register in vvvv. */
const vexes = [1, 2, 3].flatMap((map) =>
  [0, 0x80].flatMap((w) =>
    [0, 4].flatMap((l) =>
      [0, 1, 2, 3].flatMap((pp) =>
        [0x78, 0x68].flatMap((vvvv) => all.map((b) => hex(0xc4, 0xe0 | map, w | vvvv | l | pp, b))),
      ),
    ),
  ),
);

/** Behind any prefixes: the opcodes with /digit that would leave the code or take something away. */
const leaves =
  /^((66|f2|f3|48|f0)*)(ff(5[58]08|5d08|6[5d]08|d1|d9|e1|e9)|c7f9|0fae(6d08|5508)|0fae(c1|c9|d1|d9)$|0fc7(f1|f9))/;

/** What this host has and no model of ours: SSE4A, XSAVES, INVPCID, opmasks, a hypervisor, CLZERO. MOV CR with a mod. */
const beyond = [
  /^(66|f2|f3|48|f0)*0f01(c[0-9a-f]|d[0-9a-f]|e[0-9a-f]|f[0-9a-f])/,
  /^(66|f2|f3|48|f0)*0f(78|79|2[0-3])/,
  /^(66|f2|f3|48|f0)*0fc7[56]d08/,
  /^(66|f2|f3|48|f0)*0f3882/,
  /^(66|48)*f[23](48)?0f2b/,
  /^c4e1..(4[1-7]|4a|4b|9[0-389])/,
  /^c4e3..3[0-3]/,
];

/** Cut to one instruction, as iced-x86 sees it. */
function cut(text: string): Uint8Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'hex'));
  const decoder = new Decoder(64, bytes, DecoderOptions.None);
  const insn = decoder.decode();
  const length = insn.code === 0 ? bytes.length : insn.length;
  insn.free();
  decoder.free();
  return bytes.slice(0, length);
}

describe.skipIf(!hasSilicon)(`opcodes${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const random = new Random(7n);
  const bench = new Bench((parts) => new Interpreter(parts));

  function disagreements(texts: readonly string[]): string[] {
    const cases = texts.map((text) => {
      const before = randomState(random);
      const gprs = [...before.gprs];
      for (const n of [3, 5, 6, 7]) gprs[n] = DATA + 64n;
      gprs[0] = 0n;
      gprs[1] = 1n;
      return { code: cut(text), before: { ...before, gprs, mxcsr: 0x1f80, x87: cleanX87 } };
    });
    const results = onSilicon(cases);
    return cases.flatMap((c, i) => {
      const text = hex(...c.code);
      const [theirs, ours] = [results[i]!.signal, bench.run(c).signal];
      if ((theirs === 4) === (ours === 4) || beyond.some((r) => r.test(text))) return [];
      return [`${text}: silicon signal ${theirs}, ours ${ours}`];
    });
  }

  test('legacy encodings', () => {
    const texts = prefixes
      .flatMap((p) => maps.flatMap((op) => (p ? modrms.slice(0, 2) : modrms).map((m) => p + op + m + immediates)))
      .filter((t) => !leaves.test(t.slice(0, -immediates.length)));
    expect(texts.length).toBeGreaterThan(25_000);
    expect(disagreements(texts).slice(0, 20)).toEqual([]);
  });

  test('VEX encodings', () => {
    const texts = vexes.flatMap((v) => ['4508', 'c1'].map((m) => v + m + immediates));
    expect(texts.length).toBe(3 * 2 * 2 * 4 * 2 * 256 * 2);
    expect(disagreements(texts).slice(0, 20)).toEqual([]);
  });
});
