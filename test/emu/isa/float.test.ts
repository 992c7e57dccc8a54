/** The soft-float against JavaScript's own arithmetic, and against what must hold of any rounding. */
import { describe, expect, test } from 'vitest';
import { reciprocal, reciprocalRoot } from '#emu/isa/float/approximate.ts';
import { floatToFloat, floatToInt, intToFloat, roundToIntegral } from '#emu/isa/float/convert.ts';
import { type Format, formats, packNan, unpack } from '#emu/isa/float/format.ts';
import { controlOf } from '#emu/isa/float/mxcsr.ts';
import { quickArithmetic, quickRelation, quickRoot } from '#emu/isa/float/quick.ts';
import { EXCEPTION, type Outcome, round } from '#emu/isa/float/round.ts';
import { type Arithmetic, arithmetic, fusedMultiplyAdd, relate, squareRoot } from '#emu/isa/float/sse.ts';
import { Random } from '#runtime/junk.ts';

const view = new DataView(new ArrayBuffer(8));
const doubleOf = (bits: bigint): number => {
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
};
const bitsOfDouble = (v: number): bigint => {
  view.setFloat64(0, v);
  return view.getBigUint64(0);
};
const singleOf = (bits: bigint): number => {
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
};
const bitsOfSingle = (v: number): bigint => {
  view.setFloat32(0, v);
  return BigInt(view.getUint32(0));
};

const random = new Random(754n);
/** Half of them any bit pattern; half with exponents near each other, and few bits, so that sums are not all trivial. */
function pattern(f: Format): bigint {
  const any = BigInt.asUintN(f.bits, random.next());
  if (any & 1n) return any;
  const fraction = BigInt(f.precision - 1);
  const kept = ((1n << fraction) - 1n) << (any & 31n);
  const exponent = BigInt(f.most) - 4n + ((any >> 5n) & 7n);
  return (any & (1n << BigInt(f.bits - 1))) | (exponent << fraction) | (random.next() & kept & ((1n << fraction) - 1n));
}

/** As expect(got).toBe(expected), which is too slow to be called this often. */
function agree(got: unknown, expected: unknown, ...operands: bigint[]): void {
  if (got !== expected) expect({ operands, got }).toEqual({ operands, got: expected });
}

const DEFAULT = controlOf(0x1f80);
const COUNT = 10_000;

const operations: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};
// Rounding a double's sum, product, quotient or root to a single once more never changes it: 53 ≥ 2 · 24 + 2.
const kinds = [
  { f: formats[64], number: doubleOf, bits: bitsOfDouble },
  { f: formats[32], number: singleOf, bits: (v: number) => bitsOfSingle(Math.fround(v)) },
];

/** All NaNs are one here: JavaScript does not say which it makes. */
function sameNumber(f: Format, got: bigint, expected: bigint, value: number): boolean {
  return Number.isNaN(value) ? unpack(f, got).kind === 'quiet' : got === expected;
}

