/**
 * Records, appended to a buffer in linear memory, where translated code appends too. When it is full it is handed on and
 * begun again, at the same place: what is written stays in the processor's caches.
 */
import type { Cpu } from '../../cpu/cpu.ts';
import { FLAG_NAMES, AT as REGISTERS } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Frames } from '../../mem/frames.ts';
import type { Recorder, Step, Store } from '../engine.ts';
import {
  COUNT_FLAGS_SHIFT,
  EXPLICIT,
  FLAGS_SHIFT,
  ITEM,
  type Layout,
  MAX_PLAIN,
  OTHERS,
  packFlags,
  UNFINISHED,
} from './format.ts';

/** What a `Recorder` takes bytes with, and how it learns what they are about. */
export type TapeSink = NonNullable<Recorder['tape']>;
export type Code = Parameters<TapeSink>[1];

const SIZE = 4 << 20;

export class TapeWriter implements Recorder {
  readonly #cpu: Cpu;
  readonly #frames: Frames;
  readonly #start: number;
  readonly #end: number;
  readonly #worth: number;
  #at: number;
  #sink: TapeSink | undefined;
  /** What is at an address: true of all records that have not been handed on. */
  readonly #insns = new Map<bigint, Instruction>();
  readonly #code: Code = (address) => this.#insns.get(address)!;

  constructor(cpu: Cpu, frames: Frames, size = SIZE) {
    if (size < MAX_PLAIN) throw new Error(`a tape buffer of ${size} bytes: one record needs up to ${MAX_PLAIN}`);
    this.#cpu = cpu;
    this.#frames = frames;
    this.#start = frames.reserve(size);
    this.#end = this.#start + size;
    this.#worth = this.#start + (size >> 4);
    this.#at = this.#start;
  }

  /** From now on records go there. */
  open(sink: TapeSink): void {
    this.#sink = sink;
  }

  /** Where the next record begins in linear memory. Translated code that has written some says so here. */
  get at(): number {
    return this.#at;
  }
  set at(v: number) {
    this.#at = v;
  }
  /** So many plain records have room for certain. What has gathered is handed on first, if it is worth it. */
  roomAfterFlush(): number {
    if (this.#at > this.#worth) this.flush();
    return Math.floor((this.#end - this.#at) / MAX_PLAIN);
  }

  /** Hand on what there is. */
  flush(): void {
    if (this.#at === this.#start) return;
    const bytes = this.#frames.bytes.subarray(this.#start, this.#at);
    this.#at = this.#start;
    this.#sink!(bytes, this.#code);
  }

  /** Records of this instruction may follow: where another was at its address, records of that are handed on first. */
  expect(insn: Instruction): void {
    const known = this.#insns.get(insn.address);
    if (known === insn) return;
    if (known) this.flush();
    this.#insns.set(insn.address, insn);
  }

  /** One that has just retired. `flagsWritten`: RFLAGS bits. */
  plain(insn: Instruction, layout: Layout, stores: readonly Store[], flagsWritten: number): void {
    this.expect(insn);
    if (this.#at + layout.size > this.#end) this.flush();
    const at = this.#at;
    const { view } = this.#frames;
    view.setBigUint64(at, this.#head(insn.address), true);
    for (const r of layout.gprs) view.setBigUint64(at + r.at, this.#cpu.gpr(r.n), true);
    if (layout.maskAt !== undefined) view.setBigUint64(at + layout.maskAt, BigInt(packFlags(flagsWritten)), true);
    for (const r of layout.vectors) setWide(view, at + r.at, this.#cpu.xmm(r.n & 15, r.n < 16 ? 0 : 1));
    layout.stores.forEach((slot, i) => {
      const { address, value } = stores[i]!;
      view.setBigUint64(at + slot.at, address, true);
      if (slot.size <= 8) view.setBigUint64(at + slot.at + 8, value, true);
      else setWide(view, at + slot.at + 8, value);
    });
    this.#at = at + layout.size;
  }

  /** The explicit record of a step that has just been done. `beside`: what it changed that a `Step` has no room for. */
  retired(step: Step, beside: Step['others'] = []): void {
    this.expect(step.insn);
    const record = this.#explicit(step, [...step.others, ...beside]);
    if (this.#at + record.length > this.#end) this.flush();
    // Longer than the whole buffer: a REP of many turns.
    if (this.#at + record.length > this.#end) return this.#sink!(record, this.#code);
    this.#frames.bytes.set(record, this.#at);
    this.#at += record.length;
  }

  #explicit(step: Step, others: Step['others']): Uint8Array {
    const valueBytes = (size: number): number => 8 * Math.ceil(size / 8);
    const stored = step.stores.reduce((n, s) => n + 16 + valueBytes(s.size), 0);
    const size = 16 + 16 * step.gprs.length + 24 * (step.vectors.length + others.length) + stored;
    const view = new DataView(new ArrayBuffer(size));
    let at = 0;
    const word = (v: bigint): void => {
      view.setBigUint64(at, v, true);
      at += 8;
    };
    const wide = (v: bigint, bytes: number): void => {
      for (let i = 0; i < bytes; i += 8) word(v >> BigInt(8 * i));
    };
    const tag = (kind: number, n: number): void => word(BigInt(kind | (n << 8)));
    word(this.#head(step.insn.address) | EXPLICIT);
    const flags = BigInt(packFlags(step.flagsWritten)) << COUNT_FLAGS_SHIFT;
    word(BigInt(size / 8 - 2) | flags | (step.unfinished ? UNFINISHED : 0n));
    for (const [n, v] of step.gprs) {
      tag(ITEM.gpr, n);
      word(v);
    }
    for (const [n, v] of step.vectors) {
      tag(ITEM.vector, n);
      wide(v, 16);
    }
    for (const [name, v] of others) {
      tag(ITEM.other, OTHERS.indexOf(name));
      wide(v, 16);
    }
    for (const s of step.stores) {
      tag(ITEM.store, s.size);
      word(s.address);
      wide(s.value, valueBytes(s.size));
    }
    return new Uint8Array(view.buffer);
  }

  #head(address: bigint): bigint {
    const { bytes } = this.#frames;
    let flags = 0;
    for (let i = 0; i < FLAG_NAMES.length; i++) flags |= bytes[REGISTERS.flags + i]! << i;
    return BigInt.asUintN(FLAGS_SHIFT, address) | (BigInt(flags) << BigInt(FLAGS_SHIFT));
  }
}

function setWide(view: DataView, at: number, v: bigint): void {
  view.setBigUint64(at, v, true);
  view.setBigUint64(at + 8, v >> 64n, true);
}
