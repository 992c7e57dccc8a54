/** The words for scalars as expressions. Constants fold, conditions stay conditions, and a mask that changes nothing goes. */
import type { Width } from '../../isa/ops.ts';
import { constant, type Node, node } from './ir.ts';

const maskOf = (w: number): bigint => (1n << BigInt(w)) - 1n;
export const isConst = (n: Node): boolean => n.op === 'const';
const ZERO = constant(0n);
const ONE = constant(1n);

/** a << n | a >> (w − n) of 32 or 64 bits. */
function isRotation(a: Node, b: Node): boolean {
  if (a.op !== 'shl' || b.op !== 'shr' || a.w !== b.w || a.w < 32) return false;
  const [x, up] = a.args;
  const [y, down] = b.args;
  return isConst(up!) && isConst(down!) && up!.value + down!.value === BigInt(a.w) && sameValue(x!, y!);
}
const sameValue = (a: Node, b: Node): boolean =>
  a === b ||
  (a.op === b.op && a.w === b.w && ((a.op === 'temp' && a.temp === b.temp) || (a.op === 'reg' && a.n === b.n))) ||
  (a.op === 'narrow' && b.op === 'narrow' && a.w === b.w && sameValue(a.args[0]!, b.args[0]!));

/** One bit as a condition. */
const bool = (
  op: 'below' | 'isZero' | 'sign' | 'evenParity' | 'lessSigned',
  args: readonly Node[],
  w: Width = 64,
): Node => node(op, 'bool', args, { w });

export abstract class LowerScalar {
  const(n: bigint): Node {
    return constant(n);
  }

  /** A condition from a scalar: true when it is not zero. */
  truth(v: Node): Node {
    if (v.t === 'bool') return v;
    if (isConst(v)) return v.value ? ONE : ZERO;
    return bool('isZero', [bool('isZero', [v])]);
  }

