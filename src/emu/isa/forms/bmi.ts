/** Bit manipulation with a destination of its own (BMI1, BMI2) and the CRC of SSE4.2. SDM vol. 1, 5.1.16 and 5.12. */
import { crc32c } from '../crc32c.ts';
import { flagsOfLogic } from '../flags.ts';
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';

/** As after a logical operation, but for CF. PF and AF are undefined in the manual; silicon has them like that. */
function flagsOfBits<V>(o: Ops<V>, result: V, carry: V, w: Width): void {
  flagsOfLogic(o, result, w);
  o.setFlag('CF', carry);
}

// dst ← ¬a ∧ b
const andn: Meaning = (o, dst: Place, a: Place, b: Place) => {
  const result = o.let(o.and(o.not(o.get(a), dst.w), o.get(b)));
  o.put(dst, result);
  flagsOfBits(o, result, o.const(0n), dst.w);
};

/** BLSI isolates the lowest one, BLSMSK masks up to it, BLSR clears it. CF: whether there is (BLSI), or is not, one. */
const lowestOne =
  (carryWhenZero: boolean, f: <V>(o: Ops<V>, a: V, w: Width) => V): Meaning =>
  (o, dst: Place, src: Place) => {
    const a = o.let(o.get(src));
    const result = o.let(f(o, a, dst.w));
    o.put(dst, result);
    const zero = o.isZero(a);
    flagsOfBits(o, result, carryWhenZero ? zero : o.isZero(zero), dst.w);
  };
const before = <V>(o: Ops<V>, a: V, w: Width): V => o.sub(a, o.const(1n), w);
const isolate = lowestOne(false, (o, a, w) => o.and(a, o.sub(o.const(0n), a, w)));
const maskUpTo = lowestOne(true, (o, a, w) => o.xor(a, before(o, a, w)));
const reset = lowestOne(true, (o, a, w) => o.and(a, before(o, a, w)));

/** The low `n` bits of `a`, where n may be anything up to 255. */
const lowBits = <V>(o: Ops<V>, a: V, n: V, w: Width): V =>
  o.select(
    o.below(n, o.const(BigInt(w))),
    o.and(a, o.sub(o.shl(o.const(1n), o.and(n, o.const(63n)), 64), o.const(1n), 64)),
    a,
  );

// dst ← `length` bits of src from `start` on: bytes 1 and 0 of the control. Only ZF is defined; SF PF AF stay.
const bextr: Meaning = (o, dst: Place, src: Place, control: Place) => {
  const c = o.let(o.get(control));
  const start = o.let(o.and(c, o.const(0xffn)));
  const length = o.let(o.and(o.shr(c, o.const(8n), 64), o.const(0xffn)));
  const inside = o.below(start, o.const(BigInt(dst.w)));
  const shifted = o.let(o.select(inside, o.shr(o.get(src), o.and(start, o.const(63n)), dst.w), o.const(0n)));
  const result = o.let(lowBits(o, shifted, length, dst.w));
  o.put(dst, result);
  o.setFlag('ZF', o.isZero(result));
  o.setFlag('CF', o.const(0n));
  o.setFlag('OF', o.const(0n));
};

// dst ← src without its bits from `index` on
const bzhi: Meaning = (o, dst: Place, src: Place, index: Place) => {
  const n = o.let(o.and(o.get(index), o.const(0xffn)));
  const result = o.let(lowBits(o, o.let(o.get(src)), n, dst.w));
  o.put(dst, result);
  flagsOfBits(o, result, o.below(o.const(BigInt(dst.w - 1)), n), dst.w);
};

// high, low ← rDX · src, without flags. When both are one register it gets the high half: written last.
const mulx: Meaning = (o, high: Place, low: Place, src: Place) => {
  const product = o.multiply(o.get(gpr(2, src.w)), o.get(src), src.w, false);
  o.put(low, product.low);
  o.put(high, product.high);
};

/** Shifts that leave the flags alone; the count is taken modulo the width. */
const shiftWithoutFlags =
  (op: 'shl' | 'shr' | 'sar'): Meaning =>
  (o, dst: Place, src: Place, count: Place) =>
    o.put(dst, o[op](o.get(src), o.and(o.get(count), o.const(BigInt(dst.w - 1))), dst.w));

const rorx: Meaning = (o, dst: Place, src: Place, count: Place) => {
  const { w } = dst;
  const n = count.in === 'imm' ? count.value & BigInt(w - 1) : 0n;
  const a = o.let(o.get(src));
  o.put(dst, n === 0n ? a : o.or(o.shr(a, o.const(n), w), o.shl(a, o.const(BigInt(w) - n), w)));
};

/** The low bits of `a`, one to each one of `mask`. */
function deposit(a: bigint, mask: bigint): bigint {
  let result = 0n;
  let from = a;
  for (let rest = mask; rest; rest &= rest - 1n, from >>= 1n) if (from & 1n) result |= rest & -rest;
  return result;
}
/** The bits of `a` under `mask`, packed. */
function extract(a: bigint, mask: bigint): bigint {
  let result = 0n;
  let to = 1n;
  for (let rest = mask; rest; rest &= rest - 1n, to <<= 1n) if (a & rest & -rest) result |= to;
  return result;
}
const byMask =
  (f: (a: bigint, mask: bigint) => bigint): Meaning =>
  (o, dst: Place, a: Place, mask: Place) =>
    o.put(dst, o.pure(f, o.get(a), o.get(mask)));

