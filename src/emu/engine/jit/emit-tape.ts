/**
 * What a traced region adds to its code: each instruction leaves its plain record (tape/format.ts) behind. All flags are
 * computed as they change and kept packed in a local, from where instructions also read them, so there is nothing lazy.
 */
import { FLAG_NAMES, type Flag } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import { FLAGS_SHIFT, type Layout, layoutOf } from '../tape/format.ts';
import type { FlagEffect, Lowered, Node } from './ir.ts';
import { AREA } from './layout.ts';
import { isConst } from './lower-scalar.ts';
import type { Code } from './wasm.ts';

/** Emits an expression over the state before the instruction. */
type Emit = (n: Node, form: 'i32' | 'i64') => void;

const bitOf = (f: Flag): number => FLAG_NAMES.indexOf(f);
/** Flags of an effect with their new values; those that it keeps are left out. */
const written = (e: FlagEffect): [f: Flag, value: Node][] =>
  [...e.values].filter(([f, v]) => v.op !== 'flag' || v.name !== f);

/** Everything that is emitted for the flags of an instruction in a traced region. */
export const flagRoots = (l: Lowered): Node[] =>
  l.flags.flatMap((e) => [...(e.when ? [e.when] : []), ...written(e).map(([, v]) => v)]);

/** When a flag is one bit of a value, (x >> n) & 1 in so many words, and n is from `to` to 31: x and n. */
function bitIn(flag: Node, to: number): { x: Node; n: number } | undefined {
  const isZero = ({ op }: Node): boolean => op === 'isZero';
  const v = isZero(flag) && isZero(flag.args[0]!) ? flag.args[0]!.args[0]! : flag;
  const [shifted, one] = v.args;
  if (v.op !== 'and' || !isConst(one!) || one!.value !== 1n || shifted!.op !== 'shr') return undefined;
  const [x, n] = shifted!.args;
  return isConst(n!) && n!.value >= to && n!.value < 32n ? { x: x!, n: Number(n!.value) } : undefined;
}

export class EmitTape {
  /** The flags, packed. */
  readonly flags: number;
  readonly #code: Code;
  readonly #base: number;
  /** Where the record of the block's first instruction begins, and how far beyond it the current one's does. */
  readonly #at: number;
  #done = 0;
  readonly #old: number;
  #layout!: Layout;
  #address = 0n;

  constructor(code: Code, base: number) {
    this.#code = code;
    this.#base = base;
    this.flags = code.local('i32');
    this.#old = code.local('i32');
    this.#at = code.local('i32');
  }

