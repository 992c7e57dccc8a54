/** What the packed-integer instructions do to 128 bits: shared by the MMX, SSE and AVX rows. SDM vol. 2. */
import type { Ops, Width } from './ops.ts';
import type { LaneOp } from './ops-vector.ts';
import { type Binary, type Unary, zero } from './packed.ts';
import { pick } from './shuffles.ts';

/** The same number in every lane. */
const every = <V>(o: Ops<V>, w: Width, n: bigint): V => o.splat(o.const(n), w);

export const lanewise =
  (op: LaneOp, w: Width): Binary =>
  (o, a, b) =>
    o.lanes(op, w, a, b);

export const and: Binary = (o, a, b) => o.and(a, b);
export const andNot: Binary = (o, a, b) => o.and(o.not(a, 128), b);
export const or: Binary = (o, a, b) => o.or(a, b);
export const xor: Binary = (o, a, b) => o.xor(a, b);

/** PABS: the most negative number stays what it is. */
export const absolute =
  (w: Width): Unary =>
  (o, a) =>
    o.lanes('maxSigned', w, a, o.lanes('sub', w, zero(o), a));

/** PSIGN: a, −a or 0, as b is positive, negative or 0. */
export const withSignOf =
  (w: Width): Binary =>
  (o, a, b) => {
    const negative = o.let(o.lanes('greaterSigned', w, zero(o), b));
    const flipped = o.lanes('sub', w, o.xor(a, negative), negative);
    return o.and(o.not(o.lanes('equal', w, b, zero(o)), 128), flipped);
  };

/** PHADD, PHSUB: each even lane with the odd one above it, those of `a` first. */
export const horizontal =
  (op: LaneOp, w: 16 | 32): Binary =>
  (o, a, b) => {
    const every2nd = (first: number): number[] => Array.from({ length: 128 / w }, (_, n) => 2 * n + first);
    const [even, odd] = [0, 1].map((first) => o.shuffle(a, b, pick(w, every2nd(first))));
    return o.lanes(op, w, even!, odd!);
  };

/** PMULUDQ, PMULDQ: the full products of the even lanes of 32 bits. */
export const multiplyEvenUnsigned: Binary = (o, a, b) => {
  const low = o.let(every(o, 64, 0xffff_ffffn));
  return o.lanes('mul', 64, o.and(a, low), o.and(b, low));
};
export const multiplyEvenSigned: Binary = (o, a, b) => {
  const half = o.const(32n);
  const [x, y] = [a, b].map((v) => o.shiftLanes('sar', 64, o.shiftLanes('shl', 64, v, half), half));
  return o.lanes('mul', 64, x!, y!);
};

/** PMADDUBSW: unsigned bytes of `a` times signed ones of `b`, neighbouring products summed with saturation. */
export const multiplyAddBytes: Binary = (o, a, b) => {
  const byte = o.const(8n);
  const evenUnsigned = o.and(a, every(o, 16, 0xffn));
  const evenSigned = o.shiftLanes('sar', 16, o.shiftLanes('shl', 16, b, byte), byte);
  const [oddUnsigned, oddSigned] = [o.shiftLanes('shr', 16, a, byte), o.shiftLanes('sar', 16, b, byte)];
  const even = o.lanes('mul', 16, evenUnsigned, evenSigned);
  return o.lanes('addSigned', 16, even, o.lanes('mul', 16, oddUnsigned, oddSigned));
};

/** |a − b| of unsigned bytes: one of the two saturated differences is zero. */
const byteDistance = <V>(o: Ops<V>, a: V, b: V): V =>
  o.or(o.lanes('subUnsigned', 8, a, b), o.lanes('subUnsigned', 8, b, a));

/** PSADBW: the distances of each eight bytes, summed into their 64-bit lane. */
export const sumOfDistances: Binary = (o, a, b) => {
  let sum = byteDistance(o, a, b);
  for (const w of [16, 32, 64] as const) {
    const pairs = o.let(sum);
    const half = BigInt(w / 2);
    const low = o.and(pairs, every(o, w, (1n << half) - 1n));
    sum = o.lanes('add', w, low, o.shiftLanes('shr', w, pairs, o.const(half)));
  }
  return sum;
};

/**
 * MPSADBW: eight sums of four distances, between one group of four bytes of `b` and the groups that begin at eight
 * successive bytes of `a`. Bits 1–0 of the immediate pick the group of `b`, bit 2 where those of `a` begin.
 */
export const multipleSums = <V>(o: Ops<V>, a: V, b: V, imm: number): V => {
  const words = (byte: (lane: number) => number): number[] =>
    Array.from({ length: 16 }, (_, n) => (n & 1 ? 16 : byte(n >> 1)));
  const group = 4 * (imm & 3);
  const start = imm & 4;
  let sum = zero(o);
  for (let i = 0; i < 4; i++) {
    const same = words(() => group + i);
    const successive = words((lane) => start + lane + i);
    const [one, many] = [o.shuffle(b, zero(o), same), o.shuffle(a, zero(o), successive)];
    sum = o.lanes('add', 16, sum, byteDistance(o, o.let(many), o.let(one)));
  }
  return sum;
};

/** PHMINPOSUW: the smallest of eight words, and above it the number of the first lane that holds it. */
export const smallestWord: Unary = (o, a) => {
  let least = o.lane(a, 16, 0);
  let at = o.const(0n);
  for (let n = 1; n < 8; n++) {
    const word = o.let(o.lane(a, 16, n));
    const less = o.let(o.below(word, least));
    least = o.let(o.select(less, word, least));
    at = o.let(o.select(less, o.const(BigInt(n)), at));
  }
  return o.vector(o.or(least, o.shl(at, o.const(16n), 64)), o.const(0n));
};

/** PACKSS…, PACKUS…: the lanes of `a`, then those of `b`, at half their width. */
export const pack =
  (from: 16 | 32, to: 'signed' | 'unsigned'): Binary =>
  (o, a, b) =>
    o.pack(from, to, a, b);

export type Shift = 'shl' | 'shr' | 'sar';

/** Every lane by the 64-bit number in the low half of `b`. */
export const shiftAll =
  (op: Shift, w: Width): Binary =>
  (o, a, b) =>
    o.shiftLanes(op, w, a, o.half(b, 0));
export const shiftBy =
  (op: Shift, w: Width): Unary =>
  (o, a, count) =>
    o.shiftLanes(op, w, a, o.const(BigInt(count)));

/** VPSLLV, VPSRLV, VPSRAV: each lane by a count of its own, unsigned. */
export const shiftEach =
  (op: Shift, w: 32 | 64): Binary =>
  (o, a, b) => {
    const last = o.const(BigInt(w - 1));
    let out = a;
    for (let n = 0; n < 128 / w; n++) {
      const x = o.lane(a, w, n);
      const count = o.let(o.lane(b, w, n));
      const fits = o.let(o.below(count, o.const(BigInt(w))));
      const shifted =
        op === 'sar'
          ? o.sar(x, o.select(fits, count, last), w)
          : o.select(fits, o[op](x, o.and(count, last), w), o.const(0n));
      out = o.withLane(out, w, n, shifted);
    }
    return out;
  };

/** PBLENDVB, BLENDVPS: lanes of `b` where the top bit of the mask's lane is set, of `a` elsewhere. */
export const blendBy =
  (w: 8 | 32 | 64) =>
  <V>(o: Ops<V>, a: V, b: V, mask: V): V => {
    const chosen = o.let(o.lanes('greaterSigned', w, zero(o), mask));
    return o.or(o.and(chosen, b), o.and(o.not(chosen, 128), a));
  };
