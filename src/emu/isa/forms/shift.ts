/** Shifts, rotates, bit tests and scans. SDM vol. 1, 5.1.5 and 5.1.6. */
import { flagsOfResult } from '../flags.ts';
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import type { Place } from '../place.ts';

/** Counts are taken modulo 32, or 64 for 64-bit operands. A count of zero changes nothing, flags included. */
const countOf = <V>(o: Ops<V>, count: Place, w: Width): V => o.let(o.and(o.get(count), o.const(w === 64 ? 63n : 31n)));

/**
 * Do `then` with the operand unless the count is zero. Even then the operand is read, and a 32-bit register loses its
 * upper half, as by any 32-bit write.
 */
function unlessZero<V>(o: Ops<V>, dst: Place, count: V, then: (a: V) => void): void {
  const a = o.let(o.get(dst));
  if (dst.in === 'gpr') o.put(dst, a);
  o.when(o.isZero(o.isZero(count)), () => then(a));
}

/** A shift whose count may reach past a narrow operand (SHLB $9): done in 64 bits, then cut. */
const shl: Meaning = (o, dst: Place, by: Place) => {
  const { w } = dst;
  const n = countOf(o, by, w);
  unlessZero(o, dst, n, (a) => {
    const result = o.let(o.narrow(o.shl(a, n, 64), w));
    // The last bit out is bit w − n of the operand; nothing once n > w.
    const carry = o.let(o.and(o.shr(o.shl(a, o.sub(n, o.const(1n), 64), 64), o.const(BigInt(w - 1)), 64), o.const(1n)));
    o.put(dst, result);
    flagsOfResult(o, result, w);
    o.setFlag('AF', o.const(0n));
    o.setFlag('CF', carry);
    o.setFlag('OF', o.xor(carry, o.sign(result, w)));
  });
};

const shr: Meaning = (o, dst: Place, by: Place) => {
  const { w } = dst;
  const n = countOf(o, by, w);
  unlessZero(o, dst, n, (a) => {
    const result = o.let(o.shr(a, n, 64));
    o.put(dst, result);
    flagsOfResult(o, result, w);
    o.setFlag('AF', o.const(0n));
    o.setFlag('CF', o.bit(a, o.sub(n, o.const(1n), 64)));
    // Defined for n = 1 as the operand's sign; silicon gives sign(result << 1 ^ result) for all counts.
    o.setFlag('OF', o.sign(o.xor(result, o.narrow(o.shl(result, o.const(1n), 64), w)), w));
  });
};

const sar: Meaning = (o, dst: Place, by: Place) => {
  const { w } = dst;
  const n = countOf(o, by, w);
  unlessZero(o, dst, n, (unsigned) => {
    const a = o.let(o.signExtend(unsigned, w, 64));
    const result = o.let(o.narrow(o.sar(a, n, 64), w));
    o.put(dst, result);
    flagsOfResult(o, result, w);
    o.setFlag('AF', o.const(0n));
    o.setFlag('CF', o.and(o.sar(a, o.sub(n, o.const(1n), 64), 64), o.const(1n)));
    o.setFlag('OF', o.const(0n));
  });
};

/** Rotates touch CF and OF only. `left` rotates by n; right by n is left by w − n. */
const rotate =
  (left: boolean): Meaning =>
  (o, dst: Place, by: Place) => {
    const { w } = dst;
    const masked = countOf(o, by, w);
    unlessZero(o, dst, masked, (a) => {
      const width = o.const(BigInt(w));
      const inWidth = o.const(BigInt(w - 1));
      const n = o.let(o.and(masked, inWidth));
      const rest = o.let(o.and(o.sub(width, n, 64), inWidth));
      const up = left ? n : rest;
      const down = left ? rest : n;
      const result = o.let(o.select(o.isZero(n), a, o.or(o.shl(a, up, w), o.shr(a, down, w))));
      o.put(dst, result);
      const top = o.let(o.sign(result, w));
      const low = o.let(o.and(result, o.const(1n)));
      const belowTop = o.bit(result, o.const(BigInt(w - 2)));
      o.setFlag('CF', left ? low : top);
      o.setFlag('OF', left ? o.xor(low, top) : o.xor(top, belowTop));
    });
  };

