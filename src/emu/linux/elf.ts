/** Reads an ELF64 file: what a static x86-64 executable wants mapped, and where it begins. elf(5), gABI chapters 4 and 5. */
import { PROT, pageDown, pageUp, USER_END } from '../mem/layout.ts';
import { symbolsOf } from './elf-symbols.ts';
import { hex } from './show.ts';

/** A file that cannot be run here: one line that says what, where and what to do. */
export class ElfError extends Error {}

/** A piece of the file, in whole pages: [start, start + size) holds `bytes`, then zeroes. */
export interface Segment {
  readonly start: bigint;
  readonly size: bigint;
  readonly prot: number;
  readonly bytes: Uint8Array;
}

export interface ElfSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
}

export interface Executable {
  readonly entry: bigint;
  /** Lowest first; they do not overlap. */
  readonly segments: readonly Segment[];
  /** The program headers as the program sees them (AT_PHDR, AT_PHNUM); address 0 when no segment holds them. */
  readonly headers: { readonly address: bigint; readonly count: number };
  /** The first page behind the image: where the program break starts. */
  readonly end: bigint;
  readonly executableStack: boolean;
  /** Functions and code labels, where the file has a symbol table. */
  readonly symbols: readonly ElfSymbol[];
}

/** Where Linux puts an ET_DYN file when addresses are not randomised (ELF_ET_DYN_BASE, rounded to a page). */
const DYN_BASE = 0x5555_5555_4000n;

export const EHDR_SIZE = 64;
export const PHDR_SIZE = 56;
// biome-ignore format: table
const EH = { class: 4, data: 5, version: 6, type: 16, machine: 18, entry: 24, phoff: 32, phentsize: 54, phnum: 56 } as const;
// biome-ignore format: table
const PH = { type: 0, flags: 4, offset: 8, vaddr: 16, filesz: 32, memsz: 40, align: 48 } as const;
const PT = { LOAD: 1, INTERP: 3, GNU_STACK: 0x6474_e551 } as const;
const PF = { X: 1, W: 2, R: 4 } as const;
const ET = { EXEC: 2, DYN: 3 } as const;
const EM_X86_64 = 62;
/** "The number is too large for e_phnum and stands in section header 0." */
const PN_XNUM = 0xffff;

interface Header {
  readonly index: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: bigint;
  readonly vaddr: bigint;
  readonly filesz: bigint;
  readonly memsz: bigint;
  readonly align: bigint;
}

/**
 * Check the whole file and say what to map. Throws ElfError on one that Linux, or this machine, would not start; nothing
 * is mapped by then. PT_TLS, PT_DYNAMIC and PT_GNU_RELRO are left to the program's own start-up code, as on Linux.
 */
export function readElf(bytes: Uint8Array): Executable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = identify(bytes, view, 'a static x86-64 Linux executable');
  checkType(type);
  const isDyn = type === ET.DYN;
  const headers = programHeaders(view);
  const interpreter = headers.find((h) => h.type === PT.INTERP);
  if (interpreter)
    throw new ElfError(`is dynamically linked (asks for ${pathIn(bytes, interpreter)}): link with -static`);
  const loads = headers.filter((h) => h.type === PT.LOAD);
  if (!loads.length) throw new ElfError('has no PT_LOAD segment: there is nothing to run; link it as an executable');
  checkLoads(loads, BigInt(bytes.length));
  const bias = isDyn ? biasFor(loads) : 0n;
  checkPlace(loads, bias);
  const entry = view.getBigUint64(EH.entry, true);
  const stack = headers.find((h) => h.type === PT.GNU_STACK);
  const last = loads.at(-1)!;
  return {
    entry: BigInt.asUintN(64, entry + bias),
    segments: loads.filter((h) => h.memsz > 0n).map((h) => segment(bytes, h, bias)),
    headers: { address: headersAddress(view, loads, bias), count: headers.length },
    end: pageUp(last.vaddr + last.memsz + bias),
    executableStack: stack !== undefined && (stack.flags & PF.X) !== 0,
    symbols: symbolsOf(view, bias),
  };
}

/** The e_type of an ELF64 file for x86-64. Throws ElfError on any other file; `wanted` says what to give instead. */
export function identify(bytes: Uint8Array, view: DataView, wanted: string): number {
  if (!(bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46)) {
    throw new ElfError(`is not an ELF file: give ${wanted}`);
  }
  if (bytes.length < EHDR_SIZE) throw new ElfError(`ends inside its ELF header (${bytes.length} bytes): it is cut off`);
  if (bytes[EH.class] !== 2) throw new ElfError(`is not ELF64 (EI_CLASS ${bytes[EH.class]}): compile for x86-64, -m64`);
  if (bytes[EH.data] !== 1) throw new ElfError(`is not little-endian (EI_DATA ${bytes[EH.data]}): compile for x86-64`);
  const machine = view.getUint16(EH.machine, true);
  if (machine !== EM_X86_64) throw new ElfError(`is for another machine (e_machine ${machine}): compile for x86-64`);
  return view.getUint16(EH.type, true);
}

function checkType(type: number): void {
  if (type === ET.EXEC || type === ET.DYN) return;
  const what = { 1: 'an object file: link it', 4: 'a core dump: give the program it came from' }[type];
  throw new ElfError(what ? `is ${what}` : `has e_type ${type}: give an executable, ET_EXEC or ET_DYN`);
}

