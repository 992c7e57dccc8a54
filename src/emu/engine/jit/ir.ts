/**
 * The translator's intermediate form: what one instruction does, as expressions and a few effects.
 *
 * Expressions are trees of `Node`s over the state before the instruction; their operators are the vocabulary's own
 * words (isa/ops.ts), so any expression can also be evaluated by the interpreter's reading of them. A `Temp` holds what
 * is computed once: a shared result, or what a load brought.
 */
import type { Instruction } from '../../decode/instruction.ts';
import type { StatusFlag, Width } from '../../isa/ops.ts';

/** How a value lives in WebAssembly. A bool is an i32 that is 0 or 1. */
export type Type = 'i64' | 'bool' | 'v128';

/** Operators: what an expression can begin with, then the vocabulary's words. */
// biome-ignore format: table
export type Operator =
  | 'const' | 'reg' | 'vec' | 'temp' | 'leaf' | 'flag' | 'df' | 'segment'
  | 'add' | 'sub' | 'and' | 'or' | 'xor' | 'not' | 'shl' | 'shr' | 'sar' | 'rotate' | 'mul' | 'mulHigh'
  | 'quotient' | 'remainder' | 'signExtend' | 'narrow' | 'below' | 'lessSigned' | 'isZero' | 'sign' | 'evenParity'
  | 'countOnes' | 'leadingZeros' | 'trailingZeros' | 'reverseBytes' | 'select'
  | 'vector' | 'half' | 'lane' | 'withLane' | 'splat' | 'lanes' | 'shiftLanes' | 'shuffle' | 'swizzle' | 'pack' | 'signs' | 'equal'
  | 'float' | 'floats' | 'floatFails' | 'floatTest' | 'floatRound' | 'floatToInt' | 'intToFloat' | 'floatToFloat';

export interface Node {
  readonly op: Operator;
  readonly t: Type;
  readonly args: readonly Node[];
  /** Width the operator works at. */
  readonly w: Width;
  /** The value is below 2^bits. */
  readonly bits: number;
  /** What else the operator needs: a register's number, a constant, a lane, an operation's name. */
  readonly n: number;
  readonly value: bigint;
  readonly name: string;
  /** What the instruction was given, as opposed to what its row makes of it: a constant or a register as it is read. */
  readonly operand: boolean;
  readonly temp: Temp | undefined;
  readonly list: readonly number[] | undefined;
}

export interface Temp {
  readonly t: Type;
  readonly bits: number;
  /** How to compute it; undefined when a load does. */
  readonly from: Node | undefined;
  /** WASM local; given at emission. */
  local: number;
  /** Something that is emitted reads it. */
  used: boolean;
}

/** What must happen, in order, before anything is written. */
export type Step =
  | { readonly kind: 'let'; readonly temp: Temp }
  | {
      readonly kind: 'load';
      readonly temp: Temp;
      readonly address: Node;
      readonly w: Width;
      readonly when: Node | undefined;
      /** A store goes to the same place: translate the address once, for writing. */
      forWrite: boolean;
    }
  /** A store's address is looked up before anything changes. */
  | { readonly kind: 'store'; readonly store: StoreEffect }
  /** REP MOVS or REP STOS, all its turns at once: elements of so many bytes. */
  | { readonly kind: 'bulk'; readonly what: 'move' | 'fill'; readonly size: number }
  /** Give up on translated code when this holds: the interpreter does the instruction, or faults. */
  | { readonly kind: 'leave'; readonly when: Node };

export interface StoreEffect {
  readonly address: Node;
  readonly w: Width;
  readonly value: Node;
  readonly when: Node | undefined;
  /** WASM local with the host address; given at emission. */
  host: number;
}

/** A register's new value: general ones 0–15, halves of vector registers 0–31. */
export interface Put {
  readonly file: 'gpr' | 'vec';
  readonly n: number;
  readonly value: Node;
}

/** The carry flag is kept apart from the other five: many instructions write one group only. */
export type FlagGroup = 'C' | 'R';
export const groups: Readonly<Record<FlagGroup, readonly StatusFlag[]>> = {
  C: ['CF'],
  R: ['PF', 'AF', 'ZF', 'SF', 'OF'],
};
export const groupOf = (f: StatusFlag): FlagGroup => (f === 'CF' ? 'C' : 'R');

/** All flags of one group after the instruction. `when`: only if this holds, else they stay. */
export interface FlagEffect {
  readonly group: FlagGroup;
  readonly values: ReadonlyMap<StatusFlag, Node>;
  readonly when: Node | undefined;
}

export interface Jump {
  readonly target: Node;
  /** Absent: always. */
  readonly when: Node | undefined;
}

export interface Lowered {
  readonly insn: Instruction;
  readonly steps: readonly Step[];
  readonly stores: readonly StoreEffect[];
  readonly puts: readonly Put[];
  readonly flags: readonly FlagEffect[];
  /** All flags it writes, but DF, and under which condition. */
  readonly flagsWhen: ReadonlyMap<StatusFlag, Node | undefined>;
  /** DF's new value. */
  readonly direction: Node | undefined;
  readonly jump: Jump | undefined;
}

/** All nodes have one shape: making them is most of what translating costs. */
class Made implements Node {
  readonly op: Operator;
  readonly t: Type;
  readonly args: readonly Node[];
  readonly w: Width;
  readonly bits: number;
  readonly n: number;
  readonly value: bigint;
  readonly name: string;
  readonly operand: boolean;
  readonly temp: Temp | undefined;
  readonly list: readonly number[] | undefined;

  constructor(op: Operator, t: Type, args: readonly Node[], more: Partial<Node>) {
    this.op = op;
    this.t = t;
    this.args = args;
    this.w = more.w ?? 64;
    this.bits = more.bits ?? (t === 'bool' ? 1 : t === 'v128' ? 128 : 64);
    this.n = more.n ?? 0;
    this.value = more.value ?? 0n;
    this.name = more.name ?? '';
    this.operand = more.operand ?? false;
    this.temp = more.temp;
    this.list = more.list;
  }
}

const nothing: Partial<Node> = {};
export const node = (op: Operator, t: Type, args: readonly Node[], more: Partial<Node> = nothing): Node =>
  new Made(op, t, args, more);
/** The same operator over other operands. */
export const withArgs = (n: Node, args: readonly Node[]): Node => new Made(n.op, n.t, args, n);
/** The same value, as something that the instruction was given. */
export const asOperand = (n: Node): Node =>
  n.operand
    ? n
    : new Made(n.op, n.t, n.args, {
        w: n.w,
        bits: n.bits,
        n: n.n,
        value: n.value,
        name: n.name,
        operand: true,
        temp: n.temp,
      });

function bitLength(v: bigint): number {
  const high = Number(v >> 32n);
  return high ? 64 - Math.clz32(high) : 32 - Math.clz32(Number(v & 0xffff_ffffn));
}
export const constant = (value: bigint, operand = false): Node =>
  new Made('const', 'i64', none, { value, bits: bitLength(value), operand });
const none: readonly Node[] = [];

/** Call `f` for every node of a tree, temps' definitions not included. */
export function visit(n: Node, f: (n: Node) => void): void {
  f(n);
  for (const a of n.args) visit(a, f);
}
