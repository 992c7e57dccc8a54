/**
 * Reads an ELF64 relocatable object, as `gcc -c` makes it: what is to be loaded, its symbols, its relocations. elf(5),
 * gABI chapter 4, psABI chapter 4.
 *
 * Not looked at: section groups (one copy more of the same code does no harm; see `isShared`), merging of strings, and
 * whatever is not loaded, such as debugging information.
 */
import { ElfError, identify } from './elf.ts';
import { EH, SH, SHDR_SIZE, SYM, SYM_SIZE, text } from './elf-symbols.ts';
import { hex } from './show.ts';

export interface ElfObject {
  /** The file's name, for messages and symbols. */
  readonly path: string;
  /** What is to be loaded, in the order of the file. */
  readonly sections: readonly ObjectSection[];
  readonly symbols: readonly ObjectSymbol[];
}

/** Where a section of an object goes in the image; also what it may be used for. */
export type SectionKind = '.text' | '.rodata' | '.eh_frame' | '.data.rel.ro' | '.data' | '.bss';

export interface ObjectSection {
  readonly name: string;
  readonly kind: SectionKind;
  /** A power of two. */
  readonly align: number;
  readonly size: number;
  /** `size` bytes; none of a .bss, which is zero. */
  readonly bytes: Uint8Array;
  readonly relocations: readonly ObjectRelocation[];
  /** In a COMDAT group: another object may define the same, and the first will do. */
  readonly isShared: boolean;
}

export interface ObjectRelocation {
  readonly offset: number;
  /** r_type: see elf-relocations.ts. */
  readonly type: number;
  readonly symbol: ObjectSymbol;
  readonly addend: bigint;
}

export type SymbolKind = 'function' | 'object' | 'label' | 'section' | 'file' | 'thread-local';

export interface ObjectSymbol {
  readonly name: string;
  readonly binding: 'local' | 'global' | 'weak';
  readonly kind: SymbolKind;
  readonly size: number;
  readonly place: SymbolPlace;
}

export type SymbolPlace =
  | { readonly in: 'section'; readonly section: ObjectSection; readonly offset: number }
  /** Tentatively defined (-fcommon): room for it is made where no object defines it. */
  | { readonly in: 'common'; readonly align: number }
  | { readonly in: 'absolute'; readonly value: bigint }
  | { readonly in: 'undefined' }
  /** In a section that is not loaded. */
  | { readonly in: 'unloaded'; readonly section: string };

const ET_REL = 1;
// biome-ignore format: table
const SHT = {
  PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOTE: 7, NOBITS: 8, REL: 9, INIT_ARRAY: 14, FINI_ARRAY: 15, PREINIT_ARRAY: 16,
  X86_64_UNWIND: 0x7000_0001,
} as const;
const SHF = { WRITE: 1n, ALLOC: 2n, EXECINSTR: 4n, GROUP: 0x200n, TLS: 0x400n } as const;
/** LCOMMON: a common symbol of the large code model. */
const SHN = { UNDEF: 0, LORESERVE: 0xff00, X86_64_LCOMMON: 0xff02, ABS: 0xfff1, COMMON: 0xfff2 } as const;
const RELA = { offset: 0, info: 8, addend: 16 } as const;
const RELA_SIZE = 24;

const BINDINGS: Readonly<Record<number, ObjectSymbol['binding']>> = { 0: 'local', 1: 'global', 2: 'weak' };
// biome-ignore format: table
const KINDS: Readonly<Record<number, SymbolKind>> = {
  0: 'label', 1: 'object', 2: 'function', 3: 'section', 4: 'file', 5: 'object', 6: 'thread-local',
};
const STT_GNU_IFUNC = 10;

/** What is to run before main or after it. Nothing calls it here. */
const RUNS_BY_ITSELF = /^\.(preinit_array|init_array|fini_array|ctors|dtors|init|fini)(\.|$)/;
/** Constant once it is relocated; `l` in the large code model. */
const RELRO = /^\.l?data\.rel\.ro(\.|$)/;

/** Bytes of one section or variable: the code models in use hold twice as much in all. */
export const MAX_SIZE = 1 << 30;
/** A large page of x86-64. */
const MAX_ALIGN = 1n << 21n;

interface Header {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: bigint;
}

const wanted = 'an x86-64 object file, as gcc -c makes it';
const damaged = (what: string): never => {
  throw new ElfError(`${what}: it is damaged`);
};

