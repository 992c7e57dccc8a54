/** Binary arithmetic and the logic that shares its encodings. SDM vol. 1, 5.1.2 and 5.1.4. */
import { flagsOfAdd, flagsOfLogic, flagsOfResult, flagsOfSub } from '../flags.ts';
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';

// dst ← dst + src
const add: Meaning = (o, dst: Place, src: Place) => {
  const a = o.get(dst);
  const b = o.get(src);
  const sum = o.let(o.add(a, b, dst.w));
  o.put(dst, sum);
  flagsOfAdd(o, a, b, sum, dst.w);
  o.setFlag('CF', o.below(sum, a));
};

// dst ← dst + src + CF
const adc: Meaning = (o, dst: Place, src: Place) => {
  const a = o.get(dst);
  const b = o.get(src);
  const part = o.let(o.add(a, b, dst.w));
  const sum = o.let(o.add(part, o.flag('CF'), dst.w));
  o.put(dst, sum);
  flagsOfAdd(o, a, b, sum, dst.w);
  // At most one of the two additions can carry.
  o.setFlag('CF', o.or(o.below(part, a), o.below(sum, part)));
};

function subtract<V>(o: Ops<V>, a: V, b: V, w: Width): V {
  const difference = o.let(o.sub(a, b, w));
  flagsOfSub(o, a, b, difference, w);
  o.setFlag('CF', o.below(a, b));
  return difference;
}

// dst ← dst − src
const sub: Meaning = (o, dst: Place, src: Place) => o.put(dst, subtract(o, o.get(dst), o.get(src), dst.w));
const cmp: Meaning = (o, left: Place, right: Place) => {
  subtract(o, o.get(left), o.get(right), left.w);
};

// dst ← dst − src − CF
const sbb: Meaning = (o, dst: Place, src: Place) => {
  const a = o.get(dst);
  const b = o.get(src);
  const borrow = o.flag('CF');
  const part = o.let(o.sub(a, b, dst.w));
  const difference = o.let(o.sub(part, borrow, dst.w));
  o.put(dst, difference);
  flagsOfSub(o, a, b, difference, dst.w);
  o.setFlag('CF', o.or(o.below(a, b), o.below(part, borrow)));
};

const logic =
  (op: <V>(o: Ops<V>, a: V, b: V) => V): Meaning =>
  (o, dst: Place, src: Place) => {
    const result = o.let(op(o, o.get(dst), o.get(src)));
    o.put(dst, result);
    flagsOfLogic(o, result, dst.w);
  };
const and = logic((o, a, b) => o.and(a, b));
const or = logic((o, a, b) => o.or(a, b));
const xor = logic((o, a, b) => o.xor(a, b));
const test: Meaning = (o, a: Place, b: Place) => flagsOfLogic(o, o.let(o.and(o.get(a), o.get(b))), a.w);

const not: Meaning = (o, dst: Place) => o.put(dst, o.not(o.get(dst), dst.w));

// dst ← 0 − dst; CF tells whether there was anything to negate
const neg: Meaning = (o, dst: Place) => o.put(dst, subtract(o, o.const(0n), o.get(dst), dst.w));

/** ADCX and ADOX: two carry chains side by side, each in a flag of its own; no other flag changes. */
const addChain =
  (carry: 'CF' | 'OF'): Meaning =>
  (o, dst: Place, src: Place) => {
    const a = o.get(dst);
    const b = o.get(src);
    const part = o.let(o.add(a, b, dst.w));
    const sum = o.let(o.add(part, o.flag(carry), dst.w));
    o.put(dst, sum);
    o.setFlag(carry, o.or(o.below(part, a), o.below(sum, part)));
  };

// INC and DEC leave CF alone.
const inc: Meaning = (o, dst: Place) => {
  const a = o.get(dst);
  const one = o.const(1n);
  const sum = o.let(o.add(a, one, dst.w));
  o.put(dst, sum);
  flagsOfAdd(o, a, one, sum, dst.w);
};
const dec: Meaning = (o, dst: Place) => {
  const a = o.get(dst);
  const one = o.const(1n);
  const difference = o.let(o.sub(a, one, dst.w));
  o.put(dst, difference);
  flagsOfSub(o, a, one, difference, dst.w);
};

