/**
 * Rows of floating-point instructions from one function of one lane: packed and scalar, legacy and VEX.
 *
 * A scalar instruction works on the lowest lane. The lanes above come from the destination, or in the VEX form from its
 * first source (SDM vol. 1, 10.4.1 and 14.3).
 */
import { type Form, form, type Traits } from './form.ts';
import * as k from './operand.ts';
import type { Meaning, Ops, Width } from './ops.ts';
import { type Binary, binaryFamily, immediate, putVex, type Unary, unaryFamily, vexed, zero } from './packed.ts';
import type { Place } from './place.ts';

export type LaneWidth = 32 | 64;
/** What one lane of `a` and the same lane of `b` make. */
export type Lane = <V>(o: Ops<V>, w: LaneWidth, a: V, b: V, imm: number) => V;
/** What the second operand makes alone. */
export type LaneOfOne = <V>(o: Ops<V>, w: LaneWidth, a: V, imm: number) => V;
/** All lanes at once, of values that are shared already. */
export type Lanes = Lane;

/** 128 bits, lane by lane. */
export function eachLane<V>(o: Ops<V>, w: LaneWidth, lane: (n: number) => V): V {
  let v = zero(o);
  for (let n = 0; n < 128 / w; n++) v = o.withLane(v, w, n, lane(n));
  return v;
}

/** A function of one lane for all of them. */
export const laneByLane =
  (f: Lane): Lanes =>
  (o, w, a, b, imm) =>
    eachLane(o, w, (n) => f(o, w, o.lane(a, w, n), o.lane(b, w, n), imm));

const alone =
  (f: LaneOfOne): Lane =>
  (o, w, _, b, imm) =>
    f(o, w, b, imm);

const memory: Readonly<Record<LaneWidth, k.OperandKind>> = { 32: k.xmmM32, 64: k.xmmM64 };
const imms = (encoding: string): readonly k.OperandKind[] => (encoding.endsWith(' ib') ? [k.uimm8] : []);

/** The lowest lane replaced: `from` gives the others, `value` gets its lowest lane. */
export function merge<V>(o: Ops<V>, w: Width, from: Place, value: (low: V) => V): V {
  const old = o.let(o.get({ ...from, w: 128 } as Place));
  return o.withLane(old, w, 0, value(o.lane(old, w, 0)));
}
const legacyScalar =
  (w: LaneWidth, f: Lane): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) =>
    o.put(
      dst,
      merge(o, w, dst, (low) => f(o, w, low, o.get(src), immediate(imm))),
    );
const vexScalar =
  (w: LaneWidth, f: Lane): Meaning =>
  (o, dst: Place, a: Place, b: Place, imm?: Place) =>
    putVex(o, dst, () => merge(o, w, a, (low) => f(o, w, low, o.get(b), immediate(imm))));

interface FloatTraits extends Traits {
  /** What the legacy row needs. */
  readonly sse?: Traits['feature'];
}

/** The row with another kind of immediate byte: Go takes 0 to 255 in most of them, either sign in some. */
export function withImmediate(kind: k.OperandKind, f: Form): Form {
  const at = f.operands.findIndex((o) => o.slot === 'imm');
  return at < 0 ? f : f.with({ operands: f.operands.with(at, kind) });
}
const unsigned = (rows: readonly Form[]): Form[] => rows.map((f) => withImmediate(k.uimm8, f));

/** dst ← f(dst, src [, imm]) in the lowest lane; V-name: dst ← f(a, b [, imm]). Of either only one vector length counts. */
export function scalarFamily(
  name: string,
  encoding: string,
  w: LaneWidth,
  f: Lane,
  { sse, ...traits }: FloatTraits = {},
): Form[] {
  const legacy = sse ? { ...traits, feature: sse } : traits;
  const vex: Traits = { ...traits, feature: 'AVX' };
  const rest = [memory[w], ...imms(encoding)];
  return [
    form(name, encoding, [k.xmm, ...rest], legacyScalar(w, f), legacy),
    form(`V${name}`, vexed(encoding, 'LIG'), [k.xmm, k.xmmV, ...rest], vexScalar(w, f), vex),
  ];
}

/** Rows that answer in flags, and leave the registers alone. */
export function scalarQuestion(name: string, encoding: string, w: LaneWidth, meaning: Meaning): Form[] {
  const operands = [k.xmm, memory[w]];
  return [
    form(name, encoding, operands, meaning),
    form(`V${name}`, vexed(encoding, 'LIG'), operands, meaning, { feature: 'AVX' }),
  ];
}

const inAvx = { avx256: 'AVX' } as const;
const binary =
  (w: LaneWidth, f: Lanes): Binary =>
  (o, a, b, imm) =>
    f(o, w, a, b, imm);
const unary =
  (w: LaneWidth, f: LaneOfOne): Unary =>
  (o, a, imm) =>
    eachLane(o, w, (n) => f(o, w, o.lane(a, w, n), imm));

/** dst ← f(dst, src [, imm]) in every lane; V-name: dst ← f(a, b [, imm]), 128 and 256 bits. */
export const packedFamily = (
  name: string,
  encoding: string,
  w: LaneWidth,
  f: Lanes,
  traits: FloatTraits = {},
): Form[] => unsigned(binaryFamily(name, encoding, binary(w, f), { ...inAvx, ...traits }));
/** dst ← f(src [, imm]) in every lane. */
export const packedUnary = (
  name: string,
  encoding: string,
  w: LaneWidth,
  f: LaneOfOne,
  traits: FloatTraits = {},
): Form[] => unsigned(unaryFamily(name, encoding, unary(w, f), { ...inAvx, ...traits }));
/** dst ← f(src [, imm]) in the lowest lane; the V form has a first source for the others. */
export const scalarUnary = (
  name: string,
  encoding: string,
  w: LaneWidth,
  f: LaneOfOne,
  traits: FloatTraits = {},
): Form[] => scalarFamily(name, encoding, w, alone(f), traits);

/** The PS, PD, SS and SD rows of one opcode, which the prefixes NP, 66, F3 and F2 tell apart. */
export const fourfold = (stem: string, opcode: string, lanes: Lanes, lane: Lane): Form[] => [
  ...packedFamily(`${stem}PS`, `NP 0F ${opcode}`, 32, lanes),
  ...packedFamily(`${stem}PD`, `66 0F ${opcode}`, 64, lanes),
  ...scalarFamily(`${stem}SS`, `F3 0F ${opcode}`, 32, lane),
  ...scalarFamily(`${stem}SD`, `F2 0F ${opcode}`, 64, lane),
];
