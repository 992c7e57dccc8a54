/**
 * Reads .eh_frame for backtraces: how far RSP is below a function's return address, by code offset. LSB Core, "Exception
 * Frames" (records and pointer encodings); DWARF 5, section 6.4.2 (the instructions).
 *
 * The CFA is what RSP was before the call: the return address lies at CFA − 8. Where the table says CFA = RSP + n, as in
 * optimised code, the distance is n − 8. Where it says RBP + n, RSP could be anywhere: not known.
 */
import { ElfError } from './elf.ts';
import { hex } from './show.ts';

/** A value that holds from `offset` on: bytes between RSP and the return address; undefined when not known. */
export interface DepthRow {
  readonly offset: number;
  readonly value: number | undefined;
}

/** One FDE: code [start, start + size) and its rows, ascending, the first at offset 0. */
export interface FrameTable {
  readonly start: bigint;
  readonly size: number;
  readonly rows: readonly DepthRow[];
}

/** DWARF's number of RSP (psABI, figure "DWARF Register Number Mapping"). */
const RSP = 7;
const WORD = 8;
/** "The length is in the eight bytes that follow": for more than 4 GiB. */
const EXTENDED = 0xffff_ffff;

/** The rule for the CFA: a register plus an offset; undefined when an expression computes it. */
type Cfa = { readonly register: number; readonly offset: number } | undefined;

/** Common Information Entry: what FDEs share. */
interface Cie {
  readonly codeAlign: number;
  readonly dataAlign: number;
  /** How FDEs write addresses; undefined in a way not known here. */
  readonly encoding: Encoding | undefined;
  /** FDEs have augmentation data. */
  readonly hasData: boolean;
  /** The return address is at CFA − 8: not so in a signal handler's trampoline. */
  readonly isPlain: boolean;
  readonly cfa: Cfa;
}

/** How a pointer is written (LSB Core, "DWARF Exception Header Encoding"). */
interface Encoding {
  readonly size: 2 | 4 | 8;
  readonly isSigned: boolean;
  /** From its own address, not from 0. */
  readonly isRelative: boolean;
}

/** Low four bits: DW_EH_PE_absptr, udata2, udata4, udata8, sdata2, sdata4, sdata8. */
const FORMATS: Readonly<Record<number, readonly [size: Encoding['size'], isSigned: boolean]>> = {
  0: [8, false],
  2: [2, false],
  3: [4, false],
  4: [8, false],
  10: [2, true],
  11: [4, true],
  12: [8, true],
};
const PE = { format: 0xf, application: 0x70, pcrel: 0x10, indirect: 0x80 } as const;

/** Undefined for what no C compiler writes on x86-64. */
function encodingOf(byte: number): Encoding | undefined {
  const format = FORMATS[byte & PE.format];
  const application = byte & PE.application;
  if (!format || (application !== 0 && application !== PE.pcrel)) return undefined;
  return { size: format[0], isSigned: format[1], isRelative: application === PE.pcrel };
}

/** The rows of every function that a relocated .eh_frame at `address` describes. Throws ElfError when it is damaged. */
export function readEhFrame(bytes: Uint8Array, address: bigint): FrameTable[] {
  const cies = new Map<number, Cie>();
  const out: FrameTable[] = [];
  const all = new Reader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), address);
  while (all.left >= 4) {
    const begin = all.at;
    const length = all.unsigned(4);
    // A terminator: crtend.o has one, behind everything else.
    if (length === 0) break;
    if (length === EXTENDED) throw new ElfError(`has a record of more than 4 GiB at ${hex(begin)}: it is damaged`);
    const start = all.at;
    const record = all.part(length);
    // 0 in a CIE; in an FDE, how far before this word its CIE begins.
    const id = record.unsigned(4);
    if (id === 0) {
      cies.set(begin, readCie(record));
      continue;
    }
    const cie = cies.get(start - id);
    if (!cie) throw new ElfError(`has an FDE at ${hex(begin)} without a CIE: it is damaged`);
    const table = readFde(record, cie);
    if (table) out.push(table);
  }
  return out;
}

/**
 * The rows of the code [address, address + size), by offset from `address`. None when no table knows it; behind the end of
 * the table that does, nothing is known.
 */
export function depthsOf(tables: readonly FrameTable[], address: bigint, size: number): DepthRow[] {
  const table = tables.find((t) => t.start <= address && address < t.start + BigInt(t.size));
  if (!table) return [];
  const skipped = Number(address - table.start);
  const end = table.size - skipped;
  const first = table.rows.findLast((r) => r.offset <= skipped)!;
  const rows = table.rows.filter((r) => r.offset > skipped && r.offset < skipped + size);
  return [
    { offset: 0, value: first.value },
    ...rows.map(({ offset, value }) => ({ offset: offset - skipped, value })),
    ...(end < size ? [{ offset: end, value: undefined }] : []),
  ];
}

