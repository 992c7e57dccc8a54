/** Conversions between floating-point formats and integers. SDM vol. 1, 11.4.1.6 and 14.4.1; vol. 2, CVT…. */
import { type LaneWidth, merge } from '../floating.ts';
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import type { Rounding } from '../ops-float.ts';
import { aligned, immediate, putVex, vexed, widened, zero } from '../packed.ts';
import { type Place, part } from '../place.ts';

/** One lane of `from` bits becomes one of `to`. */
interface Conversion<To extends Width = Width> {
  readonly from: Width;
  readonly to: To;
  readonly lane: <V>(o: Ops<V>, a: V, imm: number) => V;
}

const resize = (from: LaneWidth, to: LaneWidth): Conversion => ({
  from,
  to,
  lane: (o, a) => o.floatToFloat(from, a, to, 'current'),
});
const toInt = (from: LaneWidth, to: LaneWidth, rounding: Rounding): Conversion<LaneWidth> => ({
  from,
  to,
  lane: (o, a) => o.floatToInt(from, a, to, rounding),
});
const fromInt = (from: LaneWidth, to: LaneWidth): Conversion => ({
  from,
  to,
  lane: (o, a) => o.intToFloat(from, a, to),
});
const fromHalf: Conversion = { from: 16, to: 32, lane: (o, a) => o.floatToFloat(16, a, 32, 'current') };
/** Bit 2 of the immediate: as MXCSR says, else bits 1:0 (SDM vol. 2, VCVTPS2PH). */
const roundings: readonly Rounding[] = ['nearest', 'down', 'up', 'zero'];
const toHalf: Conversion = {
  from: 32,
  to: 16,
  lane: (o, a, imm) => o.floatToFloat(32, a, 16, imm & 4 ? 'current' : roundings[imm & 3]!),
};

/** Lanes `at` and up of the source, as many as 128 bits hold of the wider kind; what is left of the result is zero. */
function converted<V>(o: Ops<V>, { from, to, lane }: Conversion, src: V, at = 0, imm = 0): V {
  const lanes = o.let(src);
  let v = zero(o);
  for (let n = 0; n < perPart({ from, to }); n++) v = o.withLane(v, to, n, lane(o, o.lane(lanes, from, at + n), imm));
  return v;
}
const perPart = ({ from, to }: Pick<Conversion, 'from' | 'to'>): number => 128 / Math.max(from, to);

const legacy =
  (c: Conversion): Meaning =>
  (o, dst: Place, src: Place) => {
    aligned(o, src);
    o.put(dst, converted(o, c, widened(o, src)));
  };
/** As many lanes as the source or the destination has, whichever is wider: 128 bits of it become one part of the other. */
const vex =
  (c: Conversion): Meaning =>
  (o, dst: Place, src: Place) =>
    putVex(o, dst, (n) =>
      c.from < c.to ? converted(o, c, widened(o, src), n * perPart(c)) : converted(o, c, o.get(part(src, n))),
    );
/** 256 bits become 128. */
const vexNarrowing =
  (c: Conversion): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) =>
    putVex(o, dst, () => bothHalves(o, c, src, immediate(imm)));
const bothHalves = <V>(o: Ops<V>, c: Conversion, src: Place, imm: number): V =>
  o.vector(
    o.half(converted(o, c, o.get(part(src, 0)), 0, imm), 0),
    o.half(converted(o, c, o.get(part(src, 1)), 0, imm), 0),
  );

// Four or eight halves, to a register or to as much memory.
const storeHalves: Meaning = (o, dst: Place, src: Place, imm?: Place) => {
  if (src.w === 256) return putVex(o, dst, () => bothHalves(o, toHalf, src, immediate(imm)));
  const four = converted(o, toHalf, o.get(src), 0, immediate(imm));
  if (dst.in === 'mem') o.put(dst, o.half(four, 0));
  else putVex(o, dst, () => four);
};

/** A packed conversion: legacy, and VEX of 128 and 256 bits. The narrowing VEX forms tell the source's length by X or Y. */
function packed(name: string, vexName: string, encoding: string, c: Conversion): Form[] {
  const avx = { feature: 'AVX' } as const;
  const [short, long] = [vexed(encoding, 128), vexed(encoding, 256)];
  const narrowing = c.from > c.to;
  const source = c.from < c.to ? k.xmmM64 : k.xmmM128;
  return [
    form(name, encoding, [k.xmm, source], legacy(c)),
    form(narrowing ? `${vexName}X` : vexName, short, [k.xmm, source], vex(c), avx),
    narrowing
      ? form(`${vexName}Y`, long, [k.xmm, k.ymmM256], vexNarrowing(c), avx)
      : form(vexName, long, [k.ymm, c.from < c.to ? k.xmmM128 : k.ymmM256], vex(c), avx),
  ];
}

