/**
 * The arithmetic of SSE, AVX and FMA: operands and results are bit patterns, NaNs and denormals are treated as MXCSR and
 * SDM vol. 1, 4.8.3, 4.9 and 11.5 say. Exceptions are answered, not raised.
 */
import { negated, order, product, quotient, root, sum } from './exact.ts';
import { type Format, isInfinite, isNan, isZero, packZero, type Unpacked } from './format.ts';
import { denormal, nanOf, operand, rounded, type SseControl, signalling } from './mxcsr.ts';
import { EXCEPTION, exactly, type Outcome } from './round.ts';

export type Arithmetic = 'add' | 'sub' | 'mul' | 'div';

export function arithmetic(op: Arithmetic, f: Format, a: bigint, b: bigint, control: SseControl): Outcome {
  const [x, y] = [operand(f, a, control), operand(f, b, control)];
  const nan = nanOf(f, [x, y]);
  if (nan) return nan;
  const before = denormal(x, y);
  switch (op) {
    case 'add':
      return rounded(sum(x, y, control.direction), f, control, before);
    case 'sub':
      return rounded(sum(x, negated(y), control.direction), f, control, before);
    case 'mul':
      return rounded(product(x, y), f, control, before);
    case 'div':
      // A zero divisor outranks a denormal dividend.
      if (isZero(y) && !isZero(x) && !isInfinite(x)) return rounded(quotient(x, y), f, control, EXCEPTION.zeroDivide);
      return rounded(quotient(x, y), f, control, before);
  }
}

/** The second operand when either is a NaN, as it is, or when both are zeros (SDM vol. 2, MINSD). */
export function extreme(op: 'min' | 'max', f: Format, a: bigint, b: bigint, control: SseControl): Outcome {
  const [x, y] = [operand(f, a, control), operand(f, b, control)];
  if (isNan(x) || isNan(y)) return exactly(flushed(f, b, y), EXCEPTION.invalid);
  const takesFirst = order(x, y) === (op === 'min' ? -1 : 1);
  return exactly(takesFirst ? flushed(f, a, x) : flushed(f, b, y), denormal(x, y));
}
const flushed = (f: Format, bits: bigint, v: Unpacked): bigint => (v.kind === 'zero' ? packZero(f, v.sign) : bits);

export function squareRoot(f: Format, a: bigint, control: SseControl): Outcome {
  const x = operand(f, a, control);
  return nanOf(f, [x]) ?? rounded(root(x), f, control, denormal(x));
}

/** ±(a · b) ± c, rounded once (SDM vol. 1, 14.5.1). */
export function fusedMultiplyAdd(
  f: Format,
  [a, b, c]: readonly [bigint, bigint, bigint],
  { negateProduct, negateAddend }: { readonly negateProduct: boolean; readonly negateAddend: boolean },
  control: SseControl,
): Outcome {
  const [x, y, z] = [operand(f, a, control), operand(f, b, control), operand(f, c, control)];
  const nan = nanOf(f, [x, y, z]);
  if (nan) return nan;
  const exact = product(x, y);
  const total = exact && sum(negateProduct ? negated(exact) : exact, negateAddend ? negated(z) : z, control.direction);
  return rounded(total, f, control, denormal(x, y, z));
}

/** How a stands to b. */
export type Relation = 'less' | 'equal' | 'greater' | 'unordered';

/** `quiet`: a quiet NaN is no exception. */
export function relate(
  f: Format,
  a: bigint,
  b: bigint,
  quiet: boolean,
  control: SseControl,
): { relation: Relation; exceptions: number } {
  const [x, y] = [operand(f, a, control), operand(f, b, control)];
  if (isNan(x) || isNan(y)) {
    return { relation: 'unordered', exceptions: quiet ? signalling([x, y]) : EXCEPTION.invalid };
  }
  const sense = order(x, y);
  return { relation: sense < 0 ? 'less' : sense > 0 ? 'greater' : 'equal', exceptions: denormal(x, y) };
}

/** VCMPPD's predicates: which relations satisfy them. Bit 4 only changes what a quiet NaN does (SDM vol. 2, table 3-1). */
// biome-ignore format: table
const predicates: readonly (readonly Relation[])[] = [
  ['equal'],                                   // EQ
  ['less'],                                    // LT
  ['less', 'equal'],                           // LE
  ['unordered'],                               // UNORD
  ['less', 'greater', 'unordered'],            // NEQ
  ['equal', 'greater', 'unordered'],           // NLT
  ['greater', 'unordered'],                    // NLE
  ['less', 'equal', 'greater'],                // ORD
  ['equal', 'unordered'],                      // EQ_UQ
  ['less', 'unordered'],                       // NGE
  ['less', 'equal', 'unordered'],              // NGT
  [],                                          // FALSE
  ['less', 'greater'],                         // NEQ_OQ
  ['equal', 'greater'],                        // GE
  ['greater'],                                 // GT
  ['less', 'equal', 'greater', 'unordered'],   // TRUE
];
/** LT, LE, GE, GT and their opposites signal quiet NaNs, the others do not; from 16 on it is the other way round. */
export function isQuiet(predicate: number): boolean {
  const signals = [1, 2].includes(predicate & 3);
  return predicate < 16 ? !signals : signals;
}

export const satisfies = (predicate: number, relation: Relation): boolean =>
  predicates[predicate & 15]!.includes(relation);
