/**
 * Lazy flags. A flag-setting instruction leaves behind what its flags are computed from (the leaves), not the flags;
 * how to compute them is its kind. Kinds are told apart by the text of their expressions, so all 64-bit subtractions
 * share one. Kind 0: the flags are in the register file, computed.
 */
import { flagsOfSub } from '../../isa/flags.ts';
import type { Ops, StatusFlag, Width } from '../../isa/ops.ts';
import { type FlagEffect, type FlagGroup, groups, type Node, node, type Temp, withArgs } from './ir.ts';
import { LowerScalar } from './lower-scalar.ts';

/** Leaves a group may have: what the control block has room for. */
export const LEAVES: Readonly<Record<FlagGroup, number>> = { C: 3, R: 5 };

export interface Kind {
  readonly id: number;
  readonly group: FlagGroup;
  /** Each flag over nodes of op 'leaf', numbered from 0. */
  readonly values: ReadonlyMap<StatusFlag, Node>;
  /** Comparison of two leaves at this width: signed and unsigned conditions are then one operation. */
  readonly compares: Width | undefined;
}

export interface Captured {
  readonly kind: Kind;
  readonly leaves: readonly Node[];
}

export class Kinds {
  readonly #byText = new Map<string, Kind>();
  readonly #list: (Kind | undefined)[] = [undefined];

  get(id: number): Kind {
    return this.#list[id]!;
  }

  /** What to keep of an effect. Where it has too many leaves, or vectors among them, the flags themselves are kept. */
  capture(effect: FlagEffect): Captured {
    const { group } = effect;
    const c = new Cutter(group);
    const cut = new Map(groups[group].map((f) => [f, c.cut(effect.values.get(f)!)]));
    if (c.leaves.length <= LEAVES[group] && c.leaves.every((l) => l.t !== 'v128')) {
      return { kind: this.#kind(group, cut), leaves: c.leaves };
    }
    const whole = new Cutter(group);
    const kept = new Map(groups[group].map((f) => [f, whole.leaf(effect.values.get(f)!)]));
    return { kind: this.#kind(group, kept), leaves: whole.leaves };
  }

  #kind(group: FlagGroup, values: ReadonlyMap<StatusFlag, Node>): Kind {
    const text = `${group}${[...values.values()].map(textOf).join(';')}`;
    const known = this.#byText.get(text);
    if (known) return known;
    const kind: Kind = { id: this.#list.length, group, values, compares: comparisons.get(text) };
    this.#list.push(kind);
    this.#byText.set(text, kind);
    return kind;
  }
}

/** Replaces what the instruction was given by numbered leaves. */
class Cutter {
  readonly leaves: Node[] = [];
  readonly #group: FlagGroup;
  readonly #known = new Map<string | Temp, Node>();
  readonly #expanded = new Map<Temp, Node>();

  constructor(group: FlagGroup) {
    this.#group = group;
  }

  cut(n: Node): Node {
    if (n.op === 'temp' && n.temp!.from) {
      const known = this.#expanded.get(n.temp!);
      if (known) return known;
      const expanded = this.cut(n.temp!.from);
      this.#expanded.set(n.temp!, expanded);
      return expanded;
    }
    if (n.operand || (n.args.length === 0 && n.op !== 'const')) return this.leaf(n);
    return n.args.length === 0
      ? n
      : withArgs(
          n,
          n.args.map((a) => this.cut(a)),
        );
  }

  leaf(n: Node): Node {
    if (n.op === 'const' && !n.operand) return n;
    const key = n.op === 'temp' ? n.temp! : `${textOf(n)}${n.value}`;
    const known = this.#known.get(key);
    if (known) return known;
    const made = node('leaf', n.t, [], { n: this.leaves.length, bits: n.bits, name: this.#group });
    this.leaves.push(n);
    this.#known.set(key, made);
    return made;
  }
}

function textOf(n: Node): string {
  if (n.op === 'const') return `${n.value}`;
  const own = `${n.op}${n.n}${n.name}.${n.w}.${n.t}`;
  return n.args.length ? `${own}(${n.args.map(textOf).join()})` : own;
}

/** The text of every plain comparison, by running the flags' own recipe over two leaves. */
const comparisons = new Map<string, Width>();
class Recipe extends LowerScalar {
  readonly values = new Map<StatusFlag, Node>();
  setFlag(f: StatusFlag, v: Node): void {
    this.values.set(f, v);
  }
  let(v: Node): Node {
    return v;
  }
  protected leaveWhen(): void {}
}
for (const w of [8, 16, 32, 64] as const) {
  const o = new Recipe();
  const leaf = (group: FlagGroup, n: number): Node => node('leaf', 'i64', [], { n, bits: w, name: group });
  const [a, b] = [leaf('R', 0), leaf('R', 1)];
  flagsOfSub(o as unknown as Ops<Node>, a, b, o.sub(a, b, w), w);
  // The cutter numbers leaves as it meets them.
  comparisons.set(`R${groups.R.map((f) => textOf(o.values.get(f)!)).join(';')}`, w);
  comparisons.set(`C${textOf(o.below(leaf('C', 0), leaf('C', 1)))}`, w);
}
