/**
 * The x87: SDM vol. 1, 5.2 and chapter 8. Go's letters say what is in memory: D and F reals of 64 and 32 bits, X of 80;
 * V, L and W integers of 64, 32 and 16; B packed decimals. A P at the end pops. Without a Go spelling rows have Intel's.
 */
import { conditions } from '../condition.ts';
import { type Form, form, type Traits } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning } from '../ops.ts';
import * as a from '../x87/arithmetic.ts';
import { compare, examine } from '../x87/compare.ts';
import { constants } from '../x87/constants.ts';
import * as c from '../x87/control.ts';
import * as to from '../x87/convert.ts';
import * as e from '../x87/elementary.ts';
import * as m from '../x87/meanings.ts';
import { double, extended, integer, type Operand, single } from '../x87/operand.ts';
import { FSW } from '../x87/status.ts';

const { ST0, ST1, sti } = k;
/** Environments and whole states, by the width of their fields. */
const [m14byte, m28byte, m94byte, m108byte] = [k.m16, k.m32, k.m16, k.m32];

const intel: Traits = { decodeOnly: true };
const sse3: Traits = { decodeOnly: true, feature: 'SSE3' };

/** An operation by what its second operand is. */
type Combined = (read: (bits: bigint) => Operand) => a.Binary;

/** `turned`: the digit of the register forms whose destination is ST(i): FSUB and FSUBR change places there. */
function arithmetic(name: string, digit: number, turned: number, f: Combined): Form[] {
  // biome-ignore format: table
  return [
    form(`${name}D`,  `DC /${digit}`,  [ST0, k.m64], m.arithmetic(f(double))),
    form(`${name}D`,  `D8 /${digit}`,  [ST0, sti],   m.arithmetic(f(extended))),
    form(`${name}D`,  `DC /${turned}`, [sti, ST0],   m.arithmetic(f(extended))),
    form(`${name}DP`, `DE /${turned}`, [sti, ST0],   m.arithmetic(f(extended), 1)),
    form(`${name}F`,  `D8 /${digit}`,  [ST0, k.m32], m.arithmetic(f(single))),
    form(`${name}L`,  `DA /${digit}`,  [ST0, k.m32], m.arithmetic(f(integer(32)))),
    form(`${name}W`,  `DE /${digit}`,  [ST0, k.m16], m.arithmetic(f(integer(16)))),
  ];
}

/** `p`: '' or 'P', with the digit of that. */
function comparison(p: '' | 'P', digit: 2 | 3): Form[] {
  const against = (read: (bits: bigint) => Operand): Meaning => m.compare(compare(read, false), p ? 1 : 0);
  // biome-ignore format: table
  return [
    form(`FCOMD${p}`, `DC /${digit}`, [ST0, k.m64], against(double)),
    form(`FCOMD${p}`, `D8 /${digit}`, [ST0, sti],   against(extended)),
    form(`FCOMD${p}`, `DC /${digit}`, [sti, ST0],   m.turned(against(extended))),
    form(`FCOMF${p}`, `D8 /${digit}`, [ST0, k.m32], against(single)),
    form(`FCOML${p}`, `DA /${digit}`, [ST0, k.m32], against(integer(32))),
    form(`FCOMW${p}`, `DE /${digit}`, [ST0, k.m16], against(integer(16))),
  ];
}

/** Moves when the flags say so; each under the names that Go has for it. `condition`: a name in condition.ts. */
function moveIf(names: readonly string[], encoding: string, condition: string): Form[] {
  const { holds } = conditions.find(({ name }) => name === condition)!;
  return names.map((name) => form(name, encoding, [ST0, sti], c.moveIf(holds)));
}

const loadOnly = (f: a.Unary): Meaning => {
  const load = m.load(f);
  return (o, src) => load(o, src, src);
};
const ordered = compare(extended, false);
const quietly = compare(extended, true);
/** What FSIN and its like define. */
const RANGE = FSW.C1 | FSW.C2;

