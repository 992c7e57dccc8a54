/** Rows read forwards: a form and its arguments become bytes. SDM vol. 2, chapter 2. */
import type { Encoding } from './encoding.ts';
import { type Decorations, dispUnit, isPlain, roundings, undecorated } from './evex.ts';
import type { Form } from './form.ts';
import type { OperandKind, SystemFile, VectorFile } from './operand.ts';

/** What the assembler hands over for one operand, symbols already reduced to "patch this later". */
export type Argument =
  /** `byte`: written with a byte name (AL, AH, R8B), which wider forms do not take. */
  | { readonly kind: 'gpr'; readonly n: number; readonly byte: boolean; readonly high: boolean }
  | { readonly kind: VectorFile | 'k' | 'mmx' | 'st' | SystemFile; readonly n: number }
  /** [Z0-Z3]: four registers, by their first. */
  | { readonly kind: 'block'; readonly file: VectorFile; readonly n: number }
  | { readonly kind: 'imm'; readonly value: bigint }
  | MemoryArgument
  /** A branch: which row is taken decides how far it reaches; the displacement is patched in. */
  | { readonly kind: 'target'; readonly size: 1 | 4 };

export interface MemoryArgument {
  readonly kind: 'mem';
  readonly segment: 'FS' | 'GS' | undefined;
  readonly base: number | undefined;
  readonly index: number | undefined;
  /** The index is an X, Y or Z register. */
  readonly vsib?: VectorFile | undefined;
  readonly scale: number;
  readonly disp: bigint;
  /** The displacement is a symbol's: four bytes whatever its value, RIP-relative when there is no register. */
  readonly symbolic: 'rip' | 'absolute' | undefined;
}

export interface Encoded {
  readonly bytes: number[];
  /** Offset of the 32-bit displacement a relocation patches; present when the memory argument is symbolic. */
  readonly dispAt: number | undefined;
  /** Offset of a branch's displacement. */
  readonly targetAt: number | undefined;
  /** Offset of the last immediate. */
  readonly immAt: number | undefined;
}

/** Can this row take these arguments (Intel's order), and nothing is wrong with them? */
export function accepts(form: Form, args: readonly Argument[], decorations: Decorations = undecorated): boolean {
  return takes(form, args, decorations) && refusal(form, args, decorations) === undefined;
}

/** Is this the row for such arguments? Go decides by their kinds, and by whether something only EVEX has is asked for. */
export function takes(form: Form, args: readonly Argument[], decorations: Decorations = undecorated): boolean {
  const { length } = form.operands;
  if (length !== args.length) return false;
  for (let i = 0; i < length; i++) if (!fits(form.operands[i]!, args[i]!)) return false;
  if (!form.encoding.evex) return isPlain(decorations) && !args.some(needsEvex);
  return decorations.mask === 0 ? form.mask !== 'needed' : form.mask !== undefined;
}

/** Vector registers from 16 on. */
const needsEvex = (arg: Argument): boolean =>
  arg.kind === 'mem'
    ? arg.vsib !== undefined && arg.index! > 15
    : (arg.kind === 'xmm' || arg.kind === 'ymm') && arg.n > 15;

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

/** Whether an operand takes arguments of a kind at all, whatever their values. */
export function isFor(kind: OperandKind, arg: Argument['kind']): boolean {
  switch (kind.slot) {
    case 'fixed':
      return arg === kind.file;
    case 'one':
    case 'imm':
      return arg === 'imm';
    case 'rel':
      return arg === 'target';
    case 'moffs':
      return arg === 'mem';
    case 'twice':
      return arg === 'gpr';
    case 'reg':
    case 'vvvv':
    case 'is4':
      return arg === (kind.block ? 'block' : kind.file);
    case 'rm':
      return arg === 'mem' ? kind.allow !== 'register' : kind.allow !== 'memory' && arg === kind.file;
  }
}

function fits(kind: OperandKind, arg: Argument): boolean {
  if (!isFor(kind, arg.kind)) return false;
  switch (kind.slot) {
    case 'fixed':
      if (arg.kind !== 'gpr') return 'n' in arg && arg.n === kind.n;
      // Go takes CX for a shift's CL, but only AL for AL.
      return arg.n === kind.n && !arg.high && (kind.w === 8 ? arg.byte || arg.n === 1 : !arg.byte);
    case 'one':
      return arg.kind === 'imm' && arg.value === 1n;
    case 'imm':
      return arg.kind === 'imm' && fitsImmediate(kind, arg.value);
    case 'rel':
      return arg.kind === 'target' && arg.size === kind.size;
    case 'moffs':
      return arg.kind === 'mem' && arg.base === undefined && arg.index === undefined && arg.symbolic === undefined;
    case 'reg':
    case 'vvvv':
    case 'is4':
      if (arg.kind === 'block') return arg.file === kind.file;
      return isWideEnough(kind.w, arg) && (arg.kind !== 'cr' || kind.among!.includes(arg.n));
    case 'twice':
      return isWideEnough(kind.w, arg);
    case 'rm':
      return arg.kind === 'mem' ? arg.vsib === kind.vsib : isWideEnough(kind.w, arg);
  }
}

