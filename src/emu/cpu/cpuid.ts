/** What CPUID answers: a processor with just what callgate has meanings for. SDM vol. 2, CPUID. */

/** EAX EBX ECX EDX. */
export type Leaf = readonly [number, number, number, number];

const text = (s: string): number => [...s].reduce((n, c, i) => n | (c.charCodeAt(0) << (8 * i)), 0) >>> 0;
const bits = (...at: number[]): number => at.reduce((n, b) => n | (1 << b), 0) >>> 0;

/** Leaf 1: family 6. EDX: TSC CX8 CMOV SSE SSE2; ECX: CMPXCHG16B MOVBE POPCNT. No x87 and no MMX yet. */
const FEATURES: Leaf = [0x0006_0f01, 0, bits(13, 22, 23), bits(4, 8, 15, 25, 26)];

const leaves = new Map<number, Leaf>([
  [0, [7, text('Genu'), text('ntel'), text('ineI')]],
  [1, FEATURES],
  // ADX.
  [7, [0, bits(19), 0, 0]],
  [0x8000_0000, [0x8000_0001, 0, 0, 0]],
  // LAHF, LZCNT; SYSCALL, RDTSCP and long mode.
  [0x8000_0001, [0, 0, bits(0, 5), bits(11, 27, 29)]],
]);

/** Unknown leaves read as zero. */
export const cpuid = (leaf: number): Leaf => leaves.get(leaf) ?? [0, 0, 0, 0];
