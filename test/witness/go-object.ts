/** Go's object format (cmd/internal/goobj of Go 1.18 and 1.19), read: what the toolchain's assembler made of a file. */

export interface GoRelocation {
  readonly offset: number;
  readonly size: number;
  readonly kind: string;
  readonly addend: bigint;
  /** As written: name, name<ABIInternal> or name<>. */
  readonly symbol: string;
}

/** A table by code address: each value holds from its offset on. */
export type PcTable = readonly (readonly [offset: number, value: number])[];

export interface GoFunction {
  readonly args: number;
  readonly locals: number;
  /** 1 TOPFRAME, 2 SPWRITE, 4 ASM. */
  readonly flags: number;
  readonly pcsp: PcTable;
  /** Values are indices into the object's files. */
  readonly pcfile: PcTable;
  readonly pcline: PcTable;
  readonly pcdata: readonly PcTable[];
  /** Names as written, by number of the table; '' where there is none. */
  readonly funcdata: readonly string[];
}

export interface GoSymbol {
  readonly name: string;
  /** 0 and 1 for ABI0 and ABIInternal, or STATIC. */
  readonly abi: number;
  /** objabi.SymKind without its S: TEXT, RODATA, NOPTRBSS … */
  readonly kind: string;
  /** goobj's SymFlag words. */
  readonly flags: readonly string[];
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly relocations: readonly GoRelocation[];
  readonly function: GoFunction | undefined;
}

export interface GoObject {
  readonly files: readonly string[];
  /** Text first, then data, in the order in which the file declares them. Debugging information is left out. */
  readonly symbols: readonly GoSymbol[];
}

/** The ABI of a file's own symbols. */
export const STATIC = 0xffff;

const MAGIC = '\0go118ld';
const block = {
  files: 2,
  symbols: 3,
  hashed64: 4,
  hashed: 5,
  nonPackage: 6,
  references: 7,
  relocationIndex: 11,
  auxIndex: 12,
  dataIndex: 13,
  relocations: 14,
  aux: 15,
  data: 16,
} as const;
const BLOCKS = 19;
const SYMBOL = 21;
const RELOCATION = 23;
const AUX = 9;

const kinds = ['', 'TEXT', 'RODATA', 'NOPTRDATA', 'DATA', 'BSS', 'NOPTRBSS', 'TLSBSS'];
const symbolFlags = ['DUPOK', 'LOCAL', 'TYPELINK', 'LEAF', 'NOSPLIT', 'REFLECTMETHOD', 'GOTYPE'];
const aux = { funcInfo: 1, funcdata: 2, pcsp: 7, pcfile: 8, pcline: 9, pcdata: 11 } as const;

/** Numbers of cmd/internal/objabi.RelocType in Go 1.19. */
const relocationKinds: Readonly<Record<number, string>> = {
  1: 'R_ADDR',
  7: 'R_CALL',
  10: 'R_CALLIND',
  14: 'R_PCREL',
  15: 'R_TLS_LE',
};

/** The packages a symbol reference can name instead of an imported one. */
const packageOf = { none: 0x7fffffff, hashed64: 0x7ffffffe, hashed: 0x7ffffffd, builtin: 0x7ffffffc, self: 0x7ffffffb };

interface Reference {
  readonly package: number;
  readonly index: number;
}

/** A name as assembly writes it. */
export const written = (name: string, abi: number): string =>
  `${name}${abi === STATIC ? '<>' : abi === 1 ? '<ABIInternal>' : ''}`;

