/**
 * An object as an ELF64 relocatable file: what binutils and gdb look at, and what ld links with C.
 * gABI chapter 4 (sections, symbols); x86-64 psABI 4.4 (relocations).
 */
import { Bytes } from '#emu/isa/bytes.ts';
import { debugSections } from './dwarf.ts';
import { LinkError } from './link.ts';
import type { CodeSymbol, DataSymbol, ObjectFile, Relocation, RelocationKind } from './object.ts';
import type { Abi } from './syntax.ts';
import { textFlags } from './textflag.ts';

const [ET_REL, EM_X86_64] = [1, 62] as const;
const [SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOBITS] = [1, 2, 3, 4, 8] as const;
const [SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR, SHF_INFO_LINK, SHF_TLS] = [1, 2, 4, 0x40, 0x400] as const;
const [STB_LOCAL, STB_GLOBAL, STB_WEAK] = [0, 1, 2] as const;
const [STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_FILE, STT_TLS] = [0, 1, 2, 3, 4, 6] as const;
const SHN_ABS = 0xfff1;
const [R_X86_64_64, R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_32, R_X86_64_TPOFF32] = [1, 2, 4, 10, 23] as const;
const [EHDR_SIZE, SHDR_SIZE, SYM_SIZE, RELA_SIZE] = [64, 64, 24, 24] as const;

const FUNCTION_ALIGN = 32;
const MAX_DATA_ALIGN = 32;
/** Of what is in the file, and not merely zero. */
const MAX_SIZE = 1 << 28;
/** Between functions, as Go's linker pads. */
const INT3 = 0xcc;

/** The symbol that g's slot has in Go's own objects. */
const TLS_SYMBOL = 'runtime.tlsg';

/** Sections that symbols lie in. */
// biome-ignore format: table
const kinds = {
  '.text':        { type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_EXECINSTR,       filler: INT3 },
  '.data':        { type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE,           filler: 0 },
  '.rodata':      { type: SHT_PROGBITS, flags: SHF_ALLOC,                       filler: 0 },
  // Constant once the dynamic linker has filled in addresses.
  '.data.rel.ro': { type: SHT_PROGBITS, flags: SHF_ALLOC | SHF_WRITE,           filler: 0 },
  '.bss':         { type: SHT_NOBITS,   flags: SHF_ALLOC | SHF_WRITE,           filler: 0 },
  '.tbss':        { type: SHT_NOBITS,   flags: SHF_ALLOC | SHF_WRITE | SHF_TLS, filler: 0 },
} as const;
type Place = keyof typeof kinds;

/** What a relocation of Go's is in ELF. PC-relative ones count from the field's beginning, Go's from its end. */
// biome-ignore format: table
const types: Readonly<Record<Exclude<RelocationKind, 'R_CALLIND'>, { readonly type: (size: number) => number; readonly back: bigint }>> = {
  R_ADDR:   { type: (size) => (size === 8 ? R_X86_64_64 : R_X86_64_32), back: 0n },
  R_CALL:   { type: () => R_X86_64_PLT32,                               back: 4n },
  R_PCREL:  { type: () => R_X86_64_PC32,                                back: 4n },
  R_TLS_LE: { type: () => R_X86_64_TPOFF32,                             back: 0n },
};

/** `.rela` entry, with the symbol's key until it has a number. */
interface Rela {
  readonly offset: number;
  readonly type: number;
  readonly symbol: string;
  readonly addend: bigint;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly filler: number;
  align: number;
  /** With SHT_NOBITS only the size counts. */
  readonly bytes: Bytes;
  size: number;
  readonly relocations: Rela[];
}

interface Symbol {
  readonly key: string;
  readonly name: string;
  readonly binding: number;
  readonly type: number;
  /** Undefined: not defined here, or a file's name. */
  readonly section: Section | undefined;
  readonly value: number;
  readonly size: number;
}

export interface ElfOptions {
  /** What a name's leading dot stands for. */
  readonly packagePath: string;
}

