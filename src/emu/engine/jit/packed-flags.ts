/** Flags of traced code: all computed, in one word, between register file and translated code. */
import { AT, FLAG_NAMES } from '../../cpu/layout.ts';
import type { Frames } from '../../mem/frames.ts';
import { AREA } from './layout.ts';

export class PackedFlags {
  readonly #frames: Frames;
  readonly #base: number;

  constructor(frames: Frames, base: number) {
    this.#frames = frames;
    this.#base = base;
  }

  /** Before translated code is entered. */
  enter(): void {
    const { view, bytes } = this.#frames;
    let packed = 0;
    for (let i = 0; i < FLAG_NAMES.length; i++) packed |= bytes[AT.flags + i]! << i;
    view.setInt32(this.#base + AREA.packed, packed, true);
  }

  /** When it has returned: into the register file. */
  materialize(): void {
    const { view, bytes } = this.#frames;
    const packed = view.getInt32(this.#base + AREA.packed, true);
    for (let i = 0; i < FLAG_NAMES.length; i++) bytes[AT.flags + i] = (packed >> i) & 1;
  }
}
