/** AES, carry-less multiplication, Galois fields, SHA, and the text comparisons of SSE4.2. SDM vol. 1, 5.10.4, 5.12, 5.18. */
import * as aes from '../aes.ts';
import { type Form, form, requires } from '../form.ts';
import { affine, multiplyBytes } from '../galois.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops } from '../ops.ts';
import { type Binary, binaryFamily, immediate, type Unary, unaryFamily } from '../packed.ts';
import { gpr, type Place } from '../place.ts';
import * as sha from '../sha.ts';
import { type Comparison, compareTexts, indexOf, maskOf } from '../text-compare.ts';

const pure2 =
  (f: (a: bigint, b: bigint) => bigint): Binary =>
  (o, a, b) =>
    o.pure(f, a, b);
const inverseMix: Unary = (o, a) => o.pure(aes.inverseMix, a);
const assistKey: Unary = (o, a, constant) => o.pure((key) => aes.assistKey(key, constant), a);

/** The product of polynomials over GF(2), 64 bits by 64. */
function carrylessProduct(a: bigint, b: bigint): bigint {
  let product = 0n;
  for (let i = 0n; i < 64n; i++) if ((b >> i) & 1n) product ^= a << i;
  return product;
}
const affineMap =
  (invert: boolean): Binary =>
  (o, a, matrices, constant) =>
    o.pure((x, m) => affine(x, m, constant, invert), a, matrices);

// Bits 0 and 4 of the immediate pick a half of each operand.
const pclmulqdq: Binary = (o, a, b, halves) =>
  o.pure(carrylessProduct, o.half(a, halves & 1 ? 1 : 0), o.half(b, halves & 0x10 ? 1 : 0));

// The SHA instructions take memory as it lies on AMD's processors; Intel's want it aligned.
const unaligned2 =
  (f: (a: bigint, b: bigint) => bigint): Meaning =>
  (o, dst: Place, src: Place) =>
    o.put(dst, o.pure(f, o.get(dst), o.get(src)));
const sha1Rounds: Meaning = (o, dst: Place, src: Place, group: Place) =>
  o.put(
    dst,
    o.pure((state, words) => sha.sha1Rounds(state, words, immediate(group)), o.get(dst), o.get(src)),
  );
// The third operand holds the words with their round constants.
const sha256Rounds: Meaning = (o, dst: Place, src: Place, words: Place) =>
  o.put(dst, o.pure(sha.sha256Rounds, o.get(dst), o.get(src), o.get(words)));

/** RAX or RDX as an explicit length: signed, of 32 bits, or of 64 with REX.W. */
const signedLength = (bits: bigint, w: number): bigint => BigInt.asIntN(w, bits);

/**
 * The whole comparison as one number, for flags and results to be taken from: bits 0–15 IntRes2, 16 and 17 whether the
 * second and the first text ended early, and from bit 18 on the answer.
 */
const packed = (c: Comparison, answer: bigint): bigint =>
  BigInt(c.bits) | (c.shortB ? 0x1_0000n : 0n) | (c.shortA ? 0x2_0000n : 0n) | (answer << 18n);

/** PCMPESTRI … PCMPISTRM. `lengths`: the width of the explicit lengths. These take memory as it lies, unaligned. */
const compareText =
  (result: 'index' | 'mask', lengths: 32 | 64 | undefined): Meaning =>
  <V>(o: Ops<V>, dst: Place, src: Place, imm: Place) => {
    const control = immediate(imm);
    const answer = (c: Comparison): bigint =>
      packed(c, result === 'index' ? BigInt(indexOf(c, control)) : maskOf(c, control));
    const [a, b] = [o.get(dst), o.get(src)];
    const all = o.let(
      lengths === undefined
        ? o.pure((x, y) => answer(compareTexts(x, y, control)), a, b)
        : o.pure(
            (x, y, n, m) =>
              answer(compareTexts(x, y, control, { a: signedLength(n, lengths), b: signedLength(m, lengths) })),
            a,
            b,
            o.get(gpr(0, lengths)),
            o.get(gpr(2, lengths)),
          ),
    );
    const found = o.pure((v) => v >> 18n, all);
    if (result === 'index') o.put(gpr(1, 32), found);
    else o.put(XMM0, found);
    const flags = o.let(o.pure((v) => v & 0x3_ffffn, all));
    o.setFlag('CF', o.isZero(o.isZero(o.and(flags, o.const(0xffffn)))));
    o.setFlag('ZF', o.bit(flags, o.const(16n)));
    o.setFlag('SF', o.bit(flags, o.const(17n)));
    o.setFlag('OF', o.bit(flags, o.const(0n)));
    o.setFlag('AF', o.const(0n));
    o.setFlag('PF', o.const(0n));
  };

const XMM0: Place = { in: 'xmm', n: 0, w: 128, part: 0 };
const XMM0_UPPER: Place = { ...XMM0, part: 1 };
const vexMask =
  (lengths: 32 | 64 | undefined): Meaning =>
  (o, ...operands: readonly Place[]) => {
    compareText('mask', lengths)(o, ...operands);
    o.put(XMM0_UPPER, o.vector(o.const(0n), o.const(0n)));
  };

