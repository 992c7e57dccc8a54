/** Expressions as WebAssembly. */
import { AT } from '../../cpu/layout.ts';
import { emitFloat, emitFloatFails, emitFloatTest } from './emit-float.ts';
import { emitVector } from './emit-vector.ts';
import type { Node, Temp, Type } from './ir.ts';
import type { Code, Plain } from './wasm.ts';

/** What expressions need to know about the function around them. */
export interface Scope {
  readonly code: Code;
  readonly gpr: (n: number) => number;
  readonly vec: (n: number) => number;
  /** Local of a lazy flag's leaf. */
  readonly leaf: (group: string, n: number) => number;
  readonly temp: (t: Temp) => number;
  /** A flag that is not known statically: leaves 0 or 1 on the stack. */
  readonly flag: (name: string) => void;
  /** Index of the function for the upper half of a product. */
  readonly mulHigh: { readonly signed: number; readonly unsigned: number };
  /** Index of the function that tells whether a floating-point result is exact: module.ts. */
  readonly exact: (op: string, w: number) => number;
}

/** i64 for scalars as they are; i32 for their low half and for conditions. */
export type Form = 'i64' | 'i32' | 'v128';

/** Emit `n` so that its value is on the stack in that form. An i32 of a scalar is its low 32 bits. */
export function emit(s: Scope, n: Node, form: Form): void {
  if (n.t === 'v128') {
    if (form !== 'v128') throw new Error(`a vector where ${form} is wanted: ${n.op}`);
    emitVector(s, n);
  } else if (n.t === 'bool') {
    emitBool(s, n);
    if (form === 'i64') s.code.op('i64.extend_i32_u');
  } else if (form === 'i32') emitLow(s, n);
  else emitWide(s, n);
}

/** The form a value of this type has in a local. */
export const localForm = (t: Type): Form => (t === 'v128' ? 'v128' : t === 'bool' ? 'i32' : 'i64');

const binaryLow: Partial<Record<string, Plain>> = {
  add: 'i32.add',
  sub: 'i32.sub',
  and: 'i32.and',
  or: 'i32.or',
  xor: 'i32.xor',
  mul: 'i32.mul',
};
const binaryWide: Partial<Record<string, Plain>> = {
  add: 'i64.add',
  sub: 'i64.sub',
  and: 'i64.and',
  or: 'i64.or',
  xor: 'i64.xor',
  mul: 'i64.mul',
};

/** The low 32 bits, whatever is above them. */
function emitLow(s: Scope, n: Node): void {
  const { code } = s;
  const op = binaryLow[n.op];
  if (n.op === 'const') return code.i32(Number(BigInt.asIntN(32, n.value)));
  if (op && (n.w >= 32 || n.op === 'and' || n.op === 'or' || n.op === 'xor')) {
    emit(s, n.args[0]!, 'i32');
    emit(s, n.args[1]!, 'i32');
    return code.op(op);
  }
  if (n.op === 'narrow' && n.w === 32) return emit(s, n.args[0]!, 'i32');
  if (n.op === 'shl' && n.args[1]!.op === 'const' && n.args[1]!.value < 32n && n.w >= 32) {
    emit(s, n.args[0]!, 'i32');
    code.i32(Number(n.args[1]!.value));
    return code.op('i32.shl');
  }
  if (n.op === 'rotate' && n.w === 32) {
    emit(s, n.args[0]!, 'i32');
    emit(s, n.args[1]!, 'i32');
    return code.op('i32.rotl');
  }
  if (n.op === 'shr' && n.w === 32 && n.args[1]!.op === 'const' && n.args[1]!.value < 32n) {
    emit(s, n.args[0]!, 'i32');
    code.i32(Number(n.args[1]!.value));
    return code.op('i32.shr_u');
  }
  emitWide(s, n);
  code.op('i32.wrap_i64');
}

function mask(code: Code, w: number): void {
  code.i64((1n << BigInt(w)) - 1n);
  code.op('i64.and');
}

