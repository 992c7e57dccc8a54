/** Pack, unpack, shuffle, blend, widen, insert, extract, broadcast, SSE and AVX. SDM vol. 1, 5.5–5.10, 14.3, 14.4. */
import { type Form, form, requires, type Traits } from '../form.ts';
import { blendBy, pack } from '../lanes.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import {
  aligned,
  type Binary,
  binaryFamily,
  type Family,
  immediate,
  needing,
  putVex,
  type Unary,
  unaryFamily,
  vexBinary,
  vexed,
  vexUnary,
  widened,
  zero,
} from '../packed.ts';
import { type Place, part } from '../place.ts';
import * as s from '../shuffles.ts';

const AVX: Traits = { feature: 'AVX' };
const AVX2: Traits = { feature: 'AVX2' };
const SSE41: Traits = { feature: 'SSE4.1' };
const ssse3: Family = { sse: 'SSSE3' };
const sse41: Family = { sse: 'SSE4.1' };
const float: Family = { avx256: 'AVX' };
const blendFloat = (step: number): Family => ({ sse: 'SSE4.1', avx256: 'AVX', step });
const named = (vex: string): Family => ({ vex });

/** PMOVSX…, PMOVZX…: the source is as many lanes as the destination has, in its lowest bits. */
function extend(name: string, opcode: string, from: 8 | 16 | 32, to: 16 | 32 | 64, signed: boolean): Form[] {
  const encoding = `66 0F 38 ${opcode} /r`;
  const lanes = 128 / to;
  // The operand of the 128-bit forms, and of the 256-bit one that reads twice as much.
  const [small, large] = { 2: [k.xmmM64, k.xmmM128], 4: [k.xmmM32, k.xmmM64], 8: [k.xmmM16, k.xmmM32] }[to / from]!;
  const legacy: Meaning = (o, dst: Place, src: Place) => o.put(dst, s.extend(o, from, to, signed, widened(o, src), 0));
  const vex: Meaning = (o, dst: Place, src: Place) => {
    const v = o.let(widened(o, src));
    putVex(o, dst, (n) => s.extend(o, from, to, signed, v, lanes * n));
  };
  return [
    form(name, encoding, [k.xmm, small!], legacy, SSE41),
    form(`V${name}`, vexed(encoding, 128), [k.xmm, small!], vex, AVX),
    form(`V${name}`, vexed(encoding, 256), [k.ymm, large!], vex, AVX2),
  ];
}

/** Blends by a mask: XMM0 in the legacy form, a fourth register (is4) in the VEX ones. */
function blendByMask(name: string, w: 8 | 32 | 64, legacy: string, vex: string, avx256: Traits['feature']): Form[] {
  const f = blendBy(w);
  const legacyMeaning: Meaning = (o, dst: Place, src: Place, mask: Place) => {
    aligned(o, src);
    o.put(dst, f(o, o.get(dst), o.get(src), o.get(mask)));
  };
  const vexMeaning: Meaning = (o, dst: Place, a: Place, b: Place, mask: Place) =>
    putVex(o, dst, (n) => f(o, o.get(part(a, n)), o.get(part(b, n)), o.get(part(mask, n))));
  return [
    form(name, `66 0F 38 ${legacy} /r`, [k.xmm, k.xmmM128, k.XMM0], legacyMeaning, SSE41),
    form(`V${name}`, `VEX.128.66.0F3A.W0 ${vex} /r /is4`, [k.xmm, k.xmmV, k.xmmM128, k.xmmI], vexMeaning, AVX),
    form(
      `V${name}`,
      `VEX.256.66.0F3A.W0 ${vex} /r /is4`,
      [k.ymm, k.ymmV, k.ymmM256, k.ymmI],
      vexMeaning,
      needing({}, avx256),
    ),
  ];
}

/** A lane by its number: the immediate counts modulo the lanes there are. */
const laneNumber = (imm: Place, w: Width): number => immediate(imm) % (128 / w);

