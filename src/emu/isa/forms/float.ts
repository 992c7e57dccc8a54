/** SSE and AVX floating point: arithmetic, comparisons, rounding, MXCSR. SDM vol. 1, 5.5 to 5.8, 10 to 12 and 14. */
import { reciprocal, reciprocalRoot } from '../float/approximate.ts';
import {
  eachLane,
  fourfold,
  type Lane,
  type LaneOfOne,
  type Lanes,
  type LaneWidth,
  laneByLane,
  packedFamily,
  packedUnary,
  scalarFamily,
  scalarQuestion,
  scalarUnary,
  withImmediate,
} from '../floating.ts';
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops } from '../ops.ts';
import type { FloatOp, Rounding } from '../ops-float.ts';
import type { Place } from '../place.ts';

const lane =
  (op: FloatOp): Lane =>
  (o, w, a, b) =>
    o.float(op, w, a, b);
const lanes =
  (op: FloatOp): Lanes =>
  (o, w, a, b) =>
    o.floats(op, w, a, b);
const sqrt: LaneOfOne = (o, w, a) => o.sqrt(w, a);

// Even lanes are subtracted, odd ones added.
const addSub: Lanes = (o, w, a, b) =>
  eachLane(o, w, (n) => o.float(n % 2 ? 'add' : 'sub', w, o.lane(a, w, n), o.lane(b, w, n)));

/** Which bytes of two operands are the lanes of this parity. */
const lanesOf = (w: LaneWidth, parity: 0 | 1): number[] =>
  Array.from({ length: 16 }, (_, i) => {
    const size = w / 8;
    return (2 * Math.floor(i / size) + parity) * size + (i % size);
  });
const horizontal =
  (op: 'add' | 'sub'): Lanes =>
  (o, w, a, b) =>
    o.floats(op, w, o.shuffle(a, b, lanesOf(w, 0)), o.shuffle(a, b, lanesOf(w, 1)));

// All ones where the predicate holds.
const compare =
  (predicates: 8 | 32): Lane =>
  (o, w, a, b, imm) =>
    o.sub(o.const(0n), o.floatCompare(imm & (predicates - 1), w, a, b), w);
/** Legacy rows know the first eight predicates. Go writes theirs last, and as a signed byte. */
function comparison(rows: (f: Lane) => Form[]): Form[] {
  const [legacy] = rows(compare(8));
  const [, ...vex] = rows(compare(32));
  return [withImmediate(k.imm8s16, legacy!).with({ immediateLast: true }), ...vex];
}

// COMISD and UCOMISD: the answer is in ZF, PF and CF; the other status flags become 0.
const order =
  (w: LaneWidth, quiet: boolean): Meaning =>
  (o, a: Place, b: Place) => {
    const { ZF, PF, CF } = o.floatOrder(w, o.lane(o.get(a), w, 0), o.get(b), quiet);
    o.setFlag('ZF', ZF);
    o.setFlag('PF', PF);
    o.setFlag('CF', CF);
    for (const f of ['OF', 'SF', 'AF'] as const) o.setFlag(f, o.const(0n));
  };

/** Go takes a byte of either sign for VROUNDPS and VROUNDPD. */
const eitherSign = (rows: readonly Form[]): Form[] => rows.map((f) => (f.encoding.vex ? withImmediate(k.bits8, f) : f));

/** Bit 2: as MXCSR says, else bits 1:0; bit 3: inexactness is not noted (SDM vol. 2, ROUNDPD, figure 4-24). */
const roundings: readonly Rounding[] = ['nearest', 'down', 'up', 'zero'];
const round: LaneOfOne = (o, w, a, imm) => o.floatRound(w, a, imm & 4 ? 'current' : roundings[imm & 3]!, !(imm & 8));

const approximate =
  (f: (x: bigint) => bigint): LaneOfOne =>
  (o, _, a) =>
    o.pure(f, a);

// Products where the immediate's upper half asks for them, else zeros; their sum where its lower half asks for it.
const dot: Lanes = (o, w, a, b, imm) => {
  const asked = o.let(lanesMask(o, w, imm >> 4));
  o.floatStep(0);
  const products = o.let(o.floats('mul', w, o.and(a, asked), o.and(b, asked)));
  return o.and(o.splat(sumOfLanes(o, w, products), w), lanesMask(o, w, imm));
};
/** All ones in the lanes that `which` has a bit for. */
function lanesMask<V>(o: Ops<V>, w: LaneWidth, which: number): V {
  const half = (first: number): V => {
    let mask = 0n;
    for (let n = 0; n < 64 / w; n++) if ((which >> (first + n)) & 1) mask |= ((1n << BigInt(w)) - 1n) << BigInt(w * n);
    return o.const(mask);
  };
  return o.vector(half(0), half(64 / w));
}
function sumOfLanes<V>(o: Ops<V>, w: LaneWidth, v: V): V {
  o.floatStep(1);
  const low = o.float('add', w, o.lane(v, w, 0), o.lane(v, w, 1));
  if (w === 64) return low;
  const high = o.float('add', w, o.lane(v, w, 2), o.lane(v, w, 3));
  o.floatStep(2);
  return o.float('add', w, low, high);
}