function emitWide(s: Scope, n: Node): void {
  const { code } = s;
  const [a, b] = n.args;
  const wide = (x: Node): void => emit(s, x, 'i64');
  const both = (op: Plain): void => {
    wide(a!);
    wide(b!);
    code.op(op);
  };
  // Arithmetic of 32 bits in 32 bits: WebAssembly engines know then that the upper half is zero.
  if (n.w === 32 && (n.op === 'add' || n.op === 'sub' || n.op === 'narrow')) {
    emitLow(s, n);
    return code.op('i64.extend_i32_u');
  }
  switch (n.op) {
    case 'const':
      return code.i64(n.value);
    case 'reg':
      return code.get(s.gpr(n.n));
    case 'leaf':
      return code.get(s.leaf(n.name, n.n));
    case 'temp':
      return code.get(s.temp(n.temp!));
    case 'segment':
      code.i32(0);
      return code.access('i64.load', n.name === 'FS' ? AT.fsBase : AT.gsBase);
    case 'add':
    case 'sub':
    case 'mul':
      both(binaryWide[n.op]!);
      if (n.w < 64 && n.bits <= n.w && n.op !== 'mul') mask(code, n.w);
      return;
    case 'and':
    case 'or':
    case 'xor':
      return both(binaryWide[n.op]!);
    case 'mulHigh':
      wide(a!);
      wide(b!);
      return code.call(s.mulHigh[n.name as 'signed' | 'unsigned']);
    case 'shl':
      both('i64.shl');
      if (n.w < 64 && !(b!.op === 'const' && a!.bits + Number(b!.value) <= n.w)) mask(code, n.w);
      return;
    case 'shr':
      wide(a!);
      if (a!.bits > n.w) mask(code, n.w);
      wide(b!);
      return code.op('i64.shr_u');
    case 'sar':
      wide(a!);
      if (n.w < 64) extend(code, n.w);
      wide(b!);
      code.op('i64.shr_s');
      if (n.w < 64) mask(code, n.w);
      return;
    case 'rotate':
      if (n.w === 32) {
        emitLow(s, n);
        return code.op('i64.extend_i32_u');
      }
      return both('i64.rotl');
    case 'quotient':
      return both(n.name === 'signed' ? 'i64.div_s' : 'i64.div_u');
    case 'remainder':
      return both(n.name === 'signed' ? 'i64.rem_s' : 'i64.rem_u');
    case 'signExtend':
      wide(a!);
      return extend(code, n.w);
    case 'narrow':
      wide(a!);
      return mask(code, n.w);
    case 'countOnes':
      wide(a!);
      return code.op('i64.popcnt');
    case 'leadingZeros':
      wide(a!);
      code.op('i64.clz');
      if (n.w < 64) {
        code.i64(BigInt(64 - n.w));
        code.op('i64.sub');
      }
      return;
    case 'trailingZeros':
      wide(a!);
      // A bit above the width stops the count there.
      if (n.w < 64) {
        code.i64(1n << BigInt(n.w));
        code.op('i64.or');
      }
      return code.op('i64.ctz');
    case 'reverseBytes':
      return reverseBytes(s, n);
    case 'select':
      wide(b!);
      wide(n.args[2]!);
      emit(s, a!, 'i32');
      return code.op('select');
    case 'lane':
      emit(s, a!, 'v128');
      if (n.w === 64) return code.lane('i64x2.extract_lane', n.n);
      code.lane(n.w === 32 ? 'i32x4.extract_lane' : n.w === 16 ? 'i16x8.extract_lane_u' : 'i8x16.extract_lane_u', n.n);
      return code.op('i64.extend_i32_u');
    case 'signs':
      emit(s, a!, 'v128');
      code.simd(
        n.w === 8 ? 'i8x16.bitmask' : n.w === 16 ? 'i16x8.bitmask' : n.w === 32 ? 'i32x4.bitmask' : 'i64x2.bitmask',
      );
      return code.op('i64.extend_i32_u');
    case 'float':
    case 'floatRound':
    case 'floatToInt':
    case 'intToFloat':
    case 'floatToFloat':
      return emitFloat(s, n);
    default:
      throw new Error(`no code for ${n.op}`);
  }
}

function extend(code: Code, from: number): void {
  if (from === 8) code.op('i64.extend8_s');
  else if (from === 16) code.op('i64.extend16_s');
  else if (from === 32) code.op('i64.extend32_s');
}

