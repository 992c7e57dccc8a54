/**
 * From an exact value to a bit pattern, and the exceptions met on the way. SDM vol. 1, 4.8.4 and 4.9.1.
 *
 * Tininess is detected after rounding, as if the exponent had no lower bound. Underflow is met by a tiny result that is
 * also inexact; where the exception is unmasked, by any tiny result.
 */
import {
  bitLength,
  type Format,
  isInfinite,
  isZero,
  pack,
  packInfinity,
  packLargest,
  packZero,
  type Value,
} from './format.ts';

/** Exceptions, as MXCSR and the x87 status word have them in their low six bits. */
export const EXCEPTION = { invalid: 1, denormal: 2, zeroDivide: 4, overflow: 8, underflow: 16, precision: 32 } as const;

/** RC: 0 to 3 in this order. */
export const directions = ['nearest', 'down', 'up', 'zero'] as const;
export type Direction = (typeof directions)[number];

export interface RoundControl {
  readonly direction: Direction;
  /** Fewer bits than the format has: the x87's precision control (24, 53 or 64). */
  readonly precision?: number;
  /** FTZ: a tiny result becomes zero, as long as underflow is masked. */
  readonly flushToZero: boolean;
  /** EXCEPTION bits whose mask is clear. */
  readonly unmasked: number;
}

/** What an operation gives: a bit pattern, EXCEPTION bits, and whether its magnitude was rounded up (the x87's C1). */
export interface Outcome {
  readonly bits: bigint;
  readonly exceptions: number;
  readonly roundedUp: boolean;
}

/** What unmasked overflow and underflow take off and add to the exponent of an x87 result (SDM vol. 1, 8.5.4, 8.5.5). */
const WRAP = 24576;

export const exactly = (bits: bigint, exceptions = 0): Outcome => ({ bits, exceptions, roundedUp: false });

export interface Cut {
  readonly significand: bigint;
  readonly inexact: boolean;
  readonly up: boolean;
}

/** The value in units of 2^unit, rounded to a whole number of them. */
export function cut({ sign, significand, exponent }: Value, unit: number, direction: Direction): Cut {
  const drop = BigInt(unit - exponent);
  if (drop <= 0n) return { significand: significand << -drop, inexact: false, up: false };
  const kept = significand >> drop;
  const rest = significand - (kept << drop);
  const up = rest !== 0n && roundsUp(direction, sign, kept, rest, 1n << (drop - 1n));
  return { significand: up ? kept + 1n : kept, inexact: rest !== 0n, up };
}

function roundsUp(direction: Direction, sign: 0 | 1, kept: bigint, rest: bigint, half: bigint): boolean {
  if (direction === 'nearest') return rest > half || (rest === half && (kept & 1n) === 1n);
  return direction === (sign ? 'down' : 'up');
}

export function round(v: Value, f: Format, control: RoundControl): Outcome {
  const { sign } = v;
  if (isZero(v)) return exactly(packZero(f, sign));
  if (isInfinite(v)) return exactly(packInfinity(f, sign));
  const precision = control.precision ?? f.precision;
  // As if exponents had no bounds.
  let top = v.exponent + bitLength(v.significand) - 1;
  let { significand, inexact, up } = cut(v, top - precision + 1, control.direction);
  if (significand >> BigInt(precision)) {
    significand >>= 1n;
    top++;
  }
  const tiny = top < f.least;
  if (tiny && !(control.unmasked & EXCEPTION.underflow)) return roundTiny(v, f, control, precision);
  let exceptions = inexact ? EXCEPTION.precision : 0;
  if (tiny) {
    exceptions |= EXCEPTION.underflow;
    top += WRAP;
  } else if (top > f.most) {
    if (!(control.unmasked & EXCEPTION.overflow)) return overflowed(sign, f, control, precision);
    exceptions |= EXCEPTION.overflow;
    top -= WRAP;
  }
  return { bits: pack(f, sign, top, significand << BigInt(f.precision - precision)), exceptions, roundedUp: up };
}

/** A denormal, the smallest normal number or zero: the exponent stays at its least. */
function roundTiny(v: Value, f: Format, { direction, flushToZero }: RoundControl, precision: number): Outcome {
  if (flushToZero) return exactly(packZero(f, v.sign), EXCEPTION.underflow | EXCEPTION.precision);
  const { significand, inexact, up } = cut(v, f.least - precision + 1, direction);
  return {
    bits: pack(f, v.sign, f.least, significand << BigInt(f.precision - precision)),
    exceptions: inexact ? EXCEPTION.underflow | EXCEPTION.precision : 0,
    roundedUp: up,
  };
}

/** Masked overflow: infinity, or the largest number where the direction points away from it (SDM vol. 1, table 4-11). */
function overflowed(sign: 0 | 1, f: Format, { direction }: RoundControl, precision: number): Outcome {
  const exceptions = EXCEPTION.overflow | EXCEPTION.precision;
  if (direction === 'nearest' || direction === (sign ? 'down' : 'up')) {
    return { bits: packInfinity(f, sign), exceptions, roundedUp: true };
  }
  const shorter = BigInt(f.precision - precision);
  return exactly((packLargest(f, sign) >> shorter) << shorter, exceptions);
}

/** To a whole number. `value` may be beyond any format's integers: the caller knows its range. */
export function toInteger(v: Value, direction: Direction): { value: bigint; inexact: boolean; up: boolean } {
  const { significand, inexact, up } = cut(v, 0, direction);
  return { value: v.sign ? -significand : significand, inexact, up };
}
