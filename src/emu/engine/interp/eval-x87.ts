/** The x87 and MMX registers on bit patterns. */
import type { X87Ops, X87Register } from '../../isa/ops-x87.ts';
import { FloatEvaluator } from './eval-float.ts';

const missing = (): never => {
  throw new Error('not yet');
};

export class X87Evaluator extends FloatEvaluator implements X87Ops<bigint> {
  protected getSt(_n: number): bigint {
    return missing();
  }
  protected putSt(_n: number, _v: bigint): void {
    missing();
  }
  protected putMmx(_n: number, _v: bigint): void {
    missing();
  }
  enterMmx(): void {
    missing();
  }
  x87(r: X87Register): bigint {
    return BigInt(this.cpu[r]);
  }
  setX87(_r: X87Register, _v: bigint): void {
    missing();
  }
}
