/** The constants FLDPI and its like push, to more bits than a register has, and rounded as the control word says. */
import type { Value } from '../float/format.ts';
import { toRegister } from './arithmetic.ts';
import { bitsOf } from './status.ts';

/** `significand` has its leading bit first, and ends eight bits beyond the register's 64. */
const constant =
  (significand: bigint, top: number) =>
  (fcw: bigint): bigint => {
    const v: Value = { sign: 0, significand, exponent: top - 71 };
    // They are never inexact.
    return bitsOf(toRegister(v, fcw));
  };

// biome-ignore format: table
export const constants = {
  zero:   () => 0n,
  one:    () => 0x3fff_8000_0000_0000_0000n,
  log2of10: constant(0xd49a_784b_cd1b_8afe_49n,  1),
  log2ofE:  constant(0xb8aa_3b29_5c17_f0bb_ben,  0),
  pi:       constant(0xc90f_daa2_2168_c234_c4n,  1),
  log10of2: constant(0x9a20_9a84_fbcf_f798_8fn, -2),
  lnOf2:    constant(0xb172_17f7_d1cf_79ab_c9n, -1),
} as const;
