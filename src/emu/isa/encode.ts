/** Rows read forwards: a form and its arguments become bytes. SDM vol. 2, chapter 2. */
import type { Encoding } from './encoding.ts';
import { type Decorations, dispUnit, isPlain, roundings, undecorated } from './evex.ts';
import type { Form } from './form.ts';
import type { OperandKind, RegisterFile, SystemFile, VectorFile } from './operand.ts';

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
  readonly vsib?: VectorFile;
  readonly scale: number;
  readonly disp: bigint;
  /** The displacement is a symbol's: four bytes whatever its value, RIP-relative when there is no register. */
  readonly symbolic: 'rip' | 'absolute' | undefined;
}

export interface Encoded {
  readonly bytes: Uint8Array;
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

function fits(kind: OperandKind, arg: Argument): boolean {
  switch (kind.slot) {
    case 'fixed':
      if (kind.file !== 'gpr') return arg.kind === kind.file && arg.n === kind.n;
      // Go takes CX for a shift's CL, but only AL for AL.
      return (
        arg.kind === 'gpr' && arg.n === kind.n && !arg.high && (kind.w === 8 ? arg.byte || arg.n === 1 : !arg.byte)
      );
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
      if (kind.block) return arg.kind === 'block' && arg.file === kind.file;
      return isRegister(arg, kind) && (arg.kind !== 'cr' || kind.among!.includes(arg.n));
    case 'twice':
      return isGpr(arg, kind.w);
    case 'rm':
      if (arg.kind === 'mem') return kind.allow !== 'register' && arg.vsib === kind.vsib;
      return kind.allow !== 'memory' && isRegister(arg, kind);
  }
}

const isRegister = (arg: Argument, { file, w }: { file: RegisterFile; w: number }): boolean =>
  file === 'gpr' ? isGpr(arg, w) : arg.kind === file;

const isGpr = (arg: Argument, w: number): boolean => arg.kind === 'gpr' && (w === 8 || !arg.byte);

type Immediate = OperandKind & { slot: 'imm' };

/**
 * A constant as wide as its operand may be written signed or unsigned; one that the instruction widens must survive the
 * widening (Go lets some through that do not). Byte and word operands take any 32-bit constant and keep its low part.
 */
function fitsImmediate({ size, w, signed, eitherSign, exact, any, max }: Immediate, v: bigint): boolean {
  const bits = BigInt(8 * size);
  const inSigned = v >= -(1n << (bits - 1n)) && v < 1n << (bits - 1n);
  const inUnsigned = v >= 0n && v < 1n << bits;
  if (max !== undefined) return v >= 0n && v <= max;
  if (eitherSign) return inUnsigned || inSigned;
  if (any) return isAny32(v);
  if (!signed) return inUnsigned;
  if (exact || 8 * size < w) return inSigned;
  if (size === 8) return true;
  return isAny32(v);
}

const isAny32 = (v: bigint): boolean => v >= -0x8000_0000n && v < 0x1_0000_0000n;

/** Encode. Throws when two arguments exclude each other (AH beside a REX prefix). */
export function encode(form: Form, args: readonly Argument[], decorations: Decorations = undecorated): Encoded {
  const { encoding: e } = form;
  let rex = e.w ? 0x48 : 0;
  let reg = e.digit ?? 0;
  let rm: Argument | undefined;
  let absolute: MemoryArgument | undefined;
  let plus = 0;
  let high = false;
  let vvvv = 0;
  let reg16 = false;
  let unit = 1;
  const immediates: { value: bigint; size: number; isTarget: boolean }[] = [];

  for (let i = 0; i < form.operands.length; i++) {
    const kind = form.operands[i]!;
    const arg = args[i]!;
    // SPL, BPL, SIL and DIL exist only beside a REX prefix; AH, CH, DH and BH only without one.
    if (arg.kind === 'gpr' && 'w' in kind && kind.w === 8 && kind.slot !== 'fixed') {
      if (arg.high) high = true;
      else if (arg.n >= 4 && arg.n < 8) rex |= 0x40;
    }
    if (kind.slot === 'imm' && arg.kind === 'imm')
      immediates.push({ value: arg.value, size: kind.size, isTarget: false });
    if (kind.slot === 'moffs' && arg.kind === 'mem') {
      absolute = arg;
      immediates.push({ value: BigInt.asUintN(64, arg.disp), size: 8, isTarget: false });
    }
    if (kind.slot === 'rel') immediates.push({ value: 0n, size: kind.size, isTarget: true });
    if (kind.slot === 'vvvv' && 'n' in arg) vvvv = arg.n;
    // The register shares its byte with a constant of four bits, when the row has one.
    if (kind.slot === 'is4' && 'n' in arg) immediates.push({ value: BigInt(arg.n << 4), size: 1, isTarget: false });
    if ((kind.slot === 'reg' || kind.slot === 'twice') && 'n' in arg) {
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
    if (kind.slot === 'rm' || kind.slot === 'twice') rm = arg;
    if (kind.slot === 'rm' && e.evex) unit = dispUnit(kind, decorations.broadcast);
  }

  const tail = modrm(reg, rm, e.fixed, unit);
  rex |= tail.rex;
  if (high && rex) throw new Error('cannot encode a high byte register beside a REX prefix');

  const out: number[] = [];
  const segment = rm?.kind === 'mem' ? rm.segment : absolute?.segment;
  if (segment) out.push(segment === 'FS' ? 0x64 : 0x65);
  if (e.vex) out.push(...vexBytes(e, rex, vvvv));
  else if (e.evex) out.push(...evexBytes(e, rex, reg16, vvvv, rm, decorations));
  else {
    if (e.address) out.push(0x67);
    if (e.size) out.push(0x66);
    if (typeof e.prefix === 'number') out.push(e.prefix);
    if (rex) out.push(rex);
    out.push(...escapes[e.map]!);
  }
  out.push(e.opcode + plus);
  let dispAt: number | undefined;
  if (e.modrm) {
    if (tail.dispAt !== undefined) dispAt = out.length + tail.dispAt;
    out.push(...tail.bytes);
  }
  let targetAt: number | undefined;
  let immAt: number | undefined;
  for (const { value, size, isTarget } of immediates) {
    if (isTarget) targetAt = out.length;
    else immAt = out.length;
    pushLittle(out, value, size);
  }
  return { bytes: new Uint8Array(out), dispAt, targetAt, immAt };
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

/** The VEX prefix: two bytes where X, B, W and the map are their defaults, else three (SDM vol. 2, 2.3.5). */
function vexBytes(e: Encoding, rex: number, vvvv: number): number[] {
  const low = ((~vvvv & 15) << 3) | ((e.vex!.l ?? 0) << 2) | prefixCode(e);
  const r = rex & 4 ? 0 : 0x80;
  if (e.map === 'VEX.0F' && !e.w && !(rex & 3)) return [0xc5, r | low];
  const map = { 'VEX.0F': 1, 'VEX.0F38': 2, 'VEX.0F3A': 3 }[e.map]!;
  return [0xc4, r | (rex & 2 ? 0 : 0x40) | (rex & 1 ? 0 : 0x20) | map, (e.w ? 0x80 : 0) | low];
}

/**
 * SDM vol. 2, 2.7.1. R' is the fifth bit of ModRM.reg; that of ModRM.rm is X, and V' that of EVEX.vvvv or of a vector
 * index. b means broadcast, or between registers SAE or rounding; the length's bits then say how to round.
 */
function evexBytes(
  e: Encoding,
  rex: number,
  reg16: boolean,
  vvvv: number,
  rm: Argument | undefined,
  { mask, zeroing, broadcast, control }: Decorations,
): number[] {
  const inMemory = rm?.kind === 'mem';
  const rm16 = !inMemory && rm !== undefined && 'n' in rm && rm.n > 15;
  const v16 = vvvv > 15 || (inMemory && rm.vsib !== undefined && rm.index! > 15);
  const map = { 'EVEX.0F': 1, 'EVEX.0F38': 2, 'EVEX.0F3A': 3 }[e.map]!;
  const bit = (isSet: number | boolean, at: number): number => (isSet ? 0 : 1 << at);
  const rounding = control === undefined || control === 'SAE' ? -1 : roundings.indexOf(control);
  const length = rounding < 0 ? (e.evex!.l ?? 0) : rounding;
  return [
    0x62,
    bit(rex & 4, 7) | bit(inMemory ? rex & 2 : rm16, 6) | bit(rex & 1, 5) | bit(reg16, 4) | map,
    (e.w ? 0x80 : 0) | ((~vvvv & 15) << 3) | 4 | prefixCode(e),
    (zeroing ? 0x80 : 0) | (length << 5) | (broadcast || control ? 0x10 : 0) | bit(v16, 3) | mask,
  ];
}

const code = (arg: { n: number; high?: boolean }): number => (arg.high ? arg.n + 4 : arg.n);

function pushLittle(out: number[], value: bigint, size: number): void {
  const low = Number(BigInt.asUintN(32, value));
  for (let i = 0; i < size && i < 4; i++) out.push((low >>> (8 * i)) & 255);
  for (let i = 4; i < size; i++) out.push(Number((value >> BigInt(8 * i)) & 0xffn));
}

/** ModRM, SIB and displacement. The shortest displacement that holds the value, except for symbols; a byte counts units. */
function modrm(
  reg: number,
  rm: Argument | undefined,
  fixed: number | undefined,
  unit: number,
): { bytes: number[]; rex: number; dispAt?: number } {
  if (rm === undefined) return { bytes: [fixed ?? reg << 3], rex: 0 };
  if ('n' in rm) {
    const n = code(rm);
    return { bytes: [0xc0 | (reg << 3) | (n & 7)], rex: n & 8 ? 0x41 : 0 };
  }
  if (rm.kind !== 'mem') throw new Error('not a ModRM operand');

  const { base, index, scale, disp, symbolic } = rm;
  const bytes: number[] = [];
  if (symbolic === 'rip') {
    bytes.push((reg << 3) | 5, 0, 0, 0, 0);
    return { bytes, rex: 0, dispAt: 1 };
  }
  const rex = (index !== undefined && index & 8 ? 0x42 : 0) | (base !== undefined && base & 8 ? 0x41 : 0);
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
    bytes.push((mod << 6) | (reg << 3) | 4, (ss << 6) | (((index ?? 4) & 7) << 3) | ((base ?? 5) & 7));
  } else {
    bytes.push((mod << 6) | (reg << 3) | (base & 7));
  }
  const dispAt = symbolic ? bytes.length : undefined;
  const value = symbolic ? 0 : mod === 1 ? units : whole;
  for (let i = 0; i < size; i++) bytes.push((value >> (8 * i)) & 255);
  return dispAt === undefined ? { bytes, rex } : { bytes, rex, dispAt };
}