/** Rotates through carry turn w + 1 bits; the count is taken modulo that for bytes and words. */
const rotateCarry =
  (left: boolean): Meaning =>
  (o, dst: Place, by: Place) => {
    const { w } = dst;
    const masked = countOf(o, by, w);
    const turns = BigInt(w + 1);
    const n = w >= 32 ? masked : o.let(o.divide(o.const(0n), masked, o.const(turns), 64, false).remainder);
    unlessZero(o, dst, n, (a) => {
      const carry = o.flag('CF');
      const one = o.const(1n);
      const before = o.let(o.sub(n, one, 64));
      const width = o.const(BigInt(w));
      // Shifting out in two steps keeps every count below 64.
      const back = o.let(o.sub(width, n, 64));
      const out = left
        ? o.or(o.or(o.shl(o.shl(a, before, w), one, w), o.shl(carry, before, w)), o.shr(o.shr(a, one, w), back, w))
        : o.or(o.or(o.shr(o.shr(a, before, w), one, w), o.shl(carry, back, w)), o.shl(o.shl(a, one, w), back, w));
      const result = o.let(o.narrow(out, w));
      const newCarry = o.let(left ? o.bit(a, back) : o.bit(a, before));
      o.put(dst, result);
      o.setFlag('CF', newCarry);
      const top = o.sign(result, w);
      o.setFlag('OF', left ? o.xor(newCarry, top) : o.xor(top, o.bit(result, o.const(BigInt(w - 2)))));
    });
  };

function shifts(name: string, digit: number, meaning: Meaning, traits: { decodeOnly?: true } = {}): Form[] {
  const modifies = { ...traits, modifies: true };
  // biome-ignore format: table
  return [
    form(`${name}B`, `D0 /${digit}`,          [k.rm8,  k.one],   meaning, modifies),
    form(`${name}B`, `C0 /${digit} ib`,       [k.rm8,  k.uimm8], meaning, modifies),
    form(`${name}B`, `D2 /${digit}`,          [k.rm8,  k.CL],    meaning, modifies),
    form(`${name}W`, `66 D1 /${digit}`,       [k.rm16, k.one],   meaning, modifies),
    form(`${name}W`, `66 C1 /${digit} ib`,    [k.rm16, k.uimm8], meaning, modifies),
    form(`${name}W`, `66 D3 /${digit}`,       [k.rm16, k.CL],    meaning, modifies),
    form(`${name}L`, `D1 /${digit}`,          [k.rm32, k.one],   meaning, modifies),
    form(`${name}L`, `C1 /${digit} ib`,       [k.rm32, k.uimm8], meaning, modifies),
    form(`${name}L`, `D3 /${digit}`,          [k.rm32, k.CL],    meaning, modifies),
    form(`${name}Q`, `REX.W D1 /${digit}`,    [k.rm64, k.one],   meaning, modifies),
    form(`${name}Q`, `REX.W C1 /${digit} ib`, [k.rm64, k.uimm8], meaning, modifies),
    form(`${name}Q`, `REX.W D3 /${digit}`,    [k.rm64, k.CL],    meaning, modifies),
  ];
}

type BitChange = 'none' | 'set' | 'reset' | 'complement';

/** BT family. With a register index and a memory operand the index reaches beyond it, in steps of the operand size. */
const bitTest =
  (change: BitChange): Meaning =>
  <V>(o: Ops<V>, dst: Place, index: Place) => {
    const { w } = dst;
    const at = o.let(o.get(index));
    const n = o.let(o.and(at, o.const(BigInt(w - 1))));
    let address: V | undefined;
    if (dst.in === 'mem' && index.in !== 'imm') {
      const log = w === 64 ? 6n : w === 32 ? 5n : 4n;
      const step = o.sar(o.signExtend(at, w, 64), o.const(log), 64);
      address = o.let(o.add(o.linear(dst), o.shl(step, o.const(log - 3n), 64), 64));
      // What is read and written lies there, not where the operand says.
      if (change !== 'none') o.checkStore(address, w);
    }
    const a = o.let(address === undefined ? o.get(dst) : o.load(address, w));
    o.setFlag('CF', o.bit(a, n));
    if (change === 'none') return;
    const mask = o.let(o.shl(o.const(1n), n, w));
    const result = change === 'set' ? o.or(a, mask) : change === 'reset' ? o.and(a, o.not(mask, w)) : o.xor(a, mask);
    if (address === undefined) o.put(dst, result);
    else o.store(address, w, result);
  };

