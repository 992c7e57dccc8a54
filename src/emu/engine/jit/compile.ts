/** One region becomes one WebAssembly function. */

import { EmitInsn } from './emit-insn.ts';
import type { FlagEffect, FlagGroup } from './ir.ts';
import type { Captured, Kinds } from './kinds.ts';
import { EXIT } from './layout.ts';
import { budgetChecks, type Checks } from './passes/budget.ts';
import { kindFlow } from './passes/kind-flow.ts';
import { type Liveness, liveness } from './passes/liveness.ts';
import type { FlagState } from './passes/resolve.ts';
import { type Shape, shape } from './passes/shape.ts';
import type { Block, Region, Target } from './region.ts';

/** What the function needs from outside. */
export interface Surroundings {
  readonly kinds: Kinds;
  /** Where the tables are in linear memory. */
  readonly base: number;
  /** Byte offset of the link word for an address. */
  readonly link: (address: bigint) => number;
  /** Indices of functions in the module. */
  readonly materialize: number;
  readonly mulHigh: { readonly signed: number; readonly unsigned: number };
  readonly exact: (op: string, w: number) => number;
  /** Every instruction leaves a record behind. */
  readonly traced: boolean;
  /** Index of the type of region functions. */
  readonly regionType: number;
}

export function compile(region: Region, s: Surroundings): Uint8Array {
  return new RegionCompiler(shape(region), s).function();
}

class RegionCompiler {
  readonly #shape: Shape;
  readonly #checks: Checks;
  readonly #live: Liveness;
  readonly #entry: FlagState[];
  readonly #emit: EmitInsn;
  readonly #loops = new Map<number, number>();
  readonly #merges = new Map<number, number>();

  constructor(s: Shape, surroundings: Surroundings) {
    this.#shape = s;
    this.#checks = budgetChecks(s, !surroundings.traced);
    this.#live = liveness(s, this.#checks.after);
    const captured = new Map<FlagEffect, Captured>();
    // With all flags computed as they change there is nothing to keep for later.
    if (!surroundings.traced) for (const f of this.#live.live) captured.set(f, surroundings.kinds.capture(f));
    this.#entry = kindFlow(s, captured);
    this.#emit = new EmitInsn(
      s.order.map((b) => s.blocks[b]!),
      surroundings,
      captured,
    );
  }

  function(): Uint8Array {
    const e = this.#emit;
    e.open();
    const first = this.#shape.blocks[0]!;
    if (this.#checks.entry > 0) e.check(this.#checks.entry, first.address, 0);
    this.#tree(0);
    return e.close();
  }

  /** A block and everything it dominates. */
  #tree(b: number): void {
    const { isLoop, isMerge, children } = this.#shape;
    const merges = children[b]!.filter((c) => isMerge[c]);
    if (!isLoop[b]) return this.#within(b, merges);
    this.#emit.code.loop();
    this.#loops.set(b, this.#emit.code.depth);
    this.#within(b, merges);
    this.#emit.code.op('end');
  }

  /** The block inside WASM blocks whose ends are where its merge children begin: the last of them outermost. */
  #within(b: number, merges: readonly number[]): void {
    const last = merges.at(-1);
    if (last === undefined) return this.#block(b);
    this.#emit.code.block();
    this.#merges.set(last, this.#emit.code.depth);
    this.#within(b, merges.slice(0, -1));
    this.#emit.code.op('end');
    this.#tree(last);
  }

  #block(b: number): void {
    const e = this.#emit;
    const block = this.#shape.blocks[b]!;
    const total = block.insns.length;
    const after = this.#checks.after[b];
    let state = this.#entry[b]!;
    e.spend(total);
    const look = (i: number): void => {
      if (after !== i) return;
      const next = block.insns[i]?.insn.address ?? endAddress(block);
      e.state = state;
      // What the block has been charged for but not done is given back; the rest of the need is behind the block.
      e.check(this.#checks.need[b]! - (total - i), next, total - i);
    };
    look(0);
    const expected = block.end.kind === 'dynamic' ? block.end.expected?.address : undefined;
    block.insns.forEach((l, i) => {
      state = e.instruction(l, state, total - i, i === total - 1 ? expected : undefined);
      look(i + 1);
    });
    e.state = state;
    this.#end(b, block);
  }

  #end(b: number, block: Block): void {
    const e = this.#emit;
    const { end } = block;
    e.settle();
    switch (end.kind) {
      case 'goto':
        return this.#branch(b, end.to);
      case 'branch': {
        const { state } = e;
        e.jumpCondition(block.insns.at(-1)!);
        e.code.if();
        this.#branch(b, end.taken);
        e.state = state;
        e.code.op('else');
        this.#branch(b, end.not);
        return e.code.op('end');
      }
      case 'dynamic': {
        const { state } = e;
        if (end.expected) {
          e.jumpTargetIs(end.expected.address);
          e.code.if();
          this.#branch(b, end.expected.to);
          e.state = state;
          e.code.op('end');
        }
        return e.goDynamic();
      }
      case 'leave':
        return e.leave(EXIT.interpret, end.at, 0);
    }
  }

  #branch(from: number, to: Target): void {
    const e = this.#emit;
    if ('exit' in to) return e.go(to.exit);
    const { place, isMerge } = this.#shape;
    const { block } = to;
    for (const g of ['C', 'R'] as FlagGroup[]) {
      if (this.#live.atStart[block]!.has(g) && !this.#entry[block]![g]) e.noteKind(g);
    }
    const back = place[block]! <= place[from]!;
    if (back) return e.code.br(e.code.depth - this.#loops.get(block)!);
    if (isMerge[block]) return e.code.br(e.code.depth - this.#merges.get(block)!);
    this.#tree(block);
  }
}

/** Where a block without a jump goes on. */
function endAddress(b: Block): bigint {
  const last = b.insns.at(-1)!.insn;
  return last.address + BigInt(last.length);
}