// Bits 16 and up are reserved (SDM vol. 1, 10.2.3).
const ldmxcsr: Meaning = (o, src: Place) => {
  const v = o.let(o.get(src));
  o.when(o.shr(v, o.const(16n), 32), () => o.raise('protection', 'LDMXCSR: reserved bits of MXCSR are set'));
  o.setMxcsr(v);
};
const stmxcsr: Meaning = (o, dst: Place) => o.put(dst, o.mxcsr());

const inSse3 = { sse: 'SSE3' } as const;
const inSse41 = { sse: 'SSE4.1' } as const;
const inAvx = { feature: 'AVX' } as const;

// biome-ignore format: table
export const float: readonly Form[] = [
  ...fourfold('ADD', '58 /r', lanes('add'), lane('add')),
  ...fourfold('MUL', '59 /r', lanes('mul'), lane('mul')),
  ...fourfold('SUB', '5C /r', lanes('sub'), lane('sub')),
  ...fourfold('MIN', '5D /r', lanes('min'), lane('min')),
  ...fourfold('DIV', '5E /r', lanes('div'), lane('div')),
  ...fourfold('MAX', '5F /r', lanes('max'), lane('max')),

  ...packedUnary('SQRTPS',    'NP 0F 51 /r',       32, sqrt),
  ...packedUnary('SQRTPD',    '66 0F 51 /r',       64, sqrt),
  ...scalarUnary('SQRTSS',    'F3 0F 51 /r',       32, sqrt),
  ...scalarUnary('SQRTSD',    'F2 0F 51 /r',       64, sqrt),
  ...packedUnary('RSQRTPS',   'NP 0F 52 /r',       32, approximate(reciprocalRoot)),
  ...scalarUnary('RSQRTSS',   'F3 0F 52 /r',       32, approximate(reciprocalRoot)),
  ...packedUnary('RCPPS',     'NP 0F 53 /r',       32, approximate(reciprocal)),
  ...scalarUnary('RCPSS',     'F3 0F 53 /r',       32, approximate(reciprocal)),

  ...packedFamily('HADDPD',   '66 0F 7C /r',       64, horizontal('add'), inSse3),
  ...packedFamily('HADDPS',   'F2 0F 7C /r',       32, horizontal('add'), inSse3),
  ...packedFamily('HSUBPD',   '66 0F 7D /r',       64, horizontal('sub'), inSse3),
  ...packedFamily('HSUBPS',   'F2 0F 7D /r',       32, horizontal('sub'), inSse3),
  ...packedFamily('ADDSUBPD', '66 0F D0 /r',       64, addSub,            inSse3),
  ...packedFamily('ADDSUBPS', 'F2 0F D0 /r',       32, addSub,            inSse3),

  ...comparison((f) => packedFamily('CMPPS', 'NP 0F C2 /r ib', 32, laneByLane(f))),
  ...comparison((f) => packedFamily('CMPPD', '66 0F C2 /r ib', 64, laneByLane(f))),
  ...comparison((f) => scalarFamily('CMPSS', 'F3 0F C2 /r ib', 32, f)),
  ...comparison((f) => scalarFamily('CMPSD', 'F2 0F C2 /r ib', 64, f)),
  ...scalarQuestion('UCOMISS', 'NP 0F 2E /r',      32, order(32, true)),
  ...scalarQuestion('UCOMISD', '66 0F 2E /r',      64, order(64, true)),
  ...scalarQuestion('COMISS',  'NP 0F 2F /r',      32, order(32, false)),
  ...scalarQuestion('COMISD',  '66 0F 2F /r',      64, order(64, false)),

  ...eitherSign(packedUnary('ROUNDPS', '66 0F 3A 08 /r ib', 32, round, inSse41)),
  ...eitherSign(packedUnary('ROUNDPD', '66 0F 3A 09 /r ib', 64, round, inSse41)),
  ...scalarUnary('ROUNDSS',   '66 0F 3A 0A /r ib', 32, round, inSse41),
  ...scalarUnary('ROUNDSD',   '66 0F 3A 0B /r ib', 64, round, inSse41),
  ...packedFamily('DPPS',     '66 0F 3A 40 /r ib', 32, dot,   inSse41),
  // There is none of 256 bits.
  ...packedFamily('DPPD',     '66 0F 3A 41 /r ib', 64, dot,   inSse41).filter((f) => f.operands[0] !== k.ymm),

  form('LDMXCSR',  'NP 0F AE /2',         [k.m32], ldmxcsr),
  form('STMXCSR',  'NP 0F AE /3',         [k.m32], stmxcsr),
  form('VLDMXCSR', 'VEX.LZ.0F.WIG AE /2', [k.m32], ldmxcsr, inAvx),
  form('VSTMXCSR', 'VEX.LZ.0F.WIG AE /3', [k.m32], stmxcsr, inAvx),
];
