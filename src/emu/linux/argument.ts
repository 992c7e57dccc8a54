/** Kinds of system call arguments: how the kernel reads the register, and how strace shows it. */
import type { Memory } from '../mem/memory.ts';
import { type Bits, SHOWN_BYTES, showBits, showBytes, showHex, showPointer, showUnknown } from './show.ts';
import { copyIn, type Struct } from './structs.ts';

/** What showing an argument may look at. */
export interface Seen {
  readonly memory: Memory;
  /** The call's other arguments, by name. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The call did not succeed, so nothing was stored through its pointers. */
  readonly failed: boolean;
}

export interface Arg<T> {
  /** From the 64-bit register to what the kernel's C parameter holds. */
  decode(raw: bigint): T;
  /** Undefined: this call does not use it. */
  show(value: T, seen: Seen): string | undefined;
  /** Shown after the call rather than before. */
  readonly late?: boolean;
}

export type Shape = Readonly<Record<string, Arg<unknown>>>;
export type Values<S extends Shape> = { readonly [K in keyof S]: S[K] extends Arg<infer T> ? T : never };

const whole = (raw: bigint): bigint => raw;
const low32 = (raw: bigint): number => Number(BigInt.asUintN(32, raw));
const signed32 = (raw: bigint): number => Number(BigInt.asIntN(32, raw));

export const ptr: Arg<bigint> = { decode: whole, show: showPointer };
export const size: Arg<bigint> = { decode: whole, show: String };
export const offset: Arg<bigint> = { decode: whole, show: showHex };
export const i32: Arg<number> = { decode: signed32, show: String };
export const u32: Arg<number> = { decode: low32, show: String };
export const fd: Arg<number> = i32;

/** One of several names: an int. */
export function choice(names: Bits, unknown: string): Arg<number> {
  const byValue = new Map(Object.entries(names).map(([name, value]) => [value, name]));
  return {
    decode: signed32,
    show: (v) => byValue.get(v) ?? showUnknown(BigInt.asUintN(32, BigInt(v)), unknown),
  };
}

/** Any of several bits: an unsigned long. */
export function flags(bits: Bits, unknown: string, zero: string): Arg<bigint> {
  return { decode: whole, show: (v) => showBits(v, bits, unknown, zero) };
}

/** Pointer to a struct the call reads. */
export function input<T>(struct: Struct<T>): Arg<bigint> {
  return { decode: whole, show: (at, { memory }) => showStruct(memory, struct, at) };
}

/** Pointer to a struct the call stores. */
export function output<T>(struct: Struct<T>): Arg<bigint> {
  return {
    decode: whole,
    late: true,
    show: (at, { memory, failed }) => (failed ? showPointer(at) : showStruct(memory, struct, at)),
  };
}

export function showStruct<T>(memory: Memory, struct: Struct<T>, at: bigint): string {
  const value = copyIn(memory, struct, at);
  return value === undefined ? showPointer(at) : struct.show(value);
}

/** Pointer to bytes the call reads; argument `length` says how many. */
export function bytes(length: string): Arg<bigint> {
  return {
    decode: whole,
    show(at, { memory, args }) {
      const total = args[length] as bigint;
      const shown = total < SHOWN_BYTES ? total : BigInt(SHOWN_BYTES);
      return memory.allows(at, shown, 'read') ? showBytes(memory.peekBytes(at, Number(shown)), total) : showPointer(at);
    },
  };
}