function bits(name: string, digit: number, opcode: string, meaning: Meaning, traits: { lock?: true }): Form[] {
  const indexed = { ...traits, modifies: false };
  // biome-ignore format: table
  return [
    form(`${name}W`, `66 0F BA /${digit} ib`,    [k.rm16, k.simm8], meaning, traits),
    form(`${name}W`, `66 0F ${opcode} /r`,       [k.rm16, k.r16],   meaning, indexed),
    form(`${name}L`, `0F BA /${digit} ib`,       [k.rm32, k.simm8], meaning, traits),
    form(`${name}L`, `0F ${opcode} /r`,          [k.rm32, k.r32],   meaning, indexed),
    form(`${name}Q`, `REX.W 0F BA /${digit} ib`, [k.rm64, k.simm8], meaning, traits),
    form(`${name}Q`, `REX.W 0F ${opcode} /r`,    [k.rm64, k.r64],   meaning, indexed),
  ];
}

// BSF and BSR of zero set ZF and leave the destination, as processors do (the manual calls it undefined).
const scan =
  (forward: boolean): Meaning =>
  (o, dst: Place, src: Place) => {
    const { w } = dst;
    const a = o.let(o.get(src));
    const found = forward ? o.trailingZeros(a, w) : o.sub(o.const(BigInt(w - 1)), o.leadingZeros(a, w), w);
    o.setFlag('ZF', o.isZero(a));
    o.when(o.isZero(o.isZero(a)), () => o.put(dst, found));
  };

function shiftPair<V>(o: Ops<V>, a: V, b: V, n: V, w: Width, left: boolean): { result: V; carry: V } {
  const rest = o.let(o.sub(o.const(BigInt(w)), n, 64));
  return left
    ? { result: o.let(o.or(o.shl(a, n, w), o.shr(b, rest, w))), carry: o.bit(a, rest) }
    : { result: o.let(o.or(o.shr(a, n, w), o.shl(b, rest, w))), carry: o.bit(a, o.sub(n, o.const(1n), 64)) };
}

/** Of words a count may be above 16, which the manual leaves open: the second operand then follows once more, and CF is clear. */
function shiftWords<V>(o: Ops<V>, a: V, b: V, n: V, left: boolean): { result: V; carry: V } {
  const [sixteen, last] = [o.const(16n), o.sub(n, o.const(1n), 64)];
  const twice = o.or(o.shl(b, sixteen, 32), b);
  const high = o.const(32n);
  return left
    ? {
        result: o.let(o.narrow(o.shr(o.shl(o.or(o.shl(a, high, 64), twice), n, 64), high, 64), 16)),
        carry: o.and(o.below(n, o.const(17n)), o.bit(a, o.and(o.sub(sixteen, n, 64), o.const(15n)))),
      }
    : {
        result: o.let(o.narrow(o.shr(o.or(o.shl(twice, sixteen, 64), a), n, 64), 16)),
        carry: o.bit(a, last),
      };
}

/** Two operands shifted as one: `left` brings in the top of src from below, else the bottom of it from above. */
const double =
  (left: boolean): Meaning =>
  (o, dst: Place, src: Place, by: Place) => {
    const { w } = dst;
    const n = countOf(o, by, w);
    unlessZero(o, dst, n, (a) => {
      const b = o.let(o.get(src));
      const { result, carry } = w === 16 ? shiftWords(o, a, b, n, left) : shiftPair(o, a, b, n, w, left);
      o.put(dst, result);
      flagsOfResult(o, result, w);
      o.setFlag('AF', o.const(0n));
      o.setFlag('CF', carry);
      o.setFlag('OF', o.xor(o.sign(a, w), o.sign(result, w)));
    });
  };

/** LZCNT and TZCNT: the width for zero, which CF tells. */
const count =
  (leading: boolean): Meaning =>
  (o, dst: Place, src: Place) => {
    const a = o.let(o.get(src));
    const n = o.let(leading ? o.leadingZeros(a, dst.w) : o.trailingZeros(a, dst.w));
    o.put(dst, n);
    o.setFlag('CF', o.isZero(a));
    o.setFlag('ZF', o.isZero(n));
  };

const popcnt: Meaning = (o, dst: Place, src: Place) => {
  const a = o.let(o.get(src));
  o.put(dst, o.countOnes(a));
  const zero = o.const(0n);
  for (const f of ['CF', 'OF', 'SF', 'AF', 'PF'] as const) o.setFlag(f, zero);
  o.setFlag('ZF', o.isZero(a));
};