  add(a: Node, b: Node, w: Width): Node {
    if (isConst(a) && isConst(b)) return constant((a.value + b.value) & maskOf(w));
    if (isConst(b) && b.value === 0n) return a;
    return node('add', 'i64', [a, b], { w, bits: Math.min(w, Math.max(a.bits, b.bits) + 1) });
  }
  sub(a: Node, b: Node, w: Width): Node {
    if (isConst(a) && isConst(b)) return constant((a.value - b.value) & maskOf(w));
    return node('sub', 'i64', [a, b], { w, bits: w });
  }
  and(a: Node, b: Node): Node {
    if (isConst(a)) return isConst(b) ? constant(a.value & b.value) : this.and(b, a);
    if (isConst(b) && a.t !== 'v128') {
      if (b.value === 0n) return ZERO;
      if ((b.value & maskOf(a.bits)) === maskOf(a.bits)) return a;
    }
    return this.#bitwise('and', a, b, Math.min(a.bits, b.bits));
  }
  or(a: Node, b: Node): Node {
    if (isConst(a)) return isConst(b) ? constant(a.value | b.value) : this.or(b, a);
    if (isConst(b) && b.value === 0n) return a;
    if (isRotation(a, b)) return node('rotate', 'i64', [a.args[0]!, a.args[1]!], { w: a.w, bits: a.w });
    return this.#bitwise('or', a, b, Math.max(a.bits, b.bits));
  }
  xor(a: Node, b: Node): Node {
    if (isConst(a)) return isConst(b) ? constant(a.value ^ b.value) : this.xor(b, a);
    if (isConst(b) && b.value === 0n) return a;
    if (a.t === 'bool' && isConst(b) && b.value === 1n) return this.isZero(a);
    return this.#bitwise('xor', a, b, Math.max(a.bits, b.bits));
  }
  #bitwise(op: 'and' | 'or' | 'xor', a: Node, b: Node, bits: number): Node {
    const t = a.t === 'v128' || b.t === 'v128' ? 'v128' : a.t === 'bool' && b.t === 'bool' ? 'bool' : 'i64';
    return node(op, t, [a, b], { bits: t === 'v128' ? 128 : bits });
  }
  not(a: Node, w: Width): Node {
    if (isConst(a)) return constant(~a.value & maskOf(w));
    return a.t === 'v128' ? node('not', 'v128', [a]) : this.#bitwise('xor', a, constant(maskOf(w)), w);
  }

  shl(a: Node, n: Node, w: Width): Node {
    if (isConst(a) && isConst(n)) return constant((a.value << n.value) & maskOf(w));
    if (isConst(n) && n.value === 0n) return a;
    const bits = isConst(n) ? Math.min(w, a.bits + Number(n.value)) : w;
    return node('shl', 'i64', [a, n], { w, bits });
  }
  shr(a: Node, n: Node, w: Width): Node {
    if (isConst(a) && isConst(n)) return constant((a.value & maskOf(w)) >> n.value);
    if (isConst(n) && n.value === 0n) return a;
    const bits = Math.min(w, a.bits);
    return node('shr', 'i64', [a, n], { w, bits: isConst(n) ? Math.max(0, bits - Number(n.value)) : bits });
  }
  sar(a: Node, n: Node, w: Width): Node {
    if (isConst(a) && isConst(n)) return constant((BigInt.asIntN(w, a.value) >> n.value) & maskOf(w));
    return node('sar', 'i64', [a, n], { w, bits: w });
  }
  multiply(a: Node, b: Node, w: Width, signed: boolean): { low: Node; high: Node } {
    if (w === 64) {
      return {
        low: node('mul', 'i64', [a, b]),
        high: node('mulHigh', 'i64', [a, b], { name: signed ? 'signed' : 'unsigned' }),
      };
    }
    const product = signed
      ? node('mul', 'i64', [this.signExtend(a, w, 64), this.signExtend(b, w, 64)])
      : node('mul', 'i64', [a, b], { bits: 2 * w });
    const all = this.let(product);
    return { low: this.narrow(all, w), high: this.narrow(this.shr(all, constant(BigInt(w)), 64), w) };
  }
  /** What one WASM division can do; everything else, faults included, is left to the interpreter. */
  divide(high: Node, low: Node, by: Node, w: Width, signed: boolean): { quotient: Node; remainder: Node } {
    const divisor = this.let(by);
    this.leaveWhen(this.isZero(divisor));
    let n = low;
    let d = divisor;
    if (w === 64) {
      // The upper half must carry no information.
      const expected = signed ? this.sar(low, constant(63n), 64) : ZERO;
      this.leaveWhen(this.isZero(this.isZero(this.xor(high, expected))));
    } else {
      const whole = this.or(this.shl(high, constant(BigInt(w)), 64), low);
      n = this.let(signed ? this.signExtend(whole, (2 * w) as Width, 64) : whole);
      d = signed ? this.signExtend(divisor, w, 64) : divisor;
    }
    // −2^63 ÷ −1 has no answer, and WebAssembly traps on it.
    if (signed) {
      const minimum = this.isZero(this.xor(n, constant(1n << 63n)));
      this.leaveWhen(this.and(minimum, this.isZero(this.xor(d, constant(maskOf(64))))));
    }
    const name = signed ? 'signed' : 'unsigned';
    const quotient = this.let(node('quotient', 'i64', [n, d], { name }));
    const remainder = node('remainder', 'i64', [n, d], { name });
    if (w !== 64) {
      const kept = signed ? this.signExtend(this.narrow(quotient, w), w, 64) : this.narrow(quotient, w);
      this.leaveWhen(this.isZero(this.isZero(this.xor(quotient, kept))));
    }
    return { quotient: this.narrow(quotient, w), remainder: this.narrow(remainder, w) };
  }
  signExtend(a: Node, from: Width, to: Width): Node {
    if (isConst(a)) return constant(BigInt.asIntN(from, a.value) & maskOf(to));
    if (a.bits < from) return a;
    const wide = node('signExtend', 'i64', [a], { w: from });
    return to === 64 ? wide : this.narrow(wide, to);
  }
  narrow(a: Node, w: Width): Node {
    if (isConst(a)) return constant(a.value & maskOf(w), a.operand);
    if (a.bits <= w) return a;
    return node('narrow', 'i64', [a], { w, bits: w });
  }

  bit(a: Node, n: Node): Node {
    const shifted = this.shr(a, n, 64);
    return shifted.bits <= 1 ? this.truth(shifted) : this.truth(this.and(shifted, ONE));
  }
  below(a: Node, b: Node): Node {
    if (isConst(a) && isConst(b)) return a.value < b.value ? ONE : ZERO;
    return bool('below', [a, b]);
  }
  isZero(a: Node): Node {
    if (isConst(a)) return a.value ? ZERO : ONE;
    // A difference that is zero is two equal values, if neither has bits above the width.
    const [x, y] = a.args;
    if (a.op === 'sub' && x!.bits <= a.w && y!.bits <= a.w) return node('equal', 'bool', [x!, y!]);
    if (a.op === 'xor' && a.t === 'i64') return node('equal', 'bool', [x!, y!]);
    return bool('isZero', [a]);
  }
  sign(a: Node, w: Width): Node {
    if (isConst(a)) return (a.value >> BigInt(w - 1)) & 1n ? ONE : ZERO;
    if (a.bits < w) return ZERO;
    return bool('sign', [a], w);
  }
  evenParity(a: Node): Node {
    return bool('evenParity', [a]);
  }
  countOnes(a: Node): Node {
    return node('countOnes', 'i64', [a], { bits: 7 });
  }
  leadingZeros(a: Node, w: Width): Node {
    return node('leadingZeros', 'i64', [a], { w, bits: 7 });
  }
  trailingZeros(a: Node, w: Width): Node {
    return node('trailingZeros', 'i64', [a], { w, bits: 7 });
  }
  reverseBytes(a: Node, w: Width): Node {
    return node('reverseBytes', 'i64', [a], { w, bits: w });
  }
  select(when: Node, then: Node, otherwise: Node): Node {
    const c = this.truth(when);
    if (isConst(c)) return c.value ? then : otherwise;
    const t =
      then.t === 'v128' || otherwise.t === 'v128'
        ? 'v128'
        : then.t === 'bool' && otherwise.t === 'bool'
          ? 'bool'
          : 'i64';
    return node('select', t, [c, then, otherwise], { bits: Math.max(then.bits, otherwise.bits) });
  }

  abstract let(v: Node): Node;
  /** Leave the instruction to the interpreter when this holds. */
  protected abstract leaveWhen(condition: Node): void;
}
