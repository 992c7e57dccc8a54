/**
 * The common case sooner: the host's own doubles, rounded to nearest, where they provably give the same bits and flags
 * as the exact way (sse.ts). Anything else is undefined here: NaNs, infinities, denormals, results near the ends of the
 * format.
 *
 * The bits: a double operation rounds as IEEE 754 says, and one on singles that is rounded once more gives the single
 * (53 ≥ 2 · 24 + 2). The precision exception: the error of a sum or a product of doubles is itself a double, found
 * without rounding (Knuth, TAOCP vol. 2, 4.2.2, theorem B; Dekker 1971), as long as nothing on the way overflows or
 * becomes denormal: hence the bounds.
 */
import type { Format } from './format.ts';
import { EXCEPTION, exactly, type Outcome } from './round.ts';
import type { Arithmetic, Relation } from './sse.ts';

const scratch = new DataView(new ArrayBuffer(8));

/** Magnitudes between which operands are taken. The smallest normal single is below the results that are taken. */
const bounds = {
  64: { least: 2 ** -400, most: 2 ** 400 },
  32: { least: 2 ** -125, most: (2 - 2 ** -23) * 2 ** 127 },
} as const;
type Bits = keyof typeof bounds;
const isTaken = (v: number, bits: Bits): boolean => {
  const magnitude = Math.abs(v);
  return (magnitude >= bounds[bits].least && magnitude <= bounds[bits].most) || v === 0;
};

/** The number that a pattern stands for, when it is a zero or well within the format. */
function numberOf(bits: Bits, pattern: bigint): number | undefined {
  if (bits === 64) scratch.setBigUint64(0, pattern);
  else scratch.setUint32(0, Number(pattern));
  const v = bits === 64 ? scratch.getFloat64(0) : scratch.getFloat32(0);
  return isTaken(v, bits) ? v : undefined;
}

function answer(bits: Bits, v: number, inexact: boolean): Outcome {
  if (bits === 64) scratch.setFloat64(0, v);
  else scratch.setFloat32(0, v);
  const pattern = bits === 64 ? scratch.getBigUint64(0) : BigInt(scratch.getUint32(0));
  return exactly(pattern, inexact ? EXCEPTION.precision : 0);
}

/** What rounding took from the sum of two doubles. */
function errorOfSum(a: number, b: number, rounded: number): number {
  const other = rounded - a;
  return a - (rounded - other) + (b - other);
}

/** What rounding took from the product of two doubles. */
function errorOfProduct(a: number, b: number, rounded: number): number {
  const [aHigh, bHigh] = [highHalf(a), highHalf(b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aLow * bLow - (rounded - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}
/** The highest 26 bits of a significand; the other 27 fit in 26 and a sign. */
function highHalf(v: number): number {
  const scaled = v * (2 ** 27 + 1);
  return scaled - (scaled - v);
}

const operations: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** Whether `rounded` is less or more than a op b is. */
const isInexact: Readonly<Record<Arithmetic, (a: number, b: number, rounded: number) => boolean>> = {
  add: (a, b, rounded) => errorOfSum(a, b, rounded) !== 0,
  sub: (a, b, rounded) => errorOfSum(a, -b, rounded) !== 0,
  mul: (a, b, rounded) => errorOfProduct(a, b, rounded) !== 0,
  div: (a, b, rounded) => rounded * b !== a || errorOfProduct(rounded, b, a) !== 0,
};

/** What `arithmetic` answers when rounding to nearest, or nothing. */
export function quickArithmetic(op: Arithmetic, { bits }: Format, a: bigint, b: bigint): Outcome | undefined {
  if (bits !== 32 && bits !== 64) return undefined;
  const x = numberOf(bits, a);
  const y = numberOf(bits, b);
  if (x === undefined || y === undefined || (op === 'div' && y === 0)) return undefined;
  const result = operations[op](x, y);
  if (bits === 64) return answer(64, result, isInexact[op](x, y, result));
  const single = Math.fround(result);
  if (!isTaken(single, 32) || (single === 0 && result !== 0)) return undefined;
  return answer(32, single, single !== result || isInexact[op](x, y, result));
}

/** What `squareRoot` answers when rounding to nearest, or nothing. */
export function quickRoot({ bits }: Format, a: bigint): Outcome | undefined {
  if (bits !== 32 && bits !== 64) return undefined;
  const x = numberOf(bits, a);
  if (x === undefined || x < 0) return undefined;
  const root = bits === 32 ? Math.fround(Math.sqrt(x)) : Math.sqrt(x);
  return answer(bits, root, root * root !== x || errorOfProduct(root, root, x) !== 0);
}

/** What `relate` answers, or nothing. */
export function quickRelation({ bits }: Format, a: bigint, b: bigint): Relation | undefined {
  if (bits !== 32 && bits !== 64) return undefined;
  const x = numberOf(bits, a);
  const y = numberOf(bits, b);
  if (x === undefined || y === undefined) return undefined;
  return x < y ? 'less' : x > y ? 'greater' : 'equal';
}
