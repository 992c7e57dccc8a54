/** The words for vectors as expressions. */
import type { Width } from '../../isa/ops.ts';
import type { LaneOp } from '../../isa/ops-vector.ts';
import { hasLanes } from './emit-vector.ts';
import { constant, type Node, node } from './ir.ts';
import { LowerFloat } from './lower-float.ts';
import { isConst } from './lower-scalar.ts';
import { Untranslatable } from './untranslatable.ts';

export abstract class LowerVector extends LowerFloat {
  vector(low: Node, high: Node): Node {
    if (isConst(low) && isConst(high)) {
      return node('const', 'v128', [], { value: (high.value << 64n) | low.value, bits: 128 });
    }
    return node('vector', 'v128', [low, high]);
  }
  half(v: Node, n: 0 | 1): Node {
    return this.lane(v, 64, n);
  }
  lane(v: Node, w: Width, n: number): Node {
    if (v.t !== 'v128') return w === 64 && n === 0 ? v : this.narrow(this.shr(v, constant(BigInt(w * n)), 64), w);
    return node('lane', 'i64', [v], { w, n, bits: w });
  }
  withLane(v: Node, w: Width, n: number, x: Node): Node {
    return node('withLane', 'v128', [v, x], { w, n });
  }
  splat(x: Node, w: Width): Node {
    return node('splat', 'v128', [x], { w });
  }
  lanes(op: LaneOp, w: Width, a: Node, b: Node): Node {
    if (!hasLanes(op, w)) throw new Untranslatable();
    return node('lanes', 'v128', [a, b], { w, name: op });
  }
  shiftLanes(op: 'shl' | 'shr' | 'sar', w: Width, a: Node, count: Node): Node {
    return node('shiftLanes', 'v128', [a, isConst(count) ? count : this.let(count)], { w, name: op });
  }
  shuffle(a: Node, b: Node, bytes: readonly number[]): Node {
    return node('shuffle', 'v128', [a, b], { list: bytes });
  }
  swizzle(a: Node, indices: Node): Node {
    return node('swizzle', 'v128', [a, indices]);
  }
  pack(from: 16 | 32, to: 'signed' | 'unsigned', a: Node, b: Node): Node {
    return node('pack', 'v128', [a, b], { w: from, name: to });
  }
  signs(v: Node, w: Width): Node {
    return node('signs', 'i64', [v], { w, bits: 128 / w });
  }
}
