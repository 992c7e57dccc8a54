/** What CPUID answers: an x86-64-v1 processor that callgate has meanings for. SDM vol. 2, CPUID. */

/** EAX EBX ECX EDX. */
export type Leaf = readonly [number, number, number, number];

const text = (s: string): number => [...s].reduce((n, c, i) => n | (c.charCodeAt(0) << (8 * i)), 0) >>> 0;
const bits = (...at: number[]): number => at.reduce((n, b) => n | (1 << b), 0) >>> 0;

/** Leaf 1: family 6. EDX: FPU TSC CX8 CMOV FXSR SSE SSE2, which are all of x86-64-v1; ECX: POPCNT. */
const FEATURES: Leaf = [0x0006_0f01, 0, bits(23), bits(0, 4, 8, 15, 24, 25, 26)];

const leaves = new Map<number, Leaf>([
  [0, [1, text('Genu'), text('ntel'), text('ineI')]],
  [1, FEATURES],
  [0x8000_0000, [0x8000_0001, 0, 0, 0]],
  // SYSCALL and long mode.
  [0x8000_0001, [0, 0, bits(0), bits(11, 29)]],
]);

/** Unknown leaves read as zero. */
export const cpuid = (leaf: number): Leaf => leaves.get(leaf) ?? [0, 0, 0, 0];
