/**
 * The vocabulary in which instructions say what they do.
 *
 * An instruction is written once, against `Ops<V>`, without knowing what a `V` is. There are several readings of the
 * same text: the interpreter's (V = bigint: do it now), the translator's (V = WASM code), and those that only take
 * notes (which flags and registers does this touch?).
 *
 * Values are bit patterns: scalars of up to 64 bits, vectors of 128 (and 80 for the x87, see OpsX87). An operation that
 * takes a width returns a value that fits in it, and expects operands that do. A 256-bit operand is read and written
 * as two places of 128 (`part` in place.ts): AVX works on each half by itself, with few exceptions.
 *
 * Rules for a meaning: every `get`, `load` and `flag` sees the state before the instruction, wherever it is written;
 * a fault leaves that state as it was. So an engine may hold all writes back until the meaning is through.
 */
import type { FloatOps } from './ops-float.ts';
import type { VectorOps } from './ops-vector.ts';
import type { X87Ops } from './ops-x87.ts';
import type { Place } from './place.ts';

export type Width = 8 | 16 | 32 | 64 | 80 | 128 | 256 | 512;
export type StatusFlag = 'CF' | 'PF' | 'AF' | 'ZF' | 'SF' | 'OF' | 'DF';

export interface Ops<V> extends VectorOps<V>, FloatOps<V>, X87Ops<V> {
  /** Read an operand, zero-extended from its width. */
  get(from: Place): V;
  /** Write an operand. A 32-bit register write clears the upper half; narrower ones keep what they do not cover. */
  put(to: Place, v: V): void;
  flag(f: StatusFlag): V;
  setFlag(f: StatusFlag, v: V): void;
  /** RFLAGS as one value, and back: for PUSHF and POPF. */
  flags(): V;
  setFlags(v: V): void;

  /** The address a memory operand names, without its segment base (LEA). */
  address(of: Place): V;
  /** The same with its segment base: what `load` and `store` take. */
  linear(of: Place): V;
  /** What FS: or GS: adds to an address. */
  segmentBase(of: 'FS' | 'GS'): V;
  setSegmentBase(of: 'FS' | 'GS', v: V): void;
  load(address: V, w: Width): V;
  /** A load only when `condition` is not zero; else 0, and memory is not touched. */
  loadWhen(condition: V, address: V, w: Width): V;
  store(address: V, w: Width, v: V): void;
  /** Fault as a store there would. */
  checkStore(address: V, w: Width): void;

  const(n: bigint): V;
  /** Share a result that is used more than once. Affects the size of translated code, never its meaning. */
  let(v: V): V;

  add(a: V, b: V, w: Width): V;
  sub(a: V, b: V, w: Width): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V, w: Width): V;
  /** Shifts by 0 ≤ n < 64; what leaves the width is gone. `sar` brings in copies of the sign bit. */
  shl(a: V, n: V, w: Width): V;
  shr(a: V, n: V, w: Width): V;
  sar(a: V, n: V, w: Width): V;
  /** The double-width product, as two halves. */
  multiply(a: V, b: V, w: Width, signed: boolean): { low: V; high: V };
  /** (high:low) ÷ by. #DE when `by` is zero or the quotient does not fit. */
  divide(high: V, low: V, by: V, w: Width, signed: boolean): { quotient: V; remainder: V };
  /** Read `a` as signed in `from` bits, return it in `to` bits. */
  signExtend(a: V, from: Width, to: Width): V;
  /** The low `w` bits. */
  narrow(a: V, w: Width): V;

  /** One bit of `a`, as 0 or 1. */
  bit(a: V, n: V): V;
  /** 1 when a < b: unsigned. */
  below(a: V, b: V): V;
  isZero(a: V): V;
  /** The top bit at this width, as 0 or 1. */
  sign(a: V, w: Width): V;
  /** 1 when the low byte has an even number of ones. */
  evenParity(a: V): V;
  countOnes(a: V): V;
  /** Zeros above the highest one, and below the lowest; `w` for zero. */
  leadingZeros(a: V, w: Width): V;
  trailingZeros(a: V, w: Width): V;
  reverseBytes(a: V, w: Width): V;
  select(when: V, then: V, otherwise: V): V;
  /** Do this only when `condition` is not zero. */
  when(condition: V, then: () => void): void;

  /**
   * A function of bit patterns that the vocabulary has no words for (an AES round, a CRC). It must be pure. The
   * interpreter calls it; the translator leaves such instructions to the interpreter.
   */
  pure(f: (...bits: bigint[]) => bigint, ...args: readonly V[]): V;

  /** Address of the following instruction. */
  next(): V;
  /** Continue there instead of at the following instruction. */
  jump(target: V): void;

  /** Hand over to the machine: the instruction retires, then the engine stops and says why. */
  syscall(): void;
  interrupt(vector: number): void;
  /** #UD, or #GP(0) with a reason. */
  raise(fault: 'undefined' | 'protection', detail: string): void;
  /** CPUID's answer for a leaf and sub-leaf: EAX EBX ECX EDX. */
  cpuid(leaf: V, subleaf: V): readonly [V, V, V, V];
  /** Virtual time in cycles. */
  timestamp(): V;
  /** 64 bits from the task's own sequence of random numbers: the same in every run. */
  random(): V;
}

/** What an instruction means: generic in V, so it cannot peek. Operands come in Intel's order. */
export type Meaning = <V>(o: Ops<V>, ...operands: readonly Place[]) => void;
