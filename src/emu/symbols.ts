/** Names for addresses: who lives there, and which source line an instruction came from. */

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

export interface Symbol {
  readonly name: string;
  /** It is a C function, in machine code. */
  readonly isC?: boolean;
  readonly address: bigint;
  readonly size: number;
  /** Offset from the symbol's start to its source line, ascending. */
  readonly lines: readonly { readonly offset: number; readonly value: SourceLine }[];
  /** Bytes between RSP and the return address by offset, where the assembler keeps track (Go's pcsp); undefined: not known. */
  readonly pcsp: readonly { readonly offset: number; readonly value: number | undefined }[];
}

export class Symbols {
  readonly #symbols: Symbol[] = [];
  /** Symbols come one by one and are looked up much later: sorted then. */
  #isSorted = true;
  readonly #byName = new Map<string, Symbol>();

  add(symbols: readonly Symbol[]): void {
    for (const s of symbols) this.#byName.set(s.name, s);
    this.#symbols.push(...symbols);
    this.#isSorted = false;
  }

  /** By address. */
  get all(): readonly Symbol[] {
    if (!this.#isSorted) this.#symbols.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
    this.#isSorted = true;
    return this.#symbols;
  }

  named(name: string): Symbol | undefined {
    return this.#byName.get(name);
  }

  /** The symbol whose bytes contain this address. */
  at(address: bigint): Symbol | undefined {
    const sorted = this.all;
    let lo = 0;
    let hi = sorted.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (sorted[mid]!.address <= address) lo = mid + 1;
      else hi = mid;
    }
    const s = sorted[lo - 1];
    return s && address < s.address + BigInt(Math.max(s.size, 1)) ? s : undefined;
  }

  /** "runtime.mmap+0x12"; the bare name at offset 0; undefined for an address nobody owns. */
  nameOf = (address: bigint): string | undefined => {
    const s = this.at(address);
    if (!s) return undefined;
    const offset = address - s.address;
    return offset === 0n ? s.name : `${s.name}+0x${offset.toString(16)}`;
  };

  lineOf(address: bigint): SourceLine | undefined {
    const s = this.at(address);
    return s && lookup(s.lines, Number(address - s.address));
  }

  /** Distance from RSP to the return address slot, before the instruction at `address` runs. */
  depthAt(address: bigint): number | undefined {
    const s = this.at(address);
    return s && lookup(s.pcsp, Number(address - s.address));
  }
}

/** The last span that begins at or before `offset`. */
function lookup<T>(spans: readonly { readonly offset: number; readonly value: T }[], offset: number): T | undefined {
  let lo = 0;
  let hi = spans.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (spans[mid]!.offset <= offset) lo = mid + 1;
    else hi = mid;
  }
  return spans[lo - 1]?.value;
}
