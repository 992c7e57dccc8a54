/** Shuffles: which bytes go where, mostly known from the row and its immediate alone. SDM vol. 2. */
import type { Ops, Width } from './ops.ts';
import { type Binary, type Unary, zero } from './packed.ts';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The bytes of lanes of width `w`, for `Ops.shuffle`. Lanes of the second operand follow those of the first. */
export const pick = (w: Width, lanes: readonly number[]): number[] =>
  lanes.flatMap((lane) => upTo(w / 8).map((byte) => (lane * w) / 8 + byte));

/** Fields of two bits: what most shuffles make of their immediate. */
const field = (imm: number, n: number): number => (imm >> (2 * n)) & 3;

/** PUNPCKL, UNPCKL: the lower lanes of both by turns; PUNPCKH: the upper ones. */
const interleave = (w: Width, half: 0 | 1): Binary => {
  const count = 128 / w;
  const lanes = upTo(count / 2).map((n) => n + (half * count) / 2);
  const byTurns = lanes.flatMap((n) => [n, n + count]);
  return (o, a, b) => o.shuffle(a, b, pick(w, byTurns));
};
export const unpackLow = (w: Width): Binary => interleave(w, 0);
export const unpackHigh = (w: Width): Binary => interleave(w, 1);

const rearrange =
  (w: Width, lanes: (imm: number) => readonly number[]): Unary =>
  (o, a, imm) =>
    o.shuffle(a, a, pick(w, lanes(imm)));

const four = [0, 1, 2, 3];
export const shuffleDwords = rearrange(32, (imm) => four.map((n) => field(imm, n)));
export const shuffleLowWords = rearrange(16, (imm) => [...four.map((n) => field(imm, n)), 4, 5, 6, 7]);
export const shuffleHighWords = rearrange(16, (imm) => [...four, ...four.map((n) => 4 + field(imm, n))]);
export const duplicateLow = rearrange(64, () => [0, 0]);
export const duplicateEven = rearrange(32, () => [0, 0, 2, 2]);
export const duplicateOdd = rearrange(32, () => [1, 1, 3, 3]);
/** VPERMILPD: a bit a lane. */
export const permuteQwords = rearrange(64, (imm) => [imm & 1, (imm >> 1) & 1]);

export const shufflePairs: Binary = (o, a, b, imm) => o.shuffle(a, b, pick(64, [imm & 1, 2 + ((imm >> 1) & 1)]));
export const shuffleSingles: Binary = (o, a, b, imm) =>
  o.shuffle(a, b, pick(32, [field(imm, 0), field(imm, 1), 4 + field(imm, 2), 4 + field(imm, 3)]));

/** A bit a lane: that of `b` where it is set, else that of `a`. */
export const blend =
  (w: 16 | 32 | 64): Binary =>
  (o, a, b, imm) => {
    const count = 128 / w;
    const lanes = upTo(count).map((n) => ((imm >> n) & 1 ? count + n : n));
    return o.shuffle(a, b, pick(w, lanes));
  };

/** PSHUFB: byte i is byte `b[i]` of `a`, or zero where the top bit of `b[i]` is set. */
export const shuffleBytes: Binary = (o, a, b) => o.swizzle(a, o.and(b, o.splat(o.const(0x8fn), 8)));

/** `count` bytes up or down in sixteen; 16 is the first of the zeros that come in. */
const bytesUp = (count: number): number[] => upTo(16).map((n) => (n >= count ? n - count : 16));
const bytesDown = (count: number): number[] => upTo(16).map((n) => Math.min(n + count, 16));
/** PSLLDQ, PSRLDQ. */
export const shiftBytesLeft: Unary = (o, a, count) => o.shuffle(a, zero(o), bytesUp(count));
export const shiftBytesRight: Unary = (o, a, count) => o.shuffle(a, zero(o), bytesDown(count));

/** PALIGNR: sixteen bytes of a:b, `count` bytes up from the bottom of `b`. */
export const alignRight: Binary = (o, a, b, count) => {
  if (count > 16) return shiftBytesRight(o, a, count - 16);
  const bytes = upTo(16).map((n) => n + count);
  return o.shuffle(b, a, bytes);
};

/** PMOVZX, PMOVSX: the lanes of `from` bits from lane `first` on, widened to `to`. */
export const extend = <V>(o: Ops<V>, from: Width, to: Width, signed: boolean, a: V, first: number): V => {
  const fill = Array<number>((to - from) / 8).fill(16);
  const bytes = upTo(128 / to).flatMap((n) => {
    const lane = pick(from, [first + n]);
    // A signed lane goes to the top first, so that shifting it down copies its sign.
    return signed ? [...fill, ...lane] : [...lane, ...fill];
  });
  const placed = o.shuffle(a, zero(o), bytes);
  return signed ? o.shiftLanes('sar', to, placed, o.const(BigInt(to - from))) : placed;
};

/**
 * The byte numbers of the lanes that `indices` names, in every lane: index·size + 0, 1, 2 …  Indices fit their lane's
 * lowest byte.
 */
export function bytesOfLanes<V>(o: Ops<V>, w: 32 | 64, indices: V): V {
  const size = w / 8;
  const each = (byte: (n: number) => number): bigint =>
    upTo(size).reduce((v, n) => v | (BigInt(byte(n)) << BigInt(8 * n)), 0n);
  const repeated = each(() => size);
  const within = each((n) => n);
  return o.lanes('add', 8, o.lanes('mul', w, indices, o.splat(o.const(repeated), w)), o.splat(o.const(within), w));
}

/** VPERMILPS and VPERMILPD by a vector: bits 1–0 of each lane, or its bit 1 alone, number a lane of `a`. */
export const permuteBy =
  (w: 32 | 64): Binary =>
  (o, a, control) => {
    const indices =
      w === 32
        ? o.and(control, o.splat(o.const(3n), 32))
        : o.and(o.shiftLanes('shr', 64, control, o.const(1n)), o.splat(o.const(1n), 64));
    return o.swizzle(a, bytesOfLanes(o, w, indices));
  };
