/** One task's registers: typed access to the register file in linear memory. */
import type { Frames } from '../mem/frames.ts';
import { AT, FLAG_NAMES, FLAGS, type Flag, VECTOR_STRIDE } from './layout.ts';

/** RFLAGS as user code sees it with every flag clear: bit 1 always reads as one, IF is set. */
const RFLAGS_FIXED = 0x202n;
const flagAt = Object.fromEntries(FLAG_NAMES.map((f, i) => [f, AT.flags + i])) as Record<Flag, number>;

/** A copy of every register, for comparing and for switching tasks. */
export type Registers = Uint8Array;
const SIZE = AT.vector + 16 * VECTOR_STRIDE;

export class Cpu {
  readonly #frames: Frames;

  constructor(frames: Frames) {
    this.#frames = frames;
    this.mxcsr = 0x1f80;
  }

  gpr(n: number): bigint {
    return this.#frames.view.getBigUint64(AT.gpr + 8 * n, true);
  }
  setGpr(n: number, v: bigint): void {
    this.#frames.view.setBigUint64(AT.gpr + 8 * n, v, true);
  }

  get rip(): bigint {
    return this.#frames.view.getBigUint64(AT.rip, true);
  }
  set rip(v: bigint) {
    this.#frames.view.setBigUint64(AT.rip, v, true);
  }

  get fsBase(): bigint {
    return this.#frames.view.getBigUint64(AT.fsBase, true);
  }
  set fsBase(v: bigint) {
    this.#frames.view.setBigUint64(AT.fsBase, v, true);
  }

  get gsBase(): bigint {
    return this.#frames.view.getBigUint64(AT.gsBase, true);
  }
  set gsBase(v: bigint) {
    this.#frames.view.setBigUint64(AT.gsBase, v, true);
  }

  get mxcsr(): number {
    return this.#frames.view.getUint32(AT.mxcsr, true);
  }
  set mxcsr(v: number) {
    this.#frames.view.setUint32(AT.mxcsr, v, true);
  }

  flag(f: Flag): boolean {
    return this.#frames.bytes[flagAt[f]] !== 0;
  }
  setFlag(f: Flag, on: boolean): void {
    this.#frames.bytes[flagAt[f]] = on ? 1 : 0;
  }

  /** RFLAGS as PUSHFQ would store it (RF and VM read as zero). */
  get rflags(): bigint {
    let v = RFLAGS_FIXED;
    for (const f of FLAG_NAMES) if (this.flag(f)) v |= 1n << BigInt(FLAGS[f]);
    return v;
  }
  set rflags(v: bigint) {
    for (const f of FLAG_NAMES) this.setFlag(f, ((v >> BigInt(FLAGS[f])) & 1n) === 1n);
  }

  /** The low 128 bits of vector register `n`. */
  xmm(n: number): bigint {
    const { view } = this.#frames;
    const at = AT.vector + VECTOR_STRIDE * n;
    return view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n);
  }
  /** Write the low 128 bits; the upper half of the YMM register stays, as for legacy SSE. */
  setXmm(n: number, v: bigint): void {
    const { view } = this.#frames;
    const at = AT.vector + VECTOR_STRIDE * n;
    view.setBigUint64(at, v, true);
    view.setBigUint64(at + 8, v >> 64n, true);
  }

  save(): Registers {
    return this.#frames.bytes.slice(0, SIZE);
  }
  restore(saved: Registers): void {
    this.#frames.bytes.set(saved, 0);
  }
}
