/** Floating-point expressions as WebAssembly: the operation, and the condition that the ordinary case does not hold. */
import { AT } from '../../cpu/layout.ts';
import { emit, type Scope } from './emit-node.ts';
import type { Node } from './ir.ts';
import type { Plain, Simd } from './wasm.ts';

/** Smallest normal and largest finite number. */
const RANGE: Readonly<Record<number, readonly [least: number, most: number]>> = {
  32: [2 ** -126, (2 - 2 ** -23) * 2 ** 127],
  64: [2 ** -1022, Number.MAX_VALUE],
};
/** MXCSR with every exception masked, round to nearest, no DAZ or FTZ; with PE set inexact results need no notice. */
const MXCSR_MODE = 0xffc0;
const MXCSR_USUAL = 0x1f80;
const MXCSR_PE = 0x20;

const op = (w: number, name: string): Plain => `f${w}.${name}` as Plain;

/** A bit pattern as a number on the stack. */
function number(s: Scope, n: Node, w: number): void {
  emit(s, n, w === 64 ? 'i64' : 'i32');
  s.code.op(w === 64 ? 'f64.reinterpret_i64' : 'f32.reinterpret_i32');
}
/** The number on the stack as a bit pattern. */
function pattern(s: Scope, w: number): void {
  if (w === 64) return s.code.op('i64.reinterpret_f64');
  s.code.op('i32.reinterpret_f32');
  s.code.op('i64.extend_i32_u');
}
function literal(s: Scope, v: number, w: number): void {
  if (w === 64) s.code.f64(v);
  else s.code.f32(v);
}

export function emitFloat(s: Scope, n: Node): void {
  const { code } = s;
  const [a, b] = n.args;
  const { w } = n;
  switch (n.op) {
    case 'float':
      return emitOperation(s, n);
    case 'floatRound':
      number(s, a!, w);
      code.op(op(w, { nearest: 'nearest', down: 'floor', up: 'ceil', zero: 'trunc' }[n.name]!));
      return pattern(s, w);
    case 'floatToInt':
      number(s, a!, w);
      return code.op(w === 64 ? 'i64.trunc_f64_s' : 'i64.trunc_f32_s');
    case 'intToFloat':
      emit(s, a!, 'i64');
      code.op(w === 64 ? 'f64.convert_i64_s' : 'f32.convert_i64_s');
      return pattern(s, w);
    case 'floatToFloat':
      number(s, a!, w === 64 ? 32 : 64);
      code.op(w === 64 ? 'f64.promote_f32' : 'f32.demote_f64');
      return pattern(s, w);
    default:
      throw new Error(`no code for ${n.op} ${b?.op}`);
  }
}

function emitOperation(s: Scope, n: Node): void {
  const { code } = s;
  const [a, b] = n.args;
  const { w, name } = n;
  if (name === 'min' || name === 'max') {
    // The second operand unless the first is strictly beyond it.
    emit(s, a!, 'i64');
    emit(s, b!, 'i64');
    number(s, a!, w);
    number(s, b!, w);
    code.op(op(w, name === 'min' ? 'lt' : 'gt'));
    return code.op('select');
  }
  number(s, a!, w);
  if (b) number(s, b, w);
  code.op(op(w, name));
  pattern(s, w);
}

/** Less, equal, greater: of numbers that are ordered. */
export function emitFloatTest(s: Scope, n: Node): void {
  number(s, n.args[0]!, n.w);
  number(s, n.args[1]!, n.w);
  s.code.op(op(n.w, n.name));
}

/** Conditions that must not hold, each leaving an i32; they are or-ed together. */
export function emitFloatFails(s: Scope, n: Node): void {
  if (n.args[0]!.t === 'v128') return emitFloatsFail(s, n);
  const { code } = s;
  const { w, name } = n;
  const [a, b] = n.args;
  const r = n.args.at(-1)!;
  switch (name) {
    case 'min':
    case 'max':
    case 'order':
      odd(s, a!, w);
      odd(s, b!, w);
      return code.op('i32.or');
    case 'widen':
      return odd(s, a!, 32);
    case 'fromInt':
      // Integers of as many bits as the significand are exact.
      emit(s, a!, 'i64');
      code.i64(w === 64 ? 1n << 53n : 1n << 24n);
      code.op('i64.add');
      code.i64(w === 64 ? 1n << 54n : 1n << 25n);
      code.op('i64.gt_u');
      return unlessNoticed(s, () => code.i32(1));
    case 'toInt32':
    case 'toInt64': {
      const limit = name === 'toInt32' ? 2 ** 31 : 2 ** 63;
      number(s, r, w);
      literal(s, -limit, w);
      code.op(op(w, 'ge'));
      number(s, r, w);
      literal(s, limit, w);
      code.op(op(w, 'lt'));
      code.op('i32.and');
      code.op('i32.eqz');
      differ(s, a!, r, w);
      noticed(s);
      return code.op('i32.or');
    }
    case 'round':
    case 'roundQuietly':
      odd(s, a!, w);
      if (name === 'round') differ(s, a!, r, w);
      else code.i32(0);
      noticed(s);
      return code.op('i32.or');
    default:
      return emitArithmeticFails(s, n);
  }
}