/** CF and OF: does the high half carry information? The rest is undefined in the manual. */
function flagsOfMultiply<V>(o: Ops<V>, low: V, overflow: V, w: Width): void {
  flagsOfResult(o, low, w);
  o.setFlag('AF', o.const(0n));
  o.setFlag('CF', overflow);
  o.setFlag('OF', overflow);
  // Zen and Skylake differ on ZF; we keep it clear as Intel's do.
  o.setFlag('ZF', o.const(0n));
}

const isSignExtension = <V>(o: Ops<V>, low: V, high: V, w: Width): V =>
  o.isZero(o.xor(high, o.select(o.sign(low, w), o.not(o.const(0n), w), o.const(0n))));

// rDX:rAX ← rAX · src; for bytes AX ← AL · src
const multiply =
  (signed: boolean): Meaning =>
  (o, src: Place) => {
    const { w } = src;
    const product = o.multiply(o.get(gpr(0, w)), o.get(src), w, signed);
    const low = o.let(product.low);
    const high = o.let(product.high);
    if (w === 8) o.put(gpr(0, 16), o.or(low, o.shl(high, o.const(8n), 16)));
    else {
      o.put(gpr(0, w), low);
      o.put(gpr(2, w), high);
    }
    const fits = signed ? isSignExtension(o, low, high, w) : o.isZero(high);
    flagsOfMultiply(o, low, o.isZero(fits), w);
  };

// dst ← a · b, signed, cut to its width
function multiplyInto<V>(o: Ops<V>, dst: Place, a: Place, b: Place): void {
  const product = o.multiply(o.get(a), o.get(b), dst.w, true);
  const low = o.let(product.low);
  o.put(dst, low);
  flagsOfMultiply(o, low, o.isZero(isSignExtension(o, low, o.let(product.high), dst.w)), dst.w);
}
const imul2: Meaning = (o, dst: Place, src: Place) => multiplyInto(o, dst, dst, src);
const imul3: Meaning = (o, dst: Place, a: Place, b: Place) => multiplyInto(o, dst, a, b);

// rAX, rDX ← quotient, remainder of rDX:rAX ÷ src; for bytes AL, AH of AX. Flags are undefined; silicon keeps them.
const divide =
  (signed: boolean): Meaning =>
  (o, src: Place) => {
    const { w } = src;
    const by = o.get(src);
    if (w === 8) {
      const ax = o.get(gpr(0, 16));
      const { quotient, remainder } = o.divide(o.shr(ax, o.const(8n), 16), o.narrow(ax, 8), by, 8, signed);
      o.put(gpr(0, 16), o.or(quotient, o.shl(remainder, o.const(8n), 16)));
    } else {
      const { quotient, remainder } = o.divide(o.get(gpr(2, w)), o.get(gpr(0, w)), by, w, signed);
      o.put(gpr(0, w), quotient);
      o.put(gpr(2, w), remainder);
    }
  };

const lock = { lock: true } as const;
const go = { decodeOnly: true } as const;
const cmpOrder = { intelOrder: true } as const;
const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, '0');

