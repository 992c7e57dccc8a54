/** The steps of AES on a 128-bit state, byte 0 lowest: FIPS 197, with Intel's arrangement (SDM vol. 1, 12.13). */
import { inverse, times } from './galois.ts';

/** The inverse, then an affine map (FIPS 197, 5.1.1). */
function substitute(a: number): number {
  const b = inverse(a);
  let out = 0x63;
  for (let i = 0; i < 5; i++) out ^= ((b << i) | (b >> (8 - i))) & 0xff;
  return out;
}
const sbox = Uint8Array.from({ length: 256 }, (_, a) => substitute(a));
const inverseSbox = new Uint8Array(256);
sbox.forEach((to, from) => {
  inverseSbox[to] = from;
});

type State = readonly number[];
const bytesOf = (v: bigint): State => Array.from({ length: 16 }, (_, i) => Number((v >> BigInt(8 * i)) & 0xffn));
const bitsOf = (s: State): bigint => s.reduceRight((v, b) => (v << 8n) | BigInt(b), 0n);

/** Byte i is row i mod 4 of column i ÷ 4; row r turns by r columns. */
const shiftRows = (s: State): State => s.map((_, i) => s[(i + 4 * (i % 4)) % 16]!);
const inverseShiftRows = (s: State): State => s.map((_, i) => s[(i + 12 * (i % 4)) % 16]!);
const subBytes = (s: State, box: Uint8Array): State => s.map((b) => box[b]!);

/** Every column times a fixed polynomial, given by its coefficients for the byte's own row and the next three. */
const mix = (s: State, factors: State): State =>
  s.map((_, i) => {
    const column = i & ~3;
    return factors.reduce((sum, f, k) => sum ^ times(s[column + ((i + k) & 3)]!, f), 0);
  });
const mixColumns = (s: State): State => mix(s, [2, 3, 1, 1]);
const inverseMixColumns = (s: State): State => mix(s, [14, 11, 13, 9]);

export const encryptLast = (state: bigint, key: bigint): bigint =>
  bitsOf(subBytes(shiftRows(bytesOf(state)), sbox)) ^ key;
export const encrypt = (state: bigint, key: bigint): bigint =>
  bitsOf(mixColumns(subBytes(shiftRows(bytesOf(state)), sbox))) ^ key;
export const decryptLast = (state: bigint, key: bigint): bigint =>
  bitsOf(subBytes(inverseShiftRows(bytesOf(state)), inverseSbox)) ^ key;
export const decrypt = (state: bigint, key: bigint): bigint =>
  bitsOf(inverseMixColumns(subBytes(inverseShiftRows(bytesOf(state)), inverseSbox))) ^ key;
export const inverseMix = (key: bigint): bigint => bitsOf(inverseMixColumns(bytesOf(key)));

/** AESKEYGENASSIST: dwords 1 and 3 substituted, as they are and rotated by a byte with the round constant. */
export function assistKey(key: bigint, constant: number): bigint {
  const word = (n: number): number[] =>
    bytesOf(key)
      .slice(4 * n, 4 * n + 4)
      .map((b) => sbox[b]!);
  const rotated = ([a, b, c, d]: number[]): number[] => [b! ^ constant, c!, d!, a!];
  const [one, three] = [word(1), word(3)];
  return bitsOf([...one, ...rotated(one), ...three, ...rotated(three)]);
}