/** Throws LinkError when a name is defined twice, or what it names is too large for a file. */
export function elfObject(object: ObjectFile, { packagePath }: ElfOptions): Uint8Array {
  const builder = new Builder(packagePath);
  const text = object.functions.map((code) => ({ code, offset: builder.define(code) }));
  for (const d of object.data) builder.define(d);
  if (text.length) builder.debug(object.path, text);
  return builder.finish(object.path);
}

/** How C and gdb can name it. ABI0, which is what assembly calls by default, has the plain name. */
const nameOf = (name: string, abi: Abi): string => (abi === 'ABIInternal' ? `${name}.abi1` : name);

/** A key for references: a static name is another symbol than a global one of the same spelling. */
const keyOf = (name: string, isStatic: boolean, abi: Abi): string => `${nameOf(name, abi)}${isStatic ? '<>' : ''}`;
const sectionKey = (name: string): string => `section ${name}`;

class Builder {
  readonly #packagePath: string;
  readonly #sections = new Map<string, Section>();
  readonly #symbols = new Map<string, Symbol>();
  readonly #definedAt = new Map<string, CodeSymbol['at']>();
  readonly #faults: { at: CodeSymbol['at']; message: string }[] = [];

  constructor(packagePath: string) {
    this.#packagePath = packagePath;
    // The three that every linker and reader expects first.
    for (const name of ['.text', '.data', '.bss'] as const) this.#place(name);
  }

