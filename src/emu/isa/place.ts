/** Where an operand's bits are. Made by the decoder, read by the meanings. */
import type { Width } from './ops.ts';

/** A general register. `high`: AH, CH, DH or BH, whose number is that of AL… */
export interface GprPlace {
  readonly in: 'gpr';
  readonly n: number;
  readonly w: Width;
  readonly high: boolean;
}

/**
 * The low `w` bits of a vector register, or with `part` 1 the upper 128 bits of a YMM register. A `put` always writes
 * all 128 of its part and leaves the other part alone: AVX rows clear the upper part by a `put` of their own.
 */
export interface XmmPlace {
  readonly in: 'xmm';
  readonly n: number;
  readonly w: Width;
  readonly part: 0 | 1;
}

/** An opmask register, K0 to K7. */
export interface MaskPlace {
  readonly in: 'k';
  readonly n: number;
  readonly w: 64;
}

/** An MMX register: the low 64 bits of an x87 data register, by its physical number. */
export interface MmxPlace {
  readonly in: 'mmx';
  readonly n: number;
  readonly w: Width;
}

/** ST(i): counted from the top of the x87 stack. */
export interface StPlace {
  readonly in: 'st';
  readonly n: number;
  readonly w: 80;
}

/** A segment register's selector (ES CS SS DS FS GS, as MOV numbers them), or a control or debug register. */
export interface SystemPlace {
  readonly in: 'seg' | 'cr' | 'dr';
  readonly n: number;
  readonly w: Width;
}

/** base + index·scale + displacement, plus a segment base. RIP-relative addresses arrive with `disp` made absolute. */
export interface MemPlace {
  readonly in: 'mem';
  readonly w: Width;
  readonly segment: 'FS' | 'GS' | undefined;
  readonly base: number | undefined;
  readonly index: number | undefined;
  /** The index is a vector register (VSIB): the gathers compute their addresses themselves. */
  readonly vectorIndex: boolean;
  readonly scale: number;
  readonly disp: bigint;
  /** Address-size prefix: the sum is cut to 32 bits. */
  readonly short: boolean;
  readonly ripRelative: boolean;
}

/** A constant: an immediate (sign-extended to the operand size as the row says), or a branch's absolute target. */
export interface ImmPlace {
  readonly in: 'imm';
  readonly w: Width;
  readonly value: bigint;
}

export type Place = GprPlace | XmmPlace | MaskPlace | MmxPlace | StPlace | SystemPlace | MemPlace | ImmPlace;

/** Half `n` of a 256-bit operand, as a place of 128 bits. Of a narrower operand there is only half 0: itself. */
export function part(p: Place, n: 0 | 1): Place {
  if (p.in === 'xmm') return { ...p, w: p.w === 256 ? 128 : p.w, part: n };
  if (p.in === 'mem' && p.w === 256) return { ...p, w: 128, disp: BigInt.asUintN(64, p.disp + BigInt(16 * n)) };
  return p;
}

export const gpr = (n: number, w: Width): GprPlace => ({ in: 'gpr', n, w, high: false });
