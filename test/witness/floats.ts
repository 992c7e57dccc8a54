/** States for floating-point rows: numbers at the ends of their formats, any MXCSR. */
import type { Form } from '#emu/isa/form.ts';
import type { Random } from '#runtime/junk.ts';
import { type CpuState, DATA_SIZE } from './silicon.ts';

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));
const oneOf = <T>(r: Random, choices: readonly T[]): T => choices[pick(r, choices.length)]!;

/**
 * A number whose sums, products, quotients and roundings meet the ends of the format: few bits set or clear, an exponent
 * near the least, the greatest, one, or half of one of those. `fraction` and `exponent`: their sizes in bits.
 */
function hardFloat(r: Random, fraction: number, exponent: number): bigint {
  const [most, one] = [(1 << exponent) - 1, 1n << BigInt(fraction)];
  const bias = most >> 1;
  const centre = oneOf(r, [1, most - 1, bias, bias >> 1, bias + (bias >> 1), bias + fraction, bias + 31, bias + 63]);
  const near = centre + pick(r, 3) - 1;
  const biased = oneOf(r, [0, most, pick(r, most), centre, centre, near, centre + pick(r, 40) - 20]);
  const any = r.next() % one;
  const some = BigInt(pick(r, fraction));
  const low = oneOf(r, [0n, 1n, one - 1n, one >> 1n, any, any, any >> some, (any >> some) << some, one - (1n << some)]);
  const magnitude = (BigInt(Math.max(0, Math.min(most, biased))) << BigInt(fraction)) | low;
  return (BigInt(pick(r, 2)) << BigInt(fraction + exponent)) | magnitude;
}
const hardDouble = (r: Random): bigint => hardFloat(r, 52, 11);
const hardSingles = (r: Random): bigint => (hardFloat(r, 23, 8) << 32n) | hardFloat(r, 23, 8);
const hardHalves = (r: Random): bigint => [0, 1, 2, 3].reduce((v) => (v << 16n) | hardFloat(r, 10, 5), 0n);

/** For floating-point rows, every other time: registers and memory full of such numbers, any exceptions unmasked. */
function hardState(f: Form, r: Random, before: CpuState): CpuState {
  const source = /CVT/.test(f.name) ? f.name.replace(/2.*/, '') : f.name;
  const lane = source.endsWith('PH') ? hardHalves : source.endsWith('D') ? hardDouble : hardSingles;
  const unmasked = pick(r, 3) ? 0 : pick(r, 64);
  return {
    ...before,
    mxcsr: (before.mxcsr & ~(unmasked << 7)) >>> 0,
    vectors: before.vectors.map(() => (lane(r) << 64n) | lane(r)),
    data: new Uint8Array(BigUint64Array.from({ length: DATA_SIZE / 8 }, () => lane(r)).buffer),
  };
}
const isFloat = (f: Form): boolean =>
  /^V?(ADD|MUL|SUB|MIN|DIV|MAX|SQRT|ADDSUB|HADD|HSUB|CMP|ROUND|DP|FN?M\w+)[PS][SD]$|^V?(U?COMIS|CVT)/.test(f.name);

/**
 * MXCSR with every exception masked, for the conversions to and from MMX registers: processors differ in whether #XM
 * leaves the x87 alone. Bit 17 is reserved for Intel only.
 */
export function floatState(f: Form, r: Random, before: CpuState): CpuState {
  if (f.operands.some((kind) => 'file' in kind && kind.file === 'mmx') && f.name.startsWith('CVT'))
    return { ...before, mxcsr: before.mxcsr | 0x1f80 };
  if (/LDMXCSR/.test(f.name))
    return { ...before, data: before.data.map((b, i) => (i & 2 ? (pick(r, 8) ? 0 : b & 0xfd) : b)) };
  return isFloat(f) && pick(r, 2) ? hardState(f, r, before) : before;
}
