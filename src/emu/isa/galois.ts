/** Bytes as polynomials over GF(2), modulo x⁸ + x⁴ + x³ + x + 1, and as bit vectors: GFNI. SDM vol. 2, GF2P8AFFINEQB. */

/** x times `a`. */
const times2 = (a: number): number => ((a << 1) ^ (a & 0x80 ? 0x1b : 0)) & 0xff;

export function times(a: number, b: number): number {
  let product = 0;
  for (let x = a, rest = b; rest; rest >>= 1, x = times2(x)) if (rest & 1) product ^= x;
  return product;
}

/** The powers of 3, which are all bytes but zero. */
const powers: number[] = [1];
while (powers.length < 255) powers.push(times(powers.at(-1)!, 3));
/** The inverse of each byte, zero's being zero: 3ⁱ · 3²⁵⁵⁻ⁱ = 1. */
const inverses = new Uint8Array(256);
powers.forEach((p, i) => {
  inverses[p] = powers[(255 - i) % 255]!;
});
export const inverse = (a: number): number => inverses[a]!;

const byte = (v: bigint, n: number): number => Number((v >> BigInt(8 * n)) & 0xffn);

/** Both vectors' bytes multiplied. */
export const multiplyBytes = (a: bigint, b: bigint): bigint => eachByte((n) => times(byte(a, n), byte(b, n)));

/** Every byte of `a`, or its inverse, times the 8 × 8 matrix in the same half of `matrices`, plus a constant. */
export const affine = (a: bigint, matrices: bigint, constant: number, invert: boolean): bigint =>
  eachByte((n) => {
    const x = invert ? inverses[byte(a, n)]! : byte(a, n);
    let out = constant;
    // Row i of the matrix, which makes bit i, is byte 7 − i of its half.
    for (let i = 0; i < 8; i++) if (isOdd(byte(matrices, (n & 8) + 7 - i) & x)) out ^= 1 << i;
    return out;
  });

const isOdd = (bits: number): boolean => {
  let ones = 0;
  for (let rest = bits; rest; rest &= rest - 1) ones++;
  return ones % 2 === 1;
};

function eachByte(f: (n: number) => number): bigint {
  let v = 0n;
  for (let n = 15; n >= 0; n--) v = (v << 8n) | BigInt(f(n));
  return v;
}
