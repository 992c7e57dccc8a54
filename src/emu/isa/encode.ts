/** Rows read forwards: a form and its arguments become bytes. SDM vol. 2, chapter 2. */
import type { Bytes } from './bytes.ts';
import type { Encoding } from './encoding.ts';
import { type Decorations, dispUnit, roundings } from './evex.ts';
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
  /** Where its bytes begin among those of others, and how many they are. What follows counts from there. */
  readonly from: number;
  readonly size: number;
  /** Offset of the 32-bit displacement a relocation patches; present when the memory argument is symbolic. */
  readonly dispAt: number | undefined;
  /** Offset of a branch's displacement. */
  readonly targetAt: number | undefined;
}

/** A row as it is read forwards: what it says of the bytes whatever the arguments are. */
export interface Template {
  readonly encoding: Encoding;
  /** Numbers of the operands in ModRM.reg or the opcode, ModRM.rm, VEX.vvvv; −1: none is there. */
  readonly reg: number;
  readonly rm: number;
  readonly vvvv: number;
  /** Of those that are bytes in general registers; of the one that may be memory. */
  readonly bytes: readonly number[];
  readonly memory: number;
  readonly behind: readonly Behind[];
  /** What an 8-bit displacement counts in, without broadcast and with it. */
  readonly unit: number;
  readonly broadcastUnit: number;
  /** What stands in front of REX and behind it. */
  readonly prefixes: readonly number[];
  readonly escapes: readonly number[];
  /** Where VEX and EVEX have these instead: pp and mmmmm. */
  readonly pp: number;
  readonly map: number;
}

/** An operand that follows ModRM. */
interface Behind {
  readonly operand: number;
  readonly slot: 'rel' | 'imm' | 'moffs' | 'is4';
  readonly size: number;
}

export function templateOf({ operands, encoding }: Form): Template {
  const { prefix, address, size, evex } = encoding;
  const find = (...slots: OperandKind['slot'][]): number => operands.findIndex(({ slot }) => slots.includes(slot));
  const rm = find('rm', 'twice');
  const kind = operands[rm];
  const scales = evex !== undefined && kind?.slot === 'rm';
  const map = encoding.map.replace(/^E?VEX\./, '');
  return {
    encoding,
    reg: find('reg', 'twice'),
    rm,
    vvvv: find('vvvv'),
    bytes: operands.flatMap((k, n) => ((k.slot === 'reg' || k.slot === 'rm') && k.w === 8 ? [n] : [])),
    memory: find('rm', 'moffs'),
    behind: operands.flatMap((k, n) => behindModrm(k, n) ?? []),
    unit: scales ? dispUnit(kind, false) : 1,
    broadcastUnit: scales ? dispUnit(kind, true) : 1,
    prefixes: [...(address ? [0x67] : []), ...(size ? [0x66] : []), ...(typeof prefix === 'number' ? [prefix] : [])],
    escapes: escapes[map]!,
    pp: prefix === 0x66 ? 1 : prefix === 0xf3 ? 2 : prefix === 0xf2 ? 3 : 0,
    map: map === '0F' ? 1 : map === '0F38' ? 2 : 3,
  };
}

function behindModrm(kind: OperandKind, operand: number): Behind | undefined {
  switch (kind.slot) {
    case 'rel':
    case 'imm':
      return { operand, slot: kind.slot, size: kind.size };
    case 'moffs':
      return { operand, slot: 'moffs', size: 8 };
    case 'is4':
      return { operand, slot: 'is4', size: 1 };
    default:
      return undefined;
  }
}

/** The bytes before the opcode. */
const escapes: Readonly<Record<string, readonly number[]>> = {
  '': [],
  '0F': [0x0f],
  '0F38': [0x0f, 0x38],
  '0F3A': [0x0f, 0x3a],
};