function programHeaders(view: DataView): Header[] {
  const size = view.getUint16(EH.phentsize, true);
  const count = view.getUint16(EH.phnum, true);
  const at = view.getBigUint64(EH.phoff, true);
  if (count === 0) throw new ElfError('has no program headers: link it as an executable');
  if (size !== PHDR_SIZE) throw new ElfError(`has program headers of ${size} bytes, not ${PHDR_SIZE}: it is damaged`);
  if (count === PN_XNUM || at + BigInt(count * PHDR_SIZE) > BigInt(view.byteLength)) {
    throw new ElfError(`has ${count} program headers at ${hex(at)}, beyond its end: it is cut off or damaged`);
  }
  return Array.from({ length: count }, (_, index) => header(view, Number(at) + index * PHDR_SIZE, index));
}

const header = (view: DataView, at: number, index: number): Header => ({
  index,
  type: view.getUint32(at + PH.type, true),
  flags: view.getUint32(at + PH.flags, true),
  offset: view.getBigUint64(at + PH.offset, true),
  vaddr: view.getBigUint64(at + PH.vaddr, true),
  filesz: view.getBigUint64(at + PH.filesz, true),
  memsz: view.getBigUint64(at + PH.memsz, true),
  align: view.getBigUint64(at + PH.align, true),
});

/** The path in a PT_INTERP segment, as far as it is there. */
function pathIn(bytes: Uint8Array, { offset, filesz }: Header): string {
  const path = bytes.subarray(Number(offset), Number(offset + filesz));
  return new TextDecoder().decode(path).replace(/\0.*$/s, '') || 'an interpreter';
}

/** Each PT_LOAD on its own, and their order: ascending by address, none on another's pages. */
function checkLoads(loads: readonly Header[], fileSize: bigint): void {
  let free = 0n;
  for (const h of loads) {
    const which = `program header ${h.index} (PT_LOAD at ${hex(h.vaddr)})`;
    if (h.filesz > h.memsz) throw new ElfError(`${which} has more bytes in the file than in memory: it is damaged`);
    if (h.offset + h.filesz > fileSize) {
      throw new ElfError(
        `${which} ends at file offset ${hex(h.offset + h.filesz)}, the file at ${hex(fileSize)}: it is cut off`,
      );
    }
    if ((h.offset - h.vaddr) & 0xfffn) {
      throw new ElfError(`${which} lies at file offset ${hex(h.offset)}, which differs mod 4096: link it again`);
    }
    if (h.vaddr + h.memsz > USER_END) throw new ElfError(`${which} ends beyond user space: link it lower`);
    if (pageDown(h.vaddr) < free) {
      throw new ElfError(
        `${which} begins on a page of the segment before it: link it with segments ascending and apart`,
      );
    }
    free = pageUp(h.vaddr + h.memsz);
  }
}

/** What to add to the addresses of an ET_DYN file, so that each segment is aligned as it asks. */
function biasFor(loads: readonly Header[]): bigint {
  const align = loads.reduce((most, h) => (h.align > most ? h.align : most), 0x1000n);
  const isPower = (align & (align - 1n)) === 0n;
  if (!isPower || align > 1n << 30n) throw new ElfError(`asks for an alignment of ${hex(align)}: it is damaged`);
  return ((DYN_BASE + align - 1n) & ~(align - 1n)) - pageDown(loads[0]!.vaddr);
}

/** As far down as Linux lets a program map (vm.mmap_min_addr), and as far up as leaves room for stack and mappings. */
const LOWEST = 0x1_0000n;
const HIGHEST = 0x7fff_0000_0000n;

function checkPlace(loads: readonly Header[], bias: bigint): void {
  const first = loads[0]!.vaddr + bias;
  const last = loads.at(-1)!;
  const end = last.vaddr + last.memsz + bias;
  if (first >= LOWEST && end <= HIGHEST) return;
  throw new ElfError(`wants ${hex(first)} to ${hex(end)}: link it between ${hex(LOWEST)} and ${hex(HIGHEST)}`);
}

/**
 * Linux maps whole pages of the file, so that what surrounds a segment in it shows too; what memsz adds is zero, to the
 * end of the page.
 */
function segment(bytes: Uint8Array, h: Header, bias: bigint): Segment {
  const start = pageDown(h.vaddr);
  const from = Number(h.offset - (h.vaddr - start));
  const isWhole = h.memsz === h.filesz || !(h.flags & PF.W);
  const to = isWhole ? Number(pageUp(h.offset + h.filesz)) : Number(h.offset + h.filesz);
  return {
    start: start + bias,
    size: pageUp(h.vaddr + h.memsz) - start,
    prot: protection(h.flags),
    bytes: h.filesz === 0n ? new Uint8Array() : bytes.subarray(from, to),
  };
}

/** An x86 page that may be written or executed may also be read. */
function protection(flags: number): number {
  const write = flags & PF.W ? PROT.write : 0;
  const exec = flags & PF.X ? PROT.exec : 0;
  return write | exec | (flags & (PF.R | PF.W | PF.X) ? PROT.read : 0);
}

function headersAddress(view: DataView, loads: readonly Header[], bias: bigint): bigint {
  const at = view.getBigUint64(EH.phoff, true);
  const holder = loads.find((h) => h.offset <= at && at < h.offset + h.filesz);
  return holder ? at - holder.offset + holder.vaddr + bias : 0n;
}
