/** Moves to, from and between vector registers, SSE and AVX. SDM vol. 1, 5.5.1.1, 5.6.1.1, 5.6.3, 5.7.1, 5.10, 14.4. */
import { type Form, form, type Traits } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops } from '../ops.ts';
import { aligned, legacyUnary, needing, putVex, vexed, vexUnary, widened, zero } from '../packed.ts';
import { type Place, part } from '../place.ts';
import { duplicateEven, duplicateLow, duplicateOdd } from '../shuffles.ts';

const AVX: Traits = { feature: 'AVX' };
const AVX2: Traits = { feature: 'AVX2' };
const SSE3: Traits = { feature: 'SSE3' };
const SSE41: Traits = { feature: 'SSE4.1' };

// All of a vector register, or as much of memory.
const move: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.get(src));
const moveAligned: Meaning = (o, dst: Place, src: Place) => {
  aligned(o, dst);
  aligned(o, src);
  o.put(dst, o.get(src));
};
const vexMove: Meaning = (o, dst: Place, src: Place) => putVex(o, dst, (n) => o.get(part(src, n)));
const vexMoveAligned: Meaning = (o, dst: Place, src: Place) => {
  aligned(o, dst);
  aligned(o, src);
  putVex(o, dst, (n) => o.get(part(src, n)));
};

// A scalar into a vector register: the rest becomes zero.
const load: Meaning = (o, dst: Place, src: Place) => o.put(dst, widened(o, src));
const vexLoad: Meaning = (o, dst: Place, src: Place) => putVex(o, dst, () => widened(o, src));
// The lowest lane of a vector register into a general one or memory.
const store: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.narrow(o.half(o.get(src), 0), dst.w));
// Between vector registers, MOVQ clears the upper half.
const storeQword: Meaning = (o, dst: Place, src: Place) => {
  const low = o.half(o.get(src), 0);
  o.put(dst, dst.in === 'mem' ? low : o.vector(low, o.const(0n)));
};
const vexStoreQword: Meaning = (o, dst: Place, src: Place) => {
  const low = o.half(o.get(src), 0);
  if (dst.in === 'mem') o.put(dst, low);
  else putVex(o, dst, () => o.vector(low, o.const(0n)));
};

/** Two vectors become one: what the merging moves do. Memory operands arrive as the low lane of `b`. */
type Merge = <V>(o: Ops<V>, a: V, b: V) => V;
const legacyMerge =
  (f: Merge): Meaning =>
  (o, dst: Place, src: Place) =>
    o.put(dst, f(o, o.get(dst), widened(o, src)));
const vexMerge =
  (f: Merge): Meaning =>
  (o, dst: Place, a: Place, b: Place) =>
    putVex(o, dst, () => f(o, o.get(a), widened(o, b)));

const lowDword: Merge = (o, a, b) => o.withLane(a, 32, 0, o.lane(b, 32, 0));
const lowQword: Merge = (o, a, b) => o.vector(o.half(b, 0), o.half(a, 1));
const highFromLow: Merge = (o, a, b) => o.vector(o.half(a, 0), o.half(b, 0));
const lowFromHigh: Merge = (o, a, b) => o.vector(o.half(b, 1), o.half(a, 1));
const storeHigh: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.half(o.get(src), 1));

const signBits =
  (w: 8 | 32 | 64): Meaning =>
  <V>(o: Ops<V>, dst: Place, src: Place) => {
    const low = o.signs(o.get(part(src, 0)), w);
    if (src.w !== 256) return o.put(dst, low);
    const high = o.signs(o.get(part(src, 1)), w);
    o.put(dst, o.or(low, o.shl(high, o.const(BigInt(128 / w)), 32)));
  };

const everyUpper: Meaning = (o) => {
  for (let n = 0; n < 16; n++) o.put({ in: 'xmm', n, w: 128, part: 1 }, zero(o));
};
const everyRegister: Meaning = (o) => {
  for (const part of [0, 1] as const) for (let n = 0; n < 16; n++) o.put({ in: 'xmm', n, w: 128, part }, zero(o));
};

/** The six rows of a full-width move. Legacy: Go prefers to load; VEX: to store, as between registers both could. */
function full(name: string, vex: string, load: string, store: string, alignment: 'aligned' | 'any'): Form[] {
  const [legacy, vexMeaning] = alignment === 'aligned' ? [moveAligned, vexMoveAligned] : [move, vexMove];
  return [
    form(name, load, [k.xmm, k.xmmM128], legacy),
    form(name, store, [k.xmmM128, k.xmm], legacy),
    form(vex, vexed(store, 128), [k.xmmM128, k.xmm], vexMeaning, AVX),
    form(vex, vexed(store, 256), [k.ymmM256, k.ymm], vexMeaning, AVX),
    form(vex, vexed(load, 128), [k.xmm, k.xmmM128], vexMeaning, AVX),
    form(vex, vexed(load, 256), [k.ymm, k.ymmM256], vexMeaning, AVX),
  ];
}

