/**
 * RCPPS and RSQRTPS: approximations of 1/x and 1/√x. SDM vol. 2 only bounds their relative error, by 1.5 · 2^−12; which
 * of the many functions that keep to it a processor computes is its maker's choice. This is AMD's (Zen), bit for bit.
 *
 * It takes the highest twelve bits of the fraction, four at a time: i, j and k. The result's fraction, again of twelve
 * bits, is first[i, j] − second[i, k]: two small tables instead of one of 4096 entries. MXCSR plays no part: denormals
 * are always zeros, and no exception is met.
 */
import { formats, isNan, packIndefinite, packInfinity, packNan, packZero, unpack } from './format.ts';

/**
 * A line for each i: sixteen first[i, j] in hexadecimal, then sixteen second[i, k] as digits of base 36. Read when the
 * first approximation is made: most programs make none.
 */
function table(text: string): (fraction: number) => number {
  let all: readonly number[] | undefined;
  return (fraction) => {
    all ??= text
      .trim()
      .split('\n')
      .flatMap((line) => {
        const words = line.trim().split(/\s+/);
        const second = [...words.pop()!].map((digit) => Number.parseInt(digit, 36));
        return words.flatMap((first) => second.map((s) => Number.parseInt(first, 16) - s));
      });
    return all[fraction]!;
  };
}

/** Of 1/x, for x from 1 up to 2: a fraction of a number from ½ up to 1. */
const ofReciprocal = table(`
  ffe fde fbf f9f f81 f62 f43 f25 f07 ee9 ecb eae e91 e74 e57 e3a  023579bdfhikmoqs
  e1c e00 de4 dc9 dad d92 d77 d5c d41 d26 d0c cf2 cd8 cbe ca4 c8b  013568abdfgiklnp
  c70 c57 c3e c25 c0d bf4 bdc bc4 bac b94 b7d b65 b4e b37 b20 b09  0134578abdeghjkm
  af1 adb ac4 aae a98 a82 a6c a56 a41 a2b a16 a01 9ec 9d7 9c2 9ae  01245689acdeghik
  998 984 970 95c 948 934 920 90d 8f9 8e6 8d2 8bf 8ac 899 886 874  012346789bcdefhi
  861 84f 83c 82a 818 806 7f4 7e2 7d0 7bf 7ad 79c 78a 779 768 757  012456789abcefgh
  745 734 724 713 702 6f2 6e2 6d1 6c1 6b1 6a1 691 681 672 662 652  0123456789abcdef
  642 633 623 614 605 5f6 5e7 5d8 5c9 5ba 5ac 59d 58f 580 572 563  01234556789abcde
  555 547 538 52a 51d 50f 501 4f3 4e6 4d8 4ca 4bd 4b0 4a2 495 488  012234567889abcd
  47a 46d 460 453 447 43a 42d 420 414 407 3fb 3ee 3e2 3d6 3c9 3bd  0112345567899abc
  3b1 3a5 399 38d 381 375 369 35e 352 346 33b 32f 324 318 30d 302  0122344567789aab
  2f6 2eb 2e0 2d5 2ca 2bf 2b4 2a9 29e 293 288 27e 273 269 25e 253  011233455677899a
  248 23e 234 229 21f 215 20b 201 1f6 1ec 1e2 1d8 1cf 1c5 1bb 1b1  0012233455677889
  1a7 19e 194 18a 181 177 16e 164 15b 151 148 13f 136 12c 123 11a  0012233455667889
  110 107 0fe 0f5 0ec 0e3 0db 0d2 0c9 0c0 0b7 0af 0a6 09d 095 08c  0011223345566778
  084 07b 073 06a 062 05a 051 049 041 039 030 028 020 018 010 008  0011223445566778
`);

/** Of 1/√x, for x from 1 up to 2. */
const ofRootLow = table(`
  fff fef fdf fd0 fc0 fb0 fa1 f92 f82 f73 f64 f55 f46 f37 f28 f1a  01234567789abcde
  f0b efc eee edf ed1 ec3 eb5 ea7 e99 e8b e7d e6f e61 e54 e46 e39  01233456789aabcd
  e2b e1e e10 e03 df6 de9 ddc dcf dc2 db5 da9 d9c d8f d83 d76 d6a  012234566789abbc
  d5d d51 d44 d38 d2c d20 d14 d08 cfc cf0 ce5 cd9 ccd cc2 cb6 cab  0122344567789aab
  c9e c93 c88 c7c c71 c66 c5b c50 c45 c3a c2f c24 c19 c0e c04 bf9  001223455677899a
  bee be4 bd9 bcf bc4 bba baf ba5 b9b b91 b86 b7c b72 b68 b5e b54  011233455667889a
  b4a b40 b36 b2c b22 b19 b0f b05 afc af2 ae9 adf ad6 acc ac3 aba  0012233445667889
  ab0 aa7 a9e a94 a8b a82 a79 a70 a67 a5e a55 a4c a43 a3b a32 a29  0011223445566788
  a21 a18 a0f a07 9fe 9f6 9ed 9e5 9dc 9d4 9cb 9c3 9bb 9b2 9aa 9a2  0112233445566778
  999 991 989 981 979 971 969 961 959 951 949 941 939 932 92a 922  0011223344556677
  91a 912 90b 903 8fb 8f4 8ec 8e5 8dd 8d6 8ce 8c7 8bf 8b8 8b1 8a9  0011223334455667
  8a2 89b 894 88d 885 87e 877 870 869 862 85b 854 84d 846 83f 838  0112223344556667
  830 829 822 81c 815 80e 807 800 7fa 7f3 7ec 7e6 7df 7d8 7d2 7cb  0011122333445566
  7c5 7be 7b8 7b1 7ab 7a4 79e 797 791 78b 784 77e 778 771 76b 765  0011222334445556
  75e 758 752 74c 746 740 73a 733 72d 727 721 71b 715 70f 709 703  0011122333445556
  6fd 6f7 6f1 6eb 6e5 6e0 6da 6d4 6ce 6c8 6c3 6bd 6b7 6b1 6ac 6a6  0001112233344455
`);

