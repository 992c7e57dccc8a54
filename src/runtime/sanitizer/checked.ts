/** C code as clang compiles it with -fsanitize=memory: each value goes with a shadow that says which bits nobody has written. */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { report, shadowOf, unwrittenText } from './msan.ts';
import type { Shadow } from './shadow.ts';

/** A value on its way through registers. */
export interface Value {
  readonly bits: bigint;
  /** Ones where nobody knows what the bit is. */
  readonly shadow: bigint;
  /** Where the unknown bits came from, in words for the report. */
  readonly origin: string | undefined;
}

export const known = (bits: bigint): Value => ({ bits, shadow: 0n, origin: undefined });

/** One activation of an instrumented function. */
export class Checked {
  readonly #f: Frame;
  readonly #shadow: Shadow;

  /** Opens the frame: the `size` bytes of local variables from its `offset` on are there, and not yet written. */
  constructor(f: Frame, locals: { readonly offset: number; readonly size: number }) {
    this.#f = f;
    this.#shadow = shadowOf(f.world);
    this.#shadow.poison(f.slot(locals.offset), locals.size);
  }

  /** A load takes the shadow along. Where an address comes from unknown bits, that is a use of them. */
  load(address: Value | bigint, size: number): Value {
    const at = this.#address(address);
    const bits = this.#f.mem.read(at, size);
    return { bits, shadow: this.#shadow.load(at, size), origin: unwrittenText(this.#shadow, at, size) };
  }

  store(address: Value | bigint, size: number, value: Value): void {
    const at = this.#address(address);
    this.#f.mem.write(at, size, value.bits);
    this.#shadow.store(at, size, value.shadow);
  }

  /** `if (condition)`: which way to go must not depend on unknown bits. */
  branch(condition: Value): boolean {
    this.#use(condition);
    return condition.bits !== 0n;
  }

  /** `value == to`: unknown, unless a known bit differs. */
  equals({ bits, shadow, origin }: Value, to: bigint): Value {
    const unknown = shadow !== 0n && ((bits ^ to) & ~shadow) === 0n;
    return { bits: bits === to ? 1n : 0n, shadow: unknown ? 1n : 0n, origin };
  }

  /** What a call has just returned in RAX. */
  result(): Value {
    return { bits: this.#f.reg(R.ax), ...this.#shadow.returned(this.#f.world.machine.thread.index) };
  }

  /** `return value`. */
  returns({ bits, shadow, origin }: Value): void {
    this.#f.setReg(R.ax, bits);
    this.#shadow.returns(this.#f.world.machine.thread.index, shadow, origin);
  }

  #address(of: Value | bigint): bigint {
    if (typeof of === 'bigint') return of;
    this.#use(of);
    return of.bits;
  }

  #use({ shadow, origin }: Value): void {
    if (shadow !== 0n) report(this.#f.world, origin ?? 'bits that were never written');
  }
}
