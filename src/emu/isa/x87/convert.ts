/** Loads and stores of the x87's other formats. SDM vol. 1, 8.2 and 8.3.3. */
import {
  type Format,
  formats,
  isInfinite,
  isZero,
  packIndefinite,
  packInfinity,
  packNan,
  packZero,
} from '../float/format.ts';
import { type Direction, round, toInteger } from '../float/round.ts';
import type { Unary } from './arithmetic.ts';
import { decimal, denormal, double, extended, fromNans, integer, type Operand, single } from './operand.ts';
import { answer, controlOf, FSW, rounded } from './status.ts';

/** Every number of these formats is one of the registers': nothing is rounded. */
const loaded =
  (from: (bits: bigint) => Operand): Unary =>
  (fcw, bits) => {
    const x = from(bits);
    return fromNans(x) ?? rounded(round(x, formats[80], controlOf(fcw)), denormal(x));
  };
export const loadSingle = loaded(single);
export const loadDouble = loaded(double);
export const loadInteger = { 16: loaded(integer(16)), 32: loaded(integer(32)), 64: loaded(integer(64)) } as const;
export const loadDecimal = loaded(decimal);

/** As m32fp or m64fp. */
const storedReal =
  (f: Format): Unary =>
  (fcw, a) => {
    const x = extended(a);
    if (x.kind === 'unsupported') return answer(packIndefinite(f), FSW.IE);
    if (x.kind === 'quiet' || x.kind === 'signalling') {
      return answer(packNan(f, x, formats[80]), x.kind === 'signalling' ? FSW.IE : 0);
    }
    if (isZero(x)) return packZero(f, x.sign);
    if (isInfinite(x)) return packInfinity(f, x.sign);
    const control = controlOf(fcw);
    const out = round(x, f, control);
    // A store that overflow or underflow withholds has no result to call inexact.
    const withheld = out.exceptions & control.unmasked & (FSW.OE | FSW.UE);
    return withheld ? answer(0n, withheld) : rounded(out);
  };
export const storeSingle = storedReal(formats[32]);
export const storeDouble = storedReal(formats[64]);

/** Rounded to a whole number, or undefined for what is none. */
function wholeOf(a: bigint, direction: Direction): ReturnType<typeof toInteger> | undefined {
  const x = extended(a);
  if (Number.isNaN(x.exponent) || isInfinite(x)) return undefined;
  return isZero(x) ? { value: 0n, inexact: false, up: false } : toInteger(x, direction);
}
const precision = ({ inexact, up }: { inexact: boolean; up: boolean }): number =>
  (inexact ? FSW.PE : 0) | (up ? FSW.C1 : 0);

/** Out of range: the integer indefinite, which is the most negative one (SDM vol. 1, table 4-1). */
const storedInteger =
  (w: 16 | 32 | 64, truncate: boolean): Unary =>
  (fcw, a) => {
    const n = wholeOf(a, truncate ? 'zero' : controlOf(fcw).direction);
    if (!n || BigInt.asIntN(w, n.value) !== n.value) return answer(1n << BigInt(w - 1), FSW.IE);
    return answer(BigInt.asUintN(w, n.value), precision(n));
  };
const storesInteger = (truncate: boolean) =>
  ({ 16: storedInteger(16, truncate), 32: storedInteger(32, truncate), 64: storedInteger(64, truncate) }) as const;
export const storeInteger = storesInteger(false);
export const truncateInteger = storesInteger(true);

/** FBSTP's indefinite: SDM vol. 1, table 4-4. */
const INDEFINITE_DECIMAL = 0xffff_c000_0000_0000_0000n;
const LARGEST_DECIMAL = 10n ** 18n - 1n;

export const storeDecimal: Unary = (fcw, a) => {
  const n = wholeOf(a, controlOf(fcw).direction);
  if (!n) return answer(INDEFINITE_DECIMAL, FSW.IE);
  const magnitude = n.value < 0n ? -n.value : n.value;
  if (magnitude > LARGEST_DECIMAL) return answer(INDEFINITE_DECIMAL, FSW.IE);
  const sign = a & (1n << 79n);
  return answer(sign | BigInt(`0x${magnitude}`), precision(n));
};