/** Puts an instruction behind `out`. Throws when two arguments exclude each other (AH beside a REX prefix). */
export function encode(t: Template, args: readonly Argument[], decorations: Decorations, out: Bytes): Encoded {
  const e = t.encoding;
  const from = out.length;
  const rm = t.rm < 0 ? undefined : args[t.rm]!;
  const vvvv = t.vvvv < 0 ? 0 : code(args[t.vvvv]!);
  const reg = t.reg < 0 ? (e.digit ?? 0) : code(args[t.reg]!);
  let rex = e.w ? 0x48 : 0;
  if (reg & 8) rex |= e.plusR ? 0x41 : 0x44;
  if (rm) rex |= rexOf(rm);
  if (t.bytes.length > 0) rex = besideBytes(t, args, rex);

  const memory = t.memory < 0 ? undefined : args[t.memory]!;
  if (memory?.kind === 'mem' && memory.segment) out.u8(memory.segment === 'FS' ? 0x64 : 0x65);
  if (e.vex) pushVex(out, t, rex, vvvv);
  else if (e.evex) pushEvex(out, t, rex, reg, vvvv, rm, decorations);
  else {
    for (const byte of t.prefixes) out.u8(byte);
    if (rex) out.u8(rex);
    for (const byte of t.escapes) out.u8(byte);
  }
  out.u8(e.plusR ? e.opcode + (reg & 7) : e.opcode);
  const dispAt = e.modrm ? pushModrm(out, reg & 7, rm, e.fixed, decorations.broadcast ? t.broadcastUnit : t.unit) : -1;
  let targetAt = -1;
  for (const { operand, slot, size } of t.behind) {
    const arg = args[operand]!;
    if (slot === 'rel') {
      targetAt = out.length;
      for (let i = 0; i < size; i++) out.u8(0);
    } else if (arg.kind === 'imm') pushLittle(out, arg.value, size);
    else if (arg.kind === 'mem') pushLittle(out, arg.disp, size);
    // A register shares its byte with a constant of four bits, when the row has one.
    else out.u8((code(arg) << 4) & 255);
  }
  return {
    from,
    size: out.length - from,
    dispAt: dispAt < 0 ? undefined : dispAt - from,
    targetAt: targetAt < 0 ? undefined : targetAt - from,
  };
}

/** SPL, BPL, SIL and DIL exist only beside a REX prefix; AH, CH, DH and BH only without one. */
function besideBytes({ bytes }: Template, args: readonly Argument[], rex: number): number {
  let isHigh = false;
  let result = rex;
  for (const n of bytes) {
    const arg = args[n]!;
    if (arg.kind !== 'gpr') continue;
    if (arg.high) isHigh = true;
    else if (arg.n >= 4 && arg.n < 8) result |= 0x40;
  }
  if (isHigh && result) throw new Error('cannot encode a high byte register beside a REX prefix');
  return result;
}

/** The VEX prefix: two bytes where X, B, W and the map are their defaults, else three (SDM vol. 2, 2.3.5). */
function pushVex(out: Bytes, { encoding: e, pp, map }: Template, rex: number, vvvv: number): void {
  const low = ((~vvvv & 15) << 3) | ((e.vex!.l ?? 0) << 2) | pp;
  const r = rex & 4 ? 0 : 0x80;
  if (map === 1 && !e.w && !(rex & 3)) out.u8(0xc5).u8(r | low);
  else
    out
      .u8(0xc4)
      .u8(r | (rex & 2 ? 0 : 0x40) | (rex & 1 ? 0 : 0x20) | map)
      .u8((e.w ? 0x80 : 0) | low);
}

/**
 * SDM vol. 2, 2.7.1. R' is the fifth bit of ModRM.reg; that of ModRM.rm is X, and V' that of EVEX.vvvv or of a vector
 * index. b means broadcast, or between registers SAE or rounding; the length's bits then say how to round.
 */
