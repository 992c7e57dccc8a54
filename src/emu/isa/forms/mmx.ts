/**
 * MMX and its later additions, on the low 64 bits of the x87's registers. SDM vol. 1, 5.4, 5.5.2, 5.6.3, 5.8, 9.
 *
 * They are the SSE instructions with 64 bits where those have 128: the same functions, on the low half of a vector. Go
 * spells the oldest of them, and of the others the SSE forms only.
 */
import { type Form, form, type Traits } from '../form.ts';
import * as l from '../lanes.ts';
import * as k from '../operand.ts';
import type { Meaning } from '../ops.ts';
import { type Binary, immediate, type Unary, widened, zero } from '../packed.ts';
import type { Place } from '../place.ts';
import * as s from '../shuffles.ts';

/** Not spelled by Go. */
const unspelled: Traits = { decodeOnly: true };
const ssse3: Traits = { decodeOnly: true, feature: 'SSSE3' };

const unary =
  (f: Unary): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) => {
    o.enterMmx();
    o.put(dst, o.half(f(o, o.let(widened(o, src)), immediate(imm)), 0));
  };
const binary =
  (f: Binary): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) => {
    o.enterMmx();
    o.put(dst, o.half(f(o, o.let(widened(o, dst)), o.let(widened(o, src)), immediate(imm)), 0));
  };
/** Functions that take the lanes of one operand after those of the other: both stand in one vector here. */
const sideBySide =
  (f: Binary): Meaning =>
  (o, dst: Place, src: Place) => {
    o.enterMmx();
    o.put(dst, o.half(f(o, o.let(o.vector(o.get(dst), o.get(src))), o.let(zero(o)), 0), 0));
  };
/** PUNPCKH: the upper half of what PUNPCKL makes of 64 bits each. */
const unpackHigh = (w: 8 | 16 | 32): Meaning => {
  const f = s.unpackLow(w);
  return (o, dst: Place, src: Place) => {
    o.enterMmx();
    o.put(dst, o.half(f(o, widened(o, dst), widened(o, src), 0), 1));
  };
};
const shuffleBytes: Binary = (o, a, b) => o.swizzle(a, o.and(b, o.splat(o.const(0x87n), 8)));
const alignRight: Meaning = (o, dst: Place, src: Place, imm: Place) => {
  o.enterMmx();
  o.put(dst, o.half(s.shiftBytesRight(o, o.vector(o.get(src), o.get(dst)), immediate(imm)), 0));
};

const move: Meaning = (o, dst: Place, src: Place) => {
  o.enterMmx();
  o.put(dst, o.get(src));
};
const store: Meaning = (o, dst: Place, src: Place) => {
  o.enterMmx();
  o.put(dst, o.narrow(o.get(src), dst.w));
};
const toVector: Meaning = (o, dst: Place, src: Place) => {
  o.enterMmx();
  o.put(dst, widened(o, src));
};
const fromVector: Meaning = (o, dst: Place, src: Place) => {
  o.enterMmx();
  o.put(dst, o.half(o.get(src), 0));
};
const byteSigns: Meaning = (o, dst: Place, src: Place) => {
  o.enterMmx();
  o.put(dst, o.signs(widened(o, src), 8));
};
const extractWord: Meaning = (o, dst: Place, src: Place, imm: Place) => {
  o.enterMmx();
  o.put(dst, o.lane(widened(o, src), 16, immediate(imm) & 3));
};
const insertWord: Meaning = (o, dst: Place, src: Place, imm: Place) => {
  o.enterMmx();
  o.put(dst, o.half(o.withLane(widened(o, dst), 16, immediate(imm) & 3, o.narrow(o.get(src), 16)), 0));
};
const empty: Meaning = (o) => {
  o.enterMmx();
  o.setX87('tags', o.const(0n));
};

