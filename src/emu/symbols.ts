/** Names for addresses: who lives there, and which source line an instruction came from. */

export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

export interface Symbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  /** Offset from the symbol's start to its source line, ascending. */
  readonly lines: readonly { readonly offset: number; readonly value: SourceLine }[];
  /** Bytes between RSP and the return address by offset, where the assembler keeps track (Go's pcsp). */
  readonly pcsp: readonly { readonly offset: number; readonly value: number }[];
}

export class Symbols {
  #sorted: Symbol[] = [];
  readonly #byName = new Map<string, Symbol>();

  add(symbols: readonly Symbol[]): void {
    for (const s of symbols) this.#byName.set(s.name, s);
    this.#sorted = [...this.#sorted, ...symbols].sort((a, b) =>
      a.address < b.address ? -1 : a.address > b.address ? 1 : 0,
    );
  }

  get all(): readonly Symbol[] {
    return this.#sorted;
  }

  named(name: string): Symbol | undefined {
    return this.#byName.get(name);
  }

  /** The symbol whose bytes contain this address. */
  at(address: bigint): Symbol | undefined {
    let lo = 0;
    let hi = this.#sorted.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.#sorted[mid]!.address <= address) lo = mid + 1;
      else hi = mid;
    }
    const s = this.#sorted[lo - 1];
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