function readCie(r: Reader): Cie {
  const version = r.unsigned(1);
  const augmentation = r.string();
  const isPlain = [1, 3, 4].includes(version) && /^(z[RPLS]*)?$/.test(augmentation);
  const blank = { encoding: encodingOf(0), hasData: augmentation !== '', isPlain, cfa: undefined };
  if (!isPlain) return { ...blank, codeAlign: 1, dataAlign: 1 };
  if (version === 4) r.skip(2);
  let cie: Cie = { ...blank, codeAlign: r.uleb(), dataAlign: r.sleb() };
  // The column of the return address.
  if (version === 1) r.skip(1);
  else r.uleb();
  if (cie.hasData) {
    const data = r.part(r.uleb());
    for (const letter of augmentation.slice(1)) cie = augmented(cie, letter, data);
  }
  const state = new State(cie, undefined);
  execute(r, state);
  return { ...cie, cfa: state.cfa };
}

/** LSB Core, "Augmentation String Format". */
function augmented(cie: Cie, letter: string, data: Reader): Cie {
  const byte = letter === 'S' ? 0 : data.unsigned(1);
  switch (letter) {
    case 'R':
      return { ...cie, encoding: encodingOf(byte) };
    case 'P': {
      // The personality routine: where it is does not matter here.
      const encoding = encodingOf(byte & ~PE.indirect);
      data.skip(encoding?.size ?? 0);
      return encoding ? cie : { ...cie, isPlain: false };
    }
    case 'S':
      return { ...cie, isPlain: false };
    default:
      return cie;
  }
}

function readFde(r: Reader, cie: Cie): FrameTable | undefined {
  if (!cie.encoding || !cie.isPlain) return undefined;
  const { size: width, isSigned, isRelative } = cie.encoding;
  const here = isRelative ? r.address : 0n;
  const from = r.word(width);
  const start = BigInt.asUintN(64, here + (isSigned ? BigInt.asIntN(8 * width, from) : from));
  const size = Number(r.word(width));
  if (cie.hasData) r.skip(r.uleb());
  const state = new State(cie, cie.cfa);
  execute(r, state);
  return { start, size, rows: state.rows.filter((row) => row.offset === 0 || row.offset < size) };
}

/** The table's rows as its instructions build them. */
class State {
  readonly codeAlign: number;
  readonly dataAlign: number;
  readonly rows: DepthRow[] = [];
  readonly #remembered: Cfa[] = [];
  #offset = 0;
  #cfa: Cfa;

  constructor({ codeAlign, dataAlign }: Cie, cfa: Cfa) {
    this.codeAlign = codeAlign;
    this.dataAlign = dataAlign;
    this.#cfa = cfa;
    this.#note();
  }

  get cfa(): Cfa {
    return this.#cfa;
  }
  set cfa(cfa: Cfa) {
    this.#cfa = cfa;
    this.#note();
  }

  advance(by: number): void {
    this.#offset += by * this.codeAlign;
  }

