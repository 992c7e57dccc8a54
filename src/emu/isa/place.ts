/** Where an operand's bits are. Made by the decoder, read by the meanings. */
import type { Width } from './ops.ts';

/** A general register. `high`: AH, CH, DH or BH, whose number is that of AL… */
export interface GprPlace {
  readonly in: 'gpr';
  readonly n: number;
  readonly w: Width;
  readonly high: boolean;
}

/** The low `w` bits of a vector register. A `put` always writes all 128. */
export interface XmmPlace {
  readonly in: 'xmm';
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

export type Place = GprPlace | XmmPlace | MemPlace | ImmPlace;

export const gpr = (n: number, w: Width): GprPlace => ({ in: 'gpr', n, w, high: false });
