/** Links ELF objects into an image ready to map: what `ld` does for C without a C library. psABI, section 4.4. */
import { type DepthRow, depthsOf, type FrameTable, readEhFrame } from './eh-frame.ts';
import { ElfError } from './elf.ts';
import { type LinkedSection, layOutObjects, type ObjectLayout } from './elf-layout.ts';
import type { ElfObject, ObjectRelocation, ObjectSection, ObjectSymbol } from './elf-object.ts';
import { type RelocationType, relocationType } from './elf-relocations.ts';
import { hex } from './show.ts';

/** Address of a name that no object defines. Undefined: the name is not known there either. */
export type External = (name: string) => bigint | undefined;

export interface LinkObjectsOptions {
  /** Where the first section goes; rounded up to a page. */
  readonly base: bigint;
  readonly external: External;
}

export interface LinkedSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  readonly kind: 'function' | 'object' | 'label';
  /** It is what its name stands for outside its own object: not static, and not replaced by another definition. */
  readonly isGlobal: boolean;
  /** The object it is from. */
  readonly path: string;
  /** Bytes between RSP and the return address by offset, from .eh_frame; undefined where that names another register. */
  readonly pcsp: readonly DepthRow[];
}

export interface LinkedObjects {
  /** Lowest first, none of them empty, each on pages of its own. */
  readonly sections: readonly LinkedSection[];
  /** Global ones last, so that of several of one name a table that keeps the last has the global one. */
  readonly symbols: readonly LinkedSymbol[];
  /** The first page behind all sections. */
  readonly end: bigint;
  /** Address of what a name stands for outside its own object. */
  readonly addressOf: (name: string) => bigint | undefined;
}

/** The only name that a linker for C must know by itself: the psABI's code for large models reads it. */
const GOT_NAME = '_GLOBAL_OFFSET_TABLE_';

/**
 * Lay the objects out at `base` and relocate them. A name that no object defines is asked for once; a weak one that nobody
 * knows is 0. Throws ElfError: one line, with every name that is missing.
 */
export function linkObjects(objects: readonly ElfObject[], { base, external }: LinkObjectsOptions): LinkedObjects {
  return relocate(layOutObjects(objects, base), external);
}

/**
 * The second half of `linkObjects`, for code on both sides that names the other's: lay out both first. A layout can be
 * relocated any number of times.
 */
export function relocate(layout: ObjectLayout, external: External): LinkedObjects {
  const { objects, end, addressOf } = layout;
  const linker = new Linker(layout, external);
  for (const object of objects) for (const s of object.sections) linker.relocateSection(object, s);
  linker.fillGot();
  linker.reportMissing();
  const frames = objects.flatMap((object) =>
    object.sections.filter((s) => s.kind === '.eh_frame').flatMap((s) => linker.framesOf(object, s)),
  );
  return { sections: linker.sections, symbols: symbolsOf(layout, frames), end, addressOf };
}

class Linker {
  /** The layout's, with bytes of their own. */
  readonly sections: readonly LinkedSection[];
  readonly #layout: ObjectLayout;
  readonly #external: External;
  readonly #known = new Map<string, bigint | undefined>();
  /** Names that nobody knows, and where each is used first. */
  readonly #missing = new Map<string, string>();

  constructor(layout: ObjectLayout, external: External) {
    this.sections = layout.sections.map((s) => ({ ...s, bytes: s.bytes.slice() }));
    this.#layout = layout;
    this.#external = external;
  }