// biome-ignore format: table
export const x87: readonly Form[] = [
  form('FMOVD',   'DD /0',    [ST0, k.m64], m.load(to.loadDouble)),
  form('FMOVD',   'DD /2',    [k.m64, ST0], m.store(to.storeDouble, 0)),
  form('FMOVD',   'D9 /0',    [ST0, sti],   m.loadBits),
  form('FMOVD',   'DD /2',    [sti, ST0],   m.storeBits(0)),
  form('FMOVDP',  'DD /3',    [k.m64, ST0], m.store(to.storeDouble, 1)),
  form('FMOVDP',  'DD /3',    [sti, ST0],   m.storeBits(1)),
  form('FMOVF',   'D9 /0',    [ST0, k.m32], m.load(to.loadSingle)),
  form('FMOVF',   'D9 /2',    [k.m32, ST0], m.store(to.storeSingle, 0)),
  form('FMOVFP',  'D9 /3',    [k.m32, ST0], m.store(to.storeSingle, 1)),
  form('FMOVX',   'DB /5',    [ST0, k.m80], m.loadBits),
  form('FMOVXP',  'DB /7',    [k.m80, ST0], m.storeBits(1)),
  form('FMOVV',   'DF /5',    [ST0, k.m64], m.load(to.loadInteger[64])),
  form('FMOVVP',  'DF /7',    [k.m64, ST0], m.store(to.storeInteger[64], 1)),
  form('FMOVL',   'DB /0',    [ST0, k.m32], m.load(to.loadInteger[32])),
  form('FMOVL',   'DB /2',    [k.m32, ST0], m.store(to.storeInteger[32], 0)),
  form('FMOVLP',  'DB /3',    [k.m32, ST0], m.store(to.storeInteger[32], 1)),
  form('FMOVW',   'DF /0',    [ST0, k.m16], m.load(to.loadInteger[16])),
  form('FMOVW',   'DF /2',    [k.m16, ST0], m.store(to.storeInteger[16], 0)),
  form('FMOVWP',  'DF /3',    [k.m16, ST0], m.store(to.storeInteger[16], 1)),
  form('FMOVB',   'DF /4',    [ST0, k.m80], m.load(to.loadDecimal)),
  form('FBLD',    'DF /4',    [k.m80],      loadOnly(to.loadDecimal)),
  form('FMOVBP',  'DF /6',    [k.m80, ST0], m.store(to.storeDecimal, 1)),
  form('FBSTP',   'DF /6',    [k.m80],      m.store(to.storeDecimal, 1)),
  form('FISTTP',  'DD /1',    [k.m64, ST0], m.store(to.truncateInteger[64], 1), sse3),
  form('FISTTP',  'DB /1',    [k.m32, ST0], m.store(to.truncateInteger[32], 1), sse3),
  form('FISTTP',  'DF /1',    [k.m16, ST0], m.store(to.truncateInteger[16], 1), sse3),
  form('FXCHD',   'D9 /1',    [sti, ST0],   m.turned(c.exchange)),
  form('FXCHD',   'D9 /1',    [ST0, sti],   c.exchange),

  ...moveIf(['FCMOVB', 'FCMOVCS'],             'DA /0', 'CS'),
  ...moveIf(['FCMOVE', 'FCMOVEQ'],             'DA /1', 'EQ'),
  ...moveIf(['FCMOVBE', 'FCMOVLS'],            'DA /2', 'LS'),
  ...moveIf(['FCMOVU', 'FCMOVUN'],             'DA /3', 'PS'),
  ...moveIf(['FCMOVNB', 'FCMOVCC'],            'DB /0', 'CC'),
  ...moveIf(['FCMOVNE'],                       'DB /1', 'NE'),
  ...moveIf(['FCMOVNBE', 'FCMOVHI'],           'DB /2', 'HI'),
  ...moveIf(['FCMOVNU'],                       'DB /3', 'PC'),

  form('FLD1',    'D9 E8',    [],           m.loadConstant(constants.one)),
  form('FLDL2T',  'D9 E9',    [],           m.loadConstant(constants.log2of10)),
  form('FLDL2E',  'D9 EA',    [],           m.loadConstant(constants.log2ofE)),
  form('FLDPI',   'D9 EB',    [],           m.loadConstant(constants.pi)),
  form('FLDLG2',  'D9 EC',    [],           m.loadConstant(constants.log10of2)),
  form('FLDLN2',  'D9 ED',    [],           m.loadConstant(constants.lnOf2)),
  form('FLDZ',    'D9 EE',    [],           m.loadConstant(constants.zero)),

  ...arithmetic('FADD',  0, 0, a.add),
  ...arithmetic('FMUL',  1, 1, a.multiply),
  ...arithmetic('FSUB',  4, 5, a.subtract),
  ...arithmetic('FSUBR', 5, 4, a.subtractFrom),
  ...arithmetic('FDIV',  6, 7, a.divide),
  ...arithmetic('FDIVR', 7, 6, a.divideInto),

  form('FCHS',    'D9 E0',    [],           m.bits((o, sign, v) => o.xor(v, sign))),
  form('FABS',    'D9 E1',    [],           m.bits((o, sign, v) => o.and(v, o.not(sign, 80)))),
  form('FSQRT',   'D9 FA',    [],           m.unary(a.squareRoot)),
  form('FRNDINT', 'D9 FC',    [],           m.unary(a.roundToInteger)),
  form('FSCALE',  'D9 FD',    [],           m.binary(a.scale)),
  form('FPREM',   'D9 F8',    [],           m.remainder(a.remainderTruncated)),
  form('FPREM1',  'D9 F5',    [],           m.remainder(a.remainderNearest)),
  form('FXTRACT', 'D9 F4',    [],           m.two(a.exponentOf, a.significandOf)),

  ...comparison('', 2),
  ...comparison('P', 3),
  form('FCOMDPP', 'DE D9',    [ST1, ST0],   m.turned(m.compare(ordered, 2))),
  form('FUCOM',   'DD /4',    [sti, ST0],   m.turned(m.compare(quietly, 0))),
  form('FUCOMP',  'DD /5',    [sti, ST0],   m.turned(m.compare(quietly, 1))),
  form('FUCOMPP', 'DA E9',    [ST1, ST0],   m.turned(m.compare(quietly, 2))),
  form('FCOMI',   'DB /6',    [ST0, sti],   m.compareFlags(ordered, 0)),
  form('FCOMIP',  'DF /6',    [ST0, sti],   m.compareFlags(ordered, 1)),
  form('FUCOMI',  'DB /5',    [sti, ST0],   m.turned(m.compareFlags(quietly, 0))),
  form('FUCOMIP', 'DF /5',    [sti, ST0],   m.turned(m.compareFlags(quietly, 1))),
  form('FTST',    'D9 E4',    [],           m.compareZero(ordered)),
  form('FXAM',    'D9 E5',    [],           m.classify(examine)),

  form('F2XM1',   'D9 F0',    [],           m.unary(e.powerOfTwoLess1)),
  form('FYL2X',   'D9 F1',    [],           m.binaryPop(e.logarithm)),
  form('FYL2XP1', 'D9 F9',    [],           m.binaryPop(e.logarithmOf1Plus)),
  form('FPATAN',  'D9 F3',    [],           m.binaryPop(e.arctangent)),
  form('FPTAN',   'D9 F2',    [],           m.two(e.tangent, e.oneBeside, RANGE)),
  form('FSIN',    'D9 FE',    [],           m.unary(e.sine, RANGE)),
  form('FCOS',    'D9 FF',    [],           m.unary(e.cosine, RANGE)),
  form('FSINCOS', 'D9 FB',    [],           m.two(e.sine, e.cosine, RANGE)),

  form('FDECSTP', 'D9 F6',    [],           c.turnStack(-1)),
  form('FINCSTP', 'D9 F7',    [],           c.turnStack(1)),
  form('FFREE',   'DD /0',    [sti],        c.free(0), intel),
  form('FFREEP',  'DF /0',    [sti],        c.free(1), intel),
  form('FNOP',    'D9 D0',    [],           c.nothing),
  form('WAIT',    '9B',       [],           c.wait),

  // The FN… ones of Intel's pairs: Go leaves the WAIT to whoever wants it.
  form('FINIT',   'DB E3',    [],           c.initialize),
  form('FCLEX',   'DB E2',    [],           c.clearExceptions),
  form('FLDCW',   'D9 /5',    [k.m16],      c.loadControl),
  form('FSTCW',   'D9 /7',    [k.m16],      c.storeControl),
  form('FSTSW',   'DD /7',    [k.m16],      c.storeStatus),
  form('FSTSW',   'DF E0',    [k.AX],       c.storeStatus),
  // Go's assembler knows the name and cannot encode it.
  form('FLDENV',  'D9 /4',    [m28byte],    c.loadEnvironment(28), intel),
  form('FSTENV',  'D9 /6',    [m28byte],    c.storeEnvironment(28)),
  form('FRSTOR',  'DD /4',    [m108byte],   c.restore(28)),
  form('FSAVE',   'DD /6',    [m108byte],   c.save(28)),
  form('FLDENV',  '66 D9 /4', [m14byte],    c.loadEnvironment(14),  intel),
  form('FSTENV',  '66 D9 /6', [m14byte],    c.storeEnvironment(14), intel),
  form('FRSTOR',  '66 DD /4', [m94byte],    c.restore(14),          intel),
  form('FSAVE',   '66 DD /6', [m94byte],    c.save(14),             intel),

  // Opcodes that the manual leaves out and processors have: the 8087's and 80287's own, which do nothing any more, and
  // second encodings of others.
  form('FNENI',   'DB E0',    [],           c.ignored, intel),
  form('FNDISI',  'DB E1',    [],           c.ignored, intel),
  form('FNSETPM', 'DB E4',    [],           c.ignored, intel),
  form('FXCHD',   'DD /1',    [sti, ST0],   m.turned(c.exchange), intel),
  form('FXCHD',   'DF /1',    [sti, ST0],   m.turned(c.exchange), intel),
  form('FSTPNCE', 'D9 /3',    [sti, ST0],   m.storeUnlessEmpty, intel),
  form('FMOVDP',  'DF /2',    [sti, ST0],   m.storeBits(1), intel),
  form('FMOVDP',  'DF /3',    [sti, ST0],   m.storeBits(1), intel),
  form('FCOMDP',  'DE /2',    [sti, ST0],   m.turned(m.compare(ordered, 1)), intel),
];
