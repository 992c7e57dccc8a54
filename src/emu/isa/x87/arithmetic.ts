/** The x87's arithmetic on bit patterns: control word and operands in, answer (status.ts) out. SDM vol. 1, 8.3.5. */
import { negated, product, quotient, root, sum } from '../float/exact.ts';
import { bitLength, formats, infinity, isInfinite, isZero, type Value, zero } from '../float/format.ts';
import { cut, round } from '../float/round.ts';
import { denormal, extended, fromNans, INDEFINITE, invalid, type Operand } from './operand.ts';
import { answer, controlOf, FSW, precisionOf, rounded, statusOf } from './status.ts';

/** An instruction of one operand, and of two: ST(0) and what it is combined with. */
export type Unary = (fcw: bigint, a: bigint) => bigint;
export type Binary = (fcw: bigint, a: bigint, b: bigint) => bigint;
type Read = (bits: bigint) => Operand;

export const topOf = (v: Value): number => v.exponent + bitLength(v.significand) - 1;
export const toRegister = (v: Value, fcw: bigint, status = 0): bigint =>
  rounded(round(v, formats[80], controlOf(fcw)), status);
/** Rounded as precision control says; without a value the operation was invalid. */
const toPrecision = (v: Value | undefined, fcw: bigint): bigint =>
  v ? rounded(round(v, formats[80], { ...controlOf(fcw), precision: precisionOf(fcw) })) : invalid;

/**
 * Operands that are no numbers answer for themselves; `f` answers for numbers. Denormal operands are noted unless the
 * operation was invalid or a division by zero; unmasked, they stop it before there is anything else to note.
 */
export function withNumbers(fcw: bigint, operands: readonly Operand[], f: () => bigint): bigint {
  const nan = fromNans(operands[0]!, operands[1]);
  if (nan !== undefined) return nan;
  const out = f();
  const status = denormal(...operands);
  if (!status || out === invalid || statusOf(out) & FSW.ZE) return out;
  return status & ~Number(fcw) ? answer(0n, status) : out | answer(0n, status);
}

/** By what the second operand is: a register, or a real or an integer in memory. */
const combined =
  (f: (x: Operand, y: Operand, fcw: bigint) => Value | undefined) =>
  (read: Read): Binary =>
  (fcw, a, b) => {
    const [x, y] = [extended(a), read(b)];
    return withNumbers(fcw, [x, y], () => toPrecision(f(x, y, fcw), fcw));
  };
const directionOf = (fcw: bigint) => controlOf(fcw).direction;

export const add = combined((x, y, fcw) => sum(x, y, directionOf(fcw)));
export const subtract = combined((x, y, fcw) => sum(x, negated(y), directionOf(fcw)));
export const subtractFrom = combined((x, y, fcw) => sum(y, negated(x), directionOf(fcw)));
export const multiply = combined(product);

const divided =
  (reverse: boolean) =>
  (read: Read): Binary =>
  (fcw, a, b) => {
    const [x, y] = reverse ? [read(b), extended(a)] : [extended(a), read(b)];
    return withNumbers(fcw, [x, y], () => {
      const v = quotient(x, y);
      return v && isZero(y) && !isInfinite(x) ? toRegister(v, fcw, FSW.ZE) : toPrecision(v, fcw);
    });
  };
export const divide = divided(false);
export const divideInto = divided(true);

export const squareRoot: Unary = (fcw, a) => {
  const x = extended(a);
  return withNumbers(fcw, [x], () => toPrecision(root(x), fcw));
};

export const roundToInteger: Unary = (fcw, a) => {
  const x = extended(a);
  return withNumbers(fcw, [x], () => {
    if (isZero(x) || isInfinite(x)) return a;
    const { significand, inexact, up } = cut(x, 0, directionOf(fcw));
    const v: Value = { sign: x.sign, significand, exponent: 0 };
    return toRegister(v, fcw, (inexact ? FSW.PE : 0) | (up ? FSW.C1 : 0));
  });
};

/** More than the distance from the smallest denormal to infinity, wrapped exponents included. */
const FAR = 0x10000;

/** ST(0) · 2^trunc(ST(1)). */
export const scale: Binary = (fcw, a, b) => {
  const [x, y] = [extended(a), extended(b)];
  return withNumbers(fcw, [x, y], () => {
    if (isInfinite(y)) {
      if (y.sign ? isInfinite(x) : isZero(x)) return invalid;
      return toRegister(y.sign ? zero(x.sign) : infinity(x.sign), fcw);
    }
    if (isZero(x) || isInfinite(x)) return a;
    const n = isZero(y) ? 0n : cut(y, 0, 'zero').significand;
    const steps = n > FAR ? FAR : Number(n);
    return scaled({ ...x, exponent: x.exponent + (y.sign ? -steps : steps) }, fcw);
  });
};

