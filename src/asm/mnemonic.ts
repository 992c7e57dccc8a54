/** What the assembler knows of a mnemonic: found out once, however often it is written. */
import { aliases } from '#emu/isa/aliases.ts';
import type { Form } from '#emu/isa/form.ts';
import { formsNamed } from '#emu/isa/forms/index.ts';
import type { Candidate } from './choose.ts';

/** What no row says. */
interface Facts {
  /** Bytes of the constant that it puts into the code as it is. */
  readonly raw?: number;
  /** The prefix that Go writes as an instruction. */
  readonly prefix?: number;
  /** It stands for no bytes. */
  readonly isEmpty?: boolean;
  /** By how much it moves RSP down. */
  readonly pushes?: number;
}

// biome-ignore format: table
const facts: ReadonlyMap<string, Facts> = new Map(Object.entries<Facts>({
  // Those that have no row, because they have no opcode: the assembler's own.
  BYTE:     { raw: 1 },        WORD:   { raw: 2 },        LONG:     { raw: 4 },         QUAD: { raw: 8 },
  LOCK:     { prefix: 0xf0 },  REP:    { prefix: 0xf3 },  REPN:     { prefix: 0xf2 },
  XACQUIRE: { prefix: 0xf2 },  XRELEASE: { prefix: 0xf3 },
  NOP:      { isEmpty: true }, PCDATA: { isEmpty: true }, FUNCDATA: { isEmpty: true },
  ADJSP:    {},                END:    {},
  // Those that move RSP.
  PUSHQ:    { pushes: 8 },     PUSHL:  { pushes: 4 },     PUSHW:    { pushes: 2 },
  POPQ:     { pushes: -8 },    POPL:   { pushes: -4 },    POPW:     { pushes: -2 },
  PUSHFQ:   { pushes: 8 },     PUSHFW: { pushes: 2 },     POPFQ:    { pushes: -8 },     POPFW: { pushes: -2 },
}));

export class Mnemonic {
  readonly name: string;
  /** In the order in which they are tried. */
  readonly rows: readonly Form[];
  /** The rows that take arguments of certain classes (choose.ts). */
  readonly candidates = new Map<number, readonly Candidate[]>();
  /** How Go orders the operands, and whether registers must be different ones: the same for all rows. */
  readonly intelOrder: boolean;
  readonly immediateLast: boolean;
  readonly distinct: boolean;
  readonly raw: number | undefined;
  readonly prefix: number | undefined;
  readonly isEmpty: boolean;
  readonly pushes: number;
  #hasFormForAl: boolean | undefined;

  constructor(name: string, rows: readonly Form[]) {
    const { raw, prefix, isEmpty = false, pushes = 0 } = facts.get(name) ?? {};
    this.name = name;
    this.rows = rows;
    this.intelOrder = rows[0]?.intelOrder ?? false;
    this.immediateLast = rows[0]?.immediateLast ?? false;
    this.distinct = rows[0]?.distinct ?? false;
    this.raw = raw;
    this.prefix = prefix;
    this.isEmpty = isEmpty;
    this.pushes = pushes;
  }

  /** Does AL, unlike other byte registers, have a shorter encoding in this instruction? */
  get hasFormForAl(): boolean {
    this.#hasFormForAl ??= this.rows.some((f) =>
      f.operands.some((k) => k.slot === 'fixed' && k.file === 'gpr' && k.w === 8 && k.n === 0),
    );
    return this.#hasFormForAl;
  }
}

const known = new Map<string, Mnemonic>();

/** Undefined: there is no such instruction. */
export function mnemonicSpelled(spelling: string): Mnemonic | undefined {
  let found = known.get(spelling);
  if (found === undefined) {
    const name = aliases[spelling] ?? spelling;
    const rows = formsNamed(name);
    if (rows.length === 0 && !facts.has(name)) return undefined;
    found = known.get(name) ?? new Mnemonic(rows[0]?.name ?? name, rows);
    // By names that are constants: a piece of a source text would keep all of it. Other spellings are too short to be one.
    known.set(found.name, found);
    if (name !== spelling) known.set(spelling, found);
  }
  return found;
}

/** One that there is. */
export const mnemonicNamed = (name: string): Mnemonic => mnemonicSpelled(name)!;