const extract =
  (w: 8 | 16 | 32 | 64): Meaning =>
  (o, dst: Place, src: Place, imm: Place) =>
    o.put(dst, o.lane(o.get(src), w, laneNumber(imm, w)));
const insert =
  (w: 8 | 16 | 32 | 64): Meaning =>
  (o, dst: Place, src: Place, imm: Place) =>
    o.put(dst, o.withLane(o.get(dst), w, laneNumber(imm, w), o.narrow(o.get(src), w)));
const vexInsert =
  (w: 8 | 16 | 32 | 64): Meaning =>
  (o, dst: Place, a: Place, src: Place, imm: Place) =>
    putVex(o, dst, () => o.withLane(o.get(a), w, laneNumber(imm, w), o.narrow(o.get(src), w)));

/** INSERTPS: bits 7–6 pick a lane of `b` (memory has but one), 5–4 where it goes, 3–0 which lanes become zero. */
const insertSingle = <V>(o: Ops<V>, a: V, b: Place, imm: number): V => {
  const single = b.in === 'mem' ? o.get(b) : o.lane(o.get(b), 32, imm >> 6);
  let out = o.withLane(a, 32, (imm >> 4) & 3, single);
  for (let n = 0; n < 4; n++) if ((imm >> n) & 1) out = o.withLane(out, 32, n, o.const(0n));
  return out;
};
const insertps: Meaning = (o, dst: Place, src: Place, imm: Place) =>
  o.put(dst, insertSingle(o, o.get(dst), src, immediate(imm)));
const vinsertps: Meaning = (o, dst: Place, a: Place, src: Place, imm: Place) =>
  putVex(o, dst, () => insertSingle(o, o.get(a), src, immediate(imm)));

const broadcast =
  (w: 8 | 16 | 32 | 64): Meaning =>
  (o, dst: Place, src: Place) => {
    const all = o.let(o.splat(src.w === 128 ? o.lane(o.get(src), w, 0) : o.get(src), w));
    putVex(o, dst, () => all);
  };
const broadcastHalf: Meaning = (o, dst: Place, src: Place) => {
  const half = o.let(o.get(src));
  putVex(o, dst, () => half);
};

/** Both halves of a 256-bit operand. All of it is read, whatever is used. */
const halves = <V>(o: Ops<V>, p: Place): [V, V] => [o.let(o.get(part(p, 0))), o.let(o.get(part(p, 1)))];

const extractHalf: Meaning = (o, dst: Place, src: Place, imm: Place) =>
  putVex(o, dst, () => o.get(part(src, immediate(imm) & 1 ? 1 : 0)));
const insertHalf: Meaning = (o, dst: Place, a: Place, b: Place, imm: Place) => {
  const half = o.let(o.get(b));
  putVex(o, dst, (n) => ((immediate(imm) & 1) === n ? half : o.get(part(a, n))));
};
/** VPERM2F128: four bits a half, of which two pick one of the four halves there are, and the top one zero. */
const permuteHalves: Meaning = (o, dst: Place, a: Place, b: Place, imm: Place) => {
  const all = [...halves(o, a), ...halves(o, b)];
  putVex(o, dst, (n) => {
    const control = immediate(imm) >> (4 * n);
    return control & 8 ? zero(o) : all[control & 3]!;
  });
};
/** VPERMQ: each of the four lanes is any of the four. */
const permuteLanes: Meaning = (o, dst: Place, src: Place, imm: Place) => {
  const [low, high] = halves(o, src);
  const lane = (n: number): number => (immediate(imm) >> (2 * n)) & 3;
  putVex(o, dst, (n) => o.shuffle(low, high, s.pick(64, [lane(2 * n), lane(2 * n + 1)])));
};
/** VPERMD: each of the eight lanes is any of the eight, by a vector of lane numbers. */
const permuteByLane: Meaning = (o, dst: Place, indices: Place, src: Place) => {
  const [low, high] = halves(o, src);
  putVex(o, dst, (n) => {
    const lanes = o.and(o.get(part(indices, n)), o.splat(o.const(7n), 32));
    const bytes = o.let(s.bytesOfLanes(o, 32, lanes));
    // Of the two swizzles, each gives zeros where the byte is the other's.
    const above = o.lanes('sub', 8, bytes, o.splat(o.const(16n), 8));
    return o.or(o.swizzle(low, bytes), o.swizzle(high, above));
  });
};

