/** What assembling one file gives: code and data symbols with the places a linker must patch. */

import type { Diagnostic } from './diagnostic.ts';
import type { Abi, Position, SymbolName } from './syntax.ts';

/** Go's relocation kinds (cmd/internal/objabi): what is stored, and relative to what. */
export type RelocationKind =
  /** 8-byte address. */
  | 'R_ADDR'
  /** 32-bit displacement of a CALL or JMP, from the end of the field. */
  | 'R_CALL'
  /** Size 0: marks an indirect call. */
  | 'R_CALLIND'
  /** 32-bit displacement of a memory operand, from the end of the instruction. */
  | 'R_PCREL'
  /** 32-bit offset of g's slot from the thread pointer. */
  | 'R_TLS_LE';

export interface Relocation {
  readonly offset: number;
  readonly size: number;
  readonly kind: RelocationKind;
  /** Empty for R_CALLIND, and for R_PCREL to an address that is a number. */
  readonly symbol: string;
  readonly isStatic: boolean;
  readonly abi: Abi;
  readonly addend: bigint;
}

/** A value that holds from `offset` on. */
export interface Span<T> {
  readonly offset: number;
  readonly value: T;
}

export interface CodeSymbol {
  readonly symbol: SymbolName;
  readonly at: Position;
  /** TEXT flags (textflag.ts), automatic ones included. */
  readonly flags: number;
  /** Undefined when the source does not say. */
  readonly args: number | undefined;
  /** Frame size as Go's tables have it: declared locals and the saved BP. −8 stays −8. */
  readonly locals: number;
  /** SP is set in a way the tables cannot follow (Go's FuncFlag_SPWRITE). */
  readonly writesSp: boolean;
  readonly code: Uint8Array;
  readonly relocations: readonly Relocation[];
  /** Source position by code offset (Go's pcfile and pcline in one). */
  readonly lines: readonly Span<Position>[];
  /** Bytes between RSP and the return address slot, by code offset (Go's pcsp table). */
  readonly pcsp: readonly Span<number>[];
  /** Values of PCDATA by code offset, by number of the table; −1 before the first. */
  readonly pcdata: readonly (readonly Span<number>[])[];
  /** Symbols of FUNCDATA, by number. */
  readonly funcdata: readonly (SymbolName | undefined)[];
}

export interface DataSymbol {
  readonly symbol: SymbolName;
  readonly at: Position;
  readonly flags: number;
  readonly size: number;
  /** Initial contents; shorter than `size` when the rest is zero. */
  readonly bytes: Uint8Array;
  readonly relocations: readonly Relocation[];
  /** A constant named after its content, which the assembler made itself: equal ones are one. */
  readonly isConstant?: true;
}

export interface ObjectFile {
  readonly path: string;
  readonly functions: readonly CodeSymbol[];
  readonly data: readonly DataSymbol[];
  readonly diagnostics: readonly Diagnostic[];
}
