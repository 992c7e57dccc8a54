/** Lays the sections of ELF objects out in memory and finds out which definition of a name counts. gABI, "Symbol Table". */
import { PAGE_SIZE, PROT, USER_END } from '../mem/layout.ts';
import { ElfError } from './elf.ts';
import { type ElfObject, MAX_SIZE, type ObjectSection, type ObjectSymbol, type SectionKind } from './elf-object.ts';
import { relocationType } from './elf-relocations.ts';
import { hex } from './show.ts';

/** A piece of the image, on pages of its own. */
export interface LinkedSection {
  readonly name: SectionKind | '.got';
  readonly address: bigint;
  readonly size: number;
  /** Initial contents; the rest of `size` is zero. */
  readonly bytes: Uint8Array;
  /** PROT_* of mmap(2). */
  readonly prot: number;
}

const R = PROT.read;
/** A function that is run past its end stops at once. */
const INT3 = 0xcc;

/** In the order in which they lie in memory. What only relocation writes may only be read afterwards. */
// biome-ignore format: table
const outputs: readonly { readonly name: LinkedSection['name']; readonly prot: number; readonly filler: number }[] = [
  { name: '.text',        prot: R | PROT.exec,  filler: INT3 },
  { name: '.rodata',      prot: R,              filler: 0 },
  { name: '.eh_frame',    prot: R,              filler: 0 },
  { name: '.data.rel.ro', prot: R,              filler: 0 },
  { name: '.got',         prot: R,              filler: 0 },
  { name: '.data',        prot: R | PROT.write, filler: 0 },
  { name: '.bss',         prot: R | PROT.write, filler: 0 },
];

const WORD = 8;

/** Something to be put into an output section. */
interface Piece {
  readonly size: number;
  readonly align: number;
  readonly bytes: Uint8Array;
}

export interface ObjectLayout {
  readonly objects: readonly ElfObject[];
  /** Not yet relocated; lowest first, none of them empty. */
  readonly sections: readonly LinkedSection[];
  /** The first page behind all of them. */
  readonly end: bigint;
  /** Where the GOT is; where it would be, when there is none. */
  readonly got: bigint;
  /** Address of what stands for a name outside its own object: what an assembler's code may call. */
  readonly addressOf: (name: string) => bigint | undefined;
  /** Does it stand for its name outside its own object? */
  readonly isGlobal: (symbol: ObjectSymbol) => boolean;
  /** Address of a section of one of the objects. */
  readonly addressOfSection: (section: ObjectSection) => bigint;
  /** Address of the GOT's word for a symbol that has one, and those symbols, each once. */
  readonly slotOf: (symbol: ObjectSymbol) => bigint;
  readonly slots: readonly ObjectSymbol[];
}

/** Throws ElfError when two objects define one name, or when they do not fit into user space above `base`. */
export function layOutObjects(objects: readonly ElfObject[], base: bigint): ObjectLayout {
  const definitions = define(objects);
  const slots = slotsOf(objects);
  const pieces = new Map<LinkedSection['name'], Piece[]>(outputs.map(({ name }) => [name, []]));
  for (const o of objects) for (const s of o.sections) pieces.get(s.kind)!.push(s);
  const commons = commonPieces(objects, definitions);
  pieces.get('.bss')!.push(...commons.values());
  const gotPiece = { size: WORD * slots.size, align: WORD, bytes: new Uint8Array() };
  pieces.get('.got')!.push(gotPiece);

  const { sections, placed, end } = place(pieces, base);
  const addressOf = (name: string): bigint | undefined => {
    const d = definitions.get(name);
    if (!d) return undefined;
    const { place: own } = d.symbol;
    if (own.in === 'section') return placed.get(own.section)! + BigInt(own.offset);
    return own.in === 'absolute' ? own.value : placed.get(commons.get(name)!);
  };
  const got = placed.get(gotPiece)!;
  return {
    objects,
    sections,
    end,
    got,
    addressOf,
    isGlobal: (symbol) => definitions.get(symbol.name)?.symbol === symbol,
    addressOfSection: (section) => placed.get(section)!,
    slotOf: (symbol) => got + BigInt(WORD * slots.get(slotKey(symbol))!.index),
    slots: [...slots.values()].map((s) => s.symbol),
  };
}