/** VPERMILPS, VPERMILPD: within each half, by a vector (`byVector` is that opcode) or by an immediate. */
function permuteWithin(
  name: string,
  w: 32 | 64,
  byVector: string,
  byImmediate: string,
  f: Unary,
  step: number,
): Form[] {
  const vector = vexBinary(s.permuteBy(w));
  const imm = vexUnary(f, step);
  return requires('AVX', [
    form(name, `VEX.128.66.0F3A.W0 ${byImmediate} /r ib`, [k.xmm, k.xmmM128, k.bits8], imm),
    form(name, `VEX.256.66.0F3A.W0 ${byImmediate} /r ib`, [k.ymm, k.ymmM256, k.bits8], imm),
    form(name, `VEX.128.66.0F38.W0 ${byVector} /r`, [k.xmm, k.xmmV, k.xmmM128], vector),
    form(name, `VEX.256.66.0F38.W0 ${byVector} /r`, [k.ymm, k.ymmV, k.ymmM256], vector),
  ]);
}

const broadcastInteger = (name: string, opcode: string, w: 8 | 16 | 32 | 64, src: typeof k.xmmM8): Form[] =>
  requires('AVX2', [
    form(name, `VEX.128.66.0F38.W0 ${opcode} /r`, [k.xmm, src], broadcast(w)),
    form(name, `VEX.256.66.0F38.W0 ${opcode} /r`, [k.ymm, src], broadcast(w)),
  ]);

const blendDwords: Binary = s.blend(32);

