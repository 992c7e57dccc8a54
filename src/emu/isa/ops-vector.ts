/** The vocabulary's words for vectors: 128 bits as lanes of 8, 16, 32 or 64, lane 0 in the lowest bits. */
import type { Width } from './ops.ts';

/** What one lane of `a` and the same lane of `b` make. Comparisons give all ones or zero. */
export type LaneOp =
  | 'add'
  | 'sub'
  /** The low half of the product (16, 32, 64 bits), and the high half of the signed or unsigned one (16 bits). */
  | 'mul'
  | 'mulHighSigned'
  | 'mulHighUnsigned'
  /** PMULHRSW: bits 30–15 of the signed product, rounded at bit 14 (16 bits). */
  | 'mulRounded'
  /** PMADDWD: the products of the two signed 16-bit halves, summed (32 bits). */
  | 'dot'
  /** Sums and differences that stay at the ends of the lane's range (8, 16 bits). */
  | 'addSigned'
  | 'addUnsigned'
  | 'subSigned'
  | 'subUnsigned'
  | 'minSigned'
  | 'minUnsigned'
  | 'maxSigned'
  | 'maxUnsigned'
  /** (a + b + 1) ÷ 2, unsigned (8, 16 bits). */
  | 'average'
  | 'equal'
  | 'greaterSigned';

export interface VectorOps<V> {
  /** 128 bits from two halves, and one half of them (0 low, 1 high). and/or/xor/not/select/isZero also take vectors. */
  vector(low: V, high: V): V;
  half(v: V, n: 0 | 1): V;
  /** One lane as a scalar, zero-extended. */
  lane(v: V, w: Width, n: number): V;
  /** `v` with one lane replaced by the scalar `x`. */
  withLane(v: V, w: Width, n: number, x: V): V;
  /** The scalar in every lane. */
  splat(x: V, w: Width): V;
  lanes(op: LaneOp, w: Width, a: V, b: V): V;
  /** Every lane shifted by the scalar `count`, any 64-bit number: from the width on nothing, or only signs, are left. */
  shiftLanes(op: 'shl' | 'shr' | 'sar', w: Width, a: V, count: V): V;
  /** The lanes of `a`, then those of `b`, signed, at half their width: cut off at the ends of what that can hold. */
  pack(from: 16 | 32, to: 'signed' | 'unsigned', a: V, b: V): V;
  /** Sixteen bytes picked from the thirty-two of `a` (0–15) and `b` (16–31). */
  shuffle(a: V, b: V, bytes: readonly number[]): V;
  /** Byte i of the result is byte `indices[i]` of `a`, or zero where that index is above 15. */
  swizzle(a: V, indices: V): V;
  /** The top bit of each lane, lane 0 in bit 0. */
  signs(v: V, w: Width): V;
}