/** Swap bytes within pairs, pairs within fours, halves: then bring the operand down from the top. */
function reverseBytes(s: Scope, n: Node): void {
  const { code } = s;
  emit(s, n.args[0]!, 'i64');
  const t = code.local('i64');
  const swap = (bits: bigint, low: bigint): void => {
    code.set(t);
    code.get(t);
    code.i64(low);
    code.op('i64.and');
    code.i64(bits);
    code.op('i64.shl');
    code.get(t);
    code.i64(bits);
    code.op('i64.shr_u');
    code.i64(low);
    code.op('i64.and');
    code.op('i64.or');
  };
  swap(8n, 0x00ff_00ff_00ff_00ffn);
  swap(16n, 0x0000_ffff_0000_ffffn);
  code.i64(32n);
  code.op('i64.rotl');
  if (n.w < 64) {
    code.i64(BigInt(64 - n.w));
    code.op('i64.shr_u');
  }
}

const narrowSigned: Partial<Record<number, Plain>> = { 8: 'i64.extend8_s', 16: 'i64.extend16_s' };

/** A condition: 0 or 1. */
function emitBool(s: Scope, n: Node): void {
  const { code } = s;
  const [a, b] = n.args;
  switch (n.op) {
    case 'temp':
      return code.get(s.temp(n.temp!));
    case 'leaf':
      code.get(s.leaf(n.name, n.n));
      return code.op('i32.wrap_i64');
    case 'flag':
      return s.flag(n.name);
    case 'df':
      return s.flag('DF');
    case 'below':
      emit(s, a!, 'i64');
      emit(s, b!, 'i64');
      return code.op('i64.lt_u');
    case 'equal':
      return emitEqual(s, a!, b!);
    case 'lessSigned':
      return emitLess(s, a!, b!, n.w);
    case 'isZero':
      if (a!.t === 'bool') {
        emit(s, a!, 'i32');
        return code.op('i32.eqz');
      }
      if (a!.t === 'v128') {
        emit(s, a!, 'v128');
        code.simd('v128.any_true');
        return code.op('i32.eqz');
      }
      emit(s, a!, 'i64');
      return code.op('i64.eqz');
    case 'sign':
      if (n.w === 64) {
        emit(s, a!, 'i64');
        code.i64(0n);
        return code.op('i64.lt_s');
      }
      emit(s, a!, 'i32');
      code.i32(n.w - 1);
      code.op('i32.shr_u');
      code.i32(1);
      return code.op('i32.and');
    case 'evenParity':
      emit(s, a!, 'i32');
      code.i32(0xff);
      code.op('i32.and');
      code.op('i32.popcnt');
      code.i32(1);
      code.op('i32.and');
      return code.op('i32.eqz');
    case 'and':
    case 'or':
    case 'xor':
      emit(s, a!, 'i32');
      emit(s, b!, 'i32');
      return code.op(n.op === 'and' ? 'i32.and' : n.op === 'or' ? 'i32.or' : 'i32.xor');
    case 'select':
      emit(s, b!, 'i32');
      emit(s, n.args[2]!, 'i32');
      emit(s, a!, 'i32');
      return code.op('select');
    case 'floatTest':
      return emitFloatTest(s, n);
    case 'floatFails':
      return emitFloatFails(s, n);
    default:
      throw new Error(`no code for the condition ${n.op}`);
  }
}

function emitEqual(s: Scope, a: Node, b: Node): void {
  const low = Math.max(a.bits, b.bits) <= 32;
  emit(s, a, low ? 'i32' : 'i64');
  emit(s, b, low ? 'i32' : 'i64');
  s.code.op(low ? 'i32.eq' : 'i64.eq');
}

function emitLess(s: Scope, a: Node, b: Node, w: number): void {
  const { code } = s;
  const sign = narrowSigned[w];
  for (const x of [a, b]) {
    emit(s, x, w === 32 ? 'i32' : 'i64');
    if (sign) code.op(sign);
  }
  code.op(w === 32 ? 'i32.lt_s' : 'i64.lt_s');
}
