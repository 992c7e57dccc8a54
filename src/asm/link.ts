/** Lays objects out in memory and patches what they say of each other: an image ready to map. */
import type { Diagnostic } from './diagnostic.ts';
import type { CodeSymbol, DataSymbol, ObjectFile, Relocation } from './object.ts';
import type { Abi } from './syntax.ts';
import { textFlags } from './textflag.ts';

export interface LinkOptions {
  readonly base: bigint;
  /** What a name's leading dot stands for: "runtime". */
  readonly packagePath: string;
  /** Where g's slot is from the thread pointer: −8 for the runtime's own TLS. */
  readonly tlsOffset: bigint;
  /** Address of what no object defines, named in file `from`. Undefined: the name is not known there either. */
  readonly external: (name: string, use: 'code' | 'data', from: string) => bigint | undefined;
}

export interface Section {
  readonly name: '.text' | '.rodata' | '.data';
  readonly address: bigint;
  readonly size: number;
  /** Initial contents; the rest of `size` is zero. */
  readonly bytes: Uint8Array;
}

/** A section being laid out: what lies where, and how far it reaches. */
interface Layout {
  at: number;
  size: number;
  readonly chunks: { readonly offset: number; readonly bytes: Uint8Array }[];
}

const layout = (): Layout => ({ at: 0, size: 0, chunks: [] });

/** Room for `size` bytes at the next multiple of `align`; returns its offset. */
function place(s: Layout, size: number, align: number, bytes: Uint8Array): number {
  const offset = Math.ceil(s.size / align) * align;
  s.chunks.push({ offset, bytes });
  s.size = offset + size;
  return offset;
}

/** The bytes of a section, up to the last that is not zero; `filler` between chunks. */
function contents(s: Layout, filler: number): Uint8Array {
  const out = new Uint8Array(s.chunks.reduce((n, c) => Math.max(n, c.offset + c.bytes.length), 0)).fill(filler);
  for (const c of s.chunks) out.set(c.bytes, c.offset);
  return out;
}

export interface ImageSymbol {
  readonly name: string;
  readonly abi: Abi;
  readonly address: bigint;
  readonly size: number;
  readonly function: CodeSymbol | undefined;
}

export interface Image {
  readonly sections: readonly Section[];
  readonly symbols: readonly ImageSymbol[];
}

