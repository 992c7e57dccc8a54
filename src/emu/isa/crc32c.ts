/** CRC-32C (Castagnoli), as CRC32 sums it: reflected, without the inversions before and after. SDM vol. 2, CRC32. */

/** The polynomial 11EDC6F41 with its bits reversed. */
const POLYNOMIAL = 0x82f6_3b78n;

/** `sum` carried on over `width` bits of data, lowest first. */
export function crc32c(sum: bigint, data: bigint, width: number): bigint {
  let s = sum ^ (data & 0xffff_ffffn);
  for (let i = 0; i < width; i++) {
    // The upper half of 64 bits comes in once the lower one is through.
    if (i === 32) s ^= data >> 32n;
    s = s & 1n ? (s >> 1n) ^ POLYNOMIAL : s >> 1n;
  }
  return s;
}
