/** Records taken apart: what both its readers begin with. */
import { FLAG_NAMES } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Store } from '../engine.ts';
import {
  COUNT_FLAGS_SHIFT,
  EXPLICIT,
  FLAGS_SHIFT,
  ITEM,
  ITEM_BYTES,
  type Layout,
  layoutOf,
  UNFINISHED,
  unpackFlags,
} from './format.ts';
import type { Code } from './writer.ts';

type Numbered = [n: number, value: bigint];

export interface TapeRecord {
  readonly insn: Instruction;
  readonly unfinished: boolean;
  /** Registers with their values after it, changed or not: `others` by their place in OTHERS. */
  readonly gprs: readonly Numbered[];
  readonly vectors: readonly Numbered[];
  readonly others: readonly Numbered[];
  readonly stores: readonly Store[];
  /** RFLAGS bits: the flags it wrote, and all flags after it. */
  readonly flagsWritten: number;
  readonly flags: number;
}

const PACKED = (1 << FLAG_NAMES.length) - 1;

/** `bytes`: whole records. */
export function* records(bytes: Uint8Array, code: Code): Generator<TapeRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    const head = view.getBigUint64(at, true);
    const insn = code(BigInt.asUintN(64, BigInt.asIntN(FLAGS_SHIFT, head)));
    const flags = unpackFlags(Number(head >> BigInt(FLAGS_SHIFT)) & PACKED);
    if (head & EXPLICIT) {
      const count = view.getBigUint64(at + 8, true);
      const end = at + 16 + 8 * Number(BigInt.asUintN(32, count));
      const flagsWritten = unpackFlags(Number(count >> COUNT_FLAGS_SHIFT) & PACKED);
      const unfinished = (count & UNFINISHED) !== 0n;
      yield { insn, unfinished, flags, flagsWritten, ...items(view, at + 16, end) };
      at = end;
    } else {
      const layout = layoutOf(insn)!;
      yield { insn, unfinished: false, flags, ...plain(view, at, layout) };
      at += layout.size;
    }
  }
}

function plain(view: DataView, at: number, layout: Layout): Omit<TapeRecord, 'insn' | 'unfinished' | 'flags'> {
  const { maskAt } = layout;
  return {
    gprs: layout.gprs.map((r) => [r.n, view.getBigUint64(at + r.at, true)]),
    vectors: layout.vectors.map((r) => [r.n, wide(view, at + r.at, 16)]),
    others: [],
    stores: layout.stores.map((s) => ({
      address: view.getBigUint64(at + s.at, true),
      size: s.size,
      value: wide(view, at + s.at + 8, s.size),
    })),
    flagsWritten: maskAt === undefined ? layout.flags : unpackFlags(view.getUint16(at + maskAt, true)),
  };
}

function items(view: DataView, from: number, end: number): Pick<TapeRecord, 'gprs' | 'vectors' | 'others' | 'stores'> {
  const registers: Record<keyof typeof ITEM_BYTES, Numbered[]> = {
    [ITEM.gpr]: [],
    [ITEM.vector]: [],
    [ITEM.other]: [],
  };
  const stores: Store[] = [];
  for (let at = from; at < end; ) {
    const kind = view.getUint8(at) as (typeof ITEM)[keyof typeof ITEM];
    const n = view.getUint8(at + 1);
    at += 8;
    if (kind === ITEM.store) {
      stores.push({ address: view.getBigUint64(at, true), size: n, value: wide(view, at + 8, n) });
      at += 8 + 8 * Math.ceil(n / 8);
    } else {
      registers[kind].push([n, wide(view, at, ITEM_BYTES[kind])]);
      at += ITEM_BYTES[kind];
    }
  }
  return { gprs: registers[ITEM.gpr], vectors: registers[ITEM.vector], others: registers[ITEM.other], stores };
}

function wide(view: DataView, at: number, size: number): bigint {
  let v = view.getBigUint64(at, true);
  for (let i = 8; i < size; i += 8) v |= view.getBigUint64(at + i, true) << BigInt(8 * i);
  return v;
}
