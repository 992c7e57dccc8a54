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
  readonly bytes: Uint8Array;
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
const PAGE = 4096;

interface Placed {
  readonly symbol: ImageSymbol;
  readonly section: { bytes: number[]; at: number };
  readonly relocations: readonly Relocation[];
  readonly file: number;
  readonly offset: number;
  readonly at: CodeSymbol['at'];
}

/** A key under which references find definitions: static names are their file's own. */
const keyOf = (name: string, isStatic: boolean, abi: Abi, file: number): string =>
  `${isStatic ? `${file}:` : ''}${name}${abi === 'ABIInternal' ? '<ABIInternal>' : ''}`;

/** Throws LinkError. */
export function link(objects: readonly ObjectFile[], options: LinkOptions): Image {
  const diagnostics: Diagnostic[] = [];
  const qualify = (name: string): string => (name.startsWith('.') ? options.packagePath + name : name);

  const text = { bytes: [] as number[], at: 0 };
  const rodata = { bytes: [] as number[], at: 0 };
  const data = { bytes: [] as number[], at: 0 };
  type Pending = Omit<Placed, 'symbol'> & {
    name: string;
    abi: Abi;
    isStatic: boolean;
    size: number;
    fn: CodeSymbol | undefined;
  };
  const pending: Pending[] = [];

  objects.forEach((object, file) => {
    for (const f of object.functions) {
      // Between functions Go's linker pads with INT3.
      while (text.bytes.length % FUNCTION_ALIGN) text.bytes.push(0xcc);
      pending.push(item(f, file, text, f.code.length, f));
      for (const b of f.code) text.bytes.push(b);
    }
    for (const d of object.data) {
      const section = d.flags & textFlags.RODATA ? rodata : data;
      while (section.bytes.length % 16) section.bytes.push(0);
      pending.push(item(d, file, section, d.size, undefined));
      for (let i = 0; i < d.size; i++) section.bytes.push(d.bytes[i] ?? 0);
    }
  });
  function item(
    s: CodeSymbol | DataSymbol,
    file: number,
    section: typeof text,
    size: number,
    fn: CodeSymbol | undefined,
  ): Pending {
    const { symbol, relocations, at } = s;
    return {
      name: qualify(symbol.name),
      abi: symbol.abi,
      isStatic: symbol.isStatic,
      size,
      fn,
      section,
      relocations,
      file,
      offset: section.bytes.length,
      at,
    };
  }

  // Sections follow each other, each on pages of its own.
  let at = Number(options.base);
  for (const s of [text, rodata, data]) {
    s.at = at;
    at += Math.ceil(s.bytes.length / PAGE) * PAGE;
  }
  const defined = new Map<string, Placed>();
  const placed = pending.map(({ name, abi, isStatic, size, fn, ...rest }): Placed => {
    const symbol = { name, abi, address: BigInt(rest.section.at + rest.offset), size, function: fn };
    const p = { ...rest, symbol };
    const key = keyOf(name, isStatic, abi, rest.file);
    const before = defined.get(key);
    if (before && !(fn && fn.flags & textFlags.DUPOK)) {
      diagnostics.push({
        at: rest.at,
        message: `duplicated definition of symbol ${name}, also at ${before.at.file}:${before.at.line}`,
      });
    }
    if (!before) defined.set(key, p);
    return p;
  });

  const images = new Map([text, rodata, data].map((s) => [s, Uint8Array.from(s.bytes)]));
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
      const target =
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
      else view.setInt32(where, Number(value - BigInt(p.section.at + where + 4)), true);
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
    .filter(([, s]) => s.bytes.length)
    .map(([name, s]): Section => ({ name, address: BigInt(s.at), bytes: images.get(s)! }));
  return { sections, symbols: placed.map((p) => p.symbol) };
}
