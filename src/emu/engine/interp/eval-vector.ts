/** Vectors on bigints: take the lanes apart, work on each, put them together. */
import type { Width } from '../../isa/ops.ts';
import type { LaneOp, VectorOps } from '../../isa/ops-vector.ts';
import { EvalState, M64, mask } from './eval-state.ts';

const signed = (w: Width, v: bigint): bigint => BigInt.asIntN(w, v);
const clamp = (v: bigint, low: bigint, high: bigint): bigint => (v < low ? low : v > high ? high : v);
const toSigned = (w: Width, v: bigint): bigint => clamp(v, -(1n << BigInt(w - 1)), (1n << BigInt(w - 1)) - 1n);
const toUnsigned = (w: Width, v: bigint): bigint => clamp(v, 0n, mask(w));

// biome-ignore format: table
const laneOps: Readonly<Record<LaneOp, (a: bigint, b: bigint, w: Width) => bigint>> = {
  add:             (a, b) => a + b,
  sub:             (a, b) => a - b,
  mul:             (a, b) => a * b,
  mulHighSigned:   (a, b, w) => (signed(w, a) * signed(w, b)) >> BigInt(w),
  mulHighUnsigned: (a, b, w) => (a * b) >> BigInt(w),
  mulRounded:      (a, b, w) => (signed(w, a) * signed(w, b) + (1n << BigInt(w - 2))) >> BigInt(w - 1),
  dot:             (a, b) => signed(16, a) * signed(16, b) + signed(16, a >> 16n) * signed(16, b >> 16n),
  addSigned:       (a, b, w) => toSigned(w, signed(w, a) + signed(w, b)),
  addUnsigned:     (a, b, w) => toUnsigned(w, a + b),
  subSigned:       (a, b, w) => toSigned(w, signed(w, a) - signed(w, b)),
  subUnsigned:     (a, b, w) => toUnsigned(w, a - b),
  minSigned:       (a, b, w) => (signed(w, a) < signed(w, b) ? a : b),
  minUnsigned:     (a, b) => (a < b ? a : b),
  maxSigned:       (a, b, w) => (signed(w, a) > signed(w, b) ? a : b),
  maxUnsigned:     (a, b) => (a > b ? a : b),
  average:         (a, b) => (a + b + 1n) >> 1n,
  equal:           (a, b, w) => (a === b ? mask(w) : 0n),
  greaterSigned:   (a, b, w) => (signed(w, a) > signed(w, b) ? mask(w) : 0n),
};

/** The lanes of 128 bits, lowest first. */
export function split(v: bigint, w: Width): bigint[] {
  const out: bigint[] = [];
  for (let i = 0; i < 128; i += w) out.push((v >> BigInt(i)) & mask(w));
  return out;
}
/** The other way. Lanes are cut to their width. */
export const join = (lanes: readonly bigint[], w: Width): bigint =>
  lanes.reduceRight((v, x) => (v << BigInt(w)) | (x & mask(w)), 0n);

export class VectorEvaluator extends EvalState implements VectorOps<bigint> {
  vector(low: bigint, high: bigint): bigint {
    return (high << 64n) | low;
  }
  half(v: bigint, n: 0 | 1): bigint {
    return n ? v >> 64n : v & M64;
  }
  lane(v: bigint, w: Width, n: number): bigint {
    return (v >> BigInt(w * n)) & mask(w);
  }
  withLane(v: bigint, w: Width, n: number, x: bigint): bigint {
    const at = BigInt(w * n);
    return (v & ~(mask(w) << at)) | (x << at);
  }
  splat(x: bigint, w: Width): bigint {
    return join(
      Array.from({ length: 128 / w }, () => x),
      w,
    );
  }
  lanes(op: LaneOp, w: Width, a: bigint, b: bigint): bigint {
    const right = split(b, w);
    const f = laneOps[op];
    return join(
      split(a, w).map((x, i) => f(x, right[i]!, w)),
      w,
    );
  }
  shiftLanes(op: 'shl' | 'shr' | 'sar', w: Width, a: bigint, count: bigint): bigint {
    const n = count < BigInt(w) ? count : BigInt(w);
    return join(
      split(a, w).map((x) => (op === 'shl' ? x << n : op === 'shr' ? x >> n : signed(w, x) >> n)),
      w,
    );
  }
  pack(from: 16 | 32, to: 'signed' | 'unsigned', a: bigint, b: bigint): bigint {
    const half = (from / 2) as 8 | 16;
    const cut = to === 'signed' ? toSigned : toUnsigned;
    const lanes = [...split(a, from), ...split(b, from)];
    return join(
      lanes.map((x) => cut(half, signed(from, x))),
      half,
    );
  }
  shuffle(a: bigint, b: bigint, bytes: readonly number[]): bigint {
    const both = [...split(a, 8), ...split(b, 8)];
    return join(
      bytes.map((n) => both[n]!),
      8,
    );
  }
  swizzle(a: bigint, indices: bigint): bigint {
    const bytes = split(a, 8);
    return join(
      split(indices, 8).map((n) => bytes[Number(n)] ?? 0n),
      8,
    );
  }
  signs(v: bigint, w: Width): bigint {
    return split(v, w).reduce((m, x, i) => m | ((x >> BigInt(w - 1)) << BigInt(i)), 0n);
  }
}