// A pending x87 exception is raised before the operand is looked at.
const toMmx =
  (c: Conversion): Meaning =>
  (o, dst: Place, src: Place) => {
    o.enterMmx();
    aligned(o, src);
    o.put(dst, o.half(converted(o, c, widened(o, src)), 0));
  };
const doublesFromMmx: Meaning = (o, dst: Place, src: Place) => {
  if (src.in === 'mmx') o.enterMmx();
  const [low, high] = [o.narrow(o.get(src), 32), o.shr(o.get(src), o.const(32n), 64)];
  o.put(dst, o.vector(o.intToFloat(32, low, 64), o.intToFloat(32, high, 64)));
};
// The upper half of the destination stays.
const singlesFromMmx: Meaning = (o, dst: Place, src: Place) => {
  if (src.in === 'mmx') o.enterMmx();
  const [low, high] = [o.narrow(o.get(src), 32), o.shr(o.get(src), o.const(32n), 64)];
  const first = o.withLane(o.get(dst), 32, 0, o.intToFloat(32, low, 32));
  o.put(dst, o.withLane(first, 32, 1, o.intToFloat(32, high, 32)));
};

/** The lowest lane is converted; the others come from the destination, or from the first source. */
const intoLane =
  ({ to, lane }: Conversion): Meaning =>
  (o, dst: Place, src: Place) =>
    o.put(
      dst,
      merge(o, to, dst, () => lane(o, o.get(src), 0)),
    );
const vexIntoLane =
  ({ to, lane }: Conversion): Meaning =>
  (o, dst: Place, others: Place, src: Place) =>
    putVex(o, dst, () => merge(o, to, others, () => lane(o, o.get(src), 0)));
const intoRegister =
  ({ lane }: Conversion): Meaning =>
  (o, dst: Place, src: Place) =>
    o.put(dst, lane(o, o.get(src), 0));

const memory = { 32: k.xmmM32, 64: k.xmmM64 } as const;
const register = { 32: [k.r32, k.rm32], 64: [k.r64, k.rm64] } as const;
/** `F2 0F 2D /r` with REX.W for 64-bit integers. */
const sized = (encoding: string, w: LaneWidth): string => (w === 64 ? encoding.replace('0F', 'REX.W 0F') : encoding);

function fromRegister(name: string, vexName: string, encoding: string, from: LaneWidth, to: LaneWidth): Form[] {
  const c = fromInt(from, to);
  const [, source] = register[from];
  return [
    form(name, sized(encoding, from), [k.xmm, source], intoLane(c)),
    form(vexName, vexed(encoding, 'LIG', from === 64 ? 'W1' : 'W0'), [k.xmm, k.xmmV, source], vexIntoLane(c), {
      feature: 'AVX',
    }),
  ];
}
function toRegister(name: string, vexName: string, encoding: string, c: Conversion<LaneWidth>): Form[] {
  const operands = [register[c.to][0], memory[c.from as LaneWidth]];
  return [
    form(name, sized(encoding, c.to), operands, intoRegister(c)),
    form(vexName, vexed(encoding, 'LIG', c.to === 64 ? 'W1' : 'W0'), operands, intoRegister(c), { feature: 'AVX' }),
  ];
}
function betweenScalars(name: string, encoding: string, from: LaneWidth, to: LaneWidth): Form[] {
  const c = resize(from, to);
  return [
    form(name, encoding, [k.xmm, memory[from]], intoLane(c)),
    form(`V${name}`, vexed(encoding, 'LIG'), [k.xmm, k.xmmV, memory[from]], vexIntoLane(c), { feature: 'AVX' }),
  ];
}
const inF16c = { feature: 'F16C' } as const;

