/**
 * SSE and AVX floating point on bit patterns. Exceptions are noted on the way; when the meaning is through they become
 * MXCSR's flags, and an unmasked one is raised with nothing else written (SDM vol. 1, 11.5.3).
 */
import { floatToFloat, floatToInt, intToFloat, roundToIntegral } from '../../isa/float/convert.ts';
import { formats } from '../../isa/float/format.ts';
import { controlOf, type SseControl } from '../../isa/float/mxcsr.ts';
import { quickArithmetic, quickRelation, quickRoot } from '../../isa/float/quick.ts';
import { type Direction, EXCEPTION, type Outcome } from '../../isa/float/round.ts';
import {
  arithmetic,
  extreme,
  fusedMultiplyAdd,
  isQuiet,
  type Relation,
  relate,
  satisfies,
  squareRoot,
} from '../../isa/float/sse.ts';
import type { FloatOp, FloatOps, FloatWidth, Rounding } from '../../isa/ops-float.ts';
import { Trap } from '../../mem/fault.ts';
import { bool } from './eval-state.ts';
import { join, split, VectorEvaluator } from './eval-vector.ts';

/** Met by operands, before anything is computed. */
const BEFORE = EXCEPTION.invalid | EXCEPTION.denormal | EXCEPTION.zeroDivide;

const directionOf = (r: Rounding): Direction | undefined => (r === 'current' ? undefined : r);

export class FloatEvaluator extends VectorEvaluator implements FloatOps<bigint> {
  /** EXCEPTION bits met by this instruction, step by step. */
  readonly #noted = [0, 0, 0];
  #step = 0;
  /** What MXCSR is going to be. */
  #mxcsr: number | undefined;

  override begin(next: bigint): void {
    super.begin(next);
    this.#noted.fill(0);
    this.#step = 0;
    this.#mxcsr = undefined;
  }

  /** Operands of all lanes are looked at before any result: an unmasked exception there leaves the others unmet. */
  override finish(): void {
    super.finish();
    if (!this.#noted.some(Boolean)) return;
    const { unmasked } = this.#control;
    for (const noted of this.#noted) {
      if (!noted) continue;
      const met = noted & BEFORE & unmasked ? noted & BEFORE : noted;
      this.#mxcsr = (this.#mxcsr ?? this.cpu.mxcsr) | met;
      if (!(met & unmasked)) continue;
      this.cpu.mxcsr = this.#mxcsr;
      throw new Trap({ kind: 'simd' });
    }
  }

  override commit(): void {
    super.commit();
    if (this.#mxcsr !== undefined) this.cpu.mxcsr = this.#mxcsr;
  }

  override others(): [name: string, value: bigint][] {
    const others = super.others();
    if (this.#mxcsr !== undefined && this.#mxcsr !== this.cpu.mxcsr) others.push(['MXCSR', BigInt(this.#mxcsr)]);
    return others;
  }

  get #control(): SseControl {
    return controlOf(this.cpu.mxcsr);
  }
  #note({ bits, exceptions }: Outcome): bigint {
    this.#meet(exceptions);
    return bits;
  }
  #meet(exceptions: number): void {
    this.#noted[this.#step]! |= exceptions;
  }

  float(op: FloatOp, w: FloatWidth, a: bigint, b: bigint): bigint {
    if (op === 'min' || op === 'max') return this.#note(extreme(op, formats[w], a, b, this.#control));
    const control = this.#control;
    const quick = control.direction === 'nearest' ? quickArithmetic(op, formats[w], a, b) : undefined;
    return this.#note(quick ?? arithmetic(op, formats[w], a, b, control));
  }
  floats(op: FloatOp, w: FloatWidth, a: bigint, b: bigint): bigint {
    const right = split(b, w);
    return join(
      split(a, w).map((x, i) => this.float(op, w, x, right[i]!)),
      w,
    );
  }
  sqrt(w: FloatWidth, a: bigint): bigint {
    const control = this.#control;
    const quick = control.direction === 'nearest' ? quickRoot(formats[w], a) : undefined;
    return this.#note(quick ?? squareRoot(formats[w], a, control));
  }
  fusedMultiplyAdd(
    w: FloatWidth,
    a: bigint,
    b: bigint,
    c: bigint,
    negateProduct: boolean,
    negateAddend: boolean,
  ): bigint {
    return this.#note(fusedMultiplyAdd(formats[w], [a, b, c], { negateProduct, negateAddend }, this.#control));
  }
  floatCompare(predicate: number, w: FloatWidth, a: bigint, b: bigint): bigint {
    return bool(satisfies(predicate, this.#relation(w, a, b, isQuiet(predicate))));
  }
  floatOrder(w: FloatWidth, a: bigint, b: bigint, quiet: boolean): { ZF: bigint; PF: bigint; CF: bigint } {
    const relation = this.#relation(w, a, b, quiet);
    const unordered = relation === 'unordered';
    return {
      ZF: bool(unordered || relation === 'equal'),
      PF: bool(unordered),
      CF: bool(unordered || relation === 'less'),
    };
  }
  #relation(w: FloatWidth, a: bigint, b: bigint, quiet: boolean): Relation {
    const quick = quickRelation(formats[w], a, b);
    if (quick) return quick;
    const { relation, exceptions } = relate(formats[w], a, b, quiet, this.#control);
    this.#meet(exceptions);
    return relation;
  }
  floatRound(w: FloatWidth, a: bigint, rounding: Rounding, inexact: boolean): bigint {
    return this.#note(roundToIntegral(formats[w], a, directionOf(rounding), inexact, this.#control));
  }
  floatToInt(from: FloatWidth, a: bigint, to: 32 | 64, rounding: Rounding): bigint {
    return this.#note(floatToInt(formats[from], a, to, directionOf(rounding), this.#control));
  }
  intToFloat(from: 32 | 64, a: bigint, to: FloatWidth): bigint {
    return this.#note(intToFloat(from, a, formats[to], this.#control));
  }
  floatToFloat(from: FloatWidth, a: bigint, to: FloatWidth, rounding: Rounding): bigint {
    return this.#note(floatToFloat(formats[from], a, formats[to], directionOf(rounding), this.#control));
  }
  floatStep(n: 0 | 1 | 2): void {
    this.#step = n;
  }
  mxcsr(): bigint {
    return BigInt(this.cpu.mxcsr);
  }
  setMxcsr(v: bigint): void {
    this.#mxcsr = Number(v);
  }
}