describe.each(kinds)('$f.bits bits', ({ f, number, bits }) => {
  test.each(Object.entries(operations))('%s rounds as JavaScript does', (op, own) => {
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [pattern(f), pattern(f)];
      const expected = own(number(a), number(b));
      const got = arithmetic(op as Arithmetic, f, a, b, DEFAULT).bits;
      if (!sameNumber(f, got, bits(expected), expected)) agree(got, bits(expected), a, b);
    }
  });

  test('sqrt rounds as JavaScript does', () => {
    for (let i = 0; i < COUNT; i++) {
      const a = pattern(f);
      const expected = Math.sqrt(number(a));
      const got = squareRoot(f, a, DEFAULT).bits;
      if (!sameNumber(f, got, bits(expected), expected)) agree(got, bits(expected), a);
    }
  });

  test('one rounding lies between the others, a step apart when the result is inexact', () => {
    const inDirection = (rc: number, a: bigint, b: bigint, c: bigint): Outcome =>
      fusedMultiplyAdd(f, [a, b, c], { negateProduct: false, negateAddend: false }, controlOf(0x1f80 | (rc << 13)));
    let inexact = 0;
    for (let i = 0; i < COUNT / 10; i++) {
      const [a, b, c] = [pattern(f), pattern(f), pattern(f)];
      const [nearest, down, up, zero] = [0, 1, 2, 3].map((rc) => inDirection(rc, a, b, c)) as [
        Outcome,
        Outcome,
        Outcome,
        Outcome,
      ];
      const exact = !(nearest.exceptions & EXCEPTION.precision);
      const negative = down.bits >> BigInt(f.bits - 1) === 1n;
      if (!exact) {
        inexact++;
        // As integers, bit patterns of one sign are in the order of their magnitudes.
        agree(negative ? down.bits - 1n : down.bits + 1n, up.bits, a, b, c);
        agree(nearest.bits === down.bits || nearest.bits === up.bits, true, a, b, c);
        agree(zero.bits, negative ? up.bits : down.bits, a, b, c);
      } else if (number(nearest.bits) !== 0) {
        for (const other of [down, up, zero]) agree(other.bits, nearest.bits, a, b, c);
      }
    }
    expect(inexact).toBeGreaterThan(COUNT / 40);
  });

  test('whole numbers', () => {
    const limit = 2 ** 63;
    for (let i = 0; i < COUNT; i++) {
      const a = pattern(f);
      const v = Math.trunc(number(a));
      const fits = v >= -limit && v < limit;
      agree(floatToInt(f, a, 64, 'zero', DEFAULT).bits, fits ? BigInt.asUintN(64, BigInt(v)) : 1n << 63n, a);
      const n = BigInt.asIntN(64, a << (random.next() & 31n));
      const narrowed = Number(BigInt.asIntN(32, n));
      agree(intToFloat(32, BigInt.asUintN(32, n), f, DEFAULT).bits, bits(narrowed), n);
      if (f.bits === 64) agree(intToFloat(64, n, f, DEFAULT).bits, bits(Number(n)), n);
      if (Number.isFinite(number(a))) {
        agree(roundToIntegral(f, a, 'down', true, DEFAULT).bits, bits(Math.floor(number(a))), a);
        agree(roundToIntegral(f, a, 'up', true, DEFAULT).bits, bits(Math.ceil(number(a))), a);
      }
    }
  });
});

describe.each([formats[64], formats[32]])('the quick way agrees with the exact one, flags too: $bits bits', (f) => {
  /** At the ends of what the quick way takes, and of the format. */
  const edges = f.bits === 64 ? [-401, -399, 398, 400, 200, -200] : [-126, -125, -124, 126, 127, 63, -62, -63];
  const edge = (): bigint => {
    const exponent = BigInt(edges[Number(random.next() % BigInt(edges.length))]! + f.most);
    const fraction = BigInt(f.precision - 1);
    const kept = ((1n << fraction) - 1n) << (random.next() & 31n);
    const sign = (random.next() & 1n) << BigInt(f.bits - 1);
    return sign | (exponent << fraction) | (random.next() & kept & ((1n << fraction) - 1n));
  };
  const operand = (i: number): bigint =>
    i % 16 === 0 ? BigInt(i & 16) << BigInt(f.bits - 5) : i & 1 ? edge() : pattern(f);

  test.each(Object.keys(operations) as Arithmetic[])('%s', (op) => {
    let taken = 0;
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [operand(i), operand(i >> 1)];
      const quick = quickArithmetic(op, f, a, b);
      if (!quick) continue;
      taken++;
      const exact = arithmetic(op, f, a, b, DEFAULT);
      agree(quick.bits, exact.bits, a, b);
      agree(quick.exceptions, exact.exceptions, a, b);
    }
    expect(taken).toBeGreaterThan(COUNT / 4);
  });

  test('sqrt and comparisons', () => {
    let taken = 0;
    for (let i = 0; i < COUNT; i++) {
      const [a, b] = [operand(i), operand(i >> 1)];
      const [quick, exact] = [quickRoot(f, a), squareRoot(f, a, DEFAULT)];
      if (quick) agree(quick.bits, exact.bits, a);
      if (quick) agree(quick.exceptions, exact.exceptions, a);
      const relation = quickRelation(f, a, b);
      if (relation) agree(relation, relate(f, a, b, true, DEFAULT).relation, a, b);
      if (relation && quick) taken++;
    }
    expect(taken).toBeGreaterThan(COUNT / 8);
  });
});

