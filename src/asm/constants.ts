/** Read-only constants that the assembler itself makes: named after their content, so that one copy serves everybody. */
import type { DataSymbol } from './object.ts';
import { type Position, type SymbolName, symbolNamed } from './syntax.ts';
import { textFlags } from './textflag.ts';

/** Two bitmaps of no bits, arguments without results and with them: the name is the content's hash, as Go spells it. */
const noPointers = { name: 'gclocals·J5F+7Qw7O7ve2QcWC7DpeQ==', bytes: Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0) };

export class Constants {
  readonly #symbols = new Map<string, DataSymbol>();

  float32(value: number, at: Position): SymbolName {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#add(`$f32.${pattern(bytes)}`, bytes, at, textFlags.RODATA);
  }

  float64(value: number, at: Position): SymbolName {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.#add(`$f64.${pattern(bytes)}`, bytes, at, textFlags.RODATA);
  }

  /** The stack map of a frame that holds no pointers. */
  noPointers(at: Position): SymbolName {
    return this.#add(noPointers.name, noPointers.bytes, at, textFlags.RODATA | textFlags.DUPOK);
  }

  /** By name. */
  get symbols(): DataSymbol[] {
    return [...this.#symbols.values()].sort((a, b) => (a.symbol.name < b.symbol.name ? -1 : 1));
  }

  #add(name: string, bytes: Uint8Array, at: Position, flags: number): SymbolName {
    const symbol = symbolNamed(name);
    if (!this.#symbols.has(name))
      this.#symbols.set(name, { symbol, at, flags, size: bytes.length, bytes, relocations: [], isConstant: true });
    return symbol;
  }
}

/** Most significant byte first. */
const pattern = (bytes: Uint8Array): string =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0'))
    .reverse()
    .join('');
