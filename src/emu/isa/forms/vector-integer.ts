/** Packed integers and vector logic, SSE and AVX. SDM vol. 1, 5.5.1.3, 5.5.2, 5.6.1.3, 5.6.3, 5.8–5.10, 14.3, 14.5. */
import { type Form, form, type Traits } from '../form.ts';
import * as l from '../lanes.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops } from '../ops.ts';
import {
  aligned,
  type Binary,
  binaryFamily,
  type Family,
  legacyBinary,
  legacyUnary,
  putVex,
  type Unary,
  unaryFamily,
  vexBinary,
  vexed,
  vexUnary,
} from '../packed.ts';
import { type Place, part } from '../place.ts';
import { shiftBytesLeft, shiftBytesRight } from '../shuffles.ts';

const AVX: Traits = { feature: 'AVX' };
const AVX2: Traits = { feature: 'AVX2' };
const SSE41: Traits = { feature: 'SSE4.1' };

// What a family's legacy rows need; and that AVX has its 256-bit form already, as all of floating point.
const ssse3: Family = { sse: 'SSSE3' };
const sse41: Family = { sse: 'SSE4.1' };
const sse42: Family = { sse: 'SSE4.2' };
const float: Family = { avx256: 'AVX' };
const named = (vex: string): Family => ({ vex });

/** Vector shifts by one count for all lanes: the low 64 bits of a vector register or of 128 in memory. */
const vexShiftAll =
  (f: Binary): Meaning =>
  (o, dst: Place, a: Place, counts: Place) => {
    const count = o.let(o.get(counts));
    putVex(o, dst, (n) => f(o, o.let(o.get(part(a, n))), count, 0));
  };

/** The destination of a shift by an immediate is ModRM.rm, and that of its VEX twins VEX.vvvv. */
function byImmediate(name: string, vex: string, encoding: string, f: Unary): Form[] {
  return [
    form(name, encoding, [k.xmmRm, k.simm8], (o, dst: Place, imm: Place) => legacyUnary(f)(o, dst, dst, imm)),
    form(vex, vexed(encoding, 128), [k.xmmV, k.xmmRm, k.bits8], vexUnary(f), AVX),
    form(vex, vexed(encoding, 256), [k.ymmV, k.ymmRm, k.bits8], vexUnary(f), AVX2),
  ];
}

/** `name` of both kinds: `byVector` is the opcode with counts from a vector, `byImm` opcode and digit of the other. */
function shift(name: string, vex: string, op: l.Shift, w: 16 | 32 | 64, byVector: string, byImm: string): Form[] {
  const encoding = `66 0F ${byVector} /r`;
  const f = l.shiftAll(op, w);
  return [
    form(name, encoding, [k.xmm, k.xmmM128], legacyBinary(f)),
    ...byImmediate(name, vex, `66 0F ${byImm} ib`, l.shiftBy(op, w)),
    form(vex, vexed(encoding, 128), [k.xmm, k.xmmV, k.xmmM128], vexShiftAll(f), AVX),
    form(vex, vexed(encoding, 256), [k.ymm, k.ymmV, k.xmmM128], vexShiftAll(f), AVX2),
  ];
}

/** AVX2's shifts with a count for every lane. */
function shiftEach(name: string, op: l.Shift, w: 32 | 64, opcode: string): Form[] {
  const rest = `66.0F38.W${w === 64 ? 1 : 0} ${opcode} /r`;
  const meaning = vexBinary(l.shiftEach(op, w));
  return [
    form(name, `VEX.128.${rest}`, [k.xmm, k.xmmV, k.xmmM128], meaning, AVX2),
    form(name, `VEX.256.${rest}`, [k.ymm, k.ymmV, k.ymmM256], meaning, AVX2),
  ];
}

