/** SSE and AVX floating point on bit patterns. */
import type { FloatOp, FloatOps, FloatWidth, Rounding } from '../../isa/ops-float.ts';
import { VectorEvaluator } from './eval-vector.ts';

const missing = (): never => {
  throw new Error('not yet');
};

export class FloatEvaluator extends VectorEvaluator implements FloatOps<bigint> {
  float(_op: FloatOp, _w: FloatWidth, _a: bigint, _b: bigint): bigint {
    return missing();
  }
  floats(_op: FloatOp, _w: FloatWidth, _a: bigint, _b: bigint): bigint {
    return missing();
  }
  sqrt(_w: FloatWidth, _a: bigint): bigint {
    return missing();
  }
  fusedMultiplyAdd(_w: FloatWidth, _a: bigint, _b: bigint, _c: bigint, _np: boolean, _na: boolean): bigint {
    return missing();
  }
  floatCompare(_predicate: number, _w: FloatWidth, _a: bigint, _b: bigint): bigint {
    return missing();
  }
  floatOrder(_w: FloatWidth, _a: bigint, _b: bigint, _quiet: boolean): { ZF: bigint; PF: bigint; CF: bigint } {
    return missing();
  }
  floatRound(_w: FloatWidth, _a: bigint, _rounding: Rounding, _inexact: boolean): bigint {
    return missing();
  }
  floatToInt(_from: FloatWidth, _a: bigint, _to: 32 | 64, _rounding: Rounding): bigint {
    return missing();
  }
  intToFloat(_from: 32 | 64, _a: bigint, _to: FloatWidth): bigint {
    return missing();
  }
  floatToFloat(_from: FloatWidth, _a: bigint, _to: FloatWidth, _rounding: Rounding): bigint {
    return missing();
  }
  mxcsr(): bigint {
    return BigInt(this.cpu.mxcsr);
  }
  setMxcsr(_v: bigint): void {
    missing();
  }
}