/** Throws ElfError on a file that cannot be linked here; `path` is for later messages. */
export function readObject(bytes: Uint8Array, path: string): ElfObject {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = identify(bytes, view, wanted);
  if (type !== ET_REL) throw new ElfError(`is not an object file (e_type ${type}): give ${wanted}`);
  const headers = sectionHeaders(view);
  const loaded = new Map<number, ObjectSection>();
  const relocations = new Map<number, ObjectRelocation[]>();
  for (const h of headers) {
    const kind = kindOf(h);
    if (!kind) continue;
    const own: ObjectRelocation[] = [];
    relocations.set(h.index, own);
    loaded.set(h.index, section(bytes, h, kind, own));
  }
  const table = headers.find((h) => h.type === SHT.SYMTAB);
  if (!table) throw new ElfError('has no symbol table: give it as gcc -c makes it, not stripped');
  const symbols = readSymbols(view, headers, table, loaded);
  if (symbols.some((s) => s.name === '__gnu_lto_slim')) {
    throw new ElfError('holds only what -flto needs, no code: compile without -flto');
  }
  for (const h of headers) {
    const own = relocations.get(h.info);
    if (own && (h.type === SHT.RELA || h.type === SHT.REL)) readRelocations(view, h, headers, table, symbols, own);
  }
  return { path, sections: [...loaded.values()], symbols };
}

/** Section headers whose contents lie inside the file. */
function sectionHeaders(view: DataView): Header[] {
  const at = view.getBigUint64(EH.shoff, true);
  const size = view.getUint16(EH.shentsize, true);
  const count = view.getUint16(EH.shnum, true);
  const names = view.getUint16(EH.shstrndx, true);
  if (at === 0n || count === 0) throw new ElfError(`has no sections, or more than 65279: give ${wanted}`);
  if (size !== SHDR_SIZE) damaged(`has section headers of ${size} bytes, not ${SHDR_SIZE}`);
  if (at + BigInt(count * SHDR_SIZE) > BigInt(view.byteLength)) {
    throw new ElfError(`has ${count} section headers at ${hex(at)}, beyond its end: it is cut off or damaged`);
  }
  const place = (index: number): number => Number(at) + index * SHDR_SIZE;
  if (names >= count) damaged(`has the names of its sections in section ${names}, of ${count}`);
  const table = extent(view, place(names), `section ${names}`);
  return Array.from({ length: count }, (_, index) => {
    const s = place(index);
    const name = readName(view, table, view.getUint32(s + SH.name, true), `section ${index}`);
    return {
      index,
      name,
      type: view.getUint32(s + SH.type, true),
      flags: view.getBigUint64(s + SH.flags, true),
      ...extent(view, s, `section ${index} (${name})`),
      link: view.getUint32(s + SH.link, true),
      info: view.getUint32(s + SH.info, true),
      align: view.getBigUint64(s + SH.align, true),
    };
  });
}

interface Extent {
  readonly offset: number;
  readonly size: number;
}

/** Where the section whose header is at `at` has its contents. */
function extent(view: DataView, at: number, which: string): Extent {
  const offset = view.getBigUint64(at + SH.offset, true);
  const size = view.getBigUint64(at + SH.size, true);
  if (size > MAX_SIZE) throw new ElfError(`${which} has ${size} bytes: ${MAX_SIZE} is the most`);
  if (view.getUint32(at + SH.type, true) === SHT.NOBITS) return { offset: 0, size: Number(size) };
  if (offset + size > BigInt(view.byteLength)) {
    const end = hex(offset + size);
    throw new ElfError(`${which} ends at file offset ${end}, the file at ${hex(view.byteLength)}: it is cut off`);
  }
  return { offset: Number(offset), size: Number(size) };
}

function readName(view: DataView, table: Extent, at: number, which: string): string {
  if (at !== 0 && at >= table.size) damaged(`${which} has a name at ${hex(at)}, beyond the names`);
  const name = text(view, table, at);
  return /\p{Cc}/u.test(name) ? damaged(`${which} has a name with control characters`) : name;
}

/** Where a section goes; undefined when it is not loaded. */
function kindOf({ name, type, flags, size }: Header): SectionKind | undefined {
  if (!(flags & SHF.ALLOC) || type === SHT.NOTE) return undefined;
  const isCode = (flags & SHF.EXECINSTR) !== 0n;
  const isWritable = (flags & SHF.WRITE) !== 0n;
  if (size && RUNS_BY_ITSELF.test(name)) {
    throw new ElfError(
      `has ${name}, code to run before or after main, which nobody does here: call it by name instead`,
    );
  }
  if (flags & SHF.TLS) {
    if (!size) return undefined;
    throw new ElfError(`has ${name}: there are no thread-local variables here; compile without __thread`);
  }
  if (isCode && isWritable) throw new ElfError(`has ${name}, which is both code and writable: make it one of them`);
  switch (type) {
    case SHT.PROGBITS:
    case SHT.X86_64_UNWIND:
    case SHT.INIT_ARRAY:
    case SHT.FINI_ARRAY:
    case SHT.PREINIT_ARRAY:
      if (isCode) return '.text';
      if (isWritable) return RELRO.test(name) ? '.data.rel.ro' : '.data';
      return name === '.eh_frame' ? name : '.rodata';
    case SHT.NOBITS:
      return isCode || !isWritable ? damaged(`has ${name} without contents, and not writable`) : '.bss';
    default:
      throw new ElfError(`has ${name}, to be loaded, of type ${hex(type)}: give ${wanted}`);
  }
}

