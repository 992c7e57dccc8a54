/**
 * Reading flags. A `flag` in an expression becomes what it is computed from, where that is known; a condition over a
 * comparison's flags becomes the comparison itself.
 */
import type { StatusFlag } from '../../../isa/ops.ts';
import { type FlagGroup, groupOf, type Lowered, type Node, node, withArgs } from '../ir.ts';
import type { Kind } from '../kinds.ts';
import { LowerScalar } from '../lower-scalar.ts';

/** Where a group's flags are: computed by `kind` from leaves that `by` left in locals; undefined: known only at run time. */
export interface Known {
  readonly kind: Kind;
  readonly by: Lowered;
}
export type FlagState = Readonly<Record<FlagGroup, Known | undefined>>;

class Folder extends LowerScalar {
  let(v: Node): Node {
    return v;
  }
  protected leaveWhen(): void {}
}
const fold = new Folder();

const isFlag = (n: Node | undefined, name: string): boolean => n?.op === 'flag' && n.name === name;
const isPair = (n: Node | undefined, op: string, a: string, b: string): boolean =>
  n?.op === op && isFlag(n.args[0], a) && isFlag(n.args[1], b);

/** Leaves 0 and 1 of the comparison that set both groups. */
function compared(state: FlagState): readonly [a: Node, b: Node, w: Node['w']] | undefined {
  const w = state.R?.kind.compares;
  if (!w) return undefined;
  const leaf = (n: number): Node => node('leaf', 'i64', [], { n, bits: w, name: 'R' });
  return [leaf(0), leaf(1), w];
}

export function resolve(n: Node, state: FlagState): Node {
  if (n.op === 'flag') {
    const known = state[groupOf(n.name as StatusFlag)];
    return known ? known.kind.values.get(n.name as StatusFlag)! : n;
  }
  if (n.args.length === 0) return n;
  const pair = compared(state);
  if (pair && n.t === 'bool') {
    const [a, b, w] = pair;
    const less = (x: Node, y: Node): Node => node('lessSigned', 'bool', [x, y], { w });
    if (isPair(n, 'xor', 'SF', 'OF')) return less(a, b);
    if (n.op === 'or' && isFlag(n.args[0], 'ZF') && isPair(n.args[1], 'xor', 'SF', 'OF'))
      return fold.isZero(less(b, a));
    const same = state.C?.by === state.R?.by && state.C?.kind.compares === w;
    if (same && isPair(n, 'or', 'CF', 'ZF')) return fold.isZero(fold.below(b, a));
  }
  const args = n.args.map((x) => resolve(x, state));
  if (args.every((x, i) => x === n.args[i])) return n;
  return rebuild(n, args);
}

/** The same operator over other operands, with constants folded. */
function rebuild(n: Node, args: readonly Node[]): Node {
  const [a, b] = args;
  switch (n.op) {
    case 'xor':
      return fold.xor(a!, b!);
    case 'or':
      return fold.or(a!, b!);
    case 'and':
      return fold.and(a!, b!);
    case 'isZero':
      return fold.isZero(a!);
    case 'select':
      return fold.select(a!, b!, args[2]!);
    default:
      return withArgs(n, args);
  }
}
