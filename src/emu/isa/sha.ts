/** What the SHA instructions compute, on four dwords of 32 bits; dword 3 is the highest. SDM vol. 2, SHA1RNDS4 … */

/** Dwords, lowest first. */
const split = (v: bigint): [number, number, number, number] => [dword(v, 0), dword(v, 1), dword(v, 2), dword(v, 3)];
const dword = (v: bigint, n: number): number => Number((v >> BigInt(32 * n)) & 0xffff_ffffn);
const join = (...dwords: [number, number, number, number]): bigint =>
  dwords.reduceRight((v, d) => (v << 32n) | BigInt(d >>> 0), 0n);
const rotateLeft = (v: number, n: number): number => (v << n) | (v >>> (32 - n));
const rotateRight = (v: number, n: number): number => rotateLeft(v, 32 - n);

const choose = (b: number, c: number, d: number): number => (b & c) ^ (~b & d);
const parity = (b: number, c: number, d: number): number => b ^ c ^ d;
const majority = (b: number, c: number, d: number): number => (b & c) ^ (b & d) ^ (c & d);

/** Function and constant of each group of twenty rounds (FIPS 180-4, 4.1.1 and 4.2.1). */
const sha1Groups = [
  [choose, 0x5a82_7999],
  [parity, 0x6ed9_eba1],
  [majority, 0x8f1b_bcdc],
  [parity, 0xca62_c1d6],
] as const;

/** Four rounds: A B C D in `state` from the top, W0+E W1 W2 W3 in `words`. */
export function sha1Rounds(state: bigint, words: bigint, group: number): bigint {
  const [f, constant] = sha1Groups[group & 3]!;
  let [d, c, b, a] = split(state);
  let e = 0;
  for (const w of split(words).reverse()) {
    const next = (f(b, c, d) + rotateLeft(a, 5) + w + e + constant) | 0;
    [e, d, c, b, a] = [d, c, rotateLeft(b, 30), a, next];
  }
  return join(d, c, b, a);
}

/** The next E, which is A rotated, added to the first message word. */
export function sha1NextE(state: bigint, words: bigint): bigint {
  const [w0, w1, w2, w3] = split(words);
  return join(w0, w1, w2, (w3 + rotateLeft(dword(state, 3), 30)) | 0);
}

/** The first half of the next four message words: W(t−16) ⊕ W(t−14). */
export function sha1Message1(a: bigint, b: bigint): bigint {
  const [w3, w2, w1, w0] = split(a);
  const [, , w5, w4] = split(b);
  return join(w5 ^ w3, w4 ^ w2, w3 ^ w1, w2 ^ w0);
}

/** The second: ⊕ W(t−3), rotated; the last of the four needs the first. */
export function sha1Message2(a: bigint, b: bigint): bigint {
  const [a0, a1, a2, a3] = split(a);
  const [w15, w14, w13] = split(b);
  const w16 = rotateLeft(a3 ^ w13, 1);
  return join(rotateLeft(a0 ^ w16, 1), rotateLeft(a1 ^ w15, 1), rotateLeft(a2 ^ w14, 1), w16);
}

const bigSigma0 = (a: number): number => rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
const bigSigma1 = (e: number): number => rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
const sigma0 = (w: number): number => rotateRight(w, 7) ^ rotateRight(w, 18) ^ (w >>> 3);
const sigma1 = (w: number): number => rotateRight(w, 17) ^ rotateRight(w, 19) ^ (w >>> 10);

/** Two rounds: C D G H in `cdgh`, A B E F in `abef`, both from the top; two words with their constants in `words`. */
export function sha256Rounds(cdgh: bigint, abef: bigint, words: bigint): bigint {
  let [h, g, d, c] = split(cdgh);
  let [f, e, b, a] = split(abef);
  for (const w of split(words).slice(0, 2)) {
    const t = (choose(e, f, g) + bigSigma1(e) + w + h) | 0;
    const next = (t + majority(a, b, c) + bigSigma0(a)) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (t + d) | 0, c, b, a, next];
  }
  return join(f, e, b, a);
}

/** W(t−16) + σ0(W(t−15)). */
export function sha256Message1(a: bigint, b: bigint): bigint {
  const [w0, w1, w2, w3] = split(a);
  const w4 = dword(b, 0);
  return join((w0 + sigma0(w1)) | 0, (w1 + sigma0(w2)) | 0, (w2 + sigma0(w3)) | 0, (w3 + sigma0(w4)) | 0);
}

/** + σ1(W(t−2)); the upper two need the lower two. */
export function sha256Message2(a: bigint, b: bigint): bigint {
  const [a0, a1, a2, a3] = split(a);
  const [, , w14, w15] = split(b);
  const w16 = (a0 + sigma1(w14)) | 0;
  const w17 = (a1 + sigma1(w15)) | 0;
  return join(w16, w17, (a2 + sigma1(w16)) | 0, (a3 + sigma1(w17)) | 0);
}
