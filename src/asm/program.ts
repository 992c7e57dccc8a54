/** Statements grouped into functions, mnemonics made canonical, jump targets resolved to instructions. */
import { aliases } from '#emu/isa/aliases.ts';
import { isMnemonic } from '#emu/isa/forms/index.ts';
import type { Diagnostic } from './diagnostic.ts';
import { isPseudoInstruction } from './pseudo.ts';
import { parseSuffixes } from './suffix.ts';
import type { Operand, Position, Statement, SymbolName } from './syntax.ts';

/** One instruction on its way to bytes. Passes replace operands; jumps point at the instruction itself. */
export interface Instr {
  readonly at: Position;
  mnemonic: string;
  /** AVX-512's, in order: BCST, Z. */
  suffixes: readonly string[];
  operands: readonly Operand[];
  /** It comes out of a macro, so others may have been written alike and share its operands. */
  readonly isExpanded: boolean;
  target: Instr | undefined;
  /** How much further RSP is from the return address after this instruction: Go's Spadj. */
  spadj: number;
}

export interface Func {
  readonly symbol: SymbolName;
  readonly at: Position;
  readonly flags: number;
  readonly frame: number;
  readonly args: number | undefined;
  body: Instr[];
}

const written = (
  at: Position,
  mnemonic: string,
  suffixes: readonly string[],
  operands: readonly Operand[],
  isExpanded: boolean,
): Instr => ({
  at,
  mnemonic,
  suffixes,
  operands,
  isExpanded,
  target: undefined,
  spadj: 0,
});

/** An instruction that the assembler adds itself. */
export const instr = (at: Position, mnemonic: string, ...operands: Operand[]): Instr =>
  written(at, mnemonic, [], operands, false);

const constant = (n: number): Operand => ({ kind: 'immediate', value: BigInt(n) });

/** From here on, table `index` has `value`. */
export const pcdata = (at: Position, index: number, value: number): Instr =>
  instr(at, 'PCDATA', constant(index), constant(value));

/** The function's symbol number `index`. */
export const funcdata = (at: Position, index: number, symbol: SymbolName): Instr =>
  instr(at, 'FUNCDATA', constant(index), { kind: 'memory', addressOf: false, pseudo: 'SB', offset: 0n, symbol });

/** A jump the assembler adds itself. */
export const jump = (at: Position, mnemonic: string, target: Instr): Instr => ({
  ...instr(at, mnemonic, { kind: 'label', name: '', offset: 0n }),
  target,
});

export interface Program {
  readonly functions: readonly Func[];
  readonly data: readonly (Statement & { kind: 'data' | 'globl' })[];
}

/** Problems go to `report`; what they concern is left out. */
export function program(statements: readonly Statement[], report: (d: Diagnostic) => void): Program {
  const functions: Func[] = [];
  const data: (Statement & { kind: 'data' | 'globl' })[] = [];
  const toResolve: { from: Instr; pc: number; label: string | undefined; offset: number }[] = [];
  const labels = new Map<string, { pc: number; at: Position }>();
  /** Go numbers every TEXT, instruction, PCDATA and FUNCDATA of a file; `n(PC)` counts in these. */
  const byPc: (Instr | undefined)[] = [];
  let current: Func | undefined;
  let firstPc = 0;
  let outside = false;

  for (const s of statements) {
    switch (s.kind) {
      case 'text':
        finish();
        current = { symbol: s.symbol, at: s.at, flags: s.flags, frame: s.frame, args: s.args, body: [] };
        functions.push(current);
        byPc.push(undefined);
        firstPc = byPc.length;
        break;
      case 'label':
        if (labels.has(s.name)) report({ at: s.at, message: `label "${s.name}" multiply defined` });
        labels.set(s.name, { pc: byPc.length, at: s.at });
        break;
      case 'pcdata':
      case 'funcdata':
        // It has no bytes, but n(PC) counts it.
        if (current)
          current.body.push(s.kind === 'pcdata' ? pcdata(s.at, s.index, s.value) : funcdata(s.at, s.index, s.symbol));
        byPc.push(current?.body.at(-1));
        break;
      case 'data':
      case 'globl':
        data.push(s);
        break;
      case 'instruction': {
        const mnemonic = canonical(s.mnemonic);
        const wrong = whatIsWrong(mnemonic, s);
        const known = wrong === undefined;
        if (!known) report({ at: s.at, message: wrong });
        if (!current) {
          // Once: what follows a TEXT that could not be read is all outside.
          if (known && !outside) report({ at: s.at, message: `${s.mnemonic} outside a TEXT` });
          outside = true;
          break;
        }
        if (mnemonic === undefined || !known) {
          // Keep its place: labels and n(PC) before and behind it still mean what they meant.
          current.body.push(instr(s.at, 'NOP'));
          byPc.push(current.body.at(-1));
          break;
        }
        // END ends nothing.
        const i: Instr =
          mnemonic === 'END' ? instr(s.at, 'NOP') : written(s.at, mnemonic, s.suffixes, s.operands, s.isExpanded);
        const last = s.operands.at(-1);
        if (last?.kind === 'label')
          toResolve.push({ from: i, pc: byPc.length, label: last.name, offset: Number(last.offset) });
        if (last?.kind === 'pc')
          toResolve.push({ from: i, pc: byPc.length, label: undefined, offset: Number(last.offset) });
        current.body.push(i);
        byPc.push(i);
        break;
      }
    }
  }
  finish();
  return { functions, data };

  /** Labels are a function's own: resolve at its end. */
  function finish(): void {
    for (const { from, pc, label, offset } of toResolve) {
      const to = label === undefined ? pc + offset : labels.get(label)?.pc;
      if (to === undefined) {
        report({ at: from.at, message: `undefined label ${label}` });
        from.mnemonic = 'NOP';
        continue;
      }
      const target = to >= firstPc ? byPc[to] : undefined;
      if (target) from.target = target;
      else {
        report({ at: from.at, message: `invalid branch target ${label ?? `${offset}(PC)`}` });
        from.mnemonic = 'NOP';
      }
    }
    // A jump to a jump goes where that goes (cmd/internal/obj/pass.go).
    for (const i of current?.body ?? []) if (i.target) i.target = landing(i.target);
    toResolve.length = 0;
    labels.clear();
  }
}

/** By spelling, since the tables that say it are several: what an instruction is called, if it is one. */
const names = new Map<string, string>();

function canonical(spelling: string): string | undefined {
  let name = names.get(spelling);
  if (name === undefined) {
    name = aliases[spelling] ?? spelling;
    if (!isMnemonic(name) && !isPseudoInstruction(name)) return undefined;
    names.set(spelling, name);
  }
  return name;
}

function whatIsWrong(mnemonic: string | undefined, s: Statement & { kind: 'instruction' }): string | undefined {
  if (mnemonic === undefined) return `unrecognized instruction "${s.mnemonic}"`;
  const suffixes = parseSuffixes(s.suffixes);
  return typeof suffixes === 'string' ? suffixes : undefined;
}

/** Where a jump to `first` ends up. A loop of jumps is left as it is. */
function landing(first: Instr): Instr {
  const seen = new Set<Instr>();
  let to = first;
  for (; to.mnemonic === 'JMP' && to.target && !seen.has(to); to = to.target) seen.add(to);
  return to;
}
