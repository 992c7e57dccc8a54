/** The processors one can ask for: what each has beyond the baseline, and how it names itself. */
import type { Feature } from '../isa/feature.ts';

export interface CpuModel {
  readonly name: string;
  readonly vendor: 'GenuineIntel' | 'AuthenticAMD';
  /** Family, model and stepping, as leaf 1 has them in EAX. */
  readonly signature: number;
  /** At most 47 characters. */
  readonly brand: string;
  readonly features: ReadonlySet<Feature>;
}

// The levels of the psABI, 3.1.1; each includes the one before.
const v2: readonly Feature[] = ['CMPXCHG16B', 'LAHF', 'POPCNT', 'SSE3', 'SSE4.1', 'SSE4.2', 'SSSE3'];
const v3: readonly Feature[] = [...v2, 'AVX', 'AVX2', 'BMI1', 'BMI2', 'F16C', 'FMA', 'LZCNT', 'MOVBE', 'XSAVE'];

// Processors of the street, as far as callgate has meanings.
const haswell: readonly Feature[] = [...v3, 'AES', 'FSGSBASE', 'PCLMULQDQ', 'RDRAND', 'RDTSCP', 'XSAVEOPT'];
const skylake: readonly Feature[] = [...haswell, 'ADX', 'CLFLUSHOPT', 'PREFETCHW', 'RDSEED', 'XSAVEC'];
const zen3: readonly Feature[] = [...skylake, 'CLWB', 'RDPID', 'SHA', 'VAES', 'VPCLMULQDQ'];
const max: readonly Feature[] = [...zen3, 'GFNI', 'PREFETCHWT1'];

const model = (
  name: string,
  vendor: CpuModel['vendor'],
  signature: number,
  brand: string,
  features: readonly Feature[],
): CpuModel => ({ name, vendor, signature, brand, features: new Set(features) });

// biome-ignore format: table
export const models = {
  v1:      model('v1',      'GenuineIntel', 0x0000_0f34, 'Callgate x86-64-v1',   []),
  v2:      model('v2',      'GenuineIntel', 0x0001_06a5, 'Callgate x86-64-v2',   v2),
  v3:      model('v3',      'GenuineIntel', 0x0003_06c3, 'Callgate x86-64-v3',   v3),
  haswell: model('haswell', 'GenuineIntel', 0x0003_06c3, 'Callgate (Haswell)',   haswell),
  skylake: model('skylake', 'GenuineIntel', 0x0005_0654, 'Callgate (Skylake)',   skylake),
  zen3:    model('zen3',    'AuthenticAMD', 0x00a0_0f11, 'Callgate (Zen 3)',     zen3),
  max:     model('max',     'AuthenticAMD', 0x00a0_0f11, 'Callgate, everything', max),
} as const;

export type CpuName = keyof typeof models;
export const cpuNames = Object.keys(models) as CpuName[];
