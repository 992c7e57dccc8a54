/** Vector expressions as WebAssembly SIMD. */
import { emitFloats } from './emit-float.ts';
import { emit, type Scope } from './emit-node.ts';
import type { Node } from './ir.ts';
import type { Simd } from './wasm.ts';

const shapes: Readonly<Record<number, string>> = { 8: 'i8x16', 16: 'i16x8', 32: 'i32x4', 64: 'i64x2' };

/** LaneOps that are one instruction at some widths: the rest of its name. */
// biome-ignore format: table
const direct: Readonly<Record<string, readonly [suffix: string, widths: readonly number[]]>> = {
  add:           ['add',       [8, 16, 32, 64]],
  sub:           ['sub',       [8, 16, 32, 64]],
  mul:           ['mul',       [16, 32, 64]],
  addSigned:     ['add_sat_s', [8, 16]],
  addUnsigned:   ['add_sat_u', [8, 16]],
  subSigned:     ['sub_sat_s', [8, 16]],
  subUnsigned:   ['sub_sat_u', [8, 16]],
  minSigned:     ['min_s',     [8, 16, 32]],
  minUnsigned:   ['min_u',     [8, 16, 32]],
  maxSigned:     ['max_s',     [8, 16, 32]],
  maxUnsigned:   ['max_u',     [8, 16, 32]],
  average:       ['avgr_u',    [8, 16]],
  equal:         ['eq',        [8, 16, 32, 64]],
  greaterSigned: ['gt_s',      [8, 16, 32, 64]],
};

/** Can it be said in WebAssembly? */
export const hasLanes = (op: string, w: number): boolean =>
  (direct[op]?.[1].includes(w) ?? false) || (w === 16 && inSteps.has(op)) || (op === 'dot' && w === 32);
/** Products of 16 bits, which take several instructions. */
const inSteps: ReadonlySet<string> = new Set(['mulHighSigned', 'mulHighUnsigned', 'mulRounded']);

export function emitVector(s: Scope, n: Node): void {
  const { code } = s;
  const [a, b] = n.args;
  const vector = (x: Node): void => emit(s, x, 'v128');
  switch (n.op) {
    case 'const':
      return code.v128(n.value);
    case 'vec':
      return code.get(s.vec(n.n));
    case 'temp':
      return code.get(s.temp(n.temp!));
    case 'and':
    case 'or':
    case 'xor':
      vector(a!);
      vector(b!);
      return code.simd(`v128.${n.op}`);
    case 'not':
      vector(a!);
      return code.simd('v128.not');
    case 'select':
      vector(b!);
      vector(n.args[2]!);
      emit(s, a!, 'i32');
      return code.op('select');
    case 'vector':
      return emitHalves(s, a!, b!);
    case 'withLane':
      vector(a!);
      emit(s, b!, n.w === 64 ? 'i64' : 'i32');
      return code.lane(`${shapes[n.w]}.replace_lane` as 'i8x16.replace_lane', n.n);
    case 'splat':
      emit(s, a!, n.w === 64 ? 'i64' : 'i32');
      return code.simd(`${shapes[n.w]}.splat` as Simd);
    case 'lanes':
      if (inSteps.has(n.name)) return emitProducts(s, n);
      vector(a!);
      vector(b!);
      return code.simd(n.name === 'dot' ? 'i32x4.dot_i16x8_s' : (`${shapes[n.w]}.${direct[n.name]![0]}` as Simd));
    case 'shiftLanes':
      return emitShift(s, n);
    case 'shuffle':
      vector(a!);
      vector(b!);
      return code.shuffle(n.list!);
    case 'swizzle':
      vector(a!);
      vector(b!);
      return code.simd('i8x16.swizzle');
    case 'floats':
      return emitFloats(s, n);
    case 'pack':
      vector(a!);
      vector(b!);
      return code.simd(
        `${n.w === 16 ? 'i8x16.narrow_i16x8' : 'i16x8.narrow_i32x4'}_${n.name === 'signed' ? 's' : 'u'}`,
      );
    default:
      throw new Error(`no code for the vector ${n.op}`);
  }
}

function emitHalves(s: Scope, low: Node, high: Node): void {
  const { code } = s;
  if (high.op === 'const' && high.value === 0n) {
    code.v128(0n);
    emit(s, low, 'i64');
    return code.lane('i64x2.replace_lane', 0);
  }
  emit(s, low, 'i64');
  code.simd('i64x2.splat');
  emit(s, high, 'i64');
  code.lane('i64x2.replace_lane', 1);
}

/** The upper halves of eight products; or their rounded upper 16 of 31 bits, which WebAssembly has but for one case. */
function emitProducts(s: Scope, n: Node): void {
  const { code } = s;
  const [a, b] = n.args;
  const both = (): void => {
    emit(s, a!, 'v128');
    emit(s, b!, 'v128');
  };
  if (n.name === 'mulRounded') {
    // −1 · −1 is 7FFF to WebAssembly and 8000 to x86; no other product is 7FFF.
    both();
    code.simd('i16x8.q15mulr_sat_s');
    both();
    code.simd('i16x8.q15mulr_sat_s');
    code.v128(0x7fff_7fff_7fff_7fff_7fff_7fff_7fff_7fffn);
    code.simd('i16x8.eq');
    return code.simd('v128.xor');
  }
  const sign = n.name === 'mulHighSigned' ? 's' : 'u';
  for (const half of ['low', 'high'] as const) {
    both();
    code.simd(`i32x4.extmul_${half}_i16x8_${sign}`);
  }
  code.shuffle([2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23, 26, 27, 30, 31]);
}

/** WebAssembly takes counts modulo the width; x86 does not. */
function emitShift(s: Scope, n: Node): void {
  const { code } = s;
  const [v, count] = n.args;
  const name = `${shapes[n.w]}.${n.name === 'shl' ? 'shl' : n.name === 'shr' ? 'shr_u' : 'shr_s'}` as Simd;
  if (count!.op === 'const') {
    if (count!.value >= BigInt(n.w) && n.name !== 'sar') return code.v128(0n);
    emit(s, v!, 'v128');
    code.i32(Math.min(Number(count!.value), n.w - 1));
    return code.simd(name);
  }
  if (n.name !== 'sar') {
    emit(s, v!, 'v128');
    emit(s, count!, 'i32');
    code.simd(name);
    code.v128(0n);
    emit(s, count!, 'i64');
    code.i64(BigInt(n.w));
    code.op('i64.lt_u');
    return code.op('select');
  }
  emit(s, v!, 'v128');
  emit(s, count!, 'i32');
  code.i32(n.w - 1);
  emit(s, count!, 'i64');
  code.i64(BigInt(n.w));
  code.op('i64.lt_u');
  code.op('select');
  code.simd(name);
}