/** ZF: b & a is zero; CF: b & ~a is. `of` keeps the bits that count; the other flags become 0. */
const test =
  (of: <V>(o: Ops<V>, v: V) => V): Meaning =>
  <V>(o: Ops<V>, first: Place, second: Place) => {
    const halves = first.w === 256 ? ([0, 1] as const) : ([0] as const);
    const both = halves.map((n): [V, V] => [o.let(o.get(part(first, n))), o.let(o.get(part(second, n)))]);
    const none = (values: V[]): V => o.isZero(values.map((v) => of(o, v)).reduce((x, y) => o.or(x, y)));
    o.setFlag('ZF', none(both.map(([a, b]) => o.and(a, b))));
    o.setFlag('CF', none(both.map(([a, b]) => o.and(o.not(a, 128), b))));
    for (const f of ['PF', 'AF', 'SF', 'OF'] as const) o.setFlag(f, o.const(0n));
  };
const everyBit = test((_, v) => v);
const legacyTest: Meaning = (o, a: Place, b: Place) => {
  aligned(o, b);
  everyBit(o, a, b);
};
const signs = (w: 32 | 64): Meaning => test((o, v) => o.signs(v, w));

const lane = l.lanewise;

// biome-ignore format: table
export const vectorInteger: readonly Form[] = [
  ...binaryFamily('PAND',      '66 0F DB /r',    l.and),
  ...binaryFamily('PANDN',     '66 0F DF /r',    l.andNot),
  ...binaryFamily('POR',       '66 0F EB /r',    l.or),
  ...binaryFamily('PXOR',      '66 0F EF /r',    l.xor),
  ...binaryFamily('ANDPS',     'NP 0F 54 /r',    l.and,    float),
  ...binaryFamily('ANDPD',     '66 0F 54 /r',    l.and,    float),
  ...binaryFamily('ANDNPS',    'NP 0F 55 /r',    l.andNot, float),
  ...binaryFamily('ANDNPD',    '66 0F 55 /r',    l.andNot, float),
  ...binaryFamily('ORPS',      'NP 0F 56 /r',    l.or,     float),
  ...binaryFamily('ORPD',      '66 0F 56 /r',    l.or,     float),
  ...binaryFamily('XORPS',     'NP 0F 57 /r',    l.xor,    float),
  ...binaryFamily('XORPD',     '66 0F 57 /r',    l.xor,    float),

  ...binaryFamily('PADDB',     '66 0F FC /r',    lane('add', 8)),
  ...binaryFamily('PADDW',     '66 0F FD /r',    lane('add', 16)),
  ...binaryFamily('PADDL',     '66 0F FE /r',    lane('add', 32), named('VPADDD')),
  ...binaryFamily('PADDQ',     '66 0F D4 /r',    lane('add', 64)),
  ...binaryFamily('PADDSB',    '66 0F EC /r',    lane('addSigned', 8)),
  ...binaryFamily('PADDSW',    '66 0F ED /r',    lane('addSigned', 16)),
  ...binaryFamily('PADDUSB',   '66 0F DC /r',    lane('addUnsigned', 8)),
  ...binaryFamily('PADDUSW',   '66 0F DD /r',    lane('addUnsigned', 16)),
  ...binaryFamily('PSUBB',     '66 0F F8 /r',    lane('sub', 8)),
  ...binaryFamily('PSUBW',     '66 0F F9 /r',    lane('sub', 16)),
  ...binaryFamily('PSUBL',     '66 0F FA /r',    lane('sub', 32), named('VPSUBD')),
  ...binaryFamily('PSUBQ',     '66 0F FB /r',    lane('sub', 64)),
  ...binaryFamily('PSUBSB',    '66 0F E8 /r',    lane('subSigned', 8)),
  ...binaryFamily('PSUBSW',    '66 0F E9 /r',    lane('subSigned', 16)),
  ...binaryFamily('PSUBUSB',   '66 0F D8 /r',    lane('subUnsigned', 8)),
  ...binaryFamily('PSUBUSW',   '66 0F D9 /r',    lane('subUnsigned', 16)),
  ...binaryFamily('PAVGB',     '66 0F E0 /r',    lane('average', 8)),
  ...binaryFamily('PAVGW',     '66 0F E3 /r',    lane('average', 16)),
  ...binaryFamily('PHADDW',    '66 0F 38 01 /r', l.horizontal('add', 16),       ssse3),
  ...binaryFamily('PHADDD',    '66 0F 38 02 /r', l.horizontal('add', 32),       ssse3),
  ...binaryFamily('PHADDSW',   '66 0F 38 03 /r', l.horizontal('addSigned', 16), ssse3),
  ...binaryFamily('PHSUBW',    '66 0F 38 05 /r', l.horizontal('sub', 16),       ssse3),
  ...binaryFamily('PHSUBD',    '66 0F 38 06 /r', l.horizontal('sub', 32),       ssse3),
  ...binaryFamily('PHSUBSW',   '66 0F 38 07 /r', l.horizontal('subSigned', 16), ssse3),

  ...binaryFamily('PMULLW',    '66 0F D5 /r',    lane('mul', 16)),
  ...binaryFamily('PMULHW',    '66 0F E5 /r',    lane('mulHighSigned', 16)),
  ...binaryFamily('PMULHUW',   '66 0F E4 /r',    lane('mulHighUnsigned', 16)),
  ...binaryFamily('PMULHRSW',  '66 0F 38 0B /r', lane('mulRounded', 16), ssse3),
  ...binaryFamily('PMULLD',    '66 0F 38 40 /r', lane('mul', 32),        sse41),
  ...binaryFamily('PMULULQ',   '66 0F F4 /r',    l.multiplyEvenUnsigned, named('VPMULUDQ')),
  ...binaryFamily('PMULDQ',    '66 0F 38 28 /r', l.multiplyEvenSigned,   sse41),
  ...binaryFamily('PMADDWL',   '66 0F F5 /r',    lane('dot', 32),        named('VPMADDWD')),
  ...binaryFamily('PMADDUBSW', '66 0F 38 04 /r', l.multiplyAddBytes,     ssse3),
  ...binaryFamily('PSADBW',    '66 0F F6 /r',    l.sumOfDistances),
  ...binaryFamily('MPSADBW',   '66 0F 3A 42 /r ib', l.multipleSums,      { sse: 'SSE4.1', step: 3 }),

  ...binaryFamily('PMINUB',    '66 0F DA /r',    lane('minUnsigned', 8)),
  ...binaryFamily('PMINSW',    '66 0F EA /r',    lane('minSigned', 16)),
  ...binaryFamily('PMINSB',    '66 0F 38 38 /r', lane('minSigned', 8),    sse41),
  ...binaryFamily('PMINSD',    '66 0F 38 39 /r', lane('minSigned', 32),   sse41),
  ...binaryFamily('PMINUW',    '66 0F 38 3A /r', lane('minUnsigned', 16), sse41),
  ...binaryFamily('PMINUD',    '66 0F 38 3B /r', lane('minUnsigned', 32), sse41),
  ...binaryFamily('PMAXUB',    '66 0F DE /r',    lane('maxUnsigned', 8)),
  ...binaryFamily('PMAXSW',    '66 0F EE /r',    lane('maxSigned', 16)),
  ...binaryFamily('PMAXSB',    '66 0F 38 3C /r', lane('maxSigned', 8),    sse41),
  ...binaryFamily('PMAXSD',    '66 0F 38 3D /r', lane('maxSigned', 32),   sse41),
  ...binaryFamily('PMAXUW',    '66 0F 38 3E /r', lane('maxUnsigned', 16), sse41),
  ...binaryFamily('PMAXUD',    '66 0F 38 3F /r', lane('maxUnsigned', 32), sse41),
  ...unaryFamily( 'PABSB',     '66 0F 38 1C /r', l.absolute(8),           ssse3),
  ...unaryFamily( 'PABSW',     '66 0F 38 1D /r', l.absolute(16),          ssse3),
  ...unaryFamily( 'PABSD',     '66 0F 38 1E /r', l.absolute(32),          ssse3),
  ...binaryFamily('PSIGNB',    '66 0F 38 08 /r', l.withSignOf(8),         ssse3),
  ...binaryFamily('PSIGNW',    '66 0F 38 09 /r', l.withSignOf(16),        ssse3),
  ...binaryFamily('PSIGND',    '66 0F 38 0A /r', l.withSignOf(32),        ssse3),
  form('PHMINPOSUW',  '66 0F 38 41 /r',            [k.xmm, k.xmmM128], legacyUnary(l.smallestWord), SSE41),
  form('VPHMINPOSUW', 'VEX.128.66.0F38.WIG 41 /r', [k.xmm, k.xmmM128], vexUnary(l.smallestWord),    AVX),

  ...binaryFamily('PCMPEQB',   '66 0F 74 /r',    lane('equal', 8)),
  ...binaryFamily('PCMPEQW',   '66 0F 75 /r',    lane('equal', 16)),
  ...binaryFamily('PCMPEQL',   '66 0F 76 /r',    lane('equal', 32),         named('VPCMPEQD')),
  ...binaryFamily('PCMPEQQ',   '66 0F 38 29 /r', lane('equal', 64),         sse41),
  ...binaryFamily('PCMPGTB',   '66 0F 64 /r',    lane('greaterSigned', 8)),
  ...binaryFamily('PCMPGTW',   '66 0F 65 /r',    lane('greaterSigned', 16)),
  ...binaryFamily('PCMPGTL',   '66 0F 66 /r',    lane('greaterSigned', 32), named('VPCMPGTD')),
  ...binaryFamily('PCMPGTQ',   '66 0F 38 37 /r', lane('greaterSigned', 64), sse42),
  form('PTEST',   '66 0F 38 17 /r',            [k.xmm, k.xmmM128], legacyTest, SSE41),
  form('VPTEST',  'VEX.128.66.0F38.WIG 17 /r', [k.xmm, k.xmmM128], everyBit,   AVX),
  form('VPTEST',  'VEX.256.66.0F38.WIG 17 /r', [k.ymm, k.ymmM256], everyBit,   AVX),
  form('VTESTPS', 'VEX.128.66.0F38.W0 0E /r',  [k.xmm, k.xmmM128], signs(32),  AVX),
  form('VTESTPS', 'VEX.256.66.0F38.W0 0E /r',  [k.ymm, k.ymmM256], signs(32),  AVX),
  form('VTESTPD', 'VEX.128.66.0F38.W0 0F /r',  [k.xmm, k.xmmM128], signs(64),  AVX),
  form('VTESTPD', 'VEX.256.66.0F38.W0 0F /r',  [k.ymm, k.ymmM256], signs(64),  AVX),

  ...shift('PSLLW', 'VPSLLW', 'shl', 16, 'F1', '71 /6'),
  ...shift('PSLLL', 'VPSLLD', 'shl', 32, 'F2', '72 /6'),
  ...shift('PSLLQ', 'VPSLLQ', 'shl', 64, 'F3', '73 /6'),
  ...shift('PSRLW', 'VPSRLW', 'shr', 16, 'D1', '71 /2'),
  ...shift('PSRLL', 'VPSRLD', 'shr', 32, 'D2', '72 /2'),
  ...shift('PSRLQ', 'VPSRLQ', 'shr', 64, 'D3', '73 /2'),
  ...shift('PSRAW', 'VPSRAW', 'sar', 16, 'E1', '71 /4'),
  ...shift('PSRAL', 'VPSRAD', 'sar', 32, 'E2', '72 /4'),
  ...byImmediate('PSLLO', 'VPSLLDQ', '66 0F 73 /7 ib', shiftBytesLeft),
  ...byImmediate('PSRLO', 'VPSRLDQ', '66 0F 73 /3 ib', shiftBytesRight),
  ...shiftEach('VPSLLVD', 'shl', 32, '47'),
  ...shiftEach('VPSLLVQ', 'shl', 64, '47'),
  ...shiftEach('VPSRLVD', 'shr', 32, '45'),
  ...shiftEach('VPSRLVQ', 'shr', 64, '45'),
  ...shiftEach('VPSRAVD', 'sar', 32, '46'),
];