const go = { decodeOnly: true } as const;
const text = [k.xmm, k.xmmM128, k.uimm8] as const;
/** Go takes the constant of the VEX rows negative too. */
const vexText = [k.xmm, k.xmmM128, k.bits8] as const;

/** Rows of a family without its 256-bit form. */
const only128 = (rows: readonly Form[]): Form[] => rows.filter((f) => f.operands[0] !== k.ymm);
const aesTraits = { sse: 'AES', avx: 'AES', avx256: 'VAES' } as const;
const clmulTraits = { sse: 'PCLMULQDQ', avx: 'PCLMULQDQ', avx256: 'VPCLMULQDQ' } as const;
const gfni = { sse: 'GFNI', avx: 'GFNI', avx256: 'GFNI' } as const;

// biome-ignore format: table
export const crypto: readonly Form[] = [
  ...only128([
    ...unaryFamily('AESIMC',          '66 0F 38 DB /r',    inverseMix, aesTraits),
    ...unaryFamily('AESKEYGENASSIST', '66 0F 3A DF /r ib', assistKey,  aesTraits),
  ]),
  ...binaryFamily('AESENC',     '66 0F 38 DC /r',    pure2(aes.encrypt),     aesTraits),
  ...binaryFamily('AESENCLAST', '66 0F 38 DD /r',    pure2(aes.encryptLast), aesTraits),
  ...binaryFamily('AESDEC',     '66 0F 38 DE /r',    pure2(aes.decrypt),     aesTraits),
  ...binaryFamily('AESDECLAST', '66 0F 38 DF /r',    pure2(aes.decryptLast), aesTraits),
  ...binaryFamily('PCLMULQDQ',  '66 0F 3A 44 /r ib', pclmulqdq,              clmulTraits),

  ...binaryFamily('GF2P8MULB',         '66 0F 38 CF /r',    pure2(multiplyBytes), { ...gfni, w: 'W0' }),
  ...binaryFamily('GF2P8AFFINEQB',     '66 0F 3A CE /r ib', affineMap(false),     { ...gfni, w: 'W1' }),
  ...binaryFamily('GF2P8AFFINEINVQB',  '66 0F 3A CF /r ib', affineMap(true),      { ...gfni, w: 'W1' }),

  ...requires('SHA', [
    form('SHA1RNDS4',   'NP 0F 3A CC /r ib', [k.xmm, k.xmmM128, k.uimm8], sha1Rounds),
    form('SHA1NEXTE',   'NP 0F 38 C8 /r',    [k.xmm, k.xmmM128],          unaligned2(sha.sha1NextE)),
    form('SHA1MSG1',    'NP 0F 38 C9 /r',    [k.xmm, k.xmmM128],          unaligned2(sha.sha1Message1)),
    form('SHA1MSG2',    'NP 0F 38 CA /r',    [k.xmm, k.xmmM128],          unaligned2(sha.sha1Message2)),
    form('SHA256RNDS2', 'NP 0F 38 CB /r',    [k.xmm, k.xmmM128, k.XMM0],  sha256Rounds),
    form('SHA256MSG1',  'NP 0F 38 CC /r',    [k.xmm, k.xmmM128],          unaligned2(sha.sha256Message1)),
    form('SHA256MSG2',  'NP 0F 38 CD /r',    [k.xmm, k.xmmM128],          unaligned2(sha.sha256Message2)),
  ]),
  ...requires('SSE4.2', [
    form('PCMPESTRM',   '66 0F 3A 60 /r ib',       text, compareText('mask',  32)),
    form('PCMPESTRM',   '66 REX.W 0F 3A 60 /r ib', text, compareText('mask',  64), go),
    form('PCMPESTRI',   '66 0F 3A 61 /r ib',       text, compareText('index', 32)),
    form('PCMPESTRI',   '66 REX.W 0F 3A 61 /r ib', text, compareText('index', 64), go),
    form('PCMPISTRM',   '66 0F 3A 62 /r ib',       text, compareText('mask',  undefined)),
    form('PCMPISTRI',   '66 0F 3A 63 /r ib',       text, compareText('index', undefined)),
  ]),
  ...requires('AVX', [
    form('VPCMPESTRM',  'VEX.128.66.0F3A.W0 60 /r ib',  vexText, vexMask(32)),
    form('VPCMPESTRM',  'VEX.128.66.0F3A.W1 60 /r ib',  vexText, vexMask(64), go),
    form('VPCMPESTRI',  'VEX.128.66.0F3A.W0 61 /r ib',  vexText, compareText('index', 32)),
    form('VPCMPESTRI',  'VEX.128.66.0F3A.W1 61 /r ib',  vexText, compareText('index', 64), go),
    form('VPCMPISTRM',  'VEX.128.66.0F3A.WIG 62 /r ib', vexText, vexMask(undefined)),
    form('VPCMPISTRI',  'VEX.128.66.0F3A.WIG 63 /r ib', vexText, compareText('index', undefined)),
  ]),
];
