/**
 * The vocabulary's words for SSE and AVX floating point: IEEE 754 on bit patterns, under MXCSR.
 *
 * Every operation rounds as MXCSR says, honours DAZ and FTZ, and notes the exceptions it meets. When the meaning is
 * through, noted exceptions become MXCSR's sticky flags; an unmasked one then raises #XM and nothing else is written.
 * NaNs: a signalling one is quieted, the first operand's wins, and the default is the negative quiet one (SDM vol. 1, 4.8).
 */

export type FloatWidth = 16 | 32 | 64;

/** min and max return the second operand when either is a NaN or both are zero (SDM vol. 2, MINSD). */
export type FloatOp = 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max';

/** RC of MXCSR, or a way of rounding that the instruction names itself (ROUNDSD, CVTTSD2SQ, VCVTPS2PH). */
export type Rounding = 'current' | 'nearest' | 'down' | 'up' | 'zero';

export interface FloatOps<V> {
  /** Scalars of 32 or 64 bits. */
  float(op: FloatOp, w: FloatWidth, a: V, b: V): V;
  /** The same in every lane of 128 bits: exceptions of all lanes are noted together. */
  floats(op: FloatOp, w: FloatWidth, a: V, b: V): V;
  sqrt(w: FloatWidth, a: V): V;
  /** ±(a · b) ± c, rounded once. */
  fusedMultiplyAdd(w: FloatWidth, a: V, b: V, c: V, negateProduct: boolean, negateAddend: boolean): V;
  /** VCMPPD's predicate 0–31 (SDM vol. 2, CMPPD, table 3-1): 1 or 0. */
  floatCompare(predicate: number, w: FloatWidth, a: V, b: V): V;
  /** UCOMISD's answer: ZF PF CF. `quiet` leaves quiet NaNs unnoted. */
  floatOrder(w: FloatWidth, a: V, b: V, quiet: boolean): { ZF: V; PF: V; CF: V };
  /** To an integral value in the same format. `inexact` notes the precision exception. */
  floatRound(w: FloatWidth, a: V, rounding: Rounding, inexact: boolean): V;
  floatToInt(from: FloatWidth, a: V, to: 32 | 64, rounding: Rounding): V;
  intToFloat(from: 32 | 64, a: V, to: FloatWidth): V;
  floatToFloat(from: FloatWidth, a: V, to: FloatWidth, rounding: Rounding): V;
  /**
   * What follows is the instruction's step `n`, from 0 on, which computes with the results of the one before (DPPS adds
   * products). Its exceptions are met only when no step before raised one.
   */
  floatStep(n: 0 | 1 | 2): void;
  /** MXCSR itself. */
  mxcsr(): V;
  setMxcsr(v: V): void;
}
