/**
 * Binary floating-point formats, and what a bit pattern in one of them stands for. SDM vol. 1, 4.2 and 4.8.
 *
 * A number is (−1)^sign · significand · 2^exponent, with a bigint significand of any length: so sums and products are
 * exact, and rounding is a step of its own (round.ts).
 */

export interface Format {
  readonly bits: 16 | 32 | 64 | 80;
  /** Bits of the significand, the leading one included. */
  readonly precision: number;
  /** Exponents of the smallest and the largest normal number. */
  readonly least: number;
  readonly most: number;
  /** The leading bit is stored: only the x87's format does. */
  readonly explicit: boolean;
}

// biome-ignore format: table
export const formats = {
  16: { bits: 16, precision: 11, least:    -14, most:    15, explicit: false },
  32: { bits: 32, precision: 24, least:   -126, most:   127, explicit: false },
  64: { bits: 64, precision: 53, least:  -1022, most:  1023, explicit: false },
  80: { bits: 80, precision: 64, least: -16382, most: 16383, explicit: true },
} as const satisfies Record<number, Format>;

/** Zero has the significand 0n, infinity the exponent Infinity. */
export interface Value {
  readonly sign: 0 | 1;
  readonly significand: bigint;
  readonly exponent: number;
}

/** The x87's pseudo-denormals are denormals; its unnormals, pseudo-infinities and pseudo-NaNs are unsupported. */
export type Kind = 'zero' | 'denormal' | 'normal' | 'infinity' | 'quiet' | 'signalling' | 'unsupported';

/** A NaN's significand is its whole one, leading bit included; its exponent is NaN. */
export interface Unpacked extends Value {
  readonly kind: Kind;
}

export const zero = (sign: 0 | 1): Unpacked => ({ kind: 'zero', sign, significand: 0n, exponent: 0 });
export const infinity = (sign: 0 | 1): Unpacked => ({ kind: 'infinity', sign, significand: 1n, exponent: Infinity });
export const isZero = (v: Value): boolean => v.significand === 0n;
export const isInfinite = (v: Value): boolean => v.exponent === Infinity;
export const isNan = (v: Unpacked): boolean => v.kind === 'quiet' || v.kind === 'signalling';

/** How many bits it takes to write a positive number: its highest one is bit `bitLength − 1`. */
export function bitLength(v: bigint): number {
  const hex = v.toString(16);
  return 4 * hex.length - Math.clz32(Number.parseInt(hex[0]!, 16)) + 28;
}

const sizes = new Map<Format, { fraction: bigint; fractionMask: bigint; exponentMask: number; leading: bigint }>();
function sizesOf(f: Format) {
  let s = sizes.get(f);
  if (!s) {
    const fraction = BigInt(f.explicit ? f.precision : f.precision - 1);
    const exponentMask = f.most - f.least + 2;
    s = { fraction, fractionMask: (1n << fraction) - 1n, exponentMask, leading: 1n << BigInt(f.precision - 1) };
    sizes.set(f, s);
  }
  return s;
}

export function unpack(f: Format, bits: bigint): Unpacked {
  const { fraction, fractionMask, exponentMask, leading } = sizesOf(f);
  const sign = bits >> BigInt(f.bits - 1) ? 1 : 0;
  const biased = Number(bits >> fraction) & exponentMask;
  const stored = bits & fractionMask;
  if (biased === 0) {
    if (stored === 0n) return zero(sign);
    return { kind: 'denormal', sign, significand: stored, exponent: f.least - f.precision + 1 };
  }
  if (f.explicit && !(stored & leading)) return { kind: 'unsupported', sign, significand: stored, exponent: NaN };
  const significand = stored | leading;
  if (biased < exponentMask) {
    return { kind: 'normal', sign, significand, exponent: biased - 1 + f.least - f.precision + 1 };
  }
  if (significand === leading) return infinity(sign);
  return { kind: significand & (leading >> 1n) ? 'quiet' : 'signalling', sign, significand, exponent: NaN };
}

/**
 * A significand of exactly `precision` bits and the exponent of its leading one. With that bit clear it is a denormal
 * (the exponent is then `least`); with the exponent `most + 1` an infinity or a NaN.
 */
export function pack(f: Format, sign: 0 | 1, exponent: number, significand: bigint): bigint {
  const { fraction, fractionMask, exponentMask, leading } = sizesOf(f);
  const biased = significand & leading ? (exponent - f.least + 1) & exponentMask : 0;
  return (BigInt(sign) << BigInt(f.bits - 1)) | (BigInt(biased) << fraction) | (significand & fractionMask);
}

export const packZero = (f: Format, sign: 0 | 1): bigint => BigInt(sign) << BigInt(f.bits - 1);
export const packInfinity = (f: Format, sign: 0 | 1): bigint => pack(f, sign, f.most + 1, sizesOf(f).leading);
/** The largest finite number. */
export const packLargest = (f: Format, sign: 0 | 1): bigint => pack(f, sign, f.most, (1n << BigInt(f.precision)) - 1n);

/** QNaN floating-point indefinite: what an invalid operation gives (SDM vol. 1, 4.2.2). */
export const packIndefinite = (f: Format): bigint => {
  const { leading } = sizesOf(f);
  return pack(f, 1, f.most + 1, leading | (leading >> 1n));
};

/** A NaN of the format `from`, quieted, in the format `to`: its high bits are kept. */
export function packNan(to: Format, nan: Unpacked, from: Format = to): bigint {
  const { leading } = sizesOf(to);
  const wider = BigInt(to.precision - from.precision);
  const significand = wider >= 0n ? nan.significand << wider : nan.significand >> -wider;
  return pack(to, nan.sign, to.most + 1, significand | (leading >> 1n));
}
