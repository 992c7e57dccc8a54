/** What CPUID answers for a model. SDM vol. 2, CPUID; AMD's manual vol. 3, appendix E. */
import type { Feature } from '../isa/feature.ts';
import type { CpuModel } from './models.ts';

/** EAX EBX ECX EDX. */
export type Leaf = readonly [number, number, number, number];
type Register = 'EAX' | 'EBX' | 'ECX' | 'EDX';
const REGISTERS: readonly Register[] = ['EAX', 'EBX', 'ECX', 'EDX'];

/** Where each feature's bit is. */
// biome-ignore format: table
export const featureBits: Readonly<Record<Feature, readonly [leaf: number, subleaf: number, register: Register, bit: number]>> = {
  'SSE3':        [0x0000_0001, 0, 'ECX',  0],
  'PCLMULQDQ':   [0x0000_0001, 0, 'ECX',  1],
  'SSSE3':       [0x0000_0001, 0, 'ECX',  9],
  'FMA':         [0x0000_0001, 0, 'ECX', 12],
  'CMPXCHG16B':  [0x0000_0001, 0, 'ECX', 13],
  'SSE4.1':      [0x0000_0001, 0, 'ECX', 19],
  'SSE4.2':      [0x0000_0001, 0, 'ECX', 20],
  'MOVBE':       [0x0000_0001, 0, 'ECX', 22],
  'POPCNT':      [0x0000_0001, 0, 'ECX', 23],
  'AES':         [0x0000_0001, 0, 'ECX', 25],
  'XSAVE':       [0x0000_0001, 0, 'ECX', 26],
  'AVX':         [0x0000_0001, 0, 'ECX', 28],
  'F16C':        [0x0000_0001, 0, 'ECX', 29],
  'RDRAND':      [0x0000_0001, 0, 'ECX', 30],
  'FSGSBASE':    [0x0000_0007, 0, 'EBX',  0],
  'BMI1':        [0x0000_0007, 0, 'EBX',  3],
  'AVX2':        [0x0000_0007, 0, 'EBX',  5],
  'BMI2':        [0x0000_0007, 0, 'EBX',  8],
  'RDSEED':      [0x0000_0007, 0, 'EBX', 18],
  'ADX':         [0x0000_0007, 0, 'EBX', 19],
  'CLFLUSHOPT':  [0x0000_0007, 0, 'EBX', 23],
  'CLWB':        [0x0000_0007, 0, 'EBX', 24],
  'SHA':         [0x0000_0007, 0, 'EBX', 29],
  'PREFETCHWT1': [0x0000_0007, 0, 'ECX',  0],
  'GFNI':        [0x0000_0007, 0, 'ECX',  8],
  'VAES':        [0x0000_0007, 0, 'ECX',  9],
  'VPCLMULQDQ':  [0x0000_0007, 0, 'ECX', 10],
  'RDPID':       [0x0000_0007, 0, 'ECX', 22],
  'AVX512F':     [0x0000_0007, 0, 'EBX', 16],
  'AVX512DQ':    [0x0000_0007, 0, 'EBX', 17],
  'AVX512_IFMA': [0x0000_0007, 0, 'EBX', 21],
  'AVX512PF':    [0x0000_0007, 0, 'EBX', 26],
  'AVX512ER':    [0x0000_0007, 0, 'EBX', 27],
  'AVX512CD':    [0x0000_0007, 0, 'EBX', 28],
  'AVX512BW':    [0x0000_0007, 0, 'EBX', 30],
  'AVX512_VBMI':      [0x0000_0007, 0, 'ECX',  1],
  'AVX512_VBMI2':     [0x0000_0007, 0, 'ECX',  6],
  'AVX512_VNNI':      [0x0000_0007, 0, 'ECX', 11],
  'AVX512_BITALG':    [0x0000_0007, 0, 'ECX', 12],
  'AVX512_VPOPCNTDQ': [0x0000_0007, 0, 'ECX', 14],
  'AVX512_4VNNIW':    [0x0000_0007, 0, 'EDX',  2],
  'AVX512_4FMAPS':    [0x0000_0007, 0, 'EDX',  3],
  'XSAVEOPT':    [0x0000_000d, 1, 'EAX',  0],
  'XSAVEC':      [0x0000_000d, 1, 'EAX',  1],
  'LAHF':        [0x8000_0001, 0, 'ECX',  0],
  'LZCNT':       [0x8000_0001, 0, 'ECX',  5],
  'PREFETCHW':   [0x8000_0001, 0, 'ECX',  8],
  'RDTSCP':      [0x8000_0001, 0, 'EDX', 27],
};

const bits = (...at: number[]): number => at.reduce((n, b) => n | (1 << b), 0) >>> 0;
const text = (s: string): number => [...s].reduce((n, c, i) => n | (c.charCodeAt(0) << (8 * i)), 0) >>> 0;
const word = (s: string, n: number): number => text(s.slice(4 * n, 4 * n + 4));

