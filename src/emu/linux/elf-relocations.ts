/** What relocations of x86-64 store, one a row. psABI, section 4.4 (Relocation), table "Relocation Types". */

/** The psABI's letters. Addresses are 64-bit patterns; differences wrap. */
export interface Terms {
  /** Value of the symbol. A PLT entry's address, L, is the same: nothing here needs a PLT. */
  readonly S: bigint;
  /** The addend. */
  readonly A: bigint;
  /** Address of the bytes to be patched. */
  readonly P: bigint;
  /** Address of the word in the GOT that holds S: the psABI's G + GOT. */
  readonly slot: bigint;
  /** Address of the GOT. */
  readonly GOT: bigint;
}

/** How many bytes are patched, and what must fit into them. */
export interface Field {
  readonly size: 0 | 4 | 8;
  readonly fits: (v: bigint) => boolean;
  /** What to do when it does not. */
  readonly advice: string;
}

const isInt32 = (v: bigint): boolean => BigInt.asIntN(32, v) === v;
const nearer = 'place them within 2 GiB of each other, or compile with -mcmodel=large';

// biome-ignore format: table
const fields = {
  none:   { size: 0, fits: () => true,                                                      advice: '' },
  word64: { size: 8, fits: () => true,                                                      advice: '' },
  /** An address that the instruction extends with zeroes, or with its sign. */
  zero32: { size: 4, fits: (v) => BigInt.asUintN(64, v) < 1n << 32n,                        advice: 'link below 4 GiB, or compile with -fPIC' },
  sign32: { size: 4, fits: isInt32,                                                         advice: 'link below 2 GiB, or compile with -fPIC' },
  /** A distance. */
  near32: { size: 4, fits: isInt32,                                                         advice: nearer },
} as const satisfies Readonly<Record<string, Field>>;

export interface RelocationType {
  readonly name: string;
  readonly number: number;
  readonly field: Field;
  /** Signed. */
  readonly value: (t: Terms) => bigint;
  /** The symbol must have a word in the GOT. */
  readonly hasSlot: boolean;
  /** Why the linker does not do it, and what to do; undefined where it does. */
  readonly refused: string | undefined;
}

const row = (
  name: string,
  number: number,
  field: keyof typeof fields,
  value: (t: Terms) => bigint,
  slot?: 'slot',
): RelocationType => ({
  name,
  number,
  field: fields[field],
  value: (t) => BigInt.asIntN(64, value(t)),
  hasSlot: slot !== undefined,
  refused: undefined,
});

const no = (name: string, number: number, refused: string): RelocationType => ({
  ...row(name, number, 'none', () => 0n),
  refused,
});

const tls = 'there are no thread-local variables here; compile without __thread';
const shared = 'it belongs into a shared object; give the object that gcc -c makes';
const rare = 'no C compiler writes it; write the assembly without it';

// biome-ignore format: table
const rows: readonly RelocationType[] = [
  row('R_X86_64_NONE',             0, 'none',   ()  => 0n),
  row('R_X86_64_64',               1, 'word64', (t) => t.S + t.A),
  row('R_X86_64_PC32',             2, 'near32', (t) => t.S + t.A - t.P),
  no ('R_X86_64_GOT32',            3, rare),
  row('R_X86_64_PLT32',            4, 'near32', (t) => t.S + t.A - t.P),
  no ('R_X86_64_COPY',             5, shared),
  no ('R_X86_64_GLOB_DAT',         6, shared),
  no ('R_X86_64_JUMP_SLOT',        7, shared),
  no ('R_X86_64_RELATIVE',         8, shared),
  row('R_X86_64_GOTPCREL',         9, 'near32', (t) => t.slot + t.A - t.P, 'slot'),
  row('R_X86_64_32',              10, 'zero32', (t) => t.S + t.A),
  row('R_X86_64_32S',             11, 'sign32', (t) => t.S + t.A),
  no ('R_X86_64_16',              12, rare),
  no ('R_X86_64_PC16',            13, rare),
  no ('R_X86_64_8',               14, rare),
  no ('R_X86_64_PC8',             15, rare),
  no ('R_X86_64_DTPMOD64',        16, tls),
  no ('R_X86_64_DTPOFF64',        17, tls),
  no ('R_X86_64_TPOFF64',         18, tls),
  no ('R_X86_64_TLSGD',           19, tls),
  no ('R_X86_64_TLSLD',           20, tls),
  no ('R_X86_64_DTPOFF32',        21, tls),
  no ('R_X86_64_GOTTPOFF',        22, tls),
  no ('R_X86_64_TPOFF32',         23, tls),
  row('R_X86_64_PC64',            24, 'word64', (t) => t.S + t.A - t.P),
  row('R_X86_64_GOTOFF64',        25, 'word64', (t) => t.S + t.A - t.GOT),
  row('R_X86_64_GOTPC32',         26, 'near32', (t) => t.GOT + t.A - t.P),
  row('R_X86_64_GOT64',           27, 'word64', (t) => t.slot - t.GOT + t.A, 'slot'),
  row('R_X86_64_GOTPCREL64',      28, 'word64', (t) => t.slot + t.A - t.P, 'slot'),
  row('R_X86_64_GOTPC64',         29, 'word64', (t) => t.GOT + t.A - t.P),
  no ('R_X86_64_GOTPLT64',        30, rare),
  row('R_X86_64_PLTOFF64',        31, 'word64', (t) => t.S + t.A - t.GOT),
  no ('R_X86_64_SIZE32',          32, rare),
  no ('R_X86_64_SIZE64',          33, rare),
  no ('R_X86_64_GOTPC32_TLSDESC', 34, tls),
  no ('R_X86_64_TLSDESC_CALL',    35, tls),
  no ('R_X86_64_TLSDESC',         36, tls),
  no ('R_X86_64_IRELATIVE',       37, shared),
  no ('R_X86_64_RELATIVE64',      38, shared),
  row('R_X86_64_GOTPCRELX',       41, 'near32', (t) => t.slot + t.A - t.P, 'slot'),
  row('R_X86_64_REX_GOTPCRELX',   42, 'near32', (t) => t.slot + t.A - t.P, 'slot'),
];

const byNumber = new Map(rows.map((r) => [r.number, r]));

/** The row of an r_type; one that is refused for a number that is not in the table. */
export const relocationType = (number: number): RelocationType =>
  byNumber.get(number) ??
  no(`relocation type ${number}`, number, 'it is not known here; compile for x86-64, or it is damaged');