/** Of 1/√x, for x from 2 up to 4. */
const ofRootHigh = table(`
  6a0 695 68a 67e 673 669 65e 653 648 63d 633 628 61d 613 608 5fe  011233455677899a
  5f3 5e9 5df 5d4 5ca 5c0 5b6 5ac 5a2 599 58f 585 57b 572 568 55f  0012233455677899
  555 54b 542 539 52f 526 51d 514 50b 502 4f9 4f0 4e7 4de 4d5 4cc  0012233445667788
  4c3 4bb 4b2 4a9 4a1 498 490 487 47f 477 46e 466 45e 455 44d 445  0012233445566778
  43d 435 42d 425 41d 415 40d 405 3fd 3f5 3ee 3e6 3de 3d7 3cf 3c8  0011223344556677
  3c0 3b9 3b1 3aa 3a2 39b 394 38c 385 37e 377 36f 368 361 35a 353  0111223344556667
  34c 345 33e 337 330 329 322 31b 315 30e 307 300 2fa 2f3 2ec 2e6  0011222334455566
  2df 2d9 2d2 2cc 2c5 2bf 2b8 2b2 2ac 2a5 29f 299 292 28c 286 280  0011222334445566
  279 273 26d 267 261 25b 255 24f 249 243 23d 237 231 22b 225 220  0001122233344555
  21a 214 20e 209 203 1fd 1f7 1f2 1ec 1e7 1e1 1db 1d6 1d0 1cb 1c5  0011122233344455
  1c0 1bb 1b5 1b0 1aa 1a5 1a0 19a 195 190 18a 185 180 17b 176 170  0011122233344455
  16b 166 161 15c 157 152 14d 148 143 13e 139 134 12f 12a 125 120  0111222333444455
  11a 116 111 10c 107 102 0fd 0f9 0f4 0ef 0ea 0e6 0e1 0dc 0d8 0d3  0001112222333444
  0ce 0ca 0c5 0c1 0bc 0b7 0b3 0ae 0aa 0a5 0a1 09c 098 093 08f 08b  0001112222333444
  086 082 07d 079 075 070 06c 068 063 05f 05b 057 052 04e 04a 046  0011112222333344
  041 03d 039 035 031 02d 029 024 020 01c 018 014 010 00c 008 004  0011112222333344
`);

const f = formats[32];
/** Biased exponent of ½, and where the twelve bits are in a single. */
const HALF = 126;
const biasedExponent = (x: bigint): number => Number(x >> 23n) & 0xff;
const highFraction = (x: bigint): number => Number(x >> 11n) & 0xfff;
const single = (sign: 0 | 1, exponent: number, fraction: number): bigint =>
  (BigInt(sign) << 31n) | (BigInt(exponent) << 23n) | (BigInt(fraction) << 11n);

/** RCPSS of a single. A result that would be denormal is zero. */
export function reciprocal(x: bigint): bigint {
  const v = unpack(f, x);
  if (isNan(v)) return packNan(f, v);
  if (v.kind === 'zero' || v.kind === 'denormal') return packInfinity(f, v.sign);
  const exponent = HALF + 127 - biasedExponent(x);
  if (v.kind === 'infinity' || exponent <= 0) return packZero(f, v.sign);
  return single(v.sign, exponent, ofReciprocal(highFraction(x)));
}

/** RSQRTSS of a single. */
export function reciprocalRoot(x: bigint): bigint {
  const v = unpack(f, x);
  if (isNan(v)) return packNan(f, v);
  if (v.kind === 'zero' || v.kind === 'denormal') return packInfinity(f, v.sign);
  if (v.sign) return packIndefinite(f);
  if (v.kind === 'infinity') return packZero(f, 0);
  const power = biasedExponent(x) - 127;
  const root = power & 1 ? ofRootHigh : ofRootLow;
  return single(0, HALF - (power >> 1), root(highFraction(x)));
}