/** The eight operations at 00, 08, … 38 share one layout: opcode base, and the /digit of their immediate forms. */
function family(name: string, base: number, meaning: Meaning, traits: { lock?: true; intelOrder?: true }): Form[] {
  const d = base >> 3;
  // biome-ignore format: table
  return [
    form(`${name}B`, `${hex(base + 4)} ib`,       [k.AL,   k.imm8],     meaning, traits),
    form(`${name}B`, `80 /${d} ib`,               [k.rm8,  k.imm8],     meaning, traits),
    form(`${name}B`, `${hex(base)} /r`,           [k.rm8,  k.r8],       meaning, traits),
    form(`${name}B`, `${hex(base + 2)} /r`,       [k.r8,   k.rm8],      meaning, traits),
    form(`${name}W`, `66 83 /${d} ib`,            [k.rm16, k.imm8s16],  meaning, traits),
    form(`${name}W`, `66 ${hex(base + 5)} iw`,    [k.AX,   k.imm16],    meaning, traits),
    form(`${name}W`, `66 81 /${d} iw`,            [k.rm16, k.imm16],    meaning, traits),
    form(`${name}W`, `66 ${hex(base + 1)} /r`,    [k.rm16, k.r16],      meaning, traits),
    form(`${name}W`, `66 ${hex(base + 3)} /r`,    [k.r16,  k.rm16],     meaning, traits),
    form(`${name}L`, `83 /${d} ib`,               [k.rm32, k.imm8s32],  meaning, traits),
    form(`${name}L`, `${hex(base + 5)} id`,       [k.EAX,  k.imm32],    meaning, traits),
    form(`${name}L`, `81 /${d} id`,               [k.rm32, k.imm32],    meaning, traits),
    form(`${name}L`, `${hex(base + 1)} /r`,       [k.rm32, k.r32],      meaning, traits),
    form(`${name}L`, `${hex(base + 3)} /r`,       [k.r32,  k.rm32],     meaning, traits),
    form(`${name}Q`, `REX.W 83 /${d} ib`,         [k.rm64, k.imm8s64],  meaning, traits),
    form(`${name}Q`, `REX.W ${hex(base + 5)} id`, [k.RAX,  k.bits32s64], meaning, traits),
    form(`${name}Q`, `REX.W 81 /${d} id`,         [k.rm64, k.bits32s64], meaning, traits),
    form(`${name}Q`, `REX.W ${hex(base + 1)} /r`, [k.rm64, k.r64],      meaning, traits),
    form(`${name}Q`, `REX.W ${hex(base + 3)} /r`, [k.r64,  k.rm64],     meaning, traits),
  ];
}

/** One operand, register or memory, at every width: F6 for bytes and F7 for the rest, or FE and FF. */
function unary(
  name: string,
  opcode: 0xf6 | 0xfe,
  digit: number,
  meaning: Meaning,
  traits: { lock?: true } = {},
): Form[] {
  const wide = hex(opcode + 1);
  // biome-ignore format: table
  return [
    form(`${name}B`, `${hex(opcode)} /${digit}`,  [k.rm8],  meaning, traits),
    form(`${name}W`, `66 ${wide} /${digit}`,      [k.rm16], meaning, traits),
    form(`${name}L`, `${wide} /${digit}`,         [k.rm32], meaning, traits),
    form(`${name}Q`, `REX.W ${wide} /${digit}`,   [k.rm64], meaning, traits),
  ];
}