/** What an unmasked overflow or underflow cannot bring back even by wrapping: infinity or zero (SDM vol. 1, 8.5.4, 8.5.5). */
const WRAP = 24576;
function scaled(v: Value, fcw: bigint): bigint {
  const { unmasked } = controlOf(fcw);
  const top = topOf(v);
  const { least, most } = formats[80];
  if (unmasked & FSW.OE && top - WRAP > most) return toRegister(infinity(v.sign), fcw, FSW.OE | FSW.PE | FSW.C1);
  if (unmasked & FSW.UE && top + WRAP < least) return toRegister(zero(v.sign), fcw, FSW.UE | FSW.PE);
  return toRegister(v, fcw);
}

/** FXTRACT takes ST(0) apart: its exponent, and its significand with an exponent of zero. */
export const exponentOf: Unary = (fcw, a) => {
  const x = extended(a);
  return withNumbers(fcw, [x], () => {
    if (isZero(x)) return toRegister(infinity(1), fcw, FSW.ZE);
    if (isInfinite(x)) return toRegister(infinity(0), fcw);
    const top = topOf(x);
    return toRegister({ sign: top < 0 ? 1 : 0, significand: BigInt(Math.abs(top)), exponent: 0 }, fcw);
  });
};
export const significandOf: Unary = (fcw, a) => {
  const x = extended(a);
  return withNumbers(fcw, [x], () => {
    if (isZero(x)) return answer(a, FSW.ZE);
    return isInfinite(x) ? a : toRegister({ ...x, exponent: x.exponent - topOf(x) }, fcw);
  });
};

/** Quotients of up to so many bits are found in one turn; of longer ones, so many bits at least (SDM vol. 2, FPREM). */
const WHOLE = 64;
const PARTIAL = 32;

/** Condition codes that keep what they had when there is no quotient. */
const QUOTIENT = FSW.C0 | FSW.C3;
export type Remainder = (fcw: bigint, a: bigint, b: bigint, fsw: bigint) => bigint;

/** FPREM and FPREM1: what ST(0) leaves when ST(1) is taken from it as often as fits, or the nearest number of times. */
const remainder =
  (nearest: boolean): Remainder =>
  (fcw, a, b, fsw) => {
    const [x, y] = [extended(a), extended(b)];
    const kept = answer(0n, Number(fsw) & QUOTIENT);
    if (fromNans(x, y) !== undefined) return fromNans(x, y)! | kept;
    if (isInfinite(x) || isZero(y)) return invalid | kept;
    const status = answer(0n, denormal(x, y));
    if (denormal(x, y) & ~Number(fcw)) return status | kept;
    return status | (isZero(x) || isInfinite(y) ? toRegister(x, fcw) : remainderOf(x, y, nearest, fcw));
  };

function remainderOf(x: Operand, y: Operand, nearest: boolean, fcw: bigint): bigint {
  const distance = topOf(x) - topOf(y);
  const unit = Math.min(x.exponent, y.exponent);
  const dividend = x.significand << BigInt(x.exponent - unit);
  const divisor = y.significand << BigInt(y.exponent - unit);
  if (distance >= WHOLE) {
    const step = divisor << BigInt(distance - (PARTIAL + (distance % PARTIAL)));
    return toRegister(left(x.sign, dividend % step, unit), fcw, FSW.C2);
  }
  let q = dividend / divisor;
  let rest = dividend % divisor;
  if (nearest && (2n * rest > divisor || (2n * rest === divisor && q & 1n))) {
    q++;
    rest -= divisor;
  }
  const bits = (q & 4n ? FSW.C0 : 0) | (q & 2n ? FSW.C3 : 0) | (q & 1n ? FSW.C1 : 0);
  return toRegister(left(x.sign, rest, unit), fcw, bits);
}

/** Zero keeps the dividend's sign. */
function left(sign: 0 | 1, rest: bigint, exponent: number): Value {
  if (rest === 0n) return zero(sign);
  return rest < 0n ? { sign: sign ? 0 : 1, significand: -rest, exponent } : { sign, significand: rest, exponent };
}
/** An empty register: no quotient either. */
export const withoutRemainder = (fsw: bigint): bigint => answer(INDEFINITE, FSW.IE | FSW.SF | (Number(fsw) & QUOTIENT));
export const remainderTruncated = remainder(false);
export const remainderNearest = remainder(true);