  relocateSection(object: ElfObject, s: ObjectSection): void {
    if (!s.relocations.length) return;
    const bytes = this.#bytesOf(s);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const r of s.relocations) {
      const type = relocationType(r.type);
      if (type.refused !== undefined) throw this.#error(object, s, r, type, `: ${type.refused}`);
      if (r.offset + type.field.size > s.size)
        throw this.#error(object, s, r, type, ' ends outside its section: it is damaged');
      if (type.field.size === 0) continue;
      const target = this.#addressOf(r.symbol, () => place(object, s, r.offset));
      if (target === undefined) continue;
      this.#patch(object, s, r, type, target, view);
    }
  }

  #patch(
    object: ElfObject,
    s: ObjectSection,
    r: ObjectRelocation,
    type: RelocationType,
    S: bigint,
    view: DataView,
  ): void {
    const P = this.#layout.addressOfSection(s) + BigInt(r.offset);
    const slot = type.hasSlot ? this.#layout.slotOf(r.symbol) : 0n;
    const value = type.value({ S, A: r.addend, P, slot, GOT: this.#layout.got });
    if (!type.field.fits(value)) {
      throw this.#error(object, s, r, type, ` at ${hex(S)} does not fit at ${hex(P)}: ${type.field.advice}`);
    }
    if (type.field.size === 8) view.setBigInt64(r.offset, value, true);
    else view.setInt32(r.offset, Number(BigInt.asIntN(32, value)), true);
  }

  fillGot(): void {
    const section = this.sections.find((s) => s.name === '.got');
    if (!section) return;
    const view = new DataView(section.bytes.buffer);
    for (const [i, symbol] of this.#layout.slots.entries()) {
      view.setBigUint64(8 * i, BigInt.asUintN(64, this.#addressOf(symbol, () => 'the GOT') ?? 0n), true);
    }
  }

  reportMissing(): void {
    if (!this.#missing.size) return;
    const all = [...this.#missing].map(([name, where]) => `${name} (in ${where})`);
    throw new ElfError(`nobody defines ${all.join(', ')}: add the objects or the functions that do`);
  }

  framesOf({ path }: ElfObject, s: ObjectSection): FrameTable[] {
    try {
      return readEhFrame(this.#bytesOf(s), this.#layout.addressOfSection(s));
    } catch (e) {
      throw e instanceof ElfError ? new ElfError(`${path}: ${s.name} ${e.message}`) : e;
    }
  }

  /** The image's bytes of a section that has some. */
  #bytesOf(s: ObjectSection): Uint8Array {
    const out = this.sections.find((o) => o.name === s.kind)!;
    const at = Number(this.#layout.addressOfSection(s) - out.address);
    return out.bytes.subarray(at, at + s.size);
  }

  /** The psABI's S; undefined, and noted, for a name that nobody knows. */
  #addressOf(symbol: ObjectSymbol, where: () => string): bigint | undefined {
    const { name, binding, place: own } = symbol;
    if (own.in === 'unloaded')
      throw new ElfError(`${where()} refers to ${name} in ${own.section}, which is not loaded: it is damaged`);
    if (binding === 'local') {
      if (own.in === 'section') return this.#layout.addressOfSection(own.section) + BigInt(own.offset);
      // Symbol 0 is undefined, and 0 (gABI, "Symbol Table").
      return own.in === 'absolute' ? own.value : 0n;
    }
    const known = this.#layout.addressOf(name) ?? this.#outside(name);
    if (known !== undefined || binding === 'weak') return known ?? 0n;
    if (!this.#missing.has(name)) this.#missing.set(name, where());
    return undefined;
  }

  #outside(name: string): bigint | undefined {
    if (name === GOT_NAME) return this.#layout.got;
    if (!this.#known.has(name)) this.#known.set(name, this.#external(name));
    return this.#known.get(name);
  }

  #error(object: ElfObject, s: ObjectSection, r: ObjectRelocation, { name }: RelocationType, what: string): ElfError {
    const by = r.symbol.name && ` against ${r.symbol.name}`;
    return new ElfError(`${place(object, s, r.offset)}: ${name}${by}${what}`);
  }
}

/** "main+0x12 in a.o": the symbol that holds an offset of a section, or the section. */
function place({ path, symbols }: ElfObject, section: ObjectSection, offset: number): string {
  const holder = symbols.find(
    ({ kind, size, place: p }) =>
      (kind === 'function' || kind === 'object') &&
      p.in === 'section' &&
      p.section === section &&
      p.offset <= offset &&
      offset < p.offset + size,
  );
  const from = holder?.place.in === 'section' ? holder.place.offset : 0;
  return `${holder?.name ?? section.name}+${hex(offset - from)} in ${path}`;
}

function symbolsOf(layout: ObjectLayout, frames: readonly FrameTable[]): LinkedSymbol[] {
  const out: LinkedSymbol[] = [];
  for (const object of layout.objects) {
    for (const symbol of object.symbols) {
      const { name, kind, place: own } = symbol;
      if (kind !== 'function' && kind !== 'object' && kind !== 'label') continue;
      const isGlobal = layout.isGlobal(symbol);
      if (own.in === 'common' ? !isGlobal : own.in !== 'section') continue;
      const address =
        own.in === 'section' ? layout.addressOfSection(own.section) + BigInt(own.offset) : layout.addressOf(name)!;
      const isCode = own.in === 'section' && own.section.kind === '.text';
      const size = symbol.size || (isCode ? sizeOfLabel(object, own.section, own.offset) : 0);
      const pcsp = isCode ? depthsOf(frames, address, size) : [];
      out.push({ name, address, size, kind, isGlobal, path: object.path, pcsp });
    }
  }
  return [...out.filter((s) => !s.isGlobal), ...out.filter((s) => s.isGlobal)];
}

/** A label without a size reaches to what follows it. */
function sizeOfLabel({ symbols }: ElfObject, section: ObjectSection, offset: number): number {
  const next = symbols.reduce(
    (n, { place: p }) => (p.in === 'section' && p.section === section && p.offset > offset ? Math.min(n, p.offset) : n),
    section.size,
  );
  return next - offset;
}
