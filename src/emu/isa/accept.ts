/** Which rows take which arguments: by their classes, which is found out once for all that are alike, and by their values. */
import type { Argument } from './encode.ts';
import { type Decorations, undecorated } from './evex.ts';
import type { Form } from './form.ts';
import type { OperandKind } from './operand.ts';

/** Fewer than 32, so that the classes of six arguments are a small number. */
export const CLASSES = 32;

/** All that decides which rows an argument may be for, but its value: of two of one class `suits` says the same. */
export function classOf(arg: Argument): number {
  switch (arg.kind) {
    case 'gpr':
      return arg.byte ? 1 : 0;
    case 'imm':
      return 2;
    case 'mem':
      if (arg.vsib === undefined) return 3;
      return (arg.vsib === 'xmm' ? 4 : arg.vsib === 'ymm' ? 6 : 8) + (arg.index! > 15 ? 1 : 0);
    case 'target':
      return arg.size === 1 ? 10 : 11;
    case 'xmm':
      return arg.n > 15 ? 13 : 12;
    case 'ymm':
      return arg.n > 15 ? 15 : 14;
    case 'zmm':
      return 16;
    case 'k':
      return 17;
    case 'mmx':
      return 18;
    case 'st':
      return 19;
    case 'seg':
      return 20;
    case 'cr':
      return 21;
    case 'dr':
      return 22;
    case 'block':
      return 23;
  }
}

/** Is the row for arguments of such classes? Go decides by kinds, and by whether something only EVEX has is asked for. */
export function suits({ operands, encoding }: Form, args: readonly Argument[]): boolean {
  if (operands.length !== args.length || !operands.every((kind, i) => isFor(kind, args[i]!))) return false;
  return encoding.evex !== undefined || !args.some(needsEvex);
}

/** Vector registers from 16 on. */
const needsEvex = (arg: Argument): boolean =>
  arg.kind === 'mem'
    ? arg.vsib !== undefined && arg.index! > 15
    : (arg.kind === 'xmm' || arg.kind === 'ymm') && arg.n > 15;

function isFor(kind: OperandKind, arg: Argument): boolean {
  switch (kind.slot) {
    case 'fixed':
      return arg.kind === kind.file;
    case 'one':
    case 'imm':
      return arg.kind === 'imm';
    case 'rel':
      return arg.kind === 'target' && arg.size === kind.size;
    case 'moffs':
      return arg.kind === 'mem';
    case 'twice':
      return arg.kind === 'gpr' && !arg.byte;
    case 'reg':
    case 'vvvv':
    case 'is4':
      return kind.block ? arg.kind === 'block' : isRegister(kind, arg);
    case 'rm':
      if (arg.kind === 'mem') return kind.allow !== 'register' && arg.vsib === kind.vsib;
      return kind.allow !== 'memory' && isRegister(kind, arg);
  }
}

/** A byte's name is for bytes only. */
const isRegister = ({ file, w }: OperandKind & { file: string; w: number }, arg: Argument): boolean =>
  arg.kind === file && (arg.kind !== 'gpr' || w === 8 || !arg.byte);

/** Does it depend on the value whether an operand takes an argument of its class? */
export const isParticular = (kind: OperandKind): boolean =>
  kind.slot === 'fixed' ||
  kind.slot === 'one' ||
  kind.slot === 'imm' ||
  kind.slot === 'moffs' ||
  ('among' in kind && kind.among !== undefined) ||
  ('block' in kind && kind.block === true);

/** Does an operand take the value of an argument of its class? */
export function holds(kind: OperandKind, arg: Argument): boolean {
  switch (kind.slot) {
    case 'fixed':
      if (arg.kind !== 'gpr') return 'n' in arg && arg.n === kind.n;
      // Go takes CX for a shift's CL, but only AL for AL.
      return arg.n === kind.n && !arg.high && (kind.w === 8 ? arg.byte || arg.n === 1 : !arg.byte);
    case 'one':
      return arg.kind === 'imm' && arg.value === 1n;
    case 'imm':
      return arg.kind === 'imm' && holdsImmediate(kind, arg.value);
    case 'moffs':
      return arg.kind === 'mem' && arg.base === undefined && arg.index === undefined && arg.symbolic === undefined;
    case 'reg':
    case 'vvvv':
    case 'is4':
      if (arg.kind === 'block') return arg.file === kind.file;
      return arg.kind !== 'cr' || kind.among!.includes(arg.n);
    default:
      return true;
  }
}

type Immediate = OperandKind & { slot: 'imm' };

/**
 * A constant as wide as its operand may be written signed or unsigned; one that the instruction widens must survive the
 * widening (Go lets some through that do not). Byte and word operands take any 32-bit constant and keep its low part.
 */
function holdsImmediate({ size, w, signed, eitherSign, exact, any, max }: Immediate, value: bigint): boolean {
  if (size === 8) return true;
  // No bound is near 2⁵³, so none is missed for what a number cannot hold.
  const v = Number(value);
  const bound = size === 4 ? 0x1_0000_0000 : 1 << (8 * size);
  const inSigned = v >= -bound / 2 && v < bound / 2;
  const inUnsigned = v >= 0 && v < bound;
  if (max !== undefined) return v >= 0 && v <= max;
  if (eitherSign) return inUnsigned || inSigned;
  if (any) return isAny32(v);
  if (!signed) return inUnsigned;
  if (exact || 8 * size < w) return inSigned;
  return isAny32(v);
}

const isAny32 = (v: number): boolean => v >= -0x8000_0000 && v < 0x1_0000_0000;

/** What the row cannot have done to it, in Go's words; undefined: all is well. */
export function refusal(form: Form, args: readonly Argument[], d: Decorations): string | undefined {
  if (d === undecorated && !form.distinct) return undefined;
  const same = form.distinct ? overlap(args) : undefined;
  if (same) return same;
  const rm = args[form.operands.findIndex((kind) => kind.slot === 'rm')];
  const inMemory = rm?.kind === 'mem';
  if (d.zeroing && form.mask !== 'zero') return 'unsupported zeroing';
  if (d.broadcast && !inMemory) return 'illegal broadcast without memory argument';
  if (d.broadcast && !form.operands.some((kind) => kind.slot === 'rm' && kind.broadcast))
    return 'unsupported broadcast';
  if (d.control === undefined) return undefined;
  const what = d.control === 'SAE' ? 'SAE' : 'rounding';
  if (inMemory) return `illegal ${what} with memory argument`;
  return form.control === (d.control === 'SAE' ? 'SAE' : 'ER') ? undefined : `unsupported ${what}`;
}

/** A gather's registers are different ones, all but the opmask. */
export function overlap(args: readonly Argument[]): string | undefined {
  const vectors = args.filter((a) => a.kind !== 'k');
  if (new Set(vectors.map(vectorRegister)).size === vectors.length) return undefined;
  return `${vectors.length === 3 ? 'mask, index,' : 'index'} and destination registers should be distinct`;
}

const vectorRegister = (arg: Argument): number | undefined =>
  arg.kind === 'mem' ? arg.index : 'n' in arg ? arg.n : undefined;