/** A shift by an MMX register or memory, and by an immediate. */
function shift(name: string, op: l.Shift, w: 16 | 32 | 64, byRegister: string, byImmediate: string): Form[] {
  const f = l.shiftBy(op, w);
  return [
    form(name, `NP 0F ${byRegister} /r`, [k.mm, k.mmM64], binary(l.shiftAll(op, w))),
    form(name, `NP 0F ${byImmediate} ib`, [k.mmRm, k.simm8], (o, dst: Place, imm: Place) => unary(f)(o, dst, dst, imm)),
  ];
}

const lane = (...args: Parameters<typeof l.lanewise>): Meaning => binary(l.lanewise(...args));

// biome-ignore format: table
export const mmx: readonly Form[] = [
  form('EMMS',      'NP 0F 77',           [],                         empty),

  // Go's MOVQ M1, M2 comes out as MOVQ CX, M2: there is no way to write a move between MMX registers.
  form('MOVQ',      'NP 0F 6F /r',        [k.mm,    k.m64],           move),
  form('MOVQ',      'NP 0F 7F /r',        [k.m64,   k.mm],            store),
  form('MOVQ',      'NP 0F 6F /r',        [k.mm,    k.mmRm],          move,       unspelled),
  form('MOVQ',      'NP 0F 7F /r',        [k.mmRm,  k.mm],            move,       unspelled),
  form('MOVQ',      'F2 0F D6 /r',        [k.mm,    k.xmmRm],         fromVector),
  form('MOVQOZX',   'F3 0F D6 /r',        [k.xmm,   k.mmRm],          toVector),
  form('MOVQ',      'NP REX.W 0F 6E /r',  [k.mm,    k.rm64],          move),
  form('MOVQ',      'NP REX.W 0F 7E /r',  [k.rm64,  k.mm],            store),
  form('MOVL',      'NP 0F 6E /r',        [k.mm,    k.rm32],          move),
  form('MOVL',      'NP 0F 7E /r',        [k.rm32,  k.mm],            store),
  form('MOVNTQ',    'NP 0F E7 /r',        [k.m64,   k.mm],            store),

  form('PACKSSWB',  'NP 0F 63 /r',        [k.mm, k.mmM64],            sideBySide(l.pack(16, 'signed'))),
  form('PACKSSLW',  'NP 0F 6B /r',        [k.mm, k.mmM64],            sideBySide(l.pack(32, 'signed'))),
  form('PACKUSWB',  'NP 0F 67 /r',        [k.mm, k.mmM64],            sideBySide(l.pack(16, 'unsigned'))),
  form('PUNPCKLBW', 'NP 0F 60 /r',        [k.mm, k.mmM32],            binary(s.unpackLow(8))),
  form('PUNPCKLWL', 'NP 0F 61 /r',        [k.mm, k.mmM32],            binary(s.unpackLow(16))),
  form('PUNPCKLLQ', 'NP 0F 62 /r',        [k.mm, k.mmM32],            binary(s.unpackLow(32))),
  form('PUNPCKHBW', 'NP 0F 68 /r',        [k.mm, k.mmM64],            unpackHigh(8)),
  form('PUNPCKHWL', 'NP 0F 69 /r',        [k.mm, k.mmM64],            unpackHigh(16)),
  form('PUNPCKHLQ', 'NP 0F 6A /r',        [k.mm, k.mmM64],            unpackHigh(32)),

  form('PADDB',     'NP 0F FC /r',        [k.mm, k.mmM64],            lane('add', 8)),
  form('PADDW',     'NP 0F FD /r',        [k.mm, k.mmM64],            lane('add', 16)),
  form('PADDL',     'NP 0F FE /r',        [k.mm, k.mmM64],            lane('add', 32)),
  form('PADDQ',     'NP 0F D4 /r',        [k.mm, k.mmM64],            lane('add', 64),             unspelled),
  form('PADDSB',    'NP 0F EC /r',        [k.mm, k.mmM64],            lane('addSigned', 8)),
  form('PADDSW',    'NP 0F ED /r',        [k.mm, k.mmM64],            lane('addSigned', 16)),
  form('PADDUSB',   'NP 0F DC /r',        [k.mm, k.mmM64],            lane('addUnsigned', 8)),
  form('PADDUSW',   'NP 0F DD /r',        [k.mm, k.mmM64],            lane('addUnsigned', 16)),
  form('PSUBB',     'NP 0F F8 /r',        [k.mm, k.mmM64],            lane('sub', 8),              unspelled),
  form('PSUBW',     'NP 0F F9 /r',        [k.mm, k.mmM64],            lane('sub', 16),             unspelled),
  form('PSUBL',     'NP 0F FA /r',        [k.mm, k.mmM64],            lane('sub', 32),             unspelled),
  form('PSUBQ',     'NP 0F FB /r',        [k.mm, k.mmM64],            lane('sub', 64),             unspelled),
  form('PSUBSB',    'NP 0F E8 /r',        [k.mm, k.mmM64],            lane('subSigned', 8),        unspelled),
  form('PSUBSW',    'NP 0F E9 /r',        [k.mm, k.mmM64],            lane('subSigned', 16),       unspelled),
  form('PSUBUSB',   'NP 0F D8 /r',        [k.mm, k.mmM64],            lane('subUnsigned', 8),      unspelled),
  form('PSUBUSW',   'NP 0F D9 /r',        [k.mm, k.mmM64],            lane('subUnsigned', 16),     unspelled),
  form('PMULLW',    'NP 0F D5 /r',        [k.mm, k.mmM64],            lane('mul', 16)),
  form('PMULHW',    'NP 0F E5 /r',        [k.mm, k.mmM64],            lane('mulHighSigned', 16)),
  form('PMULHUW',   'NP 0F E4 /r',        [k.mm, k.mmM64],            lane('mulHighUnsigned', 16)),
  form('PMULULQ',   'NP 0F F4 /r',        [k.mm, k.mmM64],            binary(l.multiplyEvenUnsigned)),
  form('PMADDWL',   'NP 0F F5 /r',        [k.mm, k.mmM64],            lane('dot', 32)),
  form('PAVGB',     'NP 0F E0 /r',        [k.mm, k.mmM64],            lane('average', 8)),
  form('PAVGW',     'NP 0F E3 /r',        [k.mm, k.mmM64],            lane('average', 16)),
  form('PMINUB',    'NP 0F DA /r',        [k.mm, k.mmM64],            lane('minUnsigned', 8),      unspelled),
  form('PMINSW',    'NP 0F EA /r',        [k.mm, k.mmM64],            lane('minSigned', 16),       unspelled),
  form('PMAXUB',    'NP 0F DE /r',        [k.mm, k.mmM64],            lane('maxUnsigned', 8),      unspelled),
  form('PMAXSW',    'NP 0F EE /r',        [k.mm, k.mmM64],            lane('maxSigned', 16),       unspelled),
  form('PSADBW',    'NP 0F F6 /r',        [k.mm, k.mmM64],            binary(l.sumOfDistances),    unspelled),

  form('PCMPEQB',   'NP 0F 74 /r',        [k.mm, k.mmM64],            lane('equal', 8)),
  form('PCMPEQW',   'NP 0F 75 /r',        [k.mm, k.mmM64],            lane('equal', 16)),
  form('PCMPEQL',   'NP 0F 76 /r',        [k.mm, k.mmM64],            lane('equal', 32)),
  form('PCMPGTB',   'NP 0F 64 /r',        [k.mm, k.mmM64],            lane('greaterSigned', 8)),
  form('PCMPGTW',   'NP 0F 65 /r',        [k.mm, k.mmM64],            lane('greaterSigned', 16)),
  form('PCMPGTL',   'NP 0F 66 /r',        [k.mm, k.mmM64],            lane('greaterSigned', 32)),

  form('PAND',      'NP 0F DB /r',        [k.mm, k.mmM64],            binary(l.and)),
  form('PANDN',     'NP 0F DF /r',        [k.mm, k.mmM64],            binary(l.andNot)),
  form('POR',       'NP 0F EB /r',        [k.mm, k.mmM64],            binary(l.or)),
  form('PXOR',      'NP 0F EF /r',        [k.mm, k.mmM64],            binary(l.xor)),

  ...shift('PSLLW', 'shl', 16, 'F1', '71 /6'),
  ...shift('PSLLL', 'shl', 32, 'F2', '72 /6'),
  ...shift('PSLLQ', 'shl', 64, 'F3', '73 /6'),
  ...shift('PSRLW', 'shr', 16, 'D1', '71 /2'),
  ...shift('PSRLL', 'shr', 32, 'D2', '72 /2'),
  ...shift('PSRLQ', 'shr', 64, 'D3', '73 /2'),
  ...shift('PSRAW', 'sar', 16, 'E1', '71 /4'),
  ...shift('PSRAL', 'sar', 32, 'E2', '72 /4'),

  form('PSHUFW',    'NP 0F 70 /r ib',     [k.mm,  k.mmM64, k.bits8],  unary(s.shuffleLowWords)),
  form('PMOVMSKB',  'NP 0F D7 /r',        [k.r32, k.mmRm],            byteSigns),
  form('PEXTRW',    'NP 0F C5 /r ib',     [k.r32, k.mmRm,  k.bits8],  extractWord,                 unspelled),
  form('PINSRW',    'NP 0F C4 /r ib',     [k.mm,  k.m16,   k.bits8],  insertWord,                  unspelled),
  form('PINSRW',    'NP 0F C4 /r ib',     [k.mm,  k.r32Rm, k.bits8],  insertWord,                  unspelled),

  form('PSHUFB',    'NP 0F 38 00 /r',     [k.mm, k.mmM64],            binary(shuffleBytes),        ssse3),
  form('PHADDW',    'NP 0F 38 01 /r',     [k.mm, k.mmM64],            sideBySide(l.horizontal('add', 16)),       ssse3),
  form('PHADDD',    'NP 0F 38 02 /r',     [k.mm, k.mmM64],            sideBySide(l.horizontal('add', 32)),       { feature: 'SSSE3' }),
  form('PHADDSW',   'NP 0F 38 03 /r',     [k.mm, k.mmM64],            sideBySide(l.horizontal('addSigned', 16)), ssse3),
  form('PMADDUBSW', 'NP 0F 38 04 /r',     [k.mm, k.mmM64],            binary(l.multiplyAddBytes),                ssse3),
  form('PHSUBW',    'NP 0F 38 05 /r',     [k.mm, k.mmM64],            sideBySide(l.horizontal('sub', 16)),       ssse3),
  form('PHSUBD',    'NP 0F 38 06 /r',     [k.mm, k.mmM64],            sideBySide(l.horizontal('sub', 32)),       ssse3),
  form('PHSUBSW',   'NP 0F 38 07 /r',     [k.mm, k.mmM64],            sideBySide(l.horizontal('subSigned', 16)), ssse3),
  form('PSIGNB',    'NP 0F 38 08 /r',     [k.mm, k.mmM64],            binary(l.withSignOf(8)),     ssse3),
  form('PSIGNW',    'NP 0F 38 09 /r',     [k.mm, k.mmM64],            binary(l.withSignOf(16)),    ssse3),
  form('PSIGND',    'NP 0F 38 0A /r',     [k.mm, k.mmM64],            binary(l.withSignOf(32)),    ssse3),
  form('PMULHRSW',  'NP 0F 38 0B /r',     [k.mm, k.mmM64],            lane('mulRounded', 16),      ssse3),
  form('PABSB',     'NP 0F 38 1C /r',     [k.mm, k.mmM64],            unary(l.absolute(8)),        ssse3),
  form('PABSW',     'NP 0F 38 1D /r',     [k.mm, k.mmM64],            unary(l.absolute(16)),       ssse3),
  form('PABSD',     'NP 0F 38 1E /r',     [k.mm, k.mmM64],            unary(l.absolute(32)),       ssse3),
  form('PALIGNR',   'NP 0F 3A 0F /r ib',  [k.mm, k.mmM64, k.bits8],   alignRight,                  ssse3),
];