/** Each output section behind the one before, on pages of its own. */
function place(
  pieces: ReadonlyMap<LinkedSection['name'], readonly Piece[]>,
  base: bigint,
): { sections: LinkedSection[]; placed: Map<Piece, bigint>; end: bigint } {
  const placed = new Map<Piece, bigint>();
  const sections: LinkedSection[] = [];
  let end = alignUp(base, BigInt(PAGE_SIZE));
  for (const { name, prot, filler } of outputs) {
    const own = pieces.get(name)!;
    const address = alignUp(end, BigInt(own.reduce((n, p) => Math.max(n, p.align), PAGE_SIZE)));
    let at = address;
    for (const p of own) {
      at = alignUp(at, BigInt(p.align));
      placed.set(p, at);
      at += BigInt(p.size);
    }
    if (at > USER_END)
      throw new ElfError(`the objects reach ${hex(at)}, beyond user space: link them lower than ${hex(base)}`);
    if (at === address) continue;
    sections.push({
      name,
      address,
      size: Number(at - address),
      bytes: contents(own, placed, address, at, name, filler),
      prot,
    });
    end = alignUp(at, BigInt(PAGE_SIZE));
  }
  return { sections, placed, end };
}

const alignUp = (a: bigint, align: bigint): bigint => (a + align - 1n) & ~(align - 1n);

/** The symbol that stands for a name outside its own object, and whose it is. */
interface Definition {
  readonly object: ElfObject;
  readonly symbol: ObjectSymbol;
}

/** A definition proper wins over a tentative one, and that over a weak one; of weak ones the first. */
const strength = ({ binding, place }: ObjectSymbol): number => (binding === 'weak' ? 0 : place.in === 'common' ? 1 : 2);

const isDefined = ({ place }: ObjectSymbol): boolean =>
  place.in === 'section' || place.in === 'common' || place.in === 'absolute';

function define(objects: readonly ElfObject[]): Map<string, Definition> {
  const out = new Map<string, Definition>();
  for (const object of objects) {
    for (const symbol of object.symbols) {
      if (symbol.binding === 'local' || !isDefined(symbol)) continue;
      const before = out.get(symbol.name);
      if (!before || strength(symbol) > strength(before.symbol)) {
        out.set(symbol.name, { object, symbol });
        continue;
      }
      const isShared = symbol.place.in === 'section' && symbol.place.section.isShared;
      if (strength(symbol) < 2 || isShared) continue;
      const where = `${before.object.path} and ${object.path}`;
      throw new ElfError(`${where} both define ${symbol.name}: leave one out, or make it static`);
    }
  }
  return out;
}

/** Room for the tentative definitions that no other has replaced: as much as the largest of a name wants. */
function commonPieces(objects: readonly ElfObject[], definitions: ReadonlyMap<string, Definition>): Map<string, Piece> {
  const out = new Map<string, Piece>();
  for (const { symbols } of objects) {
    for (const { name, size, place } of symbols) {
      if (place.in !== 'common' || definitions.get(name)?.symbol.place.in !== 'common') continue;
      const { size: most, align } = out.get(name) ?? { size: 0, align: 1 };
      out.set(name, { size: Math.max(most, size), align: Math.max(align, place.align), bytes: new Uint8Array() });
    }
  }
  return out;
}

/** A local symbol stands for itself, any other for its name. */
const slotKey = (s: ObjectSymbol): ObjectSymbol | string => (s.binding === 'local' ? s : s.name);

function slotsOf(objects: readonly ElfObject[]): Map<ObjectSymbol | string, { index: number; symbol: ObjectSymbol }> {
  const out = new Map<ObjectSymbol | string, { index: number; symbol: ObjectSymbol }>();
  for (const { sections } of objects) {
    for (const { type, symbol } of sections.flatMap((s) => s.relocations)) {
      if (!relocationType(type).hasSlot || out.has(slotKey(symbol))) continue;
      out.set(slotKey(symbol), { index: out.size, symbol });
    }
  }
  return out;
}

/** The bytes of an output section; .bss has none, the GOT's are written later. */
function contents(
  pieces: readonly Piece[],
  placed: ReadonlyMap<Piece, bigint>,
  address: bigint,
  end: bigint,
  name: string,
  filler: number,
): Uint8Array {
  if (name === '.bss') return new Uint8Array();
  if (end - address > MAX_SIZE) throw new ElfError(`${name} takes ${end - address} bytes: ${MAX_SIZE} is the most`);
  const out = new Uint8Array(Number(end - address)).fill(filler);
  for (const p of pieces) out.set(p.bytes, Number(placed.get(p)! - address));
  return out;
}