/** A NaN or a denormal. */
function odd(s: Scope, a: Node, w: number): void {
  const { code } = s;
  denormal(s, a, w);
  number(s, a, w);
  number(s, a, w);
  code.op(op(w, 'ne'));
  code.op('i32.or');
}
function denormal(s: Scope, a: Node, w: number): void {
  const { code } = s;
  number(s, a, w);
  code.op(op(w, 'abs'));
  literal(s, RANGE[w]![0], w);
  code.op(op(w, 'lt'));
  number(s, a, w);
  literal(s, 0, w);
  code.op(op(w, 'ne'));
  code.op('i32.and');
}
function differ(s: Scope, a: Node, b: Node, w: number): void {
  number(s, a, w);
  number(s, b, w);
  s.code.op(op(w, 'ne'));
}

/** With "inexact" on the stack: would MXCSR notice, or is it not as usual? */
function noticed(s: Scope): void {
  const { code } = s;
  mxcsr(s, MXCSR_PE);
  code.op('i32.eqz');
  code.op('i32.and');
  mxcsr(s, MXCSR_MODE);
  code.i32(MXCSR_USUAL);
  code.op('i32.ne');
  code.op('i32.or');
}
function mxcsr(s: Scope, mask: number): void {
  s.code.i32(0);
  s.code.access('i32.load', AT.mxcsr);
  s.code.i32(mask);
  s.code.op('i32.and');
}

/** With "may be inexact" on the stack: `inexact` says for certain, and is asked only where MXCSR would notice. */
function unlessNoticed(s: Scope, inexact: () => void): void {
  const { code } = s;
  code.ifValue('i32');
  mxcsr(s, MXCSR_MODE | MXCSR_PE);
  code.i32(MXCSR_USUAL | MXCSR_PE);
  code.op('i32.eq');
  code.ifValue('i32');
  code.i32(0);
  code.op('else');
  inexact();
  mxcsr(s, MXCSR_MODE);
  code.i32(MXCSR_USUAL);
  code.op('i32.ne');
  code.op('i32.or');
  code.op('end');
  code.op('else');
  mxcsr(s, MXCSR_MODE);
  code.i32(MXCSR_USUAL);
  code.op('i32.ne');
  code.op('end');
}

/** add, sub, mul, div, sqrt, and f64 to f32: the result is normal, or zero for a reason. */
function emitArithmeticFails(s: Scope, n: Node): void {
  const { code } = s;
  const { name } = n;
  const operands = n.args.slice(0, -1);
  const r = n.args.at(-1)!;
  const from = n.w;
  const to = name === 'shorten' ? 32 : n.w;
  const isZero = (x: Node, w: number): void => {
    number(s, x, w);
    literal(s, 0, w);
    code.op(op(w, 'eq'));
  };
  // The smallest normal number itself may be a denormal rounded up.
  number(s, r, to);
  code.op(op(to, 'abs'));
  literal(s, RANGE[to]![0], to);
  code.op(op(to, 'gt'));
  number(s, r, to);
  code.op(op(to, 'abs'));
  literal(s, RANGE[to]![1], to);
  code.op(op(to, 'le'));
  code.op('i32.and');
  // Sums of zero are exact; the others are zero if an operand is.
  if (name === 'add' || name === 'sub') isZero(r, to);
  else {
    isZero(operands[0]!, from);
    if (name === 'mul') {
      isZero(operands[1]!, from);
      code.op('i32.or');
    }
    isZero(r, to);
    code.op('i32.and');
  }
  code.op('i32.or');
  code.op('i32.eqz');
  for (const a of operands) {
    denormal(s, a, from);
    code.op('i32.or');
  }
  code.i32(1);
  unlessNoticed(s, () => inexact(s, n, operands, r, to));
  code.op('i32.or');
}