/** A store past the caches. */
const nonTemporal = (name: string, vex: string, encoding: string): Form[] => [
  form(name, encoding, [k.m128, k.xmm], moveAligned),
  form(vex, vexed(encoding, 128), [k.m128, k.xmm], vexMoveAligned, AVX),
  form(vex, vexed(encoding, 256), [k.m256, k.ymm], vexMoveAligned, AVX),
];

/** The lowest lane: from memory it clears the rest, between registers it leaves the rest of the first source. */
const scalar = (name: string, prefix: 'F2' | 'F3', memory: typeof k.m32, merge: Merge): Form[] => [
  form(name, `${prefix} 0F 10 /r`, [k.xmm, memory], load),
  form(name, `${prefix} 0F 10 /r`, [k.xmm, k.xmmRm], legacyMerge(merge)),
  form(name, `${prefix} 0F 11 /r`, [memory, k.xmm], store),
  form(name, `${prefix} 0F 11 /r`, [k.xmmRm, k.xmm], legacyMerge(merge)),
  form(`V${name}`, `VEX.LIG.${prefix}.0F.WIG 11 /r`, [k.xmmRm, k.xmmV, k.xmm], vexMerge(merge), AVX),
  form(`V${name}`, `VEX.LIG.${prefix}.0F.WIG 11 /r`, [memory, k.xmm], store, AVX),
  form(`V${name}`, `VEX.LIG.${prefix}.0F.WIG 10 /r`, [k.xmm, memory], vexLoad, AVX),
  form(`V${name}`, `VEX.LIG.${prefix}.0F.WIG 10 /r`, [k.xmm, k.xmmV, k.xmmRm], vexMerge(merge), AVX),
];

/** One half of a register to or from memory; the other half stays, or comes from the first source. */
const half = (name: string, into: string, out: string, merge: Merge, keep: Meaning): Form[] => [
  form(name, into, [k.xmm, k.m64], legacyMerge(merge)),
  form(name, out, [k.m64, k.xmm], keep),
  form(`V${name}`, vexed(out, 128), [k.m64, k.xmm], keep, AVX),
  form(`V${name}`, vexed(into, 128), [k.xmm, k.xmmV, k.m64], vexMerge(merge), AVX),
];

/** Lanes doubled. */
const duplicate = (name: string, encoding: string, small: typeof k.xmmM64, f: typeof duplicateLow): Form[] => [
  form(name, encoding, [k.xmm, small], legacyUnary(f), SSE3),
  form(`V${name}`, vexed(encoding, 128), [k.xmm, small], vexUnary(f), AVX),
  form(`V${name}`, vexed(encoding, 256), [k.ymm, k.ymmM256], vexUnary(f), AVX),
];

/** The top bits of all lanes into a general register. */
const mask = (name: string, encoding: string, w: 8 | 32 | 64, avx256: Traits['feature']): Form[] => [
  form(name, encoding, [k.r32, k.xmmRm], signBits(w)),
  form(`V${name}`, vexed(encoding, 128), [k.r32, k.xmmRm], signBits(w), AVX),
  form(`V${name}`, vexed(encoding, 256), [k.r32, k.ymmRm], signBits(w), needing({}, avx256)),
];