/** Leaf 1, EDX: x87, TSC, CX8, CMOV, CLFLUSH, MMX, FXSR, SSE, SSE2. 8000_0001, EDX: SYSCALL, long mode. */
const BASELINE = bits(0, 4, 8, 15, 19, 23, 24, 25, 26);
const LONG_MODE = bits(11, 29);
/** Leaf 1, ECX: the kernel has enabled XSAVE. */
const OSXSAVE = bits(27);
/** Leaf 1, EBX: one logical processor; CLFLUSH works on 8 times 8 bytes. */
const ONE_PROCESSOR = (1 << 16) | (8 << 8);

/** XSAVE's area: legacy part and header; the upper halves of the YMM registers behind them. */
const LEGACY_SIZE = 576;
const YMM_SIZE = 256;
/** State components: x87 and SSE; AVX. */
const X87_SSE = 3;
const AVX = 4;

/** Level, type (1 data, 2 instructions, 3 both), KiB, ways; lines of 64 bytes. */
const caches = [
  { level: 1, type: 1, size: 32, ways: 8 },
  { level: 1, type: 2, size: 32, ways: 8 },
  { level: 2, type: 3, size: 512, ways: 8 },
  { level: 3, type: 3, size: 16_384, ways: 16 },
] as const;
const LINE = 64;
const NO_LEAF: Leaf = [0, 0, 0, 0];

/** Intel's leaf 4: one cache a sub-leaf. */
function cache(n: number): Leaf {
  const c = caches[n];
  if (!c) return NO_LEAF;
  const sets = (c.size * 1024) / (c.ways * LINE);
  return [(1 << 8) | (c.level << 5) | c.type, ((c.ways - 1) << 22) | (LINE - 1), sets - 1, 0];
}

/** AMD's leaves 8000_0005 and 8000_0006: first-level caches; second and third, whose ways are coded. */
const firstLevel = ((caches[0].size << 24) | (caches[0].ways << 16) | (1 << 8) | LINE) >>> 0;
const secondLevel = ((caches[2].size << 16) | (6 << 12) | (1 << 8) | LINE) >>> 0;
const thirdLevel = (((caches[3].size / 512) << 18) | (8 << 12) | (1 << 8) | LINE) >>> 0;

/** The highest leaf: XSAVE's where there is one, else that of features, or for the oldest that of caches. */
const highest = ({ features }: CpuModel): number => (features.has('XSAVE') ? 0xd : features.size ? 7 : 4);

/** Everything but the features' bits. Leaves that no model has read as zero. */
function fixed(m: CpuModel, leaf: number, subleaf: number): Leaf {
  const brand = m.brand.padEnd(48, '\0');
  const saves = m.features.has('XSAVE');
  const wide = m.features.has('AVX');
  const area = LEGACY_SIZE + (wide ? YMM_SIZE : 0);
  switch (leaf) {
    case 0:
      return [highest(m), word(m.vendor, 0), word(m.vendor, 2), word(m.vendor, 1)];
    case 1:
      return [m.signature, ONE_PROCESSOR, saves ? OSXSAVE : 0, BASELINE];
    case 2:
      // Descriptor FF: the caches are in leaf 4.
      return m.vendor === 'GenuineIntel' ? [0x00ff_0001, 0, 0, 0] : NO_LEAF;
    case 4:
      return m.vendor === 'GenuineIntel' ? cache(subleaf) : NO_LEAF;
    case 0xd:
      if (subleaf === 0) return [X87_SSE | (wide ? AVX : 0), area, area, 0];
      if (subleaf === 1) return [0, m.features.has('XSAVEC') ? area : 0, 0, 0];
      return subleaf === 2 && wide ? [YMM_SIZE, LEGACY_SIZE, 0, 0] : NO_LEAF;
    case 0x8000_0000:
      return [0x8000_0008, word(m.vendor, 0), word(m.vendor, 2), word(m.vendor, 1)];
    case 0x8000_0001:
      return [m.vendor === 'AuthenticAMD' ? m.signature : 0, 0, 0, LONG_MODE];
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      const at = 4 * (leaf - 0x8000_0002);
      return [word(brand, at), word(brand, at + 1), word(brand, at + 2), word(brand, at + 3)];
    }
    case 0x8000_0005:
      return m.vendor === 'AuthenticAMD' ? [0, 0, firstLevel, firstLevel] : NO_LEAF;
    case 0x8000_0006:
      return [0, 0, secondLevel, m.vendor === 'AuthenticAMD' ? thirdLevel : 0];
    case 0x8000_0007:
      // The time-stamp counter runs at one rate, for ever.
      return [0, 0, 0, bits(8)];
    case 0x8000_0008:
      // 48 bits of either address.
      return [(48 << 8) | 48, 0, 0, 0];
    default:
      return NO_LEAF;
  }
}

export function cpuid(model: CpuModel, leaf: number, subleaf: number): Leaf {
  if (leaf < 0x8000_0000 && leaf > highest(model)) return NO_LEAF;
  const answer = [...fixed(model, leaf, subleaf)] as [number, number, number, number];
  for (const feature of model.features) {
    const [inLeaf, inSubleaf, register, bit] = featureBits[feature];
    const hasSubleaves = leaf === 7 || leaf === 0xd;
    if (inLeaf === leaf && (!hasSubleaves || inSubleaf === subleaf)) answer[REGISTERS.indexOf(register)]! |= 1 << bit;
  }
  return answer.map((v) => v >>> 0) as unknown as Leaf;
}