describe('formats', () => {
  test('double to single is Math.fround', () => {
    for (let i = 0; i < COUNT; i++) {
      const a = i & 1 ? pattern(formats[64]) : bitsOfDouble(singleOf(pattern(formats[32])) * (1 + 2 ** -25 * (i % 5)));
      const v = doubleOf(a);
      if (Number.isNaN(v)) continue;
      agree(floatToFloat(formats[64], a, formats[32], undefined, DEFAULT).bits, bitsOfSingle(Math.fround(v)), a);
    }
  });

  test('every half survives the way to a single, a double and an extended number and back', () => {
    for (let bits = 0n; bits < 0x1_0000n; bits++) {
      const half = unpack(formats[16], bits);
      const quieted = half.kind === 'signalling' ? bits | 0x200n : bits;
      for (const f of [formats[32], formats[64]]) {
        const wide = floatToFloat(formats[16], bits, f, undefined, DEFAULT).bits;
        agree(floatToFloat(f, wide, formats[16], undefined, DEFAULT).bits, quieted, bits);
      }
      if (Number.isNaN(half.exponent)) {
        const wide = unpack(formats[80], packNan(formats[80], half, formats[16]));
        agree(packNan(formats[16], wide, formats[80]), quieted, bits);
      } else {
        const wide = unpack(formats[80], round(half, formats[80], DEFAULT).bits);
        agree(round(wide, formats[16], DEFAULT).bits, bits, bits);
      }
    }
  });

  test('halves of known value', () => {
    const value = (bits: bigint): number =>
      singleOf(floatToFloat(formats[16], bits, formats[32], undefined, DEFAULT).bits);
    // biome-ignore format: table
    expect([0x3c00n, 0xc000n, 0x7bffn, 0x0001n, 0x0400n, 0x3555n].map(value))
      .toEqual([1, -2, 65504, 2 ** -24, 2 ** -14, 1365 / 4096]);
  });

  test('precision control cuts an extended result to 24 or 53 bits, and keeps its exponents', () => {
    const third = { sign: 0, significand: (1n << 200n) / 3n, exponent: -200 } as const;
    for (const precision of [24, 53, 64]) {
      const { bits, roundedUp } = round(third, formats[80], { ...DEFAULT, precision });
      const { significand, exponent } = unpack(formats[80], bits);
      expect(exponent).toBe(-65);
      expect(significand & ((1n << BigInt(64 - precision)) - 1n)).toBe(0n);
      const error = significand * 3n - (1n << 65n);
      expect(error > 0n).toBe(roundedUp);
      expect(2n * (error < 0n ? -error : error) <= 3n << BigInt(64 - precision)).toBe(true);
    }
    const tiny = { sign: 0, significand: 1n, exponent: -16_400 } as const;
    expect(round(tiny, formats[80], DEFAULT)).toMatchObject({ bits: 1n << 45n, exceptions: 0 });
    const unmasked = { ...DEFAULT, unmasked: EXCEPTION.underflow | EXCEPTION.overflow };
    expect(round(tiny, formats[80], unmasked)).toEqual({
      bits: (BigInt(-16_400 + 24_576 + 16_383) << 64n) | (1n << 63n),
      exceptions: EXCEPTION.underflow,
      roundedUp: false,
    });
  });
});

describe('approximations keep to a relative error of 1.5 · 2^−12', () => {
  // They are constant over spans of 2^11 patterns: the error is greatest at either end of one.
  const ends = Array.from({ length: 2 << 12 }, (_, i) => 0x3f80_0000n + BigInt(i << 11)).flatMap((x) => [
    x,
    x + 0x7ffn,
  ]);
  test.each([
    ['reciprocal', reciprocal, (x: number) => 1 / x],
    ['reciprocalRoot', reciprocalRoot, (x: number) => 1 / Math.sqrt(x)],
  ] as const)('%s', (_, approximate, exact) => {
    const worst = Math.max(...ends.map((x) => Math.abs(singleOf(approximate(x)) / exact(singleOf(x)) - 1)));
    expect(worst * 2 ** 12).toBeLessThan(1.5);
    expect(worst * 2 ** 12).toBeGreaterThan(0.5);
  });
});