  #qualified(name: string): string {
    return name.startsWith('.') ? this.#packagePath + name : name;
  }

  #place(name: Place): Section {
    return this.#section(name, kinds[name].type, kinds[name].flags, kinds[name].filler);
  }

  #section(name: string, type: number, flags: number, filler = 0): Section {
    let section = this.#sections.get(name);
    if (!section) {
      section = { name, type, flags, filler, align: 1, bytes: new Bytes(), size: 0, relocations: [] };
      this.#sections.set(name, section);
    }
    return section;
  }

  /** Gives a symbol its bytes and name; returns its offset in its section. */
  define(s: CodeSymbol | DataSymbol): number {
    const isCode = 'code' in s;
    const bytes = isCode ? s.code : s.bytes;
    const section = this.#place(isCode ? '.text' : placeOf(s));
    const size = isCode ? s.code.length : s.size;
    if (section.type !== SHT_NOBITS && size > MAX_SIZE) {
      this.#faults.push({ at: s.at, message: `${s.symbol.name}: ${size} bytes are too many for a file` });
      return 0;
    }
    const value = allot(section, bytes, size, isCode ? FUNCTION_ALIGN : dataAlign(size));
    this.#name(s, isCode, section, value, size);
    for (const r of s.relocations) this.#relocate(section, value, r);
    return value;
  }

  #name(s: CodeSymbol | DataSymbol, isCode: boolean, section: Section, value: number, size: number): void {
    const { abi, isStatic } = s.symbol;
    const name = this.#qualified(s.symbol.name);
    const key = keyOf(name, isStatic, abi);
    const before = this.#definedAt.get(key);
    if (before) {
      if (s.flags & textFlags.DUPOK) return;
      const message = `duplicated definition of symbol ${name}, also at ${before.file}:${before.line}`;
      this.#faults.push({ at: s.at, message });
      return;
    }
    this.#definedAt.set(key, s.at);
    const isLocal = isStatic || ('isConstant' in s && s.isConstant === true);
    const type = isCode ? STT_FUNC : section.flags & SHF_TLS ? STT_TLS : STT_OBJECT;
    const binding = isLocal ? STB_LOCAL : s.flags & textFlags.DUPOK ? STB_WEAK : STB_GLOBAL;
    this.#symbols.set(key, { key, name: nameOf(name, abi), binding, type, section, value, size });
  }

  #relocate(section: Section, base: number, r: Relocation): void {
    // An indirect call has nothing to patch.
    if (r.kind === 'R_CALLIND') return;
    const { type, back } = types[r.kind];
    const isTls = r.kind === 'R_TLS_LE';
    const symbol = isTls ? TLS_SYMBOL : keyOf(this.#qualified(r.symbol), r.isStatic, r.abi);
    section.relocations.push({ offset: base + r.offset, type: type(r.size), symbol, addend: r.addend - back });
  }

  debug(path: string, text: readonly { readonly code: CodeSymbol; readonly offset: number }[]): void {
    for (const { name, bytes, fixups } of debugSections(path, text, this.#place('.text').size)) {
      const section = this.#section(name, SHT_PROGBITS, 0);
      allot(section, bytes, bytes.length, 1);
      for (const { offset, size, section: to, addend } of fixups) {
        const type = size === 8 ? R_X86_64_64 : R_X86_64_32;
        section.relocations.push({ offset, type, symbol: sectionKey(to), addend: BigInt(addend) });
      }
    }
  }

  finish(path: string): Uint8Array {
    if (this.#faults.length) throw new LinkError(this.#faults);
    // Without it a linker takes the object to want an executable stack.
    this.#section('.note.GNU-stack', SHT_PROGBITS, 0);
    const sections = [...this.#sections.values()];
    return write(sections, this.#table(sections, path));
  }

  /** Locals first (gABI, "Symbol Table"), and what is only referred to as undefined. */
  #table(sections: readonly Section[], path: string): Symbol[] {
    const file = { key: 'file', name: path.slice(path.lastIndexOf('/') + 1), type: STT_FILE, section: undefined };
    const local = { binding: STB_LOCAL, value: 0, size: 0 };
    const own = sections.map(
      (section): Symbol => ({ ...local, key: sectionKey(section.name), name: '', type: STT_SECTION, section }),
    );
    const all = new Map([{ ...local, ...file }, ...own, ...this.#symbols.values()].map((s) => [s.key, s]));
    for (const { symbol } of sections.flatMap((s) => s.relocations)) {
      if (all.has(symbol)) continue;
      const type = symbol === TLS_SYMBOL ? STT_TLS : STT_NOTYPE;
      const name = symbol.replace(/<>$/, '');
      all.set(symbol, { key: symbol, name, binding: STB_GLOBAL, type, section: undefined, value: 0, size: 0 });
    }
    const isLocal = (s: Symbol): boolean => s.binding === STB_LOCAL;
    return [...all.values()].sort((a, b) => Number(isLocal(b)) - Number(isLocal(a)));
  }
}

/** Which section a data symbol belongs into. */
function placeOf(d: DataSymbol): Place {
  if (d.flags & textFlags.TLSBSS) return '.tbss';
  if (d.flags & textFlags.RODATA) return d.relocations.length ? '.data.rel.ro' : '.rodata';
  return d.relocations.length || !isZero(d.bytes) ? '.data' : '.bss';
}

function isZero(bytes: Uint8Array): boolean {
  for (const b of bytes) if (b !== 0) return false;
  return true;
}

/** As Go's linker aligns: the largest power of two that is not above the size. */
const dataAlign = (size: number): number => {
  let align = MAX_DATA_ALIGN;
  while (align > size && align > 1) align /= 2;
  return align;
};

/** Room for `size` bytes, the first of them as given. */
function allot(s: Section, bytes: Uint8Array, size: number, align: number): number {
  s.align = Math.max(s.align, align);
  const offset = Math.ceil(s.size / align) * align;
  s.size = offset + size;
  if (s.type === SHT_NOBITS) return offset;
  s.bytes.align(align, s.filler).put(bytes);
  // What DATA does not set is zero.
  s.bytes.put(new Uint8Array(size - bytes.length));
  return offset;
}

/** Strings, each once, by offset; the first is the empty one. */
class Strings {
  readonly bytes = new Bytes().u8(0);
  readonly #at = new Map<string, number>([['', 0]]);

  offset(text: string): number {
    let at = this.#at.get(text);
    if (at === undefined) {
      at = this.bytes.length;
      this.#at.set(text, at);
      this.bytes.text(text);
    }
    return at;
  }
}

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entrySize: number;
}

/** File header, the sections' contents, the section headers. */
function write(sections: readonly Section[], symbols: readonly Symbol[]): Uint8Array {
  const numberOf = new Map(symbols.map((s, i) => [s.key, i + 1]));
  const indexOf = new Map(sections.map((s, i) => [s, i + 1]));
  const withRelocations = sections.filter((s) => s.relocations.length);
  const symtab = 1 + sections.length + withRelocations.length;
  const names = new Strings();
  const plain = { link: 0, info: 0, entrySize: 0 };

  const headers: Header[] = sections.map(({ name, type, flags, align, size, bytes }) => ({
    ...plain,
    name,
    type,
    flags,
    align,
    size,
    bytes: bytes.contents,
  }));
  for (const s of withRelocations) {
    const bytes = new Bytes();
    for (const r of s.relocations.toSorted((a, b) => a.offset - b.offset)) {
      bytes.u64(r.offset).u32(r.type).u32(numberOf.get(r.symbol)!).u64(r.addend);
    }
    headers.push({
      name: `.rela${s.name}`,
      type: SHT_RELA,
      flags: SHF_INFO_LINK,
      bytes: bytes.contents,
      size: bytes.length,
      link: symtab,
      info: indexOf.get(s)!,
      align: 8,
      entrySize: RELA_SIZE,
    });
  }
  const table = symbolTable(symbols, indexOf, names);
  const locals = 1 + symbols.filter((s) => s.binding === STB_LOCAL).length;
  const tables = { flags: 0, size: table.length, align: 8, entrySize: SYM_SIZE };
  headers.push({ ...tables, name: '.symtab', type: SHT_SYMTAB, bytes: table, link: symtab + 1, info: locals });
  const strings = names.bytes.contents;
  const text = { ...plain, type: SHT_STRTAB, flags: 0, align: 1 };
  headers.push({ ...text, name: '.strtab', bytes: strings, size: strings.length });
  const sectionNames = new Strings();
  for (const { name } of headers) sectionNames.offset(name);
  sectionNames.offset('.shstrtab');
  const shstrtab = sectionNames.bytes.contents;
  headers.push({ ...text, name: '.shstrtab', bytes: shstrtab, size: shstrtab.length });
  return file(headers, sectionNames);
}

function symbolTable(symbols: readonly Symbol[], indexOf: ReadonlyMap<Section, number>, names: Strings): Uint8Array {
  const out = new Bytes().put(new Uint8Array(SYM_SIZE));
  for (const { name, binding, type, section, value, size } of symbols) {
    const index = section ? indexOf.get(section)! : type === STT_FILE ? SHN_ABS : 0;
    out
      .u32(names.offset(name))
      .u8((binding << 4) | type)
      .u8(0)
      .u16(index)
      .u64(value)
      .u64(size);
  }
  return out.contents;
}

function file(headers: readonly Header[], names: Strings): Uint8Array {
  const out = new Bytes();
  out.put([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]).u64(0);
  out.u16(ET_REL).u16(EM_X86_64).u32(1).u64(0).u64(0);
  const tableAt = out.length;
  out.u64(0).u32(0);
  for (const half of [EHDR_SIZE, 0, 0, SHDR_SIZE, headers.length + 1, headers.length]) out.u16(half);
  const offsets = headers.map(({ bytes, align, type }) => {
    if (type === SHT_NOBITS) return out.length;
    out.align(align);
    const at = out.length;
    out.put(bytes);
    return at;
  });
  out.align(8);
  out.patch32(tableAt, out.length);
  out.put(new Uint8Array(SHDR_SIZE));
  headers.forEach(({ name, type, flags, size, link, info, align, entrySize }, i) => {
    out.u32(names.offset(name)).u32(type).u64(flags).u64(0).u64(offsets[i]!).u64(size);
    out.u32(link).u32(info).u64(align).u64(entrySize);
  });
  return out.contents;
}
