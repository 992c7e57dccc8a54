/**
 * Floating point as expressions: the ordinary case inline, all else left to the interpreter.
 *
 * Ordinary: exceptions masked, round to nearest, no DAZ or FTZ, operands and result zero or normal, and nothing that
 * would set a flag of MXCSR that is not set. `floatFails` is the condition that it is not so; it comes behind the operation,
 * whose result is then not used.
 */
import type { FloatOp, FloatWidth, Rounding } from '../../isa/ops-float.ts';
import { constant, type Node, node } from './ir.ts';
import { LowerRest } from './lower-rest.ts';
import { Untranslatable } from './untranslatable.ts';

type W = 32 | 64;

/** What a VCMPPD predicate says of two ordered numbers: less, equal, greater (SDM vol. 2, CMPPD, table 3-1). */
// biome-ignore format: table
const relations: readonly (readonly [less: boolean, equal: boolean, greater: boolean])[] = [
  [false, true, false], [true, false, false], [true, true, false], [false, false, false],
  [true, false, true],  [false, true, true],  [false, false, true], [true, true, true],
  [false, true, false], [true, false, false], [true, true, false], [false, false, false],
  [true, false, true],  [false, true, true],  [false, false, true], [true, true, true],
];

export abstract class LowerFloat extends LowerRest {
  #ordinary(op: string, w: W, args: readonly Node[], result: Node): Node {
    const shared = this.let(result);
    this.leaveWhen(node('floatFails', 'bool', [...args, shared], { w, name: op }));
    return shared;
  }
  #bits(op: Node['op'], w: W, args: readonly Node[], name = ''): Node {
    return node(op, 'i64', args, { w, bits: w, name });
  }

  float(op: FloatOp, w: FloatWidth, a: Node, b: Node): Node {
    const [x, y] = [this.let(a), this.let(b)];
    return this.#ordinary(op, usual(w), [x, y], this.#bits('float', usual(w), [x, y], op));
  }
  floats(op: FloatOp, w: FloatWidth, a: Node, b: Node): Node {
    const [x, y] = [this.let(a), this.let(b)];
    return this.#ordinary(op, usual(w), [x, y], node('floats', 'v128', [x, y], { w, name: op }));
  }
  sqrt(w: FloatWidth, a: Node): Node {
    const x = this.let(a);
    return this.#ordinary('sqrt', usual(w), [x], this.#bits('float', usual(w), [x], 'sqrt'));
  }
  floatCompare(predicate: number, w: FloatWidth, a: Node, b: Node): Node {
    const [x, y] = [this.let(a), this.let(b)];
    this.leaveWhen(node('floatFails', 'bool', [x, y], { w: usual(w), name: 'order' }));
    const [less, equal, greater] = relations[predicate & 15]!;
    const test = (name: string): Node => node('floatTest', 'bool', [x, y], { w, name });
    const parts = [less && test('lt'), equal && test('eq'), greater && test('gt')].filter((t) => t !== false);
    if (parts.length === 3) return constant(1n);
    return parts.reduce((p, q) => this.or(p, q), constant(0n) as Node);
  }
  floatOrder(w: FloatWidth, a: Node, b: Node): { ZF: Node; PF: Node; CF: Node } {
    const [x, y] = [this.let(a), this.let(b)];
    this.leaveWhen(node('floatFails', 'bool', [x, y], { w: usual(w), name: 'order' }));
    const test = (name: string): Node => node('floatTest', 'bool', [x, y], { w, name });
    return { ZF: this.let(test('eq')), PF: constant(0n), CF: this.let(test('lt')) };
  }
  floatRound(w: FloatWidth, a: Node, rounding: Rounding, inexact: boolean): Node {
    const x = this.let(a);
    const name = rounding === 'current' ? 'nearest' : rounding;
    return this.#ordinary(
      inexact ? 'round' : 'roundQuietly',
      usual(w),
      [x],
      this.#bits('floatRound', usual(w), [x], name),
    );
  }
  floatToInt(from: FloatWidth, a: Node, to: 32 | 64, rounding: Rounding): Node {
    const w = usual(from);
    const x = this.let(this.#bits('floatRound', w, [a], rounding === 'current' ? 'nearest' : rounding));
    const y = this.let(a);
    // Beyond what fits the answer is another, and the conversion of WebAssembly would trap.
    this.leaveWhen(node('floatFails', 'bool', [y, x], { w, name: to === 32 ? 'toInt32' : 'toInt64' }));
    return this.narrow(node('floatToInt', 'i64', [x], { w }), to);
  }
  intToFloat(from: 32 | 64, a: Node, to: FloatWidth): Node {
    const x = this.let(this.signExtend(a, from, 64));
    const result = this.#bits('intToFloat', usual(to), [x]);
    if (from === 32 && to === 64) return result;
    return this.#ordinary('fromInt', usual(to), [x], result);
  }
  floatToFloat(from: FloatWidth, a: Node, to: FloatWidth): Node {
    const x = this.let(a);
    return this.#ordinary(
      to === 64 ? 'widen' : 'shorten',
      usual(from),
      [x],
      this.#bits('floatToFloat', usual(to), [x]),
    );
  }
  /** Later steps meet what earlier ones left: with nothing noted by any, that is nothing. */
  floatStep(): void {}
}

function usual(w: FloatWidth): W {
  if (w === 16) throw new Untranslatable();
  return w;
}