  open(): void {
    const code = this.#code;
    for (const [local, at] of this.#kept()) {
      code.i32(0);
      code.access('i32.load', this.#base + at);
      code.set(local);
    }
  }
  spill(): void {
    const code = this.#code;
    for (const [local, at] of this.#kept()) {
      code.i32(0);
      code.get(local);
      code.access('i32.store', this.#base + at);
    }
  }
  #kept(): readonly (readonly [local: number, at: number])[] {
    return [
      [this.#at, AREA.tape],
      [this.flags, AREA.packed],
    ];
  }

  /** On a way out of the block, before its end: the records that are complete. */
  advance(): void {
    if (this.#done === 0) return;
    const code = this.#code;
    code.get(this.#at);
    code.i32(this.#done);
    code.op('i32.add');
    code.set(this.#at);
  }
  /** At the end of the block. */
  settle(): void {
    this.advance();
    this.#done = 0;
  }

  /** A flag as 0 or 1, on the stack. */
  flag(f: Flag): void {
    const code = this.#code;
    code.get(this.flags);
    code.i32(bitOf(f));
    code.op('i32.shr_u');
    code.i32(1);
    code.op('i32.and');
  }

  // One instruction: `begin`, its stores, its flags before and its registers after they have their new values.

  begin(insn: Instruction): void {
    this.#layout = layoutOf(insn)!;
    this.#address = insn.address;
  }

  /** Store number `n`: address and value are in locals. */
  store(n: number, address: () => void, value: number): void {
    const code = this.#code;
    const { at, size } = this.#layout.stores[n]!;
    code.get(this.#at);
    address();
    code.access('i64.store', this.#done + at);
    code.get(this.#at);
    code.get(value);
    if (size === 16) code.v128Store(this.#done + at + 8);
    else code.access('i64.store', this.#done + at + 8);
  }

  /** Does the instruction change flags? Then they are on the stack, packed. */
  newFlags(l: Lowered, emit: Emit): boolean {
    const code = this.#code;
    if (this.#layout.maskAt !== undefined) this.#mask(l, emit, this.#layout.maskAt);
    const always = l.flags.filter((e) => !e.when).flatMap(written);
    if (l.direction) always.push(['DF', l.direction]);
    const sometimes = l.flags.filter((e) => e.when);
    if (always.length + sometimes.length === 0) return false;
    code.get(this.flags);
    this.#replace(always, emit);
    for (const e of sometimes) {
      code.tee(this.#old);
      this.#replace(written(e), emit);
      code.get(this.#old);
      emit(e.when!, 'i32');
      code.op('select');
    }
    return true;
  }
  /** Of the packed flags on the stack, these have new values. */
  #replace(flags: readonly (readonly [Flag, Node])[], emit: Emit): void {
    const code = this.#code;
    if (flags.length === 0) return;
    code.i32(~flags.reduce((m, [f]) => m | (1 << bitOf(f)), 0));
    code.op('i32.and');
    for (const [f, v] of flags) {
      if (isConst(v) && v.value === 0n) continue;
      this.#bit(v, bitOf(f), emit);
      code.op('i32.or');
    }
  }

  /** A flag in its place among the packed ones. What is a bit of some value already is moved there without becoming 0 or 1. */
  #bit(v: Node, to: number, emit: Emit): void {
    const code = this.#code;
    const [a] = v.args;
    const one = 1 << to;
    const bit = bitIn(v, to);
    if (v.op === 'sign') {
      // At any width the sign is above all packed flags.
      emit(a!, v.w === 64 ? 'i64' : 'i32');
      if (v.w === 64) code.i64(BigInt(v.w - 1 - to));
      else code.i32(v.w - 1 - to);
      code.op(v.w === 64 ? 'i64.shr_u' : 'i32.shr_u');
      if (v.w === 64) code.op('i32.wrap_i64');
      code.i32(one);
      code.op('i32.and');
    } else if (v.op === 'evenParity') {
      emit(a!, 'i32');
      code.i32(0xff);
      code.op('i32.and');
      code.op('i32.popcnt');
      this.#shiftLeft(to);
      code.i32(one);
      code.op('i32.and');
      code.i32(one);
      code.op('i32.xor');
    } else if (bit) {
      emit(bit.x, 'i32');
      code.i32(bit.n - to);
      code.op('i32.shr_u');
      code.i32(one);
      code.op('i32.and');
    } else {
      emit(v, 'i32');
      this.#shiftLeft(to);
    }
  }
  #shiftLeft(by: number): void {
    if (by === 0) return;
    this.#code.i32(by);
    this.#code.op('i32.shl');
  }

  /** Which flags are written this time. */
  #mask(l: Lowered, emit: Emit, at: number): void {
    const code = this.#code;
    const byCondition = new Map<Node | undefined, number>();
    for (const [f, when] of l.flagsWhen) byCondition.set(when, (byCondition.get(when) ?? 0) | (1 << bitOf(f)));
    code.get(this.#at);
    code.i64(BigInt(byCondition.get(undefined) ?? 0));
    for (const [when, mask] of byCondition) {
      if (!when) continue;
      code.i64(BigInt(mask));
      code.i64(0n);
      emit(when, 'i32');
      code.op('select');
      code.op('i64.or');
    }
    code.access('i64.store', this.#done + at);
  }

  /** The rest of the record. `gpr`, `vec`: locals. */
  end(gpr: (n: number) => number, vec: (n: number) => number): void {
    const code = this.#code;
    const { gprs, vectors, size } = this.#layout;
    code.get(this.#at);
    code.i64(BigInt.asUintN(FLAGS_SHIFT, this.#address));
    code.access('i64.store', this.#done);
    code.get(this.#at);
    code.get(this.flags);
    code.access('i32.store16', this.#done + FLAGS_SHIFT / 8);
    for (const { n, at } of gprs) {
      code.get(this.#at);
      code.get(gpr(n));
      code.access('i64.store', this.#done + at);
    }
    for (const { n, at } of vectors) {
      code.get(this.#at);
      code.get(vec(n));
      code.v128Store(this.#done + at);
    }
    this.#done += size;
  }
}
