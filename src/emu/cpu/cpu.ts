/** One task's registers: typed access to the register file in linear memory. */
import type { Frames } from '../mem/frames.ts';
import { AT, FLAG_NAMES, FLAGS, type Flag, VECTOR_STRIDE, X87_STRIDE } from './layout.ts';

/** RFLAGS as user code sees it with every flag clear: bit 1 always reads as one, IF is set. */
const RFLAGS_FIXED = 0x202n;
/** The code and stack segments of 64-bit programs on Linux; the others are null. */
const USER_CS = 0x33;
const USER_DS = 0x2b;
const flagShifts = FLAG_NAMES.map((f) => FLAGS[f]);
const flagAt = Object.fromEntries(FLAG_NAMES.map((f, i) => [f, AT.flags + i])) as Record<Flag, number>;

/** A copy of every register, for comparing and for switching tasks. */
export type Registers = Uint8Array;

export class Cpu {
  readonly #frames: Frames;

  constructor(frames: Frames) {
    this.#frames = frames;
    // As Linux starts a program: every exception masked, round to nearest, 64-bit precision.
    this.mxcsr = 0x1f80;
    this.fcw = 0x37f;
    this.setSelector(1, USER_CS);
    this.setSelector(2, USER_DS);
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

  /** The selector in segment register `n` of SEGMENTS. */
  selector(n: number): number {
    return this.#frames.view.getUint16(AT.selectors + 2 * n, true);
  }
  setSelector(n: number, v: number): void {
    this.#frames.view.setUint16(AT.selectors + 2 * n, v, true);
  }

  /** Where RDRAND's sequence stands: any 64 bits to begin with, its seed. */
  get random(): bigint {
    return this.#frames.view.getBigUint64(AT.random, true);
  }
  set random(v: bigint) {
    this.#frames.view.setBigUint64(AT.random, v, true);
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

  /** Several flags at once: masks of RFLAGS bits, which are written and which of those are set. */
  setFlags(written: number, values: number): void {
    const { bytes } = this.#frames;
    for (let i = 0; i < flagShifts.length; i++) {
      const bit = flagShifts[i]!;
      if ((written >> bit) & 1) bytes[AT.flags + i] = (values >> bit) & 1;
    }
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

  /** 128 bits of vector register `n`: the low half of YMM n, or its upper half. */
  xmm(n: number, part: 0 | 1 = 0): bigint {
    const { view } = this.#frames;
    const at = AT.vector + VECTOR_STRIDE * n + 16 * part;
    return view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n);
  }
  /** Write one half; the other stays. */
  setXmm(n: number, v: bigint, part: 0 | 1 = 0): void {
    const { view } = this.#frames;
    const at = AT.vector + VECTOR_STRIDE * n + 16 * part;
    view.setBigUint64(at, v, true);
    view.setBigUint64(at + 8, v >> 64n, true);
  }

  /** x87 control and status words, abridged tags (one bit a physical register, 1: in use), last opcode and pointers. */
  get fcw(): number {
    return this.#frames.view.getUint16(AT.fcw, true);
  }
  set fcw(v: number) {
    this.#frames.view.setUint16(AT.fcw, v, true);
  }
  get fsw(): number {
    return this.#frames.view.getUint16(AT.fsw, true);
  }
  set fsw(v: number) {
    this.#frames.view.setUint16(AT.fsw, v, true);
  }
  get tags(): number {
    return this.#frames.view.getUint8(AT.tags);
  }
  set tags(v: number) {
    this.#frames.view.setUint8(AT.tags, v);
  }
  get fop(): number {
    return this.#frames.view.getUint16(AT.fop, true);
  }
  set fop(v: number) {
    this.#frames.view.setUint16(AT.fop, v, true);
  }
  get fip(): bigint {
    return this.#frames.view.getBigUint64(AT.fip, true);
  }
  set fip(v: bigint) {
    this.#frames.view.setBigUint64(AT.fip, v, true);
  }
  get fdp(): bigint {
    return this.#frames.view.getBigUint64(AT.fdp, true);
  }
  set fdp(v: bigint) {
    this.#frames.view.setBigUint64(AT.fdp, v, true);
  }

  /** The 80 bits of x87 data register `n`, by physical number; MMX register n is its low 64. */
  x87(n: number): bigint {
    const { view } = this.#frames;
    const at = AT.x87 + X87_STRIDE * n;
    return view.getBigUint64(at, true) | (BigInt(view.getUint16(at + 8, true)) << 64n);
  }
  setX87(n: number, v: bigint): void {
    const { view } = this.#frames;
    const at = AT.x87 + X87_STRIDE * n;
    view.setBigUint64(at, v, true);
    view.setUint16(at + 8, Number((v >> 64n) & 0xffffn), true);
  }

  save(): Registers {
    return this.#frames.bytes.slice(0, AT.end);
  }
  restore(saved: Registers): void {
    this.#frames.bytes.set(saved, 0);
  }
}
