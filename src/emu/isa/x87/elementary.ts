/**
 * The x87's transcendental instructions on bit patterns. Results are rounded correctly, as processors promise only to
 * one unit in the last place (SDM vol. 1, 8.3.10). Zeros, infinities and what is invalid: the tables of SDM vol. 2.
 */
import { product } from '../float/exact.ts';
import { formats, infinity, isInfinite, isZero, type Value, zero } from '../float/format.ts';
import { type Binary, topOf, toRegister, type Unary, withNumbers } from './arithmetic.ts';
import { extended, invalid, type Operand } from './operand.ts';
import * as series from './series.ts';
import { answer, FSW, statusOf } from './status.ts';

/** Beyond 2^63 FSIN and its like leave ST(0) alone and say so in C2. */
const RANGE = 63;

const ONE: Value = { sign: 0, significand: 1n, exponent: 0 };

/** Processors call every finite result inexact, even one that happens not to be: 2² − 1, log₂ 8. */
function computed(v: Value, fcw: bigint): bigint {
  const out = toRegister(v, fcw);
  if (isZero(v) || isInfinite(v)) return out;
  return out | answer(0n, FSW.PE | (topOf(v) < formats[80].least && !(statusOf(out) & FSW.PE) ? FSW.UE : 0));
}

/** From −1 to 1; what others make is undefined: themselves, as on AMD's processors. */
const exponential = (x: Operand, fcw: bigint): bigint => {
  if (isInfinite(x)) return toRegister(x.sign ? { ...ONE, sign: 1 } : x, fcw);
  if (isZero(x)) return toRegister(x, fcw);
  const isWhole = series.isOne({ ...x, sign: 0 });
  if (isWhole) return computed(x.sign ? { sign: 1, significand: 1n, exponent: -1 } : ONE, fcw);
  return computed(topOf(x) >= 0 ? x : series.powerOfTwoLess1(x), fcw);
};

/** `atZero` is the function of ±0. */
const trigonometric =
  (f: (x: Value) => Value, atZero: (x: Value) => Value) =>
  (x: Operand, fcw: bigint, a: bigint): bigint => {
    if (isInfinite(x)) return invalid;
    if (isZero(x)) return toRegister(atZero(x), fcw);
    return topOf(x) >= RANGE ? answer(a, FSW.C2) : computed(f(x), fcw);
  };
const itself = (x: Value): Value => x;

const unary =
  (f: (x: Operand, fcw: bigint, a: bigint) => bigint): Unary =>
  (fcw, a) => {
    const x = extended(a);
    return withNumbers(fcw, [x], () => f(x, fcw, a));
  };
export const powerOfTwoLess1 = unary(exponential);
export const sine = unary(trigonometric(series.sineOf, itself));
export const cosine = unary(trigonometric(series.cosineOf, () => ONE));
export const tangent = unary(trigonometric(series.tangentOf, itself));

/** What FPTAN pushes after the tangent: 1, for the programs of the 8087, which divided by it. */
export const oneBeside = unary((x, fcw) => (isInfinite(x) ? invalid : toRegister(ONE, fcw)));

const binary =
  (f: (x: Operand, y: Operand, fcw: bigint) => bigint): Binary =>
  (fcw, a, b) => {
    const [x, y] = [extended(a), extended(b)];
    return withNumbers(fcw, [x, y], () => f(x, y, fcw));
  };

/** y times a logarithm that is a number. */
const scaledBy = (y: Operand, log: Value, fcw: bigint): bigint => {
  const v = product(y, log);
  return v ? computed(v, fcw) : invalid;
};

/** ST(1) · log₂ ST(0). */
export const logarithm = binary((x, y, fcw) => {
  if (isZero(x)) {
    if (isZero(y)) return invalid;
    const v = infinity(y.sign ? 0 : 1);
    return isInfinite(y) ? toRegister(v, fcw) : toRegister(v, fcw, FSW.ZE);
  }
  if (x.sign) return invalid;
  if (isInfinite(x)) return scaledBy(y, x, fcw);
  return scaledBy(y, series.logarithm(x), fcw);
});

/** ST(1) · log₂ (ST(0) + 1). */
export const logarithmOf1Plus = binary((x, y, fcw) => {
  if (isInfinite(x)) return x.sign ? invalid : scaledBy(y, x, fcw);
  if (isZero(x)) return scaledBy(y, zero(x.sign), fcw);
  if (x.sign && topOf(x) >= 0) return invalid;
  return scaledBy(y, series.logarithmOf1Plus(x), fcw);
});

/** The angle whose tangent is ST(1) / ST(0), in the quadrant of the two. Never invalid. */
export const arctangent = binary((x, y, fcw) => {
  if (isZero(y) || (isInfinite(x) && !isInfinite(y))) {
    return computed(x.sign ? series.quartersOfPi(4, y.sign) : zero(y.sign), fcw);
  }
  if (isInfinite(y) && isInfinite(x)) return computed(series.quartersOfPi(x.sign ? 3 : 1, y.sign), fcw);
  if (isInfinite(y) || isZero(x)) return computed(series.quartersOfPi(2, y.sign), fcw);
  return computed(series.angleOf(y, x), fcw);
});
