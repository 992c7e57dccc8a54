/** The code in an ELF file, executable or object: its symbols, their bytes, and what a linker still has to fill in. gABI chapter 4. */
import { fail } from '../fail.ts';

export interface Patch {
  readonly type: number;
  readonly symbol: string;
  readonly addend: bigint;
}

/** A stretch of code with a name; a stretch that no symbol covers has the name of its section. */
export interface Stretch {
  readonly name: string;
  readonly isNamed: boolean;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** By offset in `bytes`. */
  readonly patches: ReadonlyMap<number, Patch>;
}

export interface Code {
  readonly stretches: readonly Stretch[];
  /** Where an address is: name of a symbol and how far behind it. In an object only inside the section. */
  readonly nameOf: (address: bigint, from: Stretch) => { readonly name: string; readonly offset: bigint } | undefined;
}

const [ET_REL, EM_X86_64] = [1, 62] as const;
const [SHT_SYMTAB, SHT_RELA, SHT_DYNSYM] = [2, 4, 11] as const;
const SHF_EXECINSTR = 4n;
const [STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_GNU_IFUNC] = [0, 1, 2, 3, 10] as const;
const [EHDR_SIZE, SHDR_SIZE, SYM_SIZE, RELA_SIZE] = [64, 64, 24, 24] as const;

interface Section {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly link: number;
  readonly info: number;
}

interface Symbol {
  readonly name: string;
  readonly type: number;
  readonly section: number;
  readonly value: bigint;
  readonly size: number;
}

/** Refuses, in one line, what is no ELF file with code for x86-64. */
export function readCode(path: string, file: Uint8Array): Code {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < EHDR_SIZE || file[4] !== 2 || file[5] !== 1 || view.getUint16(18, true) !== EM_X86_64) {
    fail(`${path}: is an ELF file, but not for x86-64`);
  }
  const sections = readSections(path, file, view);
  const table = sections.find((s) => s.type === SHT_SYMTAB) ?? sections.find((s) => s.type === SHT_DYNSYM);
  const symbols = table ? readSymbols(table, sections[table.link]) : [];
  const isObject = view.getUint16(16, true) === ET_REL;
  const code = sections.filter((s) => s.flags & SHF_EXECINSTR && s.bytes.length);
  if (!code.length) fail(`${path}: has no section with code`);
  const places = placesOf(symbols, isObject ? sections : undefined);
  const sectionOf = new Map<Stretch, Section>();
  const stretches = code.flatMap((section) => {
    const found = split(section, symbols, patchesOf(section, sections, symbols), isObject);
    for (const s of found) sectionOf.set(s, section);
    return found;
  });
  return { stretches, nameOf: (address, from) => places(address, sectionOf.get(from)) };
}

function readSections(path: string, file: Uint8Array, view: DataView): Section[] {
  const at = Number(view.getBigUint64(40, true));
  const [size, count, names] = [58, 60, 62].map((offset) => view.getUint16(offset, true)) as [number, number, number];
  if (at === 0 || count === 0) fail(`${path}: has no section headers: there is nothing to go by`);
  if (size !== SHDR_SIZE || at + count * SHDR_SIZE > file.length) fail(`${path}: its section headers are damaged`);
  const raw = Array.from({ length: count }, (_, index) => {
    const h = new DataView(file.buffer, file.byteOffset + at + index * SHDR_SIZE, SHDR_SIZE);
    const [type, link, info] = [4, 40, 44].map((o) => h.getUint32(o, true)) as [number, number, number];
    const [offset, length] = [24, 32].map((o) => Number(h.getBigUint64(o, true))) as [number, number];
    const SHT_NOBITS = 8;
    if (type !== SHT_NOBITS && offset + length > file.length) fail(`${path}: section ${index} reaches beyond its end`);
    const bytes = type === SHT_NOBITS ? new Uint8Array() : file.subarray(offset, offset + length);
    const nameAt = h.getUint32(0, true);
    return {
      index,
      nameAt,
      type,
      flags: h.getBigUint64(8, true),
      address: h.getBigUint64(16, true),
      bytes,
      link,
      info,
    };
  });
  return raw.map(({ nameAt, ...s }) => ({ ...s, name: textAt(raw[names]?.bytes, nameAt) }));
}