/** `builtins` are the symbols of goobj/builtinlist.go as written, in its order. Throws when the bytes are no such object. */
export function readGoObject(file: Uint8Array, builtins: readonly string[]): GoObject {
  const start = Buffer.from(file.buffer, file.byteOffset, file.byteLength).indexOf(MAGIC, 0, 'latin1');
  if (start < 0) throw new Error('not an object of Go 1.18 or 1.19');
  return new Reader(file.subarray(start), builtins).object();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #builtins: readonly string[];
  /** Where each block begins. */
  readonly #from: readonly number[];
  /** Number of the first symbol of each kind: their blocks follow each other, references behind definitions. */
  readonly #first: Readonly<Record<number, number>>;
  readonly #defined: number;

  constructor(bytes: Uint8Array, builtins: readonly string[]) {
    this.#bytes = bytes;
    this.#builtins = builtins;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#from = Array.from({ length: BLOCKS }, (_, i) => this.#u32(MAGIC.length + 12 + 4 * i));
    const before = (b: number): number => (this.#from[b]! - this.#from[block.symbols]!) / SYMBOL;
    this.#first = {
      [packageOf.self]: 0,
      [packageOf.hashed64]: before(block.hashed64),
      [packageOf.hashed]: before(block.hashed),
      [packageOf.none]: before(block.nonPackage),
    };
    this.#defined = before(block.references);
  }

  object(): GoObject {
    const symbols = Array.from({ length: this.#defined }, (_, i) => this.#symbol(i));
    const files = (this.#from[block.files + 1]! - this.#from[block.files]!) / 8;
    return {
      files: Array.from({ length: files }, (_, i) => this.#text(this.#from[block.files]! + 8 * i)),
      // What has no name is part of another symbol: its tables.
      symbols: symbols.filter((s) => s.name !== '' && s.kind !== 'debugging'),
    };
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  /** A length and where the string is. */
  #text(at: number): string {
    const from = this.#u32(at + 4);
    return new TextDecoder().decode(this.#bytes.subarray(from, from + this.#u32(at)));
  }

  #reference(at: number): Reference {
    return { package: this.#u32(at), index: this.#u32(at + 4) };
  }

  /** Where a symbol's entry is. */
  #entry = (i: number): number => this.#from[block.symbols]! + SYMBOL * i;

  #nameOf({ package: p, index }: Reference): string {
    if (p === 0) return '';
    if (p === packageOf.builtin) return this.#builtins[index]!;
    const at = this.#entry(this.#first[p]! + index);
    return written(this.#text(at), this.#view.getUint16(at + 8, true));
  }

  /** Of symbol `i`, from an index block: its first entry, and the next symbol's. */
  #range(b: number, i: number): [number, number] {
    const at = this.#from[b]! + 4 * i;
    return [this.#u32(at), this.#u32(at + 4)];
  }

  #data(i: number): Uint8Array {
    const [a, b] = this.#range(block.dataIndex, i);
    return this.#bytes.subarray(this.#from[block.data]! + a, this.#from[block.data]! + b);
  }

  #symbol(i: number): GoSymbol {
    const at = this.#entry(i);
    return {
      name: this.#text(at),
      abi: this.#view.getUint16(at + 8, true),
      kind: kinds[this.#bytes[at + 10]!] ?? 'debugging',
      flags: symbolFlags.filter((_f, bit) => (this.#bytes[at + 11]! >> bit) & 1),
      size: this.#u32(at + 13),
      bytes: this.#data(i),
      relocations: this.#relocations(i),
      function: this.#function(i),
    };
  }

  #relocations(i: number): GoRelocation[] {
    const [a, b] = this.#range(block.relocationIndex, i);
    return Array.from({ length: b - a }, (_, n) => {
      const at = this.#from[block.relocations]! + RELOCATION * (a + n);
      const kind = this.#view.getUint16(at + 5, true);
      return {
        offset: this.#view.getInt32(at, true),
        size: this.#bytes[at + 4]!,
        kind: relocationKinds[kind] ?? `relocation ${kind}`,
        addend: this.#view.getBigInt64(at + 7, true),
        symbol: this.#nameOf(this.#reference(at + 15)),
      };
    });
  }

  #function(i: number): GoFunction | undefined {
    const [a, b] = this.#range(block.auxIndex, i);
    const entries = Array.from({ length: b - a }, (_, n) => {
      const at = this.#from[block.aux]! + AUX * (a + n);
      return { type: this.#bytes[at]!, to: this.#reference(at + 1) };
    });
    const of = (type: number): Uint8Array[] =>
      entries.filter((e) => e.type === type).map(({ to }) => this.#data(this.#first[to.package]! + to.index));
    const [info] = of(aux.funcInfo);
    if (!info) return undefined;
    const fields = new DataView(info.buffer, info.byteOffset);
    const table = (type: number): PcTable => pcTable(of(type)[0]);
    return {
      args: fields.getInt32(0, true),
      locals: fields.getInt32(4, true),
      flags: info[9]!,
      pcsp: table(aux.pcsp),
      pcfile: table(aux.pcfile),
      pcline: table(aux.pcline),
      pcdata: of(aux.pcdata).map(pcTable),
      funcdata: entries.filter((e) => e.type === aux.funcdata).map((e) => this.#nameOf(e.to)),
    };
  }
}

/** Deltas of values (signed) and of addresses, as variable-length integers; a value that does not change ends it. */
function pcTable(bytes: Uint8Array | undefined): PcTable {
  const out: [number, number][] = [];
  if (!bytes?.length) return out;
  let at = 0;
  const varint = (): number => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  for (let pc = 0, value = -1; ; ) {
    const zigzag = varint();
    if (zigzag === 0 && out.length) return out;
    value += zigzag % 2 ? -(zigzag + 1) / 2 : zigzag / 2;
    out.push([pc, value]);
    pc += varint();
  }
}
