/** Conversions of SSE, AVX and F16C: to whole numbers, from them, and between formats. SDM vol. 1, 4.8.4.2 and 11.5.2. */
import { type Format, isInfinite, isNan, isZero, packInfinity, packNan, packZero } from './format.ts';
import { denormal, directed, nanOf, operand, type SseControl, signalling } from './mxcsr.ts';
import { type Direction, EXCEPTION, exactly, type Outcome, round, toInteger } from './round.ts';

/** To a whole number in the same format. A zero result keeps the sign. */
export function roundToIntegral(
  f: Format,
  a: bigint,
  direction: Direction | undefined,
  noteInexact: boolean,
  control: SseControl,
): Outcome {
  const x = operand(f, a, control);
  const nan = nanOf(f, [x]);
  if (nan) return nan;
  if (isInfinite(x)) return exactly(packInfinity(f, x.sign));
  if (x.exponent >= 0 && !isZero(x)) return exactly(a);
  const to = directed(control, direction);
  const { value, inexact, up } = toInteger(x, to.direction);
  const exceptions = inexact && noteInexact ? EXCEPTION.precision : 0;
  if (value === 0n) return exactly(packZero(f, x.sign), exceptions);
  const significand = value < 0n ? -value : value;
  const { bits } = round({ sign: x.sign, significand, exponent: 0 }, f, to);
  return { bits, exceptions, roundedUp: up };
}

/** To a signed integer of `width` bits. What does not fit becomes the integer indefinite, the most negative one. */
export function floatToInt(
  f: Format,
  a: bigint,
  width: 32 | 64,
  direction: Direction | undefined,
  control: SseControl,
): Outcome {
  const x = operand(f, a, control);
  const limit = 1n << BigInt(width - 1);
  if (x.kind === 'zero' || x.kind === 'normal' || x.kind === 'denormal') {
    const { value, inexact, up } = toInteger(x, directed(control, direction).direction);
    if (value >= -limit && value < limit) {
      const bits = BigInt.asUintN(width, value);
      return { bits, exceptions: inexact ? EXCEPTION.precision : 0, roundedUp: up };
    }
  }
  return exactly(limit, EXCEPTION.invalid);
}

export function intToFloat(width: 32 | 64, a: bigint, f: Format, control: SseControl): Outcome {
  const value = BigInt.asIntN(width, a);
  if (value === 0n) return exactly(0n);
  return round({ sign: value < 0n ? 1 : 0, significand: value < 0n ? -value : value, exponent: 0 }, f, control);
}

/**
 * Between formats. Half precision is a storage format: DAZ does not touch its denormals, nor are they an exception, and
 * FTZ does not flush results to it (SDM vol. 1, 14.4.1).
 */
export function floatToFloat(
  from: Format,
  a: bigint,
  to: Format,
  direction: Direction | undefined,
  control: SseControl,
): Outcome {
  const x = operand(from, a, from.bits === 16 ? { ...control, denormalsAreZeros: false } : control);
  if (isNan(x)) return exactly(packNan(to, x, from), signalling([x]));
  const rounding = directed(control, direction);
  const out = round(x, to, to.bits === 16 ? { ...rounding, flushToZero: false } : rounding);
  return from.bits === 16 ? out : { ...out, exceptions: out.exceptions | denormal(x) };
}