function textAt(strings: Uint8Array | undefined, at: number): string {
  if (!strings) return '';
  const end = strings.indexOf(0, at);
  return new TextDecoder().decode(strings.subarray(at, end < 0 ? strings.length : end));
}

const viewOf = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

function readSymbols(table: Section, strings: Section | undefined): Symbol[] {
  const view = viewOf(table.bytes);
  return Array.from({ length: Math.floor(table.bytes.length / SYM_SIZE) }, (_, i) => {
    const at = i * SYM_SIZE;
    return {
      name: textAt(strings?.bytes, view.getUint32(at, true)),
      type: view.getUint8(at + 4) & 15,
      section: view.getUint16(at + 6, true),
      value: view.getBigUint64(at + 8, true),
      size: Number(view.getBigUint64(at + 16, true)),
    };
  });
}

/** What is to be patched in a section, by offset. */
function patchesOf(section: Section, sections: readonly Section[], symbols: readonly Symbol[]): Map<number, Patch> {
  const found = new Map<number, Patch>();
  for (const { bytes } of sections.filter((s) => s.type === SHT_RELA && s.info === section.index)) {
    const view = viewOf(bytes);
    for (let at = 0; at + RELA_SIZE <= bytes.length; at += RELA_SIZE) {
      const symbol = symbols[view.getUint32(at + 12, true)];
      const name = symbol?.type === STT_SECTION ? sections[symbol.section]?.name : symbol?.name;
      const addend = view.getBigInt64(at + 16, true);
      found.set(Number(view.getBigUint64(at, true)), {
        type: view.getUint32(at + 8, true),
        symbol: name ?? '',
        addend,
      });
    }
  }
  return found;
}

const isCode = ({ type }: Symbol): boolean => type === STT_FUNC || type === STT_NOTYPE || type === STT_GNU_IFUNC;

/** A section from symbol to symbol; of several symbols at one place the first that is a function. */
function split(
  section: Section,
  symbols: readonly Symbol[],
  patches: ReadonlyMap<number, Patch>,
  isObject: boolean,
): Stretch[] {
  const base = isObject ? 0n : section.address;
  const starts = new Map<number, Symbol>();
  const own = symbols.filter((s) => s.section === section.index && isCode(s) && s.name);
  for (const s of own.toSorted((a, b) => Number(b.type === STT_FUNC) - Number(a.type === STT_FUNC))) {
    const at = Number(s.value - base);
    if (at >= 0 && at < section.bytes.length && !starts.has(at)) starts.set(at, s);
  }
  const out: Stretch[] = [];
  const cut = (name: string | undefined, from: number, to: number): void => {
    const inside = [...patches].filter(([at]) => at >= from && at < to);
    out.push({
      name: name ?? section.name,
      isNamed: name !== undefined,
      address: section.address + BigInt(from),
      bytes: section.bytes.subarray(from, to),
      patches: new Map(inside.map(([at, p]) => [at - from, p])),
    });
  };
  const sorted = [...starts].sort(([a], [b]) => a - b);
  if ((sorted[0]?.[0] ?? section.bytes.length) > 0) cut(undefined, 0, sorted[0]?.[0] ?? section.bytes.length);
  sorted.forEach(([from, { name, size }], i) => {
    const next = sorted[i + 1]?.[0] ?? section.bytes.length;
    const end = size > 0 ? Math.min(next, from + size) : next;
    cut(name, from, end);
    if (end < next) cut(undefined, end, next);
  });
  return out;
}

/** The nearest symbol at or below an address, if the address is inside it. */
function placesOf(symbols: readonly Symbol[], objectSections: readonly Section[] | undefined) {
  const kept = symbols.filter((s) => s.name && s.section && (isCode(s) || s.type === STT_OBJECT));
  const sorted = kept.toSorted((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.size - b.size));
  return (address: bigint, section: Section | undefined): { name: string; offset: bigint } | undefined => {
    const mine = objectSections ? sorted.filter((s) => s.section === section?.index) : sorted;
    let [low, high] = [0, mine.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (mine[middle]!.value <= address) low = middle + 1;
      else high = middle;
    }
    const below = mine[low - 1];
    if (!below) return undefined;
    const offset = address - below.value;
    return offset < BigInt(Math.max(below.size, 1)) ? { name: below.name, offset } : undefined;
  };
}
