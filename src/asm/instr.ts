/** One instruction on its way from a statement to bytes. */
import type { Encoded } from '#emu/isa/encode.ts';
import { type Mnemonic, mnemonicNamed } from './mnemonic.ts';
import { memory, type Operand, type Position, type SymbolName } from './syntax.ts';

/** What a jump within its function has besides. */
export interface Branch {
  target: Instr;
  /** Bytes of its displacement. */
  reach: 1 | 4;
  /** It has no short form. */
  isFar: boolean;
  /** Known from when it is first placed (layout.ts). */
  isBackward: boolean;
}

const noSuffixes: readonly string[] = [];
const nothing: Encoded = { from: 0, size: 0, dispAt: undefined, targetAt: undefined };

/** Each pass fills in what it decides. */
export class Instr {
  readonly at: Position;
  mnemonic: Mnemonic;
  operands: readonly Operand[];
  /** AVX-512's, in order: BCST, Z. */
  readonly suffixes: readonly string[];
  /** It comes out of a macro, so others may have been written alike and share its operands. */
  readonly isExpanded: boolean;
  branch: Branch | undefined = undefined;
  /** How much further RSP is from the return address after this instruction: Go's Spadj. */
  spadj = 0;
  /** What it has become: nothing so far, or not at all. */
  encoded = nothing;
  /** From the function's beginning; −1: not placed yet. */
  offset = -1;

  constructor(
    at: Position,
    mnemonic: Mnemonic,
    operands: readonly Operand[],
    suffixes: readonly string[] = noSuffixes,
    isExpanded = false,
  ) {
    this.at = at;
    this.mnemonic = mnemonic;
    this.operands = operands;
    this.suffixes = suffixes;
    this.isExpanded = isExpanded;
  }

  get name(): string {
    return this.mnemonic.name;
  }

  /** Another instruction in the same place. */
  become(name: string, operands: readonly Operand[]): void {
    this.mnemonic = mnemonicNamed(name);
    this.operands = operands;
  }

  jumpTo(target: Instr): this {
    this.branch = { target, reach: 1, isFar: false, isBackward: false };
    return this;
  }

  moves(spadj: number): this {
    this.spadj = spadj;
    return this;
  }
}

/** An instruction that the assembler adds itself. */
export const instr = (at: Position, name: string, ...operands: Operand[]): Instr =>
  new Instr(at, mnemonicNamed(name), operands);

const constant = (n: number): Operand => ({ kind: 'immediate', value: BigInt(n) });

/** From here on, table `index` has `value`. */
export const pcdata = (at: Position, index: number, value: number): Instr =>
  instr(at, 'PCDATA', constant(index), constant(value));

/** The function's symbol number `index`. */
export const funcdata = (at: Position, index: number, symbol: SymbolName): Instr =>
  instr(at, 'FUNCDATA', constant(index), memory({ pseudo: 'SB', symbol }));

/** A jump that the assembler adds itself. */
export const jump = (at: Position, name: string, target: Instr): Instr =>
  instr(at, name, { kind: 'label', name: '' }).jumpTo(target);
