/** From the tape back to steps. Which registers really changed follows from a copy of them that is kept up to date. */
import type { Cpu } from '../../cpu/cpu.ts';
import { FLAG_NAMES } from '../../cpu/layout.ts';
import type { Step, Store } from '../engine.ts';
import {
  COUNT_FLAGS_SHIFT,
  EXPLICIT,
  FLAGS_SHIFT,
  ITEM,
  ITEM_BYTES,
  type Layout,
  layoutOf,
  OTHERS,
  UNFINISHED,
  UNREPORTED,
  unpackFlags,
} from './format.ts';
import type { Code } from './writer.ts';

const PACKED = (1 << FLAG_NAMES.length) - 1;
type Numbered = [n: number, value: bigint];

export class TapeReader {
  readonly #gprs: bigint[];
  readonly #vectors: bigint[];
  /** The last step read: told when it is known where it led. */
  #last: Omit<Step, 'next'> | undefined;

  /** Made at the beginning of the tape. */
  constructor(cpu: Cpu) {
    this.#gprs = Array.from({ length: 16 }, (_, n) => cpu.gpr(n));
    this.#vectors = Array.from({ length: 32 }, (_, n) => cpu.xmm(n & 15, n < 16 ? 0 : 1));
  }

  /** Whole records, and the instructions that they are about. The last step is held back: see `finish`. */
  read(bytes: Uint8Array, code: Code, tell: (step: Step) => void): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    for (let at = 0; at < bytes.length; ) {
      const head = view.getBigUint64(at, true);
      const address = BigInt.asUintN(64, BigInt.asIntN(FLAGS_SHIFT, head));
      this.#tell(address, tell);
      const insn = code(address);
      const values = unpackFlags(Number(head >> BigInt(FLAGS_SHIFT)) & PACKED);
      if (head & EXPLICIT) {
        const count = view.getBigUint64(at + 8, true);
        const flagsWritten = unpackFlags(Number(count >> COUNT_FLAGS_SHIFT) & PACKED);
        const end = at + 16 + 8 * Number(BigInt.asUintN(32, count));
        const items = this.#items(view, at + 16, end);
        const unfinished = count & UNFINISHED ? { unfinished: true as const } : {};
        this.#last = { insn, ...items, flagsWritten, flagValues: values & flagsWritten, ...unfinished };
        at = end;
      } else {
        const layout = layoutOf(insn)!;
        this.#last = { insn, ...this.#plain(view, at, layout, values) };
        at += layout.size;
      }
    }
  }

  /** The tape ends here, with RIP there. */
  finish(rip: bigint, tell: (step: Step) => void): void {
    this.#tell(rip, tell);
  }

  #tell(next: bigint, tell: (step: Step) => void): void {
    const step = this.#last;
    this.#last = undefined;
    if (step) tell({ ...step, next });
  }

  #plain(view: DataView, at: number, layout: Layout, values: number): Omit<Step, 'insn' | 'next'> {
    const gprs: Numbered[] = [];
    for (const r of layout.gprs) this.#note(this.#gprs, r.n, view.getBigUint64(at + r.at, true), gprs);
    const vectors: Numbered[] = [];
    for (const r of layout.vectors) this.#note(this.#vectors, r.n, wide(view, at + r.at, 16), vectors);
    const { maskAt } = layout;
    const flagsWritten =
      maskAt === undefined ? layout.flags : unpackFlags(Number(view.getBigUint64(at + maskAt, true)) & PACKED);
    const stores = layout.stores.map(({ size, at: slot }) => ({
      address: view.getBigUint64(at + slot, true),
      size,
      value: wide(view, at + slot + 8, size),
    }));
    return { gprs, vectors, others: [], flagsWritten, flagValues: values & flagsWritten, stores };
  }
  #note(file: bigint[], n: number, value: bigint, changes: Numbered[]): void {
    if (file[n] === value) return;
    file[n] = value;
    changes.push([n, value]);
  }

  #items(view: DataView, from: number, end: number): Pick<Step, 'gprs' | 'vectors' | 'others' | 'stores'> {
    const gprs: Numbered[] = [];
    const vectors: Numbered[] = [];
    const others: [string, bigint][] = [];
    const stores: Store[] = [];
    for (let at = from; at < end; ) {
      const kind = view.getUint8(at) as (typeof ITEM)[keyof typeof ITEM];
      const n = view.getUint8(at + 1);
      at += 8;
      if (kind === ITEM.store) {
        stores.push({ address: view.getBigUint64(at, true), size: n, value: wide(view, at + 8, n) });
        at += 8 + 8 * Math.ceil(n / 8);
        continue;
      }
      if (kind === ITEM.gpr) this.#note(this.#gprs, n, view.getBigUint64(at, true), gprs);
      else if (kind === ITEM.vector) this.#note(this.#vectors, n, wide(view, at, 16), vectors);
      else if (n < UNREPORTED) others.push([OTHERS[n]!, wide(view, at, 16)]);
      at += ITEM_BYTES[kind];
    }
    return { gprs, vectors, others, stores };
  }
}

function wide(view: DataView, at: number, size: number): bigint {
  let v = view.getBigUint64(at, true);
  for (let i = 8; i < size; i += 8) v |= view.getBigUint64(at + i, true) << BigInt(8 * i);
  return v;
}