// biome-ignore format: table
export const arithmetic: readonly Form[] = [
  ...family('ADD', 0x00, add, lock),
  ...family('OR',  0x08, or,  lock),
  ...family('ADC', 0x10, adc, lock),
  ...family('SBB', 0x18, sbb, lock),
  ...family('AND', 0x20, and, lock),
  ...family('SUB', 0x28, sub, lock),
  ...family('XOR', 0x30, xor, lock),
  ...family('CMP', 0x38, cmp, cmpOrder),

  ...unary('NOT',  0xf6, 2, not, lock),
  ...unary('NEG',  0xf6, 3, neg, lock),
  ...unary('MUL',  0xf6, 4, multiply(false)),
  ...unary('IMUL', 0xf6, 5, multiply(true)),
  ...unary('DIV',  0xf6, 6, divide(false)),
  ...unary('IDIV', 0xf6, 7, divide(true)),
  ...unary('INC',  0xfe, 0, inc, lock),
  ...unary('DEC',  0xfe, 1, dec, lock),

  ...requires('ADX', [
    form('ADCXL', '66 0F 38 F6 /r',       [k.r32, k.rm32], addChain('CF')),
    form('ADCXQ', '66 REX.W 0F 38 F6 /r', [k.r64, k.rm64], addChain('CF')),
    form('ADOXL', 'F3 0F 38 F6 /r',       [k.r32, k.rm32], addChain('OF')),
    form('ADOXQ', 'F3 REX.W 0F 38 F6 /r', [k.r64, k.rm64], addChain('OF')),
  ]),

  form('TESTB',  'A8 ib',           [k.AL,   k.imm8],     test),
  form('TESTB',  'F6 /0 ib',        [k.rm8,  k.imm8],     test),
  form('TESTB',  '84 /r',           [k.rm8,  k.r8],       test),
  form('TESTB',  '84 /r',           [k.r8,   k.rm8],      test),
  form('TESTW',  '66 A9 iw',        [k.AX,   k.imm16],    test),
  form('TESTW',  '66 F7 /0 iw',     [k.rm16, k.imm16],    test),
  form('TESTW',  '66 85 /r',        [k.rm16, k.r16],      test),
  form('TESTW',  '66 85 /r',        [k.r16,  k.rm16],     test),
  form('TESTL',  'A9 id',           [k.EAX,  k.imm32],    test),
  form('TESTL',  'F7 /0 id',        [k.rm32, k.imm32],    test),
  form('TESTL',  '85 /r',           [k.rm32, k.r32],      test),
  form('TESTL',  '85 /r',           [k.r32,  k.rm32],     test),
  form('TESTQ',  'REX.W A9 id',     [k.RAX,  k.bits32s64], test),
  form('TESTQ',  'REX.W F7 /0 id',  [k.rm64, k.bits32s64], test),
  form('TESTQ',  'REX.W 85 /r',     [k.rm64, k.r64],      test),
  form('TESTQ',  'REX.W 85 /r',     [k.r64,  k.rm64],     test),

  // /1 is an undocumented twin of /0.
  form('TESTB',  'F6 /1 ib',        [k.rm8,  k.imm8],     test, go),
  form('TESTW',  '66 F7 /1 iw',     [k.rm16, k.imm16],    test, go),
  form('TESTL',  'F7 /1 id',        [k.rm32, k.imm32],    test, go),
  form('TESTQ',  'REX.W F7 /1 id',  [k.rm64, k.imm32s64], test, go),

  form('IMUL3W', '66 6B /r ib',     [k.r16, k.rm16, k.imm8s16],  imul3),
  form('IMUL3W', '66 69 /r iw',     [k.r16, k.rm16, k.imm16],    imul3),
  form('IMUL3L', '6B /r ib',        [k.r32, k.rm32, k.imm8s32],  imul3),
  form('IMUL3L', '69 /r id',        [k.r32, k.rm32, k.imm32],    imul3),
  form('IMUL3Q', 'REX.W 6B /r ib',  [k.r64, k.rm64, k.imm8s64],  imul3),
  form('IMUL3Q', 'REX.W 69 /r id',  [k.r64, k.rm64, k.imm32s64], imul3),
  form('IMULW',  '66 6B /r ib',     [k.twice16, k.imm8s16],      imul2),
  form('IMULW',  '66 69 /r iw',     [k.twice16, k.imm16],        imul2),
  form('IMULW',  '66 0F AF /r',     [k.r16, k.rm16],             imul2),
  form('IMULL',  '6B /r ib',        [k.twice32, k.imm8s32],      imul2),
  form('IMULL',  '69 /r id',        [k.twice32, k.imm32],        imul2),
  form('IMULL',  '0F AF /r',        [k.r32, k.rm32],             imul2),
  form('IMULQ',  'REX.W 6B /r ib',  [k.twice64, k.imm8s64],      imul2),
  form('IMULQ',  'REX.W 69 /r id',  [k.twice64, k.bits32s64],    imul2),
  form('IMULQ',  'REX.W 0F AF /r',  [k.r64, k.rm64],             imul2),
];