function pushEvex(
  out: Bytes,
  { encoding: e, pp, map }: Template,
  rex: number,
  reg: number,
  vvvv: number,
  rm: Argument | undefined,
  { mask, zeroing, broadcast, control }: Decorations,
): void {
  const inMemory = rm?.kind === 'mem';
  const rm16 = !inMemory && rm !== undefined && code(rm) > 15;
  const v16 = vvvv > 15 || (inMemory && rm.vsib !== undefined && rm.index! > 15);
  const bit = (isSet: number | boolean, at: number): number => (isSet ? 0 : 1 << at);
  const rounding = control === undefined || control === 'SAE' ? -1 : roundings.indexOf(control);
  const length = rounding < 0 ? (e.evex!.l ?? 0) : rounding;
  out
    .u8(0x62)
    .u8(bit(rex & 4, 7) | bit(inMemory ? rex & 2 : rm16, 6) | bit(rex & 1, 5) | bit(reg > 15, 4) | map)
    .u8((e.w ? 0x80 : 0) | ((~vvvv & 15) << 3) | 4 | pp)
    .u8((zeroing ? 0x80 : 0) | (length << 5) | (broadcast || control ? 0x10 : 0) | bit(v16, 3) | mask);
}

/** A register's number in the encoding. */
const code = (arg: Argument): number => (arg.kind === 'gpr' && arg.high ? arg.n + 4 : (arg as { n: number }).n);

function pushLittle(out: Bytes, value: bigint, size: number): void {
  // What is not eight bytes long has no more than 32 bits.
  const low = size === 8 ? Number(BigInt.asIntN(32, value)) : Number(value);
  for (let i = 0; i < size && i < 4; i++) out.u8((low >> (8 * i)) & 255);
  for (let i = 4; i < size; i++) out.u8(Number((value >> BigInt(8 * i)) & 0xffn));
}

/** REX.B and REX.X of what ModRM.rm names. */
function rexOf(rm: Argument): number {
  if (rm.kind !== 'mem') return code(rm) & 8 ? 0x41 : 0;
  if (rm.symbolic === 'rip') return 0;
  const { base, index } = rm;
  return (index !== undefined && index & 8 ? 0x42 : 0) | (base !== undefined && base & 8 ? 0x41 : 0);
}

/**
 * ModRM, SIB and displacement; returns where that is, if it is a symbol's, else −1. The shortest displacement that holds
 * the value, except for symbols; a byte counts units.
 */
function pushModrm(out: Bytes, reg: number, rm: Argument | undefined, fixed: number | undefined, unit: number): number {
  if (rm === undefined) out.u8(fixed ?? reg << 3);
  else if (rm.kind === 'mem') return pushAddress(out, reg, rm, unit);
  else out.u8(0xc0 | (reg << 3) | (code(rm) & 7));
  return -1;
}

function pushAddress(out: Bytes, reg: number, rm: MemoryArgument, unit: number): number {
  const { base, index, scale, disp, symbolic } = rm;
  if (symbolic === 'rip') {
    out.u8((reg << 3) | 5).u32(0);
    return out.length - 4;
  }
  // Without a base there is no short form: mod 0 with base 5 means "displacement only", always four bytes.
  const short = symbolic === undefined && base !== undefined;
  const needsByte = base !== undefined && (base & 7) === 5;
  // What does not fit in 32 bits has been refused before.
  const whole = Number(disp) | 0;
  const units = whole / unit;
  const inByte = Number.isInteger(units) && units >= -128 && units <= 127;
  const mod = base === undefined || (short && whole === 0 && !needsByte) ? 0 : short && inByte ? 1 : 2;
  const size = base === undefined || mod === 2 ? 4 : mod;
  if (index !== undefined || base === undefined || (base & 7) === 4) {
    const ss = 31 - Math.clz32(scale || 1);
    out.u8((mod << 6) | (reg << 3) | 4).u8((ss << 6) | (((index ?? 4) & 7) << 3) | ((base ?? 5) & 7));
  } else {
    out.u8((mod << 6) | (reg << 3) | (base & 7));
  }
  const value = symbolic ? 0 : mod === 1 ? units : whole;
  if (size === 4) out.u32(value);
  else if (size === 1) out.u8(value);
  return symbolic ? out.length - size : -1;
}
