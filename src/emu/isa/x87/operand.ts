/** What the x87 computes with: its registers, and reals, integers and packed decimals in memory. SDM vol. 1, 4.2 and 8.2. */
import { type Format, formats, isNan, packIndefinite, packNan, type Unpacked, unpack, zero } from '../float/format.ts';
import { answer, FSW } from './status.ts';

export type Operand = Unpacked;

export const extended = (bits: bigint): Operand => unpack(formats[80], bits);
/** A NaN gets the significand it would have in a register: the widest of two is chosen. */
const widened =
  (f: Format) =>
  (bits: bigint): Operand => {
    const v = unpack(f, bits);
    return isNan(v) ? { ...v, significand: v.significand << BigInt(64 - f.precision) } : v;
  };
export const single = widened(formats[32]);
export const double = widened(formats[64]);

const whole = (sign: 0 | 1, magnitude: bigint): Operand =>
  magnitude === 0n ? zero(sign) : { kind: 'normal', sign, significand: magnitude, exponent: 0 };
export const integer =
  (w: 16 | 32 | 64) =>
  (bits: bigint): Operand => {
    const v = BigInt.asIntN(w, bits);
    return v < 0n ? whole(1, -v) : whole(0, v);
  };

/** Eighteen digits, two a byte, and a sign. What digits above nine make is undefined: here they count as they are. */
export function decimal(bits: bigint): Operand {
  let v = 0n;
  for (let n = 17; n >= 0; n--) v = v * 10n + ((bits >> BigInt(4 * n)) & 15n);
  return whole(bits >> 79n ? 1 : 0, v);
}

export const INDEFINITE = packIndefinite(formats[80]);
export const invalid = answer(INDEFINITE, FSW.IE);

/** What operands that are no numbers make by themselves; undefined when all are numbers (SDM vol. 1, table 4-7). */
export function fromNans(x: Operand, y: Operand = x): bigint | undefined {
  if (x.kind === 'unsupported' || y.kind === 'unsupported') return invalid;
  if (!isNan(x) && !isNan(y)) return undefined;
  const signalling = x.kind === 'signalling' || y.kind === 'signalling';
  return answer(packNan(formats[80], chosen(x, y)), signalling ? FSW.IE : 0);
}

/** A quiet NaN before a signalling one, then the larger significand, then the positive one. */
function chosen(x: Operand, y: Operand): Operand {
  if (!isNan(x)) return y;
  if (!isNan(y)) return x;
  if (x.kind !== y.kind) return x.kind === 'quiet' ? x : y;
  if (x.significand !== y.significand) return x.significand > y.significand ? x : y;
  return x.sign ? y : x;
}

/** DE, for operands whose exponent field is zero. */
export const denormal = (...operands: readonly Operand[]): number =>
  operands.some((v) => v.kind === 'denormal') ? FSW.DE : 0;
