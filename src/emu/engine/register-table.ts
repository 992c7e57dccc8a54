/** Every register by name, one row each: to compare, to show, to write down and to read back. */
import type { Cpu } from '../cpu/cpu.ts';
import { GPR } from '../cpu/layout.ts';

export interface RegisterRow {
  readonly name: string;
  readonly get: (cpu: Cpu) => bigint;
  readonly set: (cpu: Cpu, v: bigint) => void;
}

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

// biome-ignore format: table
export const registerTable: readonly RegisterRow[] = [
  { name: 'RIP',    get: (c) => c.rip,            set: (c, v) => { c.rip = v; } },
  ...GPR.map((name, n): RegisterRow => ({ name, get: (c) => c.gpr(n), set: (c, v) => c.setGpr(n, v) })),
  { name: 'RFLAGS', get: (c) => c.rflags,         set: (c, v) => { c.rflags = v; } },
  { name: 'FSBASE', get: (c) => c.fsBase,         set: (c, v) => { c.fsBase = v; } },
  { name: 'GSBASE', get: (c) => c.gsBase,         set: (c, v) => { c.gsBase = v; } },
  { name: 'MXCSR',  get: (c) => BigInt(c.mxcsr),  set: (c, v) => { c.mxcsr = Number(v); } },
  ...numbers(16).map((n): RegisterRow => ({ name: `X${n}`,  get: (c) => c.xmm(n),    set: (c, v) => c.setXmm(n, v) })),
  ...numbers(16).map((n): RegisterRow => ({ name: `Y${n}H`, get: (c) => c.xmm(n, 1), set: (c, v) => c.setXmm(n, v, 1) })),
  { name: 'FCW',    get: (c) => BigInt(c.fcw),    set: (c, v) => { c.fcw = Number(v); } },
  { name: 'FSW',    get: (c) => BigInt(c.fsw),    set: (c, v) => { c.fsw = Number(v); } },
  { name: 'FTW',    get: (c) => BigInt(c.tags),   set: (c, v) => { c.tags = Number(v); } },
  ...numbers(8).map((n): RegisterRow => ({ name: `FPR${n}`, get: (c) => c.x87(n), set: (c, v) => c.setX87(n, v) })),
];
