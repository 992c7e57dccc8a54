/** What the parser makes of assembly text: statements in source order, each with its position. Nothing is resolved yet. */

/** Where a statement was written. Inside a macro expansion this is the line of the macro's use, as in Go's listing. */
export interface Position {
  readonly file: string;
  readonly line: number;
  /** Where in the line, from 1, where that is known. In a macro expansion it is that of the macro's name. */
  readonly column?: number;
}

export type Abi = 'ABI0' | 'ABIInternal';

/** A symbol as written: `runtime·foo<ABIInternal>(SB)` has name "runtime.foo"; a leading · keeps its dot (".foo"). */
export interface SymbolName {
  readonly name: string;
  /** `name<>`: visible in its own file only. */
  readonly isStatic: boolean;
  readonly abi: Abi;
}

/** Go's names: AX…R15, AL AH…R15B, X0…X15, Y0…Y15, Z0…, K0…K7, M0…M7, F0…F7, SP, TLS, CS…GS. */
export type RegisterName = string;

/** Of few shapes: how quickly one is told from another depends on it. */
export type Operand =
  | { readonly kind: 'register'; readonly name: RegisterName }
  /** `$expr`: a 64-bit pattern, read as signed. */
  | { readonly kind: 'immediate'; readonly value: bigint }
  /** `$1.5`: a floating constant. */
  | { readonly kind: 'float'; readonly value: number }
  /** `$"text"`: bytes for DATA. */
  | { readonly kind: 'string'; readonly value: Uint8Array }
  /** Anything in memory, and, with `addressOf`, its address (`$sym+8(SB)`, `$x-8(SP)`). */
  | MemoryOperand
  /** `[Z0-Z3]`: the four-register source of VP4DPWSSD and V4FMADDPS. */
  | { readonly kind: 'register-list'; readonly first: RegisterName; readonly last: RegisterName }
  /** A jump target: a label. */
  | { readonly kind: 'label'; readonly name: string }
  /** A jump target `n(PC)`: n instructions from this one. */
  | { readonly kind: 'pc'; readonly value: bigint };

export interface MemoryOperand {
  readonly kind: 'memory';
  readonly addressOf: boolean;
  /** `CALL *sym(SB)`: jump to the address stored there. Jumps to a symbol only; `*(AX)` means `(AX)` already. */
  readonly indirect: boolean;
  /** With `name(SB)`, `name+8(FP)`, `name-8(SP)`. */
  readonly symbol: SymbolName | undefined;
  /** SB global, FP argument (`x+0(FP)`), AUTO local (`x-8(SP)`); undefined: a plain hardware address. */
  readonly pseudo: 'SB' | 'FP' | 'AUTO' | undefined;
  readonly offset: bigint;
  /** A hardware register, `SP` included (bare `8(SP)`), or TLS. */
  readonly base: RegisterName | undefined;
  readonly index: RegisterName | undefined;
  /** 1, 2, 4 or 8; there when `index` is. */
  readonly scale: number | undefined;
}

/** Whatever is not said of it is not so. */
export const memory = (said: Partial<MemoryOperand>): MemoryOperand => ({
  kind: 'memory',
  addressOf: said.addressOf ?? false,
  indirect: said.indirect ?? false,
  symbol: said.symbol,
  pseudo: said.pseudo,
  offset: said.offset ?? 0n,
  base: said.base,
  index: said.index,
  scale: said.scale,
});

export const symbolNamed = (name: string): SymbolName => ({ name, isStatic: false, abi: 'ABI0' });

export type Statement =
  | { readonly kind: 'label'; readonly at: Position; readonly name: string }
  | {
      readonly kind: 'instruction';
      readonly at: Position;
      /** Upper-case, as written, aliases not resolved, AVX-512 suffixes split off. */
      readonly mnemonic: string;
      readonly suffixes: readonly string[];
      readonly operands: readonly Operand[];
      /** It comes out of a macro. Those that are written alike have the same array of operands. */
      readonly isExpanded: boolean;
    }
  | {
      readonly kind: 'text';
      readonly at: Position;
      readonly symbol: SymbolName;
      readonly flags: number;
      /** The declared frame, `$frame-args`; −8 is kept as written. */
      readonly frame: number;
      /** Undefined when `-args` is missing: unknown. */
      readonly args: number | undefined;
    }
  | {
      readonly kind: 'data';
      readonly at: Position;
      readonly symbol: SymbolName;
      readonly offset: number;
      /** 1, 2, 4 or 8; any length up to 8 for strings. */
      readonly width: number;
      readonly value: Operand;
    }
  | {
      readonly kind: 'globl';
      readonly at: Position;
      readonly symbol: SymbolName;
      readonly flags: number;
      readonly size: number;
    }
  | { readonly kind: 'pcdata'; readonly at: Position; readonly index: number; readonly value: number }
  | { readonly kind: 'funcdata'; readonly at: Position; readonly index: number; readonly symbol: SymbolName };