// biome-ignore format: table
export const vectorMove: readonly Form[] = [
  ...full('MOVAPS', 'VMOVAPS', 'NP 0F 28 /r', 'NP 0F 29 /r', 'aligned'),
  ...full('MOVAPD', 'VMOVAPD', '66 0F 28 /r', '66 0F 29 /r', 'aligned'),
  ...full('MOVO',   'VMOVDQA', '66 0F 6F /r', '66 0F 7F /r', 'aligned'),
  ...full('MOVUPS', 'VMOVUPS', 'NP 0F 10 /r', 'NP 0F 11 /r', 'any'),
  ...full('MOVUPD', 'VMOVUPD', '66 0F 10 /r', '66 0F 11 /r', 'any'),
  ...full('MOVOU',  'VMOVDQU', 'F3 0F 6F /r', 'F3 0F 7F /r', 'any'),

  ...nonTemporal('MOVNTPS', 'VMOVNTPS', 'NP 0F 2B /r'),
  ...nonTemporal('MOVNTPD', 'VMOVNTPD', '66 0F 2B /r'),
  ...nonTemporal('MOVNTO',  'VMOVNTDQ', '66 0F E7 /r'),
  form('MOVNTDQA',  '66 0F 38 2A /r',           [k.xmm, k.m128], moveAligned,    SSE41),
  form('VMOVNTDQA', 'VEX.128.66.0F38.WIG 2A /r', [k.xmm, k.m128], vexMoveAligned, AVX),
  form('VMOVNTDQA', 'VEX.256.66.0F38.WIG 2A /r', [k.ymm, k.m256], vexMoveAligned, AVX2),
  form('LDDQU',     'F2 0F F0 /r',              [k.xmm, k.m128], move,           SSE3),
  form('VLDDQU',    'VEX.128.F2.0F.WIG F0 /r',  [k.xmm, k.m128], vexMove,        AVX),
  form('VLDDQU',    'VEX.256.F2.0F.WIG F0 /r',  [k.ymm, k.m256], vexMove,        AVX),

  ...scalar('MOVSS', 'F3', k.m32, lowDword),
  ...scalar('MOVSD', 'F2', k.m64, lowQword),

  ...half('MOVHPS', 'NP 0F 16 /r', 'NP 0F 17 /r', highFromLow, storeHigh),
  ...half('MOVHPD', '66 0F 16 /r', '66 0F 17 /r', highFromLow, storeHigh),
  ...half('MOVLPS', 'NP 0F 12 /r', 'NP 0F 13 /r', lowQword,    store),
  ...half('MOVLPD', '66 0F 12 /r', '66 0F 13 /r', lowQword,    store),
  form('MOVLHPS',  'NP 0F 16 /r',          [k.xmm, k.xmmRm],         legacyMerge(highFromLow)),
  form('VMOVLHPS', 'VEX.128.0F.WIG 16 /r', [k.xmm, k.xmmV, k.xmmRm], vexMerge(highFromLow), AVX),
  form('MOVHLPS',  'NP 0F 12 /r',          [k.xmm, k.xmmRm],         legacyMerge(lowFromHigh)),
  form('VMOVHLPS', 'VEX.128.0F.WIG 12 /r', [k.xmm, k.xmmV, k.xmmRm], vexMerge(lowFromHigh), AVX),

  ...duplicate('MOVDDUP',  'F2 0F 12 /r', k.xmmM64,  duplicateLow),
  ...duplicate('MOVSLDUP', 'F3 0F 12 /r', k.xmmM128, duplicateEven),
  ...duplicate('MOVSHDUP', 'F3 0F 16 /r', k.xmmM128, duplicateOdd),

  // MOVQ and MOVL are Go's names for Intel's MOVQ and MOVD, in Go's order.
  form('MOVQ',  'F3 0F 7E /r',              [k.xmm,    k.xmmM64], load),
  form('MOVQ',  '66 0F D6 /r',              [k.xmmM64, k.xmm],    storeQword),
  form('MOVQ',  '66 REX.W 0F 6E /r',        [k.xmm,    k.rm64],   load),
  form('MOVQ',  '66 REX.W 0F 7E /r',        [k.rm64,   k.xmm],    store),
  form('MOVL',  '66 0F 6E /r',              [k.xmm,    k.rm32],   load),
  form('MOVL',  '66 0F 7E /r',              [k.rm32,   k.xmm],    store),
  form('VMOVQ', 'VEX.128.66.0F.W1 7E /r',   [k.rm64,   k.xmm],    store,         AVX),
  form('VMOVQ', 'VEX.128.66.0F.WIG D6 /r',  [k.xmmM64, k.xmm],    vexStoreQword, AVX),
  form('VMOVQ', 'VEX.128.66.0F.W1 6E /r',   [k.xmm,    k.rm64],   vexLoad,       AVX),
  form('VMOVQ', 'VEX.128.F3.0F.WIG 7E /r',  [k.xmm,    k.xmmM64], vexLoad,       AVX),
  form('VMOVD', 'VEX.128.66.0F.W0 7E /r',   [k.rm32,   k.xmm],    store,         AVX),
  form('VMOVD', 'VEX.128.66.0F.W0 6E /r',   [k.xmm,    k.rm32],   vexLoad,       AVX),
  // Go writes MOVQ between vector registers so when it comes from an MMX one (MOVQ2DQ, in mmx.ts), and here alike.
  form('MOVQOZX', 'F3 0F 7E /r',            [k.xmm,    k.xmmM64], load),

  ...mask('MOVMSKPS', 'NP 0F 50 /r', 32, 'AVX'),
  ...mask('MOVMSKPD', '66 0F 50 /r', 64, 'AVX'),
  ...mask('PMOVMSKB', '66 0F D7 /r', 8,  'AVX2'),

  form('VZEROUPPER', 'VEX.128.0F.WIG 77', [], everyUpper,    AVX),
  form('VZEROALL',   'VEX.256.0F.WIG 77', [], everyRegister, AVX),
];
