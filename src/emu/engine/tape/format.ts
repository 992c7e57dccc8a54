/**
 * The tape: a run as bytes, one record for each retired instruction, little-endian, in multiples of eight bytes.
 *
 *   head       48 bits: where the instruction was; bits 48–56: all flags after it, in the order of FLAG_NAMES; bit 63: explicit
 *
 * A plain record goes on with what the row of the instruction says it writes (isa/notes.ts), in this order:
 *
 *   registers  8 bytes each: the general ones that it can write, lowest number first, as they are after it
 *   mask       8 bytes, only where flags are written sometimes: the flags that were, packed as in the head
 *   vectors    16 bytes each: halves of vector registers, lowest number first, as they are after it
 *   stores     in their order: 8 bytes address, then the value, of less than 8 bytes padded with zeros
 *
 * so its size is known before it runs, and translated code writes it without looking at anything. What does not fit that
 * (REP, x87, segment bases, MXCSR's sticky flags when they change, conditional stores, a gather that faulted) has an
 * explicit record, which says what it holds:
 *
 *   count      8 bytes: bits 0–31: 8-byte words behind this one; bits 32–40: the flags written, packed; bit 63: unfinished
 *   items      a tag (byte 0: kind; byte 1: number), padded to 8 bytes, then the value, padded to a multiple of 8 bytes
 *
 * Everything that retired instructions do to registers and memory is on the tape: from the state at its beginning every
 * later one follows (replay.ts), and so do the steps (reader.ts). What a fault leaves behind (MXCSR's flags after #XM) and
 * what is done between runs (a system call's answer) is not.
 */
import { FLAG_NAMES, FLAGS, SEGMENTS } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import { notesOf } from '../../isa/notes.ts';

export const FLAGS_SHIFT = 48;
export const EXPLICIT = 1n << 63n;
export const UNFINISHED = 1n << 63n;
export const COUNT_FLAGS_SHIFT = 32n;

/** Kinds of items, and bytes of value behind the tag. A store's tag has its size for number; its address comes first. */
export const ITEM = { gpr: 1, vector: 2, other: 3, store: 4 } as const;
export const ITEM_BYTES = { [ITEM.gpr]: 8, [ITEM.vector]: 16, [ITEM.other]: 16 } as const;

/** Numbers of the registers that have a name in a `Step`; the last four are on the tape only. */
export const OTHERS: readonly string[] = [
  ...SEGMENTS,
  'FSBASE',
  'GSBASE',
  'MXCSR',
  'FCW',
  'FSW',
  'FTW',
  ...Array.from({ length: 8 }, (_, n) => `FPR${n}`),
  'FOP',
  'FIP',
  'FDP',
  'RANDOM',
];
export const UNREPORTED = OTHERS.indexOf('FOP');

/** A plain record of one instruction: what is where, in bytes from its start. */
export interface Layout {
  readonly gprs: readonly { readonly n: number; readonly at: number }[];
  /** RFLAGS bits it writes, at most. */
  readonly flags: number;
  /** Where it says which of them it did write; undefined when it is always all. */
  readonly maskAt: number | undefined;
  readonly vectors: readonly { readonly n: number; readonly at: number }[];
  /** `size`: bytes stored. */
  readonly stores: readonly { readonly size: number; readonly at: number }[];
  readonly size: number;
}

/** No plain record is longer: VZEROALL's with 32 halves is not plain, VZEROUPPER's with 16 is. */
export const MAX_PLAIN = 280;

const layouts = new WeakMap<Instruction, { readonly layout: Layout | undefined }>();

/** Undefined when its records are explicit. */
export function layoutOf(insn: Instruction): Layout | undefined {
  const known = layouts.get(insn);
  if (known) return known.layout;
  const layout = lay(insn);
  layouts.set(insn, { layout });
  return layout;
}

function lay({ form, operands, repeat }: Instruction): Layout | undefined {
  if (!form.meaning || repeat) return undefined;
  const notes = notesOf(form.meaning, operands);
  if (!notes.whole || notes.stores.some((w) => w === 80 || w > 128)) return undefined;
  let size = 8;
  const take = (bytes: number): number => {
    const at = size;
    size += bytes;
    return at;
  };
  const gprs = notes.gprs.map((n) => ({ n, at: take(8) }));
  const maskAt = notes.someFlags ? take(8) : undefined;
  const vectors = notes.vectors.map((n) => ({ n, at: take(16) }));
  const stores = notes.stores.map((w) => ({ size: w / 8, at: take(8 + Math.max(8, w / 8)) }));
  const flags = [...notes.flags].reduce((m, f) => m | (1 << FLAGS[f]), 0);
  return size > MAX_PLAIN ? undefined : { gprs, flags, maskAt, vectors, stores, size };
}

/** RFLAGS bits, one next to the other in the order of FLAG_NAMES. */
export const packFlags = (rflags: number): number =>
  FLAG_NAMES.reduce((m, f, i) => m | (((rflags >> FLAGS[f]) & 1) << i), 0);

const unpacked = Array.from({ length: 1 << FLAG_NAMES.length }, (_, packed) =>
  FLAG_NAMES.reduce((m, f, i) => m | (((packed >> i) & 1) << FLAGS[f]), 0),
);
/** And back. */
export const unpackFlags = (packed: number): number => unpacked[packed]!;