  remember(): void {
    this.#remembered.push(this.#cfa);
  }
  restore(): void {
    if (!this.#remembered.length) throw new ElfError('restores a state that it has not remembered: it is damaged');
    this.cfa = this.#remembered.pop();
  }

  /** The row that holds from here on: one an offset, and none that says what the one before it says. */
  #note(): void {
    const value = this.#cfa?.register === RSP ? this.#cfa.offset - WORD : undefined;
    if (this.rows.at(-1)?.offset === this.#offset) this.rows.pop();
    if (!this.rows.length || this.rows.at(-1)!.value !== value) this.rows.push({ offset: this.#offset, value });
  }
}

/** Bytes of an operand, LEB128, or a block: LEB128 bytes of it. */
type Operand = 1 | 2 | 4 | 'uleb' | 'sleb' | 'block';

interface Instruction {
  readonly operands: readonly Operand[];
  /** What it does to the CFA and to where its rule holds; registers other than RSP do not matter here. */
  readonly effect: ((s: State, a: number, b: number) => void) | undefined;
}

const op = (operands: readonly Operand[], effect?: Instruction['effect']): Instruction => ({ operands, effect });
const advance = (s: State, by: number): void => s.advance(by);
const setRegister = (s: State, register: number): void => {
  s.cfa = s.cfa && { ...s.cfa, register };
};
const setOffset = (s: State, offset: number): void => {
  s.cfa = s.cfa && { ...s.cfa, offset };
};

/** By opcode: of the first three, the low six bits are an operand too. */
// biome-ignore format: table
const instructions: ReadonlyMap<number, Instruction> = new Map([
  /* DW_CFA_advance_loc           */ [0x40, op([],                 advance)],
  /* DW_CFA_offset                */ [0x80, op(['uleb'])],
  /* DW_CFA_restore               */ [0xc0, op([])],
  /* DW_CFA_nop                   */ [0x00, op([])],
  /* DW_CFA_advance_loc1          */ [0x02, op([1],                advance)],
  /* DW_CFA_advance_loc2          */ [0x03, op([2],                advance)],
  /* DW_CFA_advance_loc4          */ [0x04, op([4],                advance)],
  /* DW_CFA_offset_extended       */ [0x05, op(['uleb', 'uleb'])],
  /* DW_CFA_restore_extended      */ [0x06, op(['uleb'])],
  /* DW_CFA_undefined             */ [0x07, op(['uleb'])],
  /* DW_CFA_same_value            */ [0x08, op(['uleb'])],
  /* DW_CFA_register              */ [0x09, op(['uleb', 'uleb'])],
  /* DW_CFA_remember_state        */ [0x0a, op([],                 (s) => s.remember())],
  /* DW_CFA_restore_state         */ [0x0b, op([],                 (s) => s.restore())],
  /* DW_CFA_def_cfa               */ [0x0c, op(['uleb', 'uleb'],   (s, register, offset) => { s.cfa = { register, offset }; })],
  /* DW_CFA_def_cfa_register      */ [0x0d, op(['uleb'],           setRegister)],
  /* DW_CFA_def_cfa_offset        */ [0x0e, op(['uleb'],           setOffset)],
  /* DW_CFA_def_cfa_expression    */ [0x0f, op(['block'],          (s) => { s.cfa = undefined; })],
  /* DW_CFA_expression            */ [0x10, op(['uleb', 'block'])],
  /* DW_CFA_offset_extended_sf    */ [0x11, op(['uleb', 'sleb'])],
  /* DW_CFA_def_cfa_sf            */ [0x12, op(['uleb', 'sleb'],   (s, register, n) => { s.cfa = { register, offset: n * s.dataAlign }; })],
  /* DW_CFA_def_cfa_offset_sf     */ [0x13, op(['sleb'],           (s, n) => setOffset(s, n * s.dataAlign))],
  /* DW_CFA_val_offset            */ [0x14, op(['uleb', 'uleb'])],
  /* DW_CFA_val_offset_sf         */ [0x15, op(['uleb', 'sleb'])],
  /* DW_CFA_val_expression        */ [0x16, op(['uleb', 'block'])],
  /* DW_CFA_GNU_args_size         */ [0x2e, op(['uleb'])],
]);

/** Run the instructions in what is left of a record. Behind one that is not in the table nothing is known. */
function execute(r: Reader, s: State): void {
  while (r.left > 0) {
    const byte = r.unsigned(1);
    const high = byte & 0xc0;
    const instruction = instructions.get(high || byte);
    if (!instruction) {
      s.cfa = undefined;
      return;
    }
    const rest = instruction.operands.map((o) => r.operand(o));
    const [a = 0, b = 0] = high ? [byte & 0x3f, ...rest] : rest;
    instruction.effect?.(s, a, b);
  }
}

/** Bytes [at, end) of the section, read one after the other. Throws ElfError rather than read beyond them. */
class Reader {
  readonly #view: DataView;
  /** Where the section is. */
  readonly #base: bigint;
  #at: number;
  readonly #end: number;

  constructor(view: DataView, base: bigint, at = 0, end = view.byteLength) {
    this.#view = view;
    this.#base = base;
    this.#at = at;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }
  get left(): number {
    return this.#end - this.#at;
  }
  /** Where the next byte is in memory. */
  get address(): bigint {
    return this.#base + BigInt(this.#at);
  }

  /** The next `size` bytes, to be read on their own. */
  part(size: number): Reader {
    const at = this.#at;
    this.skip(size);
    return new Reader(this.#view, this.#base, at, at + size);
  }

  skip(size: number): void {
    if (size > this.left) throw new ElfError(`ends inside what begins at ${hex(this.#at)}: it is damaged`);
    this.#at += size;
  }

  /** Little-endian, without a sign. */
  word(size: number): bigint {
    const at = this.#at;
    this.skip(size);
    let v = 0n;
    for (let i = size - 1; i >= 0; i--) v = (v << 8n) | BigInt(this.#view.getUint8(at + i));
    return v;
  }
  unsigned(size: 1 | 2 | 4): number {
    return Number(this.word(size));
  }

  uleb(): number {
    return this.#leb().value;
  }
  sleb(): number {
    const { value, bits, isNegative } = this.#leb();
    return isNegative ? value - 2 ** bits : value;
  }

  /** LEB128 (DWARF 5, section 7.6), of at most seven bytes: what a number here holds exactly. */
  #leb(): { value: number; bits: number; isNegative: boolean } {
    const from = this.#at;
    for (let value = 0, bits = 0; bits < 49; ) {
      const byte = this.unsigned(1);
      value += (byte & 0x7f) * 2 ** bits;
      bits += 7;
      if (!(byte & 0x80)) return { value, bits, isNegative: (byte & 0x40) !== 0 };
    }
    throw new ElfError(`has a number of more than seven bytes at ${hex(from)}: it is damaged`);
  }

  operand(o: Operand): number {
    if (o === 'uleb') return this.uleb();
    if (o === 'sleb') return this.sleb();
    if (o !== 'block') return this.unsigned(o);
    this.skip(this.uleb());
    return 0;
  }

  /** Up to a NUL, which is skipped. */
  string(): string {
    let out = '';
    for (let c = this.unsigned(1); c; c = this.unsigned(1)) out += String.fromCharCode(c);
    return out;
  }
}
