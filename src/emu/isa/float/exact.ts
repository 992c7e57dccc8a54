/**
 * The operations on exact values, before rounding. Operands are numbers, zeros or infinities, never NaNs; undefined
 * means that there is no answer: an invalid operation.
 *
 * Sums and products are exact. Quotients and roots go on for ever: they have more bits than any format, and the last
 * one is set when something is left over, so that every rounding of them is right.
 */
import { bitLength, infinity, isInfinite, isZero, type Value, zero } from './format.ts';
import type { Direction } from './round.ts';

/** Bits of a quotient or root that count: the 64 of the widest format, two more to round by, and one to spare. */
const ENOUGH = 67;

export const negated = <T extends Value>(v: T): T => ({ ...v, sign: v.sign ? 0 : 1 });

/** a + b. A zero sum of numbers that are not both zero of one sign is −0 only when rounding down. */
export function sum(a: Value, b: Value, direction: Direction): Value | undefined {
  if (isInfinite(a)) return isInfinite(b) && a.sign !== b.sign ? undefined : infinity(a.sign);
  if (isInfinite(b)) return infinity(b.sign);
  if (isZero(a)) return isZero(b) && a.sign !== b.sign ? zero(direction === 'down' ? 1 : 0) : b;
  if (isZero(b)) return a;
  const exponent = Math.min(a.exponent, b.exponent);
  const total = aligned(a, exponent) + aligned(b, exponent);
  if (total === 0n) return zero(direction === 'down' ? 1 : 0);
  return total < 0n ? { sign: 1, significand: -total, exponent } : { sign: 0, significand: total, exponent };
}

const aligned = ({ sign, significand, exponent }: Value, to: number): bigint =>
  (sign ? -significand : significand) << BigInt(exponent - to);

export function product(a: Value, b: Value): Value | undefined {
  const sign = a.sign === b.sign ? 0 : 1;
  if (isInfinite(a) || isInfinite(b)) return isZero(a) || isZero(b) ? undefined : infinity(sign);
  return { sign, significand: a.significand * b.significand, exponent: a.exponent + b.exponent };
}

/** a ÷ b. That a number divided by zero is an exception of its own is for the caller to see. */
export function quotient(a: Value, b: Value): Value | undefined {
  const sign = a.sign === b.sign ? 0 : 1;
  if (isInfinite(a)) return isInfinite(b) ? undefined : infinity(sign);
  if (isZero(b)) return isZero(a) ? undefined : infinity(sign);
  if (isInfinite(b) || isZero(a)) return zero(sign);
  const shift = Math.max(0, ENOUGH + bitLength(b.significand) - bitLength(a.significand));
  const dividend = a.significand << BigInt(shift);
  const whole = dividend / b.significand;
  const left = whole * b.significand !== dividend;
  return { sign, significand: left ? (whole << 1n) | 1n : whole << 1n, exponent: a.exponent - b.exponent - shift - 1 };
}

/** √a. √−0 is −0. */
export function root(a: Value): Value | undefined {
  if (isZero(a)) return a;
  if (a.sign) return undefined;
  if (isInfinite(a)) return a;
  let shift = Math.max(0, 2 * ENOUGH - bitLength(a.significand));
  if ((a.exponent - shift) % 2 !== 0) shift++;
  const square = a.significand << BigInt(shift);
  const whole = wholeRoot(square);
  const left = whole * whole !== square;
  const exponent = (a.exponent - shift) / 2 - 1;
  return { sign: 0, significand: left ? (whole << 1n) | 1n : whole << 1n, exponent };
}

/** ⌊√n⌋ by Newton's method, from above. */
function wholeRoot(n: bigint): bigint {
  let x = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const y = (x + n / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** −1, 0 or 1 as a is below, equal to or above b. Zeros are equal. */
export function order(a: Value, b: Value): -1 | 0 | 1 {
  if (isZero(a) && isZero(b)) return 0;
  if (isZero(a)) return b.sign ? 1 : -1;
  if (isZero(b) || a.sign !== b.sign) return a.sign ? -1 : 1;
  const magnitude = orderOfMagnitudes(a, b);
  return (a.sign ? 0 - magnitude : magnitude) as -1 | 0 | 1;
}

/** Of two values that are not zero. */
function orderOfMagnitudes(a: Value, b: Value): -1 | 0 | 1 {
  const [aInfinite, bInfinite] = [isInfinite(a), isInfinite(b)];
  if (aInfinite || bInfinite) return aInfinite === bInfinite ? 0 : aInfinite ? 1 : -1;
  const exponent = Math.min(a.exponent, b.exponent);
  const left = a.significand << BigInt(a.exponent - exponent);
  const right = b.significand << BigInt(b.exponent - exponent);
  return left === right ? 0 : left < right ? -1 : 1;
}
