/**
 * Elementary functions of exact numbers, to far more bits than any format keeps. Numbers inside are fixed-point: a
 * bigint in units of 2^−P. Results have their last bit set, to say that they go on: so every rounding of them is right.
 */
import { quotient } from '../float/exact.ts';
import { isZero, type Value } from '../float/format.ts';
import { topOf } from './arithmetic.ts';

const P = 320;
const FIXED = BigInt(P);
const ONE = 1n << FIXED;
/** Numbers below 2^−TINY are so small that their square does not show. */
const TINY = 100;

const times = (a: bigint, b: bigint): bigint => (a * b) >> FIXED;
const over = (a: bigint, b: bigint): bigint => (a << FIXED) / b;

const magnitude = ({ significand, exponent }: Value): bigint => {
  const n = BigInt(exponent + P);
  return n >= 0n ? significand << n : significand >> -n;
};
const toFixed = (v: Value): bigint => (v.sign ? -magnitude(v) : magnitude(v));
const fromFixed = (v: bigint): Value => ({
  sign: v < 0n ? 1 : 0,
  significand: ((v < 0n ? -v : v) << 1n) | 1n,
  exponent: -P - 1,
});

/** The number itself but for something too small to see: less or more in magnitude than it. */
function nearly(v: Value, less: boolean): Value {
  const significand = v.significand << BigInt(TINY);
  return { sign: v.sign, significand: less ? significand - 1n : significand + 1n, exponent: v.exponent - TINY };
}
const timesConstant = (v: Value, c: bigint): Value => ({
  sign: v.sign,
  significand: (v.significand * c) | 1n,
  exponent: v.exponent - P,
});

/** Terms until one is too small to count: the first, and each from the one before. */
function sum(first: bigint, next: (term: bigint, n: bigint) => bigint): bigint {
  let total = 0n;
  let n = 1n;
  for (let term = first; term !== 0n && term !== -1n; term = next(term, n++)) total += term;
  return total;
}

/** x + x³/3 + x⁵/5 …, for |x| < 1/2. */
function artanh(x: bigint): bigint {
  const square = times(x, x);
  return sum(x, (term, n) => (times(term, square) * (2n * n - 1n)) / (2n * n + 1n));
}
/** Euler's series, for |x| ≤ 1. */
function arctan(x: bigint): bigint {
  const square = times(x, x);
  const ratio = over(square, ONE + square);
  return sum(over(x, ONE + square), (term, n) => (times(term, ratio) * 2n * n) / (2n * n + 1n));
}
const sine = (x: bigint): bigint => {
  const square = times(x, x);
  return sum(x, (term, n) => -times(term, square) / (2n * n * (2n * n + 1n)));
};
const cosine = (x: bigint): bigint => {
  const square = times(x, x);
  return sum(ONE, (term, n) => -times(term, square) / (2n * n * (2n * n - 1n)));
};

const PI = 4n * arctan(ONE);
const LN2 = 2n * artanh(ONE / 3n);

/** 2^x − 1, for |x| ≤ 1. */
export function powerOfTwoLess1(x: Value): Value {
  if (topOf(x) < -TINY) return nearly(timesConstant(x, LN2), x.sign === 1);
  const t = times(toFixed(x), LN2);
  return fromFixed(sum(t, (term, n) => times(term, t) / (n + 1n)));
}

/** log₂ of a positive number: of a power of two, exactly. */
export function logarithm(x: Value): Value {
  const top = topOf(x);
  // Between 2/3 and 4/3, so that near 1 nothing cancels.
  const scaled = magnitude({ ...x, exponent: x.exponent - top });
  const down = 3n * scaled > 4n * ONE;
  const m = down ? scaled >> 1n : scaled;
  const whole = top + (down ? 1 : 0);
  if (m === ONE) return { sign: whole < 0 ? 1 : 0, significand: BigInt(Math.abs(whole)), exponent: 0 };
  const fraction = over(2n * artanh(over(m - ONE, m + ONE)), LN2);
  return fromFixed(BigInt(whole) * ONE + fraction);
}

