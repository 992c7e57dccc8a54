/** Random x87 states: numbers at the ends of every format, exceptions unmasked, noted and pending. */
import type { Form } from '#emu/isa/form.ts';
import type { Random } from '#runtime/junk.ts';
import { type CpuState, DATA_SIZE, type X87State } from './silicon.ts';

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));
const oneOf = <T>(r: Random, choices: readonly T[]): T => choices[pick(r, choices.length)]!;
const M64 = 0xffff_ffff_ffff_ffffn;

/** Exponents that meet the ends of some format: denormals, overflow, integers, products and quotients out of range. */
function exponent80(r: Random): number {
  const near = (at: number, spread: number): number => at - (spread >> 1) + pick(r, spread);
  // biome-ignore format: table
  return oneOf(r, [
    0, 0, 0x7fff, 0x7fff, 0x3fff, 0x3fff, 1, 0x7ffe, near(0x3fff, 4), near(0x3fff, 80), near(0x3fff, 140), near(0x403e, 6),
    near(0x3c01, 120), near(0x3f81, 60), near(0x43fe, 6), near(0x407e, 6), near(0x2000, 40), near(0x5fff, 40), pick(r, 80),
    0x7ffe - pick(r, 80), near(0x400e, 6), near(0x401e, 6), pick(r, 0x8000), near(0x4002, 12),
  ]);
}

/** Numbers, infinities, NaNs, denormals, and the encodings the x87 no longer supports. */
function extended(r: Random): bigint {
  const [any, some] = [r.next(), BigInt(pick(r, 64))];
  // biome-ignore format: table
  const significand = oneOf(r, [
    any, any, any, (any >> some) << some, (any >> some) << some, 0n, 1n << 63n, 3n << 62n, 1n, M64, (1n << 63n) | 1n, M64 ^ (1n << some),
    1n << some, (1n << some) | (any & 1n), (any | 0x7ffn) & ~0x400n, any | 0xff_ffff_ffffn,
  ]);
  const exponent = BigInt(exponent80(r));
  const normal = exponent > 0n && pick(r, 20) ? significand | (1n << 63n) : significand;
  return (BigInt(pick(r, 2)) << 79n) | (exponent << 64n) | normal;
}

const MASKS = 0x3f;
const SUMMARY = 0x8080;

/** Mostly as programs have it; sometimes with exceptions unmasked or already noted, and then sometimes pending. */
export function randomX87(r: Random): X87State {
  const unmasked = pick(r, 4) ? 0 : pick(r, 64);
  const precision = pick(r, 3) ? 3 : oneOf(r, [0, 2]);
  const fcw = (0x7f & ~unmasked) | (precision << 8) | (pick(r, 4) << 10);
  const noted = pick(r, 4) ? 0 : pick(r, 128);
  const pending = noted & ~fcw & MASKS;
  const flags = pending && pick(r, 2) ? noted | SUMMARY : noted & ~pending;
  return {
    fcw,
    fsw: (pick(r, 8) << 11) | (pick(r, 8) << 8) | (pick(r, 2) << 14) | flags,
    tags: pick(r, 4) ? 0xff : pick(r, 256),
    registers: Array.from({ length: 8 }, () => extended(r)),
  };
}

/** A data page of 80-bit patterns, sixteen bytes apart, as memory operands mostly are: their low parts are integers. */
function extendedPage(r: Random): Uint8Array {
  const page = new Uint8Array(DATA_SIZE);
  const view = new DataView(page.buffer);
  for (let at = 0; at < DATA_SIZE; at += 16) {
    const v = extended(r);
    view.setBigUint64(at, v & M64, true);
    view.setBigUint64(at + 8, v >> 64n, true);
  }
  return page;
}

/** Packed decimals, now and then with a digit above nine: those are undefined, so only the sign byte strays. */
function decimalPage(r: Random): Uint8Array {
  const page = new Uint8Array(DATA_SIZE).map(() => 16 * pick(r, 10) + pick(r, 10));
  for (let at = 9; at < DATA_SIZE; at += 16) page[at] = pick(r, 256);
  return page;
}

/** ST(0) brought between −2^−2 and 2^−2, where F2XM1 and FYL2XP1 are defined, unless it is zero or no number. */
function nearZero({ x87, ...rest }: CpuState): CpuState {
  const top = (x87.fsw >> 11) & 7;
  const registers = x87.registers.map((v, n) => {
    const exponent = (v >> 64n) & 0x7fffn;
    return n === top && exponent > 0x3ffdn && exponent < 0x7fffn
      ? v ^ ((exponent ^ (0x3ffdn - (exponent & 63n))) << 64n)
      : v;
  });
  return { ...rest, x87: { ...x87, registers } };
}

const isArea = (f: Form): boolean => /^(FX|X)(SAVE|RSTOR)/.test(f.name);

/**
 * An area for FXRSTOR and XRSTOR to load, at R13: mostly one that they take. Random EDX:EAX, without AVX-512's bits, which
 * only silicon has.
 */
