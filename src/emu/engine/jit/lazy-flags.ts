/** Flags that translated code left uncomputed: what they are, from their kind and leaves. */
import { AT, FLAG_NAMES } from '../../cpu/layout.ts';
import type { StatusFlag } from '../../isa/ops.ts';
import type { Frames } from '../../mem/frames.ts';
import { evaluate } from './evaluate.ts';
import type { Kinds } from './kinds.ts';
import { AREA } from './layout.ts';

export class LazyFlags {
  readonly #frames: Frames;
  readonly #kinds: Kinds;
  readonly #base: number;

  constructor(frames: Frames, kinds: Kinds, base: number) {
    this.#frames = frames;
    this.#kinds = kinds;
    this.#base = base;
  }

  /** Before translated code is entered: flags are where it looks for them. */
  enter(): void {}

  /** Compute whatever is not yet in the register file. */
  materialize(): void {
    this.#group(AREA.kindC, AREA.leavesC);
    this.#group(AREA.kindR, AREA.leavesR);
  }

  #group(kindAt: number, leavesAt: number): void {
    const { view, bytes } = this.#frames;
    const id = view.getInt32(this.#base + kindAt, true);
    if (id === 0) return;
    const leaf = (n: number): bigint => view.getBigUint64(this.#base + leavesAt + 8 * n, true);
    for (const [f, value] of this.#kinds.get(id).values) bytes[AT.flags + flagAt[f]] = evaluate(value, leaf) ? 1 : 0;
    view.setInt32(this.#base + kindAt, 0, true);
  }
}

const flagAt = Object.fromEntries(FLAG_NAMES.map((f, i) => [f, i])) as Record<StatusFlag, number>;