function inexact(s: Scope, n: Node, operands: readonly Node[], r: Node, w: number): void {
  const { code } = s;
  const wide = (x: Node, from: number): void => {
    number(s, x, from);
    if (from === 32) code.op('f64.promote_f32');
  };
  if (n.name === 'shorten') {
    wide(r, 32);
    number(s, operands[0]!, 64);
    return code.op('f64.ne');
  }
  wide(operands[0]!, w);
  wide(operands[1] ?? operands[0]!, w);
  if (n.name === 'sub') code.op('f64.neg');
  wide(r, w);
  code.call(s.exact(n.name === 'sub' ? 'add' : n.name, w));
  code.op('i32.eqz');
}

const vectorOp = (w: number, name: string): Simd => `${w === 64 ? 'f64x2' : 'f32x4'}.${name}` as Simd;

export function emitFloats(s: Scope, n: Node): void {
  const [a, b] = n.args;
  const swapped = n.name === 'min' || n.name === 'max';
  emit(s, swapped ? b! : a!, 'v128');
  emit(s, swapped ? a! : b!, 'v128');
  s.code.simd(vectorOp(n.w, n.name === 'min' ? 'pmin' : n.name === 'max' ? 'pmax' : n.name));
}

const bits32 = new Uint32Array(1);
const bits64 = new BigUint64Array(1);
function everywhere(v: number, w: number): bigint {
  if (w === 64) {
    new Float64Array(bits64.buffer)[0] = v;
    return (bits64[0]! << 64n) | bits64[0]!;
  }
  new Float32Array(bits32.buffer)[0] = v;
  const one = BigInt(bits32[0]!);
  return one | (one << 32n) | (one << 64n) | (one << 96n);
}
const magnitudes = (w: number): bigint =>
  w === 64 ? 0x7fff_ffff_ffff_ffff_7fff_ffff_ffff_ffffn : 0x7fff_ffff_7fff_ffff_7fff_ffff_7fff_ffffn;

/** The same conditions for all lanes at once. */
function emitFloatsFail(s: Scope, n: Node): void {
  const { code } = s;
  const { w, name } = n;
  const [a, b, r] = n.args;
  const [least, most] = RANGE[w]!;
  const magnitude = (x: Node): void => {
    emit(s, x, 'v128');
    code.v128(magnitudes(w));
    code.simd('v128.and');
  };
  const against = (x: Node, test: string, v: number): void => {
    emit(s, x, 'v128');
    code.v128(everywhere(v, w));
    code.simd(vectorOp(w, test));
  };
  const denormals = (x: Node): void => {
    magnitude(x);
    code.v128(everywhere(least, w));
    code.simd(vectorOp(w, 'lt'));
    against(x, 'ne', 0);
    code.simd('v128.and');
  };
  denormals(a!);
  denormals(b!);
  code.simd('v128.or');
  if (name === 'min' || name === 'max') {
    for (const x of [a!, b!]) {
      emit(s, x, 'v128');
      emit(s, x, 'v128');
      code.simd(vectorOp(w, 'ne'));
      code.simd('v128.or');
    }
    return code.simd('v128.any_true');
  }
  // least < |r| ≤ most, or zero for a reason.
  code.v128(everywhere(least, w));
  magnitude(r!);
  code.simd(vectorOp(w, 'lt'));
  magnitude(r!);
  code.v128(everywhere(most, w));
  code.simd(vectorOp(w, 'le'));
  code.simd('v128.and');
  against(r!, 'eq', 0);
  if (name === 'mul' || name === 'div') {
    against(a!, 'eq', 0);
    if (name === 'mul') {
      against(b!, 'eq', 0);
      code.simd('v128.or');
    }
    code.simd('v128.and');
  }
  code.simd('v128.or');
  code.simd('v128.not');
  code.simd('v128.or');
  code.simd('v128.any_true');
  code.i32(1);
  unlessNoticed(s, () => {
    for (let i = 0; i < 128 / w; i++) {
      for (const x of [a!, b!, r!]) {
        emit(s, x, 'v128');
        code.lane(w === 64 ? 'i64x2.extract_lane' : 'i32x4.extract_lane', i);
        code.op(w === 64 ? 'f64.reinterpret_i64' : 'f32.reinterpret_i32');
        if (w === 32) code.op('f64.promote_f32');
        if (x === b && name === 'sub') code.op('f64.neg');
      }
      code.call(s.exact(name === 'sub' ? 'add' : name, w));
      if (i) code.op('i32.and');
    }
    code.op('i32.eqz');
  });
  code.op('i32.or');
}