function areaState(r: Random, before: CpuState): CpuState {
  const data = before.data.slice();
  const view = new DataView(data.buffer);
  const { fcw, fsw, tags, registers } = randomX87(r);
  [fcw, fsw, tags].forEach((v, n) => view.setUint16(OPERANDS + 2 * n, v, true));
  registers.forEach((v, n) => view.setBigUint64(OPERANDS + 32 + 16 * n, v & M64, true));
  registers.forEach((v, n) => view.setUint16(OPERANDS + 40 + 16 * n, Number(v >> 64n), true));
  view.setUint32(OPERANDS + 24, pick(r, 8) ? 0x1f80 ^ pick(r, 0x40) : 0x4_0000 << pick(r, 13), true);
  data.fill(0, HEADER, HEADER + 64);
  const listed = pick(r, 8);
  const compacted = pick(r, 2) === 1;
  data[HEADER] = compacted ? listed & pick(r, 8) : listed;
  if (compacted) view.setBigUint64(HEADER + 8, BigInt(listed) | (1n << 63n), true);
  // One bit too many, anywhere in the header but where AVX-512's are.
  const bit = oneOf(r, [3, 4, 8 + pick(r, 56), 67, 68, 72 + pick(r, 55), 128 + pick(r, 384)]);
  if (pick(r, 4) === 0) data[HEADER + (bit >> 3)]! ^= 1 << (bit & 7);
  const gprs = before.gprs.map((v, n) => (n === 0 ? BigInt(pick(r, 32)) : v));
  return { ...before, gprs, data };
}
/** Where R13 points in the data page, and with it most memory operands. */
const OPERANDS = 64;
const HEADER = OPERANDS + 512;

/** Areas lie at R13, but for one in eight that is not aligned. */
export const areaOffset = (f: Form, r: Random): bigint | undefined =>
  isArea(f) ? BigInt(pick(r, 8) ? 0 : oneOf(r, f.name.startsWith('FX') ? [8] : [8, 16, 32])) : undefined;

/** What an x87 row's operands are best made of. */
export function x87State(f: Form, r: Random, before: CpuState): CpuState {
  if (/^(F2XM1|FYL2XP1)$/.test(f.name)) return nearZero(before);
  if (isArea(f)) return areaState(r, before);
  if (/^(FBLD|FMOVB)$/.test(f.name)) return { ...before, data: decimalPage(r) };
  if (/^FMOVX$/.test(f.name)) return { ...before, data: extendedPage(r) };
  return before;
}

/** Numbers one unit in the last place apart. */
const isNeighbour = (a: bigint, b: bigint): boolean => {
  // Without the integer bit patterns count through.
  const place = (v: bigint): bigint => ((v >> 64n) << 63n) + (v & (M64 >> 1n));
  const apart = place(a) - place(b);
  return apart === 1n || apart === -1n;
};
const C1 = 0x200;
const UE = 0x10;
const EXPONENT = 0x7fffn << 64n;
const LEAST = 1n << 64n;
/** CF PF AF ZF SF OF. */
const STATUS_FLAGS = 0x8d5n;

/**
 * Our result with silicon's in place of what manuals leave to the processor: the last place of a transcendental function
 * and which way it was rounded (SDM vol. 1, 8.3.10), reserved parts of an area.
 */
export function withFreedom(f: Form, before: CpuState, silicon: CpuState, ours: CpuState): CpuState {
  if (/^(F2XM1|FYL2X|FYL2XP1|FPATAN|FPTAN|FSIN|FCOS|FSINCOS)$/.test(f.name)) {
    const registers = ours.x87.registers.map((v, n) =>
      isNeighbour(v, silicon.x87.registers[n]!) ? silicon.x87.registers[n]! : v,
    );
    // Whether a result at the lower end counts as underflow hangs on the same last place.
    const isTiny = registers.some((v, n) => v !== before.x87.registers[n] && (v & EXPONENT) <= LEAST);
    const loose = C1 | (isTiny ? UE : 0);
    return { ...ours, x87: { ...ours.x87, registers, fsw: (ours.x87.fsw & ~loose) | (silicon.x87.fsw & loose) } };
  }
  if (/^FU?COMIP?$/.test(f.name)) {
    // Intel's processors clear C1, and leave the flags when an invalid comparison is unmasked; AMD's do neither.
    const withheld = silicon.x87.fsw & ~silicon.x87.fcw & 1;
    const flags = withheld ? (ours.flags & ~STATUS_FLAGS) | (silicon.flags & STATUS_FLAGS) : ours.flags;
    return { ...ours, flags, x87: { ...ours.x87, fsw: (ours.x87.fsw & ~C1) | (silicon.x87.fsw & C1) } };
  }
  if (!isArea(f)) return ours;
  // MXCSR_MASK is the processor's; bytes 416 to 463 of FXSAVE's area are reserved.
  const data = ours.data.slice();
  const kept = f.name.startsWith('FXSAVE')
    ? [
        [28, 32],
        [416, 464],
      ]
    : [[28, 32]];
  for (const [from, to] of kept) data.set(silicon.data.subarray(OPERANDS + from!, OPERANDS + to!), OPERANDS + from!);
  return { ...ours, data };
}