const isWideEnough = (w: number, arg: Argument): boolean => arg.kind !== 'gpr' || w === 8 || !arg.byte;

type Immediate = OperandKind & { slot: 'imm' };

/**
 * A constant as wide as its operand may be written signed or unsigned; one that the instruction widens must survive the
 * widening (Go lets some through that do not). Byte and word operands take any 32-bit constant and keep its low part.
 */
function fitsImmediate({ size, w, signed, eitherSign, exact, any, max }: Immediate, value: bigint): boolean {
  if (size === 8) return true;
  // No bound is near 2⁵³, so none is missed for what a number cannot hold.
  const v = Number(value);
  const bound = 2 ** (8 * size);
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

/** Encode. Throws when two arguments exclude each other (AH beside a REX prefix). */
export function encode(form: Form, args: readonly Argument[], decorations: Decorations = undecorated): Encoded {
  const { encoding: e, operands } = form;
  let rex = e.w ? 0x48 : 0;
  let reg = e.digit ?? 0;
  let rm: Argument | undefined;
  let plus = 0;
  let high = false;
  let vvvv = 0;
  let reg16 = false;
  let unit = 1;
  let segment: MemoryArgument['segment'];

  for (let i = 0; i < operands.length; i++) {
    const kind = operands[i]!;
    const arg = args[i]!;
    if (arg.kind === 'mem') segment = arg.segment;
    const { slot } = kind;
    if (slot !== 'reg' && slot !== 'rm' && slot !== 'twice' && slot !== 'vvvv') continue;
    // SPL, BPL, SIL and DIL exist only beside a REX prefix; AH, CH, DH and BH only without one.
    if (arg.kind === 'gpr' && kind.w === 8) {
      if (arg.high) high = true;
      else if (arg.n >= 4 && arg.n < 8) rex |= 0x40;
    }
    if (slot === 'vvvv') vvvv = 'n' in arg ? arg.n : 0;
    if ((slot === 'reg' || slot === 'twice') && 'n' in arg) {
      const n = code(arg);
      if (e.plusR) {
        plus = n & 7;
        if (n & 8) rex |= 0x41;
      } else {
        reg = n & 7;
        reg16 = n > 15;
        if (n & 8) rex |= 0x44;
      }
    }
    if (slot === 'rm' || slot === 'twice') rm = arg;
    if (slot === 'rm' && e.evex) unit = dispUnit(kind, decorations.broadcast);
  }
  if (rm) rex |= rexOf(rm);
  if (high && rex) throw new Error('cannot encode a high byte register beside a REX prefix');

  const out: number[] = [];
  if (segment) out.push(segment === 'FS' ? 0x64 : 0x65);
  if (e.vex) pushVex(out, e, rex, vvvv);
  else if (e.evex) pushEvex(out, e, rex, reg16, vvvv, rm, decorations);
  else {
    if (e.address) out.push(0x67);
    if (e.size) out.push(0x66);
    if (typeof e.prefix === 'number') out.push(e.prefix);
    if (rex) out.push(rex);
    for (const byte of escapes[e.map]!) out.push(byte);
  }
  out.push(e.opcode + plus);
  const dispAt = e.modrm ? pushModrm(out, reg, rm, e.fixed, unit) : undefined;
  let targetAt: number | undefined;
  let immAt: number | undefined;
  for (let i = 0; i < operands.length; i++) {
    const kind = operands[i]!;
    const arg = args[i]!;
    if (kind.slot === 'rel') {
      targetAt = out.length;
      pushLittle(out, 0n, kind.size);
      continue;
    }
    const at = out.length;
    if (kind.slot === 'imm' && arg.kind === 'imm') pushLittle(out, arg.value, kind.size);
    else if (kind.slot === 'moffs' && arg.kind === 'mem') pushLittle(out, arg.disp, 8);
    // The register shares its byte with a constant of four bits, when the row has one.
    else if (kind.slot === 'is4' && 'n' in arg) out.push((arg.n << 4) & 255);
    else continue;
    immAt = at;
  }
  // A copy, which is as large as it must be.
  return { bytes: out.slice(), dispAt, targetAt, immAt };
}

/** The bytes before the opcode. */
const escapes: Readonly<Record<string, readonly number[]>> = {
  '': [],
  '0F': [0x0f],
  '0F38': [0x0f, 0x38],
  '0F3A': [0x0f, 0x3a],
};

/** pp: the prefix that stands in VEX and EVEX. */
const prefixCode = ({ prefix }: Encoding): number =>
  prefix === 0x66 ? 1 : prefix === 0xf3 ? 2 : prefix === 0xf2 ? 3 : 0;

/** mmmmm: the map that stands there. */
const mapCode = ({ map }: Encoding): number => (map.endsWith('0F') ? 1 : map.endsWith('0F38') ? 2 : 3);

/** The VEX prefix: two bytes where X, B, W and the map are their defaults, else three (SDM vol. 2, 2.3.5). */
function pushVex(out: number[], e: Encoding, rex: number, vvvv: number): void {
  const low = ((~vvvv & 15) << 3) | ((e.vex!.l ?? 0) << 2) | prefixCode(e);
  const r = rex & 4 ? 0 : 0x80;
  const map = mapCode(e);
  if (map === 1 && !e.w && !(rex & 3)) out.push(0xc5, r | low);
  else out.push(0xc4, r | (rex & 2 ? 0 : 0x40) | (rex & 1 ? 0 : 0x20) | map, (e.w ? 0x80 : 0) | low);
}

/**
 * SDM vol. 2, 2.7.1. R' is the fifth bit of ModRM.reg; that of ModRM.rm is X, and V' that of EVEX.vvvv or of a vector
 * index. b means broadcast, or between registers SAE or rounding; the length's bits then say how to round.
 */
function pushEvex(
  out: number[],
  e: Encoding,
  rex: number,
  reg16: boolean,
  vvvv: number,
  rm: Argument | undefined,
  { mask, zeroing, broadcast, control }: Decorations,
): void {
  const inMemory = rm?.kind === 'mem';
  const rm16 = !inMemory && rm !== undefined && 'n' in rm && rm.n > 15;
  const v16 = vvvv > 15 || (inMemory && rm.vsib !== undefined && rm.index! > 15);
  const bit = (isSet: number | boolean, at: number): number => (isSet ? 0 : 1 << at);
  const rounding = control === undefined || control === 'SAE' ? -1 : roundings.indexOf(control);
  const length = rounding < 0 ? (e.evex!.l ?? 0) : rounding;
  out.push(
    0x62,
    bit(rex & 4, 7) | bit(inMemory ? rex & 2 : rm16, 6) | bit(rex & 1, 5) | bit(reg16, 4) | mapCode(e),
    (e.w ? 0x80 : 0) | ((~vvvv & 15) << 3) | 4 | prefixCode(e),
    (zeroing ? 0x80 : 0) | (length << 5) | (broadcast || control ? 0x10 : 0) | bit(v16, 3) | mask,
  );
}

const code = (arg: { n: number; high?: boolean }): number => (arg.high ? arg.n + 4 : arg.n);

function pushLittle(out: number[], value: bigint, size: number): void {
  const low = Number(BigInt.asIntN(32, value));
  for (let i = 0; i < size && i < 4; i++) out.push((low >> (8 * i)) & 255);
  for (let i = 4; i < size; i++) out.push(Number((value >> BigInt(8 * i)) & 0xffn));
}

/** REX.B and REX.X of what ModRM.rm names. */
function rexOf(rm: Argument): number {
  if ('n' in rm) return code(rm) & 8 ? 0x41 : 0;
  if (rm.kind !== 'mem' || rm.symbolic === 'rip') return 0;
  const { base, index } = rm;
  return (index !== undefined && index & 8 ? 0x42 : 0) | (base !== undefined && base & 8 ? 0x41 : 0);
}

/**
 * ModRM, SIB and displacement; returns where that is, if it is a symbol's. The shortest displacement that holds the value,
 * except for symbols; a byte counts units.
 */
function pushModrm(
  out: number[],
  reg: number,
  rm: Argument | undefined,
  fixed: number | undefined,
  unit: number,
): number | undefined {
  if (rm === undefined) out.push(fixed ?? reg << 3);
  else if ('n' in rm) out.push(0xc0 | (reg << 3) | (code(rm) & 7));
  else if (rm.kind === 'mem') return pushAddress(out, reg, rm, unit);
  else throw new Error('not a ModRM operand');
  return undefined;
}

function pushAddress(out: number[], reg: number, rm: MemoryArgument, unit: number): number | undefined {
  const { base, index, scale, disp, symbolic } = rm;
  if (symbolic === 'rip') {
    out.push((reg << 3) | 5, 0, 0, 0, 0);
    return out.length - 4;
  }
  // Without a base there is no short form: mod 0 with base 5 means "displacement only", always four bytes.
  const short = symbolic === undefined && base !== undefined;
  const needsByte = base !== undefined && (base & 7) === 5;
  // What does not fit in 32 bits has been refused before.
  const whole = Number(BigInt.asIntN(32, disp));
  const units = whole / unit;
  const inByte = Number.isInteger(units) && units >= -128 && units <= 127;
  const mod = base === undefined || (short && whole === 0 && !needsByte) ? 0 : short && inByte ? 1 : 2;
  const size = base === undefined || mod === 2 ? 4 : mod;
  if (index !== undefined || base === undefined || (base & 7) === 4) {
    const ss = 31 - Math.clz32(scale || 1);
    out.push((mod << 6) | (reg << 3) | 4, (ss << 6) | (((index ?? 4) & 7) << 3) | ((base ?? 5) & 7));
  } else {
    out.push((mod << 6) | (reg << 3) | (base & 7));
  }
  const value = symbolic ? 0 : mod === 1 ? units : whole;
  for (let i = 0; i < size; i++) out.push((value >> (8 * i)) & 255);
  return symbolic ? out.length - size : undefined;
}
