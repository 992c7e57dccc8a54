/** Which row an instruction's arguments are for, and what they become beside it: the first of its name that fits. */
import { type Argument, isFor, overlap, refusal, takes } from '#emu/isa/encode.ts';
import { type Decorations, undecorated } from '#emu/isa/evex.ts';
import { type Form, turned } from '#emu/isa/form.ts';
import { formsNamed } from '#emu/isa/forms/index.ts';
import { parseSuffixes } from './suffix.ts';

export interface Choice {
  readonly form: Form;
  /** Intel's order, without the mask. */
  readonly args: readonly Argument[];
  readonly decorations: Decorations;
}

/** A row, and whether one of the arguments is its mask. */
interface Candidate {
  readonly form: Form;
  readonly hasMask: boolean;
}

/** A mnemonic's rows by the kinds of arguments, in order: the few whose values are worth a look. */
interface Rows {
  /** Its registers must be different ones. */
  readonly distinct: boolean;
  readonly byKinds: Map<number, readonly Candidate[]>;
}
const rowsOf = new Map<string, Rows>();

/** `args` are in Go's order. A string says what is wrong with them; undefined: no row takes them. */
export function choose(
  mnemonic: string,
  args: readonly Argument[],
  suffixes: readonly string[],
): Choice | string | undefined {
  const asked = parseSuffixes(suffixes);
  if (typeof asked === 'string') return asked;
  const plain = suffixes.length ? { ...asked, mask: 0 } : undecorated;
  const rows = rowsNamed(mnemonic);
  // Go looks at the registers of a gather before it looks for a row.
  if (rows.distinct && overlap(args)) return overlap(args);
  for (const { form, hasMask } of candidates(rows, mnemonic, args)) {
    const intel = turned(form, args);
    const mask = hasMask ? intel[1] : undefined;
    if (mask?.kind === 'k') intel.splice(1, 1);
    const decorations = mask?.kind === 'k' ? { ...plain, mask: mask.n } : plain;
    // K0 is no mask.
    if (hasMask && decorations.mask === 0) continue;
    if (takes(form, intel, decorations)) return refusal(form, intel, decorations) ?? { form, args: intel, decorations };
  }
  return undefined;
}

function rowsNamed(mnemonic: string): Rows {
  let rows = rowsOf.get(mnemonic);
  if (rows === undefined) {
    rows = { distinct: formsNamed(mnemonic)[0]?.distinct ?? false, byKinds: new Map() };
    rowsOf.set(mnemonic, rows);
  }
  return rows;
}

function candidates({ byKinds }: Rows, mnemonic: string, args: readonly Argument[]): readonly Candidate[] {
  let key = 1;
  for (const { kind } of args) key = key * 16 + kindCode[kind];
  let found = byKinds.get(key);
  if (found === undefined) {
    const kinds = args.map(({ kind }) => kind);
    found = formsNamed(mnemonic).flatMap((form) => candidate(form, turned(form, kinds)) ?? []);
    byKinds.set(key, found);
  }
  return found;
}

/** Sixteen at most, so that the kinds of seven arguments are a small number. */
// biome-ignore format: table
const kindCode: Readonly<Record<Argument['kind'], number>> = {
  gpr: 0, xmm: 1, ymm: 2, zmm: 3, k: 4, mmx: 5, st: 6, seg: 7, cr: 8, dr: 9, block: 10, imm: 11, mem: 12, target: 13,
};

/** `kinds` in Intel's order, where a mask comes second. */
function candidate(form: Form, kinds: readonly Argument['kind'][]): Candidate | undefined {
  const { operands } = form;
  const hasMask = form.mask !== undefined && kinds.length === operands.length + 1 && kinds[1] === 'k';
  const others = hasMask ? kinds.toSpliced(1, 1) : kinds;
  const isOne = others.length === operands.length && operands.every((kind, i) => isFor(kind, others[i]!));
  return isOne ? { form, hasMask } : undefined;
}

/** Does AL, unlike other byte registers, have a shorter encoding in this instruction? */
export function hasFormForAl(mnemonic: string): boolean {
  let has = forAl.get(mnemonic);
  if (has === undefined) {
    has = formsNamed(mnemonic).some((f) =>
      f.operands.some((k) => k.slot === 'fixed' && k.file === 'gpr' && k.w === 8 && k.n === 0),
    );
    forAl.set(mnemonic, has);
  }
  return has;
}
const forAl = new Map<string, boolean>();