/** log₂(1 + x), for x above −1. */
export function logarithmOf1Plus(x: Value): Value {
  if (topOf(x) < -TINY) return nearly(timesConstant(x, over(ONE, LN2)), x.sign === 0);
  if (topOf(x) > TINY) return logarithm(x);
  const v = toFixed(x);
  if (v < ONE && 2n * v > -ONE) return fromFixed(over(2n * artanh(over(v, 2n * ONE + v)), LN2));
  return logarithm({ sign: 0, significand: ONE + v, exponent: -P });
}

/** π as FSIN and its like know it: 66 bits (SDM vol. 1, 8.3.8). */
const PI66 = 0xc90f_daa2_2168_c234_cn;
const PI66_UNIT = -66;

/** x less the nearest multiple of π/2, and which quarter turn that was (0 to 3). */
function reduced(x: Value): { rest: Value; quarter: number } {
  // In units of half a unit of PI66, in which π/2 is PI66 itself.
  const unit = Math.min(x.exponent, PI66_UNIT - 1);
  const half = PI66 << BigInt(PI66_UNIT - 1 - unit);
  const all = x.significand << BigInt(x.exponent - unit);
  const turns = (2n * all + half) / (2n * half);
  const rest = all - turns * half;
  const quarter = Number(turns & 3n);
  const sign = rest < 0n ? (x.sign ? 0 : 1) : x.sign;
  return {
    rest: { sign, significand: rest < 0n ? -rest : rest, exponent: unit },
    quarter: x.sign ? (4 - quarter) & 3 : quarter,
  };
}

function sineOfQuarter(rest: Value, quarter: number): Value {
  const isCosine = (quarter & 1) === 1;
  const tiny = topOf(rest) < -TINY;
  const one: Value = { sign: 0, significand: 1n, exponent: 0 };
  const v = tiny ? nearly(isCosine ? one : rest, true) : fromFixed((isCosine ? cosine : sine)(toFixed(rest)));
  return quarter >= 2 ? { ...v, sign: v.sign ? 0 : 1 } : v;
}

/** Of numbers other than zero, below 2^63 in magnitude. */
export function sineOf(x: Value): Value {
  const { rest, quarter } = reduced(x);
  return sineOfQuarter(rest, quarter);
}
export function cosineOf(x: Value): Value {
  const { rest, quarter } = reduced(x);
  return sineOfQuarter(rest, (quarter + 1) & 3);
}
export function tangentOf(x: Value): Value {
  const { rest, quarter } = reduced(x);
  if (topOf(rest) < -TINY) {
    if (!(quarter & 1)) return nearly(rest, false);
    const v = quotient({ sign: 1, significand: 1n << FIXED, exponent: -P }, rest)!;
    return nearly(v, true);
  }
  const [s, c] = [sine(toFixed(rest)), cosine(toFixed(rest))];
  return fromFixed(quarter & 1 ? over(-c, s) : over(s, c));
}

/** The angle of the point (x, y), of which neither is zero nor infinite: −π to π. */
export function angleOf(y: Value, x: Value): Value {
  const ratio = quotient({ ...y, sign: 0 }, { ...x, sign: 0 })!;
  const top = topOf(ratio);
  if (top < -TINY && x.sign === 0) return nearly({ ...ratio, sign: y.sign }, true);
  const steep = top >= 0;
  const small = steep ? quotient({ ...x, sign: 0 }, { ...y, sign: 0 })! : ratio;
  const a = topOf(small) < -2 * TINY ? 1n : arctan(magnitude(small));
  const first = steep ? PI / 2n - a : a;
  return { ...fromFixed(x.sign ? PI - first : first), sign: y.sign };
}
/** That many quarters of π, as an angle with a sign. */
export const quartersOfPi = (n: number, sign: 0 | 1): Value => ({ ...fromFixed((PI * BigInt(n)) / 4n), sign });
export const isOne = (v: Value): boolean => !isZero(v) && v.sign === 0 && topOf(v) === 0 && magnitude(v) === ONE;