function section(bytes: Uint8Array, h: Header, kind: SectionKind, relocations: ObjectRelocation[]): ObjectSection {
  return {
    name: h.name,
    kind,
    align: alignment(h.align, `section ${h.index} (${h.name})`),
    size: h.size,
    bytes: kind === '.bss' ? new Uint8Array() : bytes.subarray(h.offset, h.offset + h.size),
    relocations,
    isShared: (h.flags & SHF.GROUP) !== 0n,
  };
}

/** 0 means 1. */
function alignment(align: bigint, which: string): number {
  if (align & (align - 1n)) damaged(`${which} asks for an alignment of ${hex(align)}`);
  if (align > MAX_ALIGN)
    throw new ElfError(`${which} asks for an alignment of ${hex(align)}: ${hex(MAX_ALIGN)} is the most`);
  return Math.max(1, Number(align));
}

function readSymbols(
  view: DataView,
  headers: readonly Header[],
  table: Header,
  loaded: ReadonlyMap<number, ObjectSection>,
): ObjectSymbol[] {
  const names = headers[table.link];
  if (names?.type !== SHT.STRTAB) return damaged(`has the names of its symbols in section ${table.link}, not of names`);
  if (table.size % SYM_SIZE) damaged(`has a symbol table of ${table.size} bytes, no multiple of ${SYM_SIZE}`);
  return Array.from({ length: table.size / SYM_SIZE }, (_, i) => {
    const at = table.offset + i * SYM_SIZE;
    const own = readName(view, names, view.getUint32(at + SYM.name, true), `symbol ${i}`);
    const index = view.getUint16(at + SYM.shndx, true);
    const info = view.getUint8(at + SYM.info);
    const name = own || (headers[index]?.name ?? '');
    const which = `symbol ${i} (${name})`;
    if ((info & 0xf) === STT_GNU_IFUNC)
      throw new ElfError(`has ${name}, an ifunc, which nobody resolves here: use a plain function`);
    const binding = BINDINGS[info >> 4] ?? damaged(`${which} has binding ${info >> 4}`);
    const kind = KINDS[info & 0xf] ?? damaged(`${which} has type ${info & 0xf}`);
    const size = view.getBigUint64(at + SYM.size, true);
    if (size > MAX_SIZE) throw new ElfError(`${which} has ${size} bytes: ${MAX_SIZE} is the most`);
    const place = placeOf(index, view.getBigUint64(at + SYM.value, true), size, headers, loaded, which);
    return { name, binding, kind, size: Number(size), place };
  });
}

function placeOf(
  index: number,
  value: bigint,
  size: bigint,
  headers: readonly Header[],
  loaded: ReadonlyMap<number, ObjectSection>,
  which: string,
): SymbolPlace {
  switch (index) {
    case SHN.UNDEF:
      return { in: 'undefined' };
    case SHN.ABS:
      return { in: 'absolute', value };
    case SHN.COMMON:
    case SHN.X86_64_LCOMMON:
      return { in: 'common', align: alignment(value, which) };
  }
  const header = headers[index];
  if (!header) return damaged(`${which} is in section ${index}, of ${headers.length}`);
  const section = loaded.get(index);
  if (!section) return { in: 'unloaded', section: header.name };
  if (value + size > BigInt(section.size)) {
    damaged(`${which} ends at ${hex(value + size)} of ${section.name}, which has ${hex(section.size)} bytes`);
  }
  return { in: 'section', section, offset: Number(value) };
}

function readRelocations(
  view: DataView,
  h: Header,
  headers: readonly Header[],
  table: Header,
  symbols: readonly ObjectSymbol[],
  into: ObjectRelocation[],
): void {
  const target = headers[h.info]!;
  if (h.type === SHT.REL) damaged(`has relocations without addends in ${h.name}, which x86-64 has not`);
  if (h.link !== table.index) damaged(`has relocations in ${h.name} by the symbols of section ${h.link}`);
  if (h.size % RELA_SIZE) damaged(`has ${h.size} bytes of relocations in ${h.name}, no multiple of ${RELA_SIZE}`);
  if (h.size && target.type === SHT.NOBITS)
    damaged(`has relocations in ${h.name} for ${target.name}, which has no contents`);
  for (let at = h.offset; at < h.offset + h.size; at += RELA_SIZE) {
    const offset = view.getBigUint64(at + RELA.offset, true);
    const type = view.getUint32(at + RELA.info, true);
    const index = view.getUint32(at + RELA.info + 4, true);
    const which = `relocation ${(at - h.offset) / RELA_SIZE} in ${h.name}`;
    const symbol = symbols[index] ?? damaged(`${which} is by symbol ${index}, of ${symbols.length}`);
    if (offset > BigInt(target.size)) damaged(`${which} is at ${hex(offset)}, beyond the end of ${target.name}`);
    into.push({ offset: Number(offset), type, symbol, addend: view.getBigInt64(at + RELA.addend, true) });
  }
}