// biome-ignore format: table
export const convert: readonly Form[] = [
  ...packed('CVTPS2PD',  'VCVTPS2PD',  'NP 0F 5A /r', resize(32, 64)),
  ...packed('CVTPD2PS',  'VCVTPD2PS',  '66 0F 5A /r', resize(64, 32)),
  ...packed('CVTPL2PS',  'VCVTDQ2PS',  'NP 0F 5B /r', fromInt(32, 32)),
  ...packed('CVTPS2PL',  'VCVTPS2DQ',  '66 0F 5B /r', toInt(32, 32, 'current')),
  ...packed('CVTTPS2PL', 'VCVTTPS2DQ', 'F3 0F 5B /r', toInt(32, 32, 'zero')),
  ...packed('CVTPL2PD',  'VCVTDQ2PD',  'F3 0F E6 /r', fromInt(32, 64)),
  ...packed('CVTPD2PL',  'VCVTPD2DQ',  'F2 0F E6 /r', toInt(64, 32, 'current')),
  ...packed('CVTTPD2PL', 'VCVTTPD2DQ', '66 0F E6 /r', toInt(64, 32, 'zero')),

  // The manual's CVTPI2PD, CVTPD2PI and so on. On AMD's processors the x87's top and tags change even when #XM is raised.
  form('CVTPL2PS',  'NP 0F 2A /r', [k.xmm, k.mmM64],   singlesFromMmx),
  form('CVTPL2PD',  '66 0F 2A /r', [k.xmm, k.mmM64],   doublesFromMmx),
  form('CVTTPS2PL', 'NP 0F 2C /r', [k.mm, k.xmmM64],   toMmx(toInt(32, 32, 'zero'))),
  form('CVTTPD2PL', '66 0F 2C /r', [k.mm, k.xmmM128],  toMmx(toInt(64, 32, 'zero'))),
  form('CVTPS2PL',  'NP 0F 2D /r', [k.mm, k.xmmM64],   toMmx(toInt(32, 32, 'current'))),
  form('CVTPD2PL',  '66 0F 2D /r', [k.mm, k.xmmM128],  toMmx(toInt(64, 32, 'current'))),

  ...fromRegister('CVTSL2SS',  'VCVTSI2SSL',   'F3 0F 2A /r', 32, 32),
  ...fromRegister('CVTSQ2SS',  'VCVTSI2SSQ',   'F3 0F 2A /r', 64, 32),
  ...fromRegister('CVTSL2SD',  'VCVTSI2SDL',   'F2 0F 2A /r', 32, 64),
  ...fromRegister('CVTSQ2SD',  'VCVTSI2SDQ',   'F2 0F 2A /r', 64, 64),
  ...toRegister('CVTTSS2SL',   'VCVTTSS2SI',   'F3 0F 2C /r', toInt(32, 32, 'zero')),
  ...toRegister('CVTTSS2SQ',   'VCVTTSS2SIQ',  'F3 0F 2C /r', toInt(32, 64, 'zero')),
  ...toRegister('CVTTSD2SL',   'VCVTTSD2SI',   'F2 0F 2C /r', toInt(64, 32, 'zero')),
  ...toRegister('CVTTSD2SQ',   'VCVTTSD2SIQ',  'F2 0F 2C /r', toInt(64, 64, 'zero')),
  ...toRegister('CVTSS2SL',    'VCVTSS2SI',    'F3 0F 2D /r', toInt(32, 32, 'current')),
  ...toRegister('CVTSS2SQ',    'VCVTSS2SIQ',   'F3 0F 2D /r', toInt(32, 64, 'current')),
  ...toRegister('CVTSD2SL',    'VCVTSD2SI',    'F2 0F 2D /r', toInt(64, 32, 'current')),
  ...toRegister('CVTSD2SQ',    'VCVTSD2SIQ',   'F2 0F 2D /r', toInt(64, 64, 'current')),
  ...betweenScalars('CVTSS2SD', 'F3 0F 5A /r', 32, 64),
  ...betweenScalars('CVTSD2SS', 'F2 0F 5A /r', 64, 32),

  form('VCVTPH2PS', 'VEX.128.66.0F38.W0 13 /r',    [k.xmm, k.xmmM64],  vex(fromHalf), inF16c),
  form('VCVTPH2PS', 'VEX.256.66.0F38.W0 13 /r',    [k.ymm, k.xmmM128], vex(fromHalf), inF16c),
  form('VCVTPS2PH', 'VEX.128.66.0F3A.W0 1D /r ib', [k.xmmM64, k.xmm, k.bits8],  storeHalves, inF16c),
  form('VCVTPS2PH', 'VEX.256.66.0F3A.W0 1D /r ib', [k.xmmM128, k.ymm, k.bits8], storeHalves, inF16c),
];