// biome-ignore format: table
export const vectorShuffle: readonly Form[] = [
  ...binaryFamily('PACKSSWB',   '66 0F 63 /r',    pack(16, 'signed')),
  ...binaryFamily('PACKSSLW',   '66 0F 6B /r',    pack(32, 'signed'),   named('VPACKSSDW')),
  ...binaryFamily('PACKUSWB',   '66 0F 67 /r',    pack(16, 'unsigned')),
  ...binaryFamily('PACKUSDW',   '66 0F 38 2B /r', pack(32, 'unsigned'), sse41),
  ...binaryFamily('PUNPCKLBW',  '66 0F 60 /r',    s.unpackLow(8)),
  ...binaryFamily('PUNPCKLWL',  '66 0F 61 /r',    s.unpackLow(16),  named('VPUNPCKLWD')),
  ...binaryFamily('PUNPCKLLQ',  '66 0F 62 /r',    s.unpackLow(32),  named('VPUNPCKLDQ')),
  ...binaryFamily('PUNPCKLQDQ', '66 0F 6C /r',    s.unpackLow(64)),
  ...binaryFamily('PUNPCKHBW',  '66 0F 68 /r',    s.unpackHigh(8)),
  ...binaryFamily('PUNPCKHWL',  '66 0F 69 /r',    s.unpackHigh(16), named('VPUNPCKHWD')),
  ...binaryFamily('PUNPCKHLQ',  '66 0F 6A /r',    s.unpackHigh(32), named('VPUNPCKHDQ')),
  ...binaryFamily('PUNPCKHQDQ', '66 0F 6D /r',    s.unpackHigh(64)),
  ...binaryFamily('UNPCKLPS',   'NP 0F 14 /r',    s.unpackLow(32),  float),
  ...binaryFamily('UNPCKLPD',   '66 0F 14 /r',    s.unpackLow(64),  float),
  ...binaryFamily('UNPCKHPS',   'NP 0F 15 /r',    s.unpackHigh(32), float),
  ...binaryFamily('UNPCKHPD',   '66 0F 15 /r',    s.unpackHigh(64), float),

  ...extend('PMOVSXBW', '20', 8,  16, true),
  ...extend('PMOVSXBD', '21', 8,  32, true),
  ...extend('PMOVSXBQ', '22', 8,  64, true),
  ...extend('PMOVSXWD', '23', 16, 32, true),
  ...extend('PMOVSXWQ', '24', 16, 64, true),
  ...extend('PMOVSXDQ', '25', 32, 64, true),
  ...extend('PMOVZXBW', '30', 8,  16, false),
  ...extend('PMOVZXBD', '31', 8,  32, false),
  ...extend('PMOVZXBQ', '32', 8,  64, false),
  ...extend('PMOVZXWD', '33', 16, 32, false),
  ...extend('PMOVZXWQ', '34', 16, 64, false),
  ...extend('PMOVZXDQ', '35', 32, 64, false),

  ...binaryFamily('PSHUFB',  '66 0F 38 00 /r',    s.shuffleBytes, ssse3),
  ...unaryFamily( 'PSHUFD',  '66 0F 70 /r ib',    s.shuffleDwords),
  ...unaryFamily( 'PSHUFHW', 'F3 0F 70 /r ib',    s.shuffleHighWords),
  ...unaryFamily( 'PSHUFLW', 'F2 0F 70 /r ib',    s.shuffleLowWords),
  ...binaryFamily('SHUFPS',  'NP 0F C6 /r ib',    s.shuffleSingles, float),
  ...binaryFamily('SHUFPD',  '66 0F C6 /r ib',    s.shufflePairs,   { avx256: 'AVX', step: 2 }),
  ...binaryFamily('PALIGNR', '66 0F 3A 0F /r ib', s.alignRight,     ssse3),

  ...binaryFamily('PBLENDW', '66 0F 3A 0E /r ib', s.blend(16), sse41),
  ...binaryFamily('BLENDPS', '66 0F 3A 0C /r ib', s.blend(32), blendFloat(4)),
  ...binaryFamily('BLENDPD', '66 0F 3A 0D /r ib', s.blend(64), blendFloat(2)),
  form('VPBLENDD', 'VEX.128.66.0F3A.W0 02 /r ib', [k.xmm, k.xmmV, k.xmmM128, k.bits8], vexBinary(blendDwords, 4), AVX2),
  form('VPBLENDD', 'VEX.256.66.0F3A.W0 02 /r ib', [k.ymm, k.ymmV, k.ymmM256, k.bits8], vexBinary(blendDwords, 4), AVX2),
  ...blendByMask('PBLENDVB', 8,  '10', '4C', 'AVX2'),
  ...blendByMask('BLENDVPS', 32, '14', '4A', 'AVX'),
  ...blendByMask('BLENDVPD', 64, '15', '4B', 'AVX'),

  form('PEXTRB',     '66 0F 3A 14 /r ib',              [k.m8,    k.xmm, k.bits8],            extract(8),  SSE41),
  form('PEXTRB',     '66 0F 3A 14 /r ib',              [k.r32Rm, k.xmm, k.bits8],            extract(8),  SSE41),
  form('VPEXTRB',    'VEX.128.66.0F3A.WIG 14 /r ib',   [k.m8,    k.xmm, k.bits8],            extract(8),  AVX),
  form('VPEXTRB',    'VEX.128.66.0F3A.WIG 14 /r ib',   [k.r32Rm, k.xmm, k.bits8],            extract(8),  AVX),
  // Go takes the older encoding of PEXTRW between registers, and the newer of VPEXTRW.
  form('PEXTRW',     '66 0F C5 /r ib',                 [k.r32, k.xmmRm, k.bits8],            extract(16)),
  form('PEXTRW',     '66 0F 3A 15 /r ib',              [k.m16,   k.xmm, k.bits8],            extract(16), SSE41),
  form('PEXTRW',     '66 0F 3A 15 /r ib',              [k.r32Rm, k.xmm, k.bits8],            extract(16), SSE41),
  form('VPEXTRW',    'VEX.128.66.0F3A.WIG 15 /r ib',   [k.m16,   k.xmm, k.bits8],            extract(16), AVX),
  form('VPEXTRW',    'VEX.128.66.0F3A.WIG 15 /r ib',   [k.r32Rm, k.xmm, k.bits8],            extract(16), AVX),
  form('VPEXTRW',    'VEX.128.66.0F.WIG C5 /r ib',     [k.r32, k.xmmRm, k.bits8],            extract(16), AVX),
  form('PEXTRD',     '66 0F 3A 16 /r ib',              [k.rm32, k.xmm, k.bits8],             extract(32), SSE41),
  form('VPEXTRD',    'VEX.128.66.0F3A.W0 16 /r ib',    [k.rm32, k.xmm, k.bits8],             extract(32), AVX),
  form('PEXTRQ',     '66 REX.W 0F 3A 16 /r ib',        [k.rm64, k.xmm, k.bits8],             extract(64), SSE41),
  form('VPEXTRQ',    'VEX.128.66.0F3A.W1 16 /r ib',    [k.rm64, k.xmm, k.bits8],             extract(64), AVX),
  form('EXTRACTPS',  '66 0F 3A 17 /r ib',              [k.rm32, k.xmm, k.lane4],             extract(32), SSE41),
  form('VEXTRACTPS', 'VEX.128.66.0F3A.WIG 17 /r ib',   [k.rm32, k.xmm, k.bits8],             extract(32), AVX),
  form('PINSRB',     '66 0F 3A 20 /r ib',              [k.xmm, k.m8,    k.bits8],            insert(8),   SSE41),
  form('PINSRB',     '66 0F 3A 20 /r ib',              [k.xmm, k.r32Rm, k.bits8],            insert(8),   SSE41),
  form('VPINSRB',    'VEX.128.66.0F3A.WIG 20 /r ib',   [k.xmm, k.xmmV, k.m8,    k.bits8],    vexInsert(8), AVX),
  form('VPINSRB',    'VEX.128.66.0F3A.WIG 20 /r ib',   [k.xmm, k.xmmV, k.r32Rm, k.bits8],    vexInsert(8), AVX),
  form('PINSRW',     '66 0F C4 /r ib',                 [k.xmm, k.m16,   k.bits8],            insert(16)),
  form('PINSRW',     '66 0F C4 /r ib',                 [k.xmm, k.r32Rm, k.bits8],            insert(16)),
  form('VPINSRW',    'VEX.128.66.0F.WIG C4 /r ib',     [k.xmm, k.xmmV, k.m16,   k.bits8],    vexInsert(16), AVX),
  form('VPINSRW',    'VEX.128.66.0F.WIG C4 /r ib',     [k.xmm, k.xmmV, k.r32Rm, k.bits8],    vexInsert(16), AVX),
  form('PINSRD',     '66 0F 3A 22 /r ib',              [k.xmm, k.rm32, k.bits8],             insert(32),  SSE41),
  form('VPINSRD',    'VEX.128.66.0F3A.W0 22 /r ib',    [k.xmm, k.xmmV, k.rm32, k.bits8],     vexInsert(32), AVX),
  form('PINSRQ',     '66 REX.W 0F 3A 22 /r ib',        [k.xmm, k.rm64, k.bits8],             insert(64),  SSE41),
  form('VPINSRQ',    'VEX.128.66.0F3A.W1 22 /r ib',    [k.xmm, k.xmmV, k.rm64, k.bits8],     vexInsert(64), AVX),
  form('INSERTPS',   '66 0F 3A 21 /r ib',              [k.xmm, k.m32,   k.bits8],            insertps,    SSE41),
  form('INSERTPS',   '66 0F 3A 21 /r ib',              [k.xmm, k.xmmRm, k.bits8],            insertps,    SSE41),
  form('VINSERTPS',  'VEX.128.66.0F3A.WIG 21 /r ib',   [k.xmm, k.xmmV, k.m32,   k.bits8],    vinsertps,   AVX),
  form('VINSERTPS',  'VEX.128.66.0F3A.WIG 21 /r ib',   [k.xmm, k.xmmV, k.xmmRm, k.bits8],    vinsertps,   AVX),

  form('VBROADCASTSS',   'VEX.128.66.0F38.W0 18 /r',   [k.xmm, k.m32],   broadcast(32), AVX),
  form('VBROADCASTSS',   'VEX.128.66.0F38.W0 18 /r',   [k.xmm, k.xmmRm], broadcast(32), AVX2),
  form('VBROADCASTSS',   'VEX.256.66.0F38.W0 18 /r',   [k.ymm, k.m32],   broadcast(32), AVX),
  form('VBROADCASTSS',   'VEX.256.66.0F38.W0 18 /r',   [k.ymm, k.xmmRm], broadcast(32), AVX2),
  form('VBROADCASTSD',   'VEX.256.66.0F38.W0 19 /r',   [k.ymm, k.m64],   broadcast(64), AVX),
  form('VBROADCASTSD',   'VEX.256.66.0F38.W0 19 /r',   [k.ymm, k.xmmRm], broadcast(64), AVX2),
  form('VBROADCASTF128', 'VEX.256.66.0F38.W0 1A /r',   [k.ymm, k.m128],  broadcastHalf, AVX),
  form('VBROADCASTI128', 'VEX.256.66.0F38.W0 5A /r',   [k.ymm, k.m128],  broadcastHalf, AVX2),
  ...broadcastInteger('VPBROADCASTB', '78', 8,  k.xmmM8),
  ...broadcastInteger('VPBROADCASTW', '79', 16, k.xmmM16),
  ...broadcastInteger('VPBROADCASTD', '58', 32, k.xmmM32),
  ...broadcastInteger('VPBROADCASTQ', '59', 64, k.xmmM64),

  form('VEXTRACTF128', 'VEX.256.66.0F3A.W0 19 /r ib',  [k.xmmM128, k.ymm, k.bits8],          extractHalf,   AVX),
  form('VEXTRACTI128', 'VEX.256.66.0F3A.W0 39 /r ib',  [k.xmmM128, k.ymm, k.bits8],          extractHalf,   AVX2),
  form('VINSERTF128',  'VEX.256.66.0F3A.W0 18 /r ib',  [k.ymm, k.ymmV, k.xmmM128, k.bits8],  insertHalf,    AVX),
  form('VINSERTI128',  'VEX.256.66.0F3A.W0 38 /r ib',  [k.ymm, k.ymmV, k.xmmM128, k.bits8],  insertHalf,    AVX2),
  form('VPERM2F128',   'VEX.256.66.0F3A.W0 06 /r ib',  [k.ymm, k.ymmV, k.ymmM256, k.bits8],  permuteHalves, AVX),
  form('VPERM2I128',   'VEX.256.66.0F3A.W0 46 /r ib',  [k.ymm, k.ymmV, k.ymmM256, k.bits8],  permuteHalves, AVX2),
  form('VPERMQ',       'VEX.256.66.0F3A.W1 00 /r ib',  [k.ymm, k.ymmM256, k.bits8],          permuteLanes,  AVX2),
  form('VPERMPD',      'VEX.256.66.0F3A.W1 01 /r ib',  [k.ymm, k.ymmM256, k.bits8],          permuteLanes,  AVX2),
  form('VPERMD',       'VEX.256.66.0F38.W0 36 /r',     [k.ymm, k.ymmV, k.ymmM256],           permuteByLane, AVX2),
  form('VPERMPS',      'VEX.256.66.0F38.W0 16 /r',     [k.ymm, k.ymmV, k.ymmM256],           permuteByLane, AVX2),
  ...permuteWithin('VPERMILPS', 32, '0C', '04', s.shuffleDwords,  0),
  ...permuteWithin('VPERMILPD', 64, '0D', '05', s.permuteQwords, 2),
];