/** What the objects say of each other does not hold: undefined and duplicated names, all of them. */
export class LinkError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.at.file}:${d.at.line}: ${d.message}`).join('\n'));
    this.diagnostics = diagnostics;
  }
}

const FUNCTION_ALIGN = 32;
const DATA_ALIGN = 16;
/** Between functions Go's linker pads with INT3. */
const INT3 = 0xcc;
const PAGE = 4096;

interface Placed {
  readonly symbol: ImageSymbol;
  readonly section: Layout;
  readonly relocations: readonly Relocation[];
  readonly file: number;
  readonly offset: number;
  readonly flags: number;
  readonly isConstant: boolean;
  readonly at: CodeSymbol['at'];
}

/** A key under which references find definitions: static names are their file's own. */
const keyOf = (name: string, isStatic: boolean, abi: Abi, file: number): string =>
  `${isStatic ? `${file}:` : ''}${name}${abi === 'ABIInternal' ? '<ABIInternal>' : ''}`;

/** Throws LinkError. */
export function link(objects: readonly ObjectFile[], options: LinkOptions): Image {
  const diagnostics: Diagnostic[] = [];
  const qualify = (name: string): string => (name.startsWith('.') ? options.packagePath + name : name);

  const [text, rodata, data] = [layout(), layout(), layout()];
  type Pending = Omit<Placed, 'symbol'> & {
    name: string;
    abi: Abi;
    isStatic: boolean;
    size: number;
    fn: CodeSymbol | undefined;
  };
  const pending: Pending[] = [];
  const add = (
    s: CodeSymbol | DataSymbol,
    file: number,
    section: Layout,
    offset: number,
    size: number,
    fn: CodeSymbol | undefined,
  ): void => {
    const { symbol, relocations, at } = s;
    const name = qualify(symbol.name);
    pending.push({
      name,
      abi: symbol.abi,
      isStatic: symbol.isStatic,
      size,
      fn,
      section,
      relocations,
      file,
      offset,
      at,
      flags: s.flags,
      isConstant: 'isConstant' in s,
    });
  };
  objects.forEach((object, file) => {
    for (const f of object.functions)
      add(f, file, text, place(text, f.code.length, FUNCTION_ALIGN, f.code), f.code.length, f);
    for (const d of object.data) {
      const section = d.flags & textFlags.RODATA ? rodata : data;
      add(d, file, section, place(section, d.size, DATA_ALIGN, d.bytes), d.size, undefined);
    }
  });

  // Sections follow each other, each on pages of its own.
  let at = Number(options.base);
  for (const s of [text, rodata, data]) {
    s.at = at;
    at += Math.ceil(s.size / PAGE) * PAGE;
  }
  const defined = new Map<string, Placed>();
  const placed = pending.map(({ name, abi, isStatic, size, fn, ...rest }): Placed => {
    const symbol = { name, abi, address: BigInt(rest.section.at + rest.offset), size, function: fn };
    const p = { ...rest, symbol };
    const key = keyOf(name, isStatic, abi, rest.file);
    const before = defined.get(key);
    if (before && !rest.isConstant && !(rest.flags & textFlags.DUPOK)) {
      diagnostics.push({
        at: rest.at,
        message: `duplicated definition of symbol ${name}, also at ${before.at.file}:${before.at.line}`,
      });
    }
    if (!before) defined.set(key, p);
    return p;
  });

  const images = new Map([text, rodata, data].map((s) => [s, contents(s, s === text ? INT3 : 0)]));
  const reported = new Set<string>();
  for (const p of placed) {
    const bytes = images.get(p.section)!;
    const view = new DataView(bytes.buffer);
    for (const r of p.relocations) {
      if (r.kind === 'R_CALLIND') continue;
      const where = p.offset + r.offset;
      if (r.kind === 'R_TLS_LE') {
        view.setInt32(where, Number(options.tlsOffset + r.addend), true);
        continue;
      }
      const name = qualify(r.symbol);
      // CALL $0x1000 names an address and no symbol.
      const absolute = name === '' ? 0n : undefined;
      const target =
        absolute ??
        defined.get(keyOf(name, r.isStatic, r.abi, p.file))?.symbol.address ??
        options.external(name, r.kind === 'R_CALL' ? 'code' : 'data', objects[p.file]!.path);
      if (target === undefined) {
        const message = `${p.symbol.name}: relocation target ${name} not defined`;
        const line = p.symbol.function?.lines.findLast((l) => l.offset <= r.offset)?.value ?? p.at;
        if (!reported.has(message)) diagnostics.push({ at: line, message });
        reported.add(message);
        continue;
      }
      const value = target + r.addend;
      if (r.kind === 'R_ADDR') view.setBigUint64(where, BigInt.asUintN(64, value), true);
      else {
        const distance = value - BigInt(p.section.at + where + 4);
        if (BigInt.asIntN(32, distance) !== distance)
          diagnostics.push({ at: p.at, message: `${p.symbol.name}: ${name} is too far away` });
        view.setInt32(where, Number(BigInt.asIntN(32, distance)), true);
      }
    }
  }

  if (diagnostics.length) throw new LinkError(diagnostics);
  const sections = (
    [
      ['.text', text],
      ['.rodata', rodata],
      ['.data', data],
    ] as const
  )
    .filter(([, s]) => s.size)
    .map(([name, s]): Section => ({ name, address: BigInt(s.at), size: s.size, bytes: images.get(s)! }));
  return { sections, symbols: placed.map((p) => p.symbol) };
}