const crc: Meaning = (o, dst: Place, src: Place) =>
  o.put(
    dst,
    o.pure((sum, bits) => crc32c(sum, bits, src.w), o.narrow(o.get(dst), 32), o.get(src)),
  );

// biome-ignore format: table
export const bmi: readonly Form[] = [
  ...requires('BMI1', [
    form('ANDNL',   'VEX.LZ.0F38.W0 F2 /r', [k.r32, k.r32V, k.rm32], andn),
    form('ANDNQ',   'VEX.LZ.0F38.W1 F2 /r', [k.r64, k.r64V, k.rm64], andn),
    form('BLSRL',   'VEX.LZ.0F38.W0 F3 /1', [k.r32V, k.rm32],        reset),
    form('BLSRQ',   'VEX.LZ.0F38.W1 F3 /1', [k.r64V, k.rm64],        reset),
    form('BLSMSKL', 'VEX.LZ.0F38.W0 F3 /2', [k.r32V, k.rm32],        maskUpTo),
    form('BLSMSKQ', 'VEX.LZ.0F38.W1 F3 /2', [k.r64V, k.rm64],        maskUpTo),
    form('BLSIL',   'VEX.LZ.0F38.W0 F3 /3', [k.r32V, k.rm32],        isolate),
    form('BLSIQ',   'VEX.LZ.0F38.W1 F3 /3', [k.r64V, k.rm64],        isolate),
    form('BEXTRL',  'VEX.LZ.0F38.W0 F7 /r', [k.r32, k.rm32, k.r32V], bextr),
    form('BEXTRQ',  'VEX.LZ.0F38.W1 F7 /r', [k.r64, k.rm64, k.r64V], bextr),
  ]),
  ...requires('BMI2', [
    form('BZHIL',   'VEX.LZ.0F38.W0 F5 /r',       [k.r32, k.rm32, k.r32V],  bzhi),
    form('BZHIQ',   'VEX.LZ.0F38.W1 F5 /r',       [k.r64, k.rm64, k.r64V],  bzhi),
    form('PDEPL',   'VEX.LZ.F2.0F38.W0 F5 /r',    [k.r32, k.r32V, k.rm32],  byMask(deposit)),
    form('PDEPQ',   'VEX.LZ.F2.0F38.W1 F5 /r',    [k.r64, k.r64V, k.rm64],  byMask(deposit)),
    form('PEXTL',   'VEX.LZ.F3.0F38.W0 F5 /r',    [k.r32, k.r32V, k.rm32],  byMask(extract)),
    form('PEXTQ',   'VEX.LZ.F3.0F38.W1 F5 /r',    [k.r64, k.r64V, k.rm64],  byMask(extract)),
    form('MULXL',   'VEX.LZ.F2.0F38.W0 F6 /r',    [k.r32, k.r32V, k.rm32],  mulx),
    form('MULXQ',   'VEX.LZ.F2.0F38.W1 F6 /r',    [k.r64, k.r64V, k.rm64],  mulx),
    form('SHLXL',   'VEX.LZ.66.0F38.W0 F7 /r',    [k.r32, k.rm32, k.r32V],  shiftWithoutFlags('shl')),
    form('SHLXQ',   'VEX.LZ.66.0F38.W1 F7 /r',    [k.r64, k.rm64, k.r64V],  shiftWithoutFlags('shl')),
    form('SARXL',   'VEX.LZ.F3.0F38.W0 F7 /r',    [k.r32, k.rm32, k.r32V],  shiftWithoutFlags('sar')),
    form('SARXQ',   'VEX.LZ.F3.0F38.W1 F7 /r',    [k.r64, k.rm64, k.r64V],  shiftWithoutFlags('sar')),
    form('SHRXL',   'VEX.LZ.F2.0F38.W0 F7 /r',    [k.r32, k.rm32, k.r32V],  shiftWithoutFlags('shr')),
    form('SHRXQ',   'VEX.LZ.F2.0F38.W1 F7 /r',    [k.r64, k.rm64, k.r64V],  shiftWithoutFlags('shr')),
    form('RORXL',   'VEX.LZ.F2.0F3A.W0 F0 /r ib', [k.r32, k.rm32, k.bits8], rorx),
    form('RORXQ',   'VEX.LZ.F2.0F3A.W1 F0 /r ib', [k.r64, k.rm64, k.bits8], rorx),
  ]),
  ...requires('SSE4.2', [
    form('CRC32B',  'F2 0F 38 F0 /r',       [k.r32, k.rm8],  crc, { decodeOnly: true }),
    form('CRC32B',  'F2 REX.W 0F 38 F0 /r', [k.r64, k.rm8],  crc, { decodeOnly: true }),
    form('CRC32W',  '66 F2 0F 38 F1 /r',    [k.r32, k.rm16], crc),
    form('CRC32L',  'F2 0F 38 F1 /r',       [k.r32, k.rm32], crc),
    form('CRC32Q',  'F2 REX.W 0F 38 F1 /r', [k.r64, k.rm64], crc),
  ]),
];
