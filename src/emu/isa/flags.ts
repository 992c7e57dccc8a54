/** How results set the flags: each recipe once (SDM vol. 1, appendix A). */
import type { Ops, Width } from './ops.ts';

/** ZF, SF and PF of a result. */
export function flagsOfResult<V>(o: Ops<V>, result: V, w: Width): void {
  o.setFlag('ZF', o.isZero(result));
  o.setFlag('SF', o.sign(result, w));
  o.setFlag('PF', o.evenParity(result));
}

/** After `sum` = a + b (+ carry in): everything but CF, which the caller knows best. */
export function flagsOfAdd<V>(o: Ops<V>, a: V, b: V, sum: V, w: Width): void {
  flagsOfResult(o, sum, w);
  o.setFlag('AF', auxiliary(o, a, b, sum));
  // Overflow: both operands have the sign that the sum has not.
  o.setFlag('OF', o.sign(o.and(o.xor(a, sum), o.xor(b, sum)), w));
}

/** After `difference` = a − b (− borrow). */
export function flagsOfSub<V>(o: Ops<V>, a: V, b: V, difference: V, w: Width): void {
  flagsOfResult(o, difference, w);
  o.setFlag('AF', auxiliary(o, a, b, difference));
  // Overflow: the operands' signs differ, and the result has the subtrahend's.
  o.setFlag('OF', o.sign(o.and(o.xor(a, b), o.xor(a, difference)), w));
}

/** AND, OR, XOR, TEST clear CF and OF. AF is undefined in the manual; processors clear it. */
export function flagsOfLogic<V>(o: Ops<V>, result: V, w: Width): void {
  flagsOfResult(o, result, w);
  const zero = o.const(0n);
  o.setFlag('CF', zero);
  o.setFlag('OF', zero);
  o.setFlag('AF', zero);
}

/** Carry between bits 3 and 4. */
const auxiliary = <V>(o: Ops<V>, a: V, b: V, result: V): V => o.bit(o.xor(o.xor(a, b), result), o.const(4n));