const lock = { lock: true } as const;
// Without these features F3 is ignored, and the bytes are BSR and BSF.
const lzcnt = { feature: 'LZCNT', elseIgnored: true } as const;
const tzcnt = { feature: 'BMI1', elseIgnored: true } as const;

// biome-ignore format: table
export const shift: readonly Form[] = [
  ...shifts('ROL', 0, rotate(true)),
  ...shifts('ROR', 1, rotate(false)),
  ...shifts('RCL', 2, rotateCarry(true)),
  ...shifts('RCR', 3, rotateCarry(false)),
  ...shifts('SHL', 4, shl),
  ...shifts('SAL', 4, shl),
  // /6 is an undocumented twin of /4.
  ...shifts('SHL', 6, shl, { decodeOnly: true }),
  ...shifts('SHR', 5, shr),
  ...shifts('SAR', 7, sar),

  // SHLD and SHRD, which Go spells as shifts with three operands.
  form('SHLW', '66 0F A4 /r ib',    [k.rm16, k.r16, k.uimm8], double(true),  { modifies: true }),
  form('SHLW', '66 0F A5 /r',       [k.rm16, k.r16, k.CL],    double(true),  { modifies: true }),
  form('SHLL', '0F A4 /r ib',       [k.rm32, k.r32, k.uimm8], double(true),  { modifies: true }),
  form('SHLL', '0F A5 /r',          [k.rm32, k.r32, k.CL],    double(true),  { modifies: true }),
  form('SHLQ', 'REX.W 0F A4 /r ib', [k.rm64, k.r64, k.uimm8], double(true),  { modifies: true }),
  form('SHLQ', 'REX.W 0F A5 /r',    [k.rm64, k.r64, k.CL],    double(true),  { modifies: true }),
  form('SHRW', '66 0F AC /r ib',    [k.rm16, k.r16, k.uimm8], double(false), { modifies: true }),
  form('SHRW', '66 0F AD /r',       [k.rm16, k.r16, k.CL],    double(false), { modifies: true }),
  form('SHRL', '0F AC /r ib',       [k.rm32, k.r32, k.uimm8], double(false), { modifies: true }),
  form('SHRL', '0F AD /r',          [k.rm32, k.r32, k.CL],    double(false), { modifies: true }),
  form('SHRQ', 'REX.W 0F AC /r ib', [k.rm64, k.r64, k.uimm8], double(false), { modifies: true }),
  form('SHRQ', 'REX.W 0F AD /r',    [k.rm64, k.r64, k.CL],    double(false), { modifies: true }),

  ...bits('BT',  4, 'A3', bitTest('none'),       {}),
  ...bits('BTS', 5, 'AB', bitTest('set'),        lock),
  ...bits('BTR', 6, 'B3', bitTest('reset'),      lock),
  ...bits('BTC', 7, 'BB', bitTest('complement'), lock),

  form('BSFW',    '66 0F BC /r',       [k.r16, k.rm16], scan(true)),
  form('BSFL',    '0F BC /r',          [k.r32, k.rm32], scan(true)),
  form('BSFQ',    'REX.W 0F BC /r',    [k.r64, k.rm64], scan(true)),
  form('BSRW',    '66 0F BD /r',       [k.r16, k.rm16], scan(false)),
  form('BSRL',    '0F BD /r',          [k.r32, k.rm32], scan(false)),
  form('BSRQ',    'REX.W 0F BD /r',    [k.r64, k.rm64], scan(false)),
  form('LZCNTW',  '66 F3 0F BD /r',    [k.r16, k.rm16], count(true),  lzcnt),
  form('LZCNTL',  'F3 0F BD /r',       [k.r32, k.rm32], count(true),  lzcnt),
  form('LZCNTQ',  'F3 REX.W 0F BD /r', [k.r64, k.rm64], count(true),  lzcnt),
  form('TZCNTW',  '66 F3 0F BC /r',    [k.r16, k.rm16], count(false), tzcnt),
  form('TZCNTL',  'F3 0F BC /r',       [k.r32, k.rm32], count(false), tzcnt),
  form('TZCNTQ',  'F3 REX.W 0F BC /r', [k.r64, k.rm64], count(false), tzcnt),
  ...requires('POPCNT', [
    form('POPCNTW', '66 F3 0F B8 /r',    [k.r16, k.rm16], popcnt),
    form('POPCNTL', 'F3 0F B8 /r',       [k.r32, k.rm32], popcnt),
    form('POPCNTQ', 'F3 REX.W 0F B8 /r', [k.r64, k.rm64], popcnt),
  ]),
];
