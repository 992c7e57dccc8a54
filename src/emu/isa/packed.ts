/**
 * SSE instructions and their AVX twins from one function of 128-bit values.
 *
 * The legacy form overwrites its first operand, wants its memory operand aligned, and leaves the upper half of the YMM
 * register alone. The VEX forms have a destination of their own, take memory as it is, work on each 128-bit half, and
 * clear what lies above the vector length (SDM vol. 1, 14.3).
 */
import { type Form, form, type Traits } from './form.ts';
import * as k from './operand.ts';
import type { Meaning, Ops } from './ops.ts';
import { type Place, part } from './place.ts';

/**
 * The function one 128-bit part is put through. `imm` is the immediate byte of rows that have one, else 0. What it is
 * given is shared already (`let`).
 */
export type Unary = <V>(o: Ops<V>, a: V, imm: number) => V;
export type Binary = <V>(o: Ops<V>, a: V, b: V, imm: number) => V;

export const zero = <V>(o: Ops<V>): V => o.vector(o.const(0n), o.const(0n));

/** #GP(0), not #AC, when a 128-bit legacy operand in memory is not aligned (SDM vol. 1, 4.1.1). */
export function aligned<V>(o: Ops<V>, p: Place): void {
  if (p.in !== 'mem' || p.w < 128) return;
  const low = o.const(BigInt(p.w / 8 - 1));
  o.when(o.and(o.linear(p), low), () => o.raise('protection', `address is not ${p.w / 8}-byte aligned`));
}

/** An operand of at most 64 bits as a vector, zeros above; a wider one as it is. */
export const widened = <V>(o: Ops<V>, p: Place): V => (p.w < 128 ? o.vector(o.get(p), o.const(0n)) : o.get(p));

/** Write a VEX destination: `value(n)` for each 128-bit part it has, zero above. */
export function putVex<V>(o: Ops<V>, dst: Place, value: (n: 0 | 1) => V): void {
  o.put(part(dst, 0), value(0));
  if (dst.w === 256) o.put(part(dst, 1), value(1));
  else if (dst.in === 'xmm') o.put({ ...dst, part: 1 }, zero(o));
}

export const immediate = (p: Place | undefined): number => (p?.in === 'imm' ? Number(p.value) : 0);

export const legacyUnary =
  (f: Unary): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) => {
    aligned(o, src);
    o.put(dst, f(o, o.let(widened(o, src)), immediate(imm)));
  };
export const legacyBinary =
  (f: Binary): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) => {
    aligned(o, src);
    o.put(dst, f(o, o.let(o.get(dst)), o.let(o.get(src)), immediate(imm)));
  };
/** `step`: how many bits further up the immediate's part for the upper half begins. */
export const vexUnary =
  (f: Unary, step = 0): Meaning =>
  (o, dst: Place, src: Place, imm?: Place) =>
    putVex(o, dst, (n) => f(o, o.let(widened(o, part(src, n))), immediate(imm) >> (step * n)));
export const vexBinary =
  (f: Binary, step = 0): Meaning =>
  (o, dst: Place, a: Place, b: Place, imm?: Place) =>
    putVex(o, dst, (n) => f(o, o.let(o.get(part(a, n))), o.let(o.get(part(b, n))), immediate(imm) >> (step * n)));

const tail = (encoding: string): [string, readonly (typeof k.bits8)[]] =>
  encoding.endsWith(' ib') ? [encoding, [k.bits8]] : [encoding, []];

export type VexW = 'WIG' | 'W0' | 'W1';

/** `66 0F38 00 /r ib` and the like: prefix, map and opcode as a VEX row writes them, apart. */
export function vexed(encoding: string, length: 128 | 256 | 'LIG', w: VexW = 'WIG'): string {
  const m = /^(NP|66|F2|F3) (0F(?: 38| 3A)?) (.*)$/.exec(encoding);
  if (!m) throw new Error(`encoding '${encoding}': prefix, map and opcode expected`);
  const prefix = m[1] === 'NP' ? '' : `.${m[1]}`;
  return `VEX.${length}${prefix}.${m[2]!.replace(' ', '')}.${w} ${m[3]}`;
}

export interface Family extends Traits {
  /** The VEX rows' name, where it is not the legacy one with a V: Go says PADDL, but VPADDD. */
  readonly vex?: string;
  /** W of the VEX rows. */
  readonly w?: VexW;
  /** What the legacy row, the 128-bit and the 256-bit VEX rows need: nothing, AVX and AVX2 where not said. */
  readonly sse?: Traits['feature'];
  readonly avx?: Traits['feature'];
  readonly avx256?: Traits['feature'];
  /** As for `vexBinary`. */
  readonly step?: number;
}

/** dst ← f(dst, src [, imm]); V-name: dst ← f(a, b [, imm]), 128 and 256 bits. Legacy encoding; VEX is derived. */
export function binaryFamily(name: string, encoding: string, f: Binary, family: Family = {}): Form[] {
  const { vex = `V${name}`, w, sse, avx = 'AVX', avx256 = 'AVX2', step, ...traits } = family;
  const [text, imm] = tail(encoding);
  const meaning = vexBinary(f, step);
  return [
    form(name, text, [k.xmm, k.xmmM128, ...imm], legacyBinary(f), needing(traits, sse)),
    form(vex, vexed(text, 128, w), [k.xmm, k.xmmV, k.xmmM128, ...imm], meaning, needing(traits, avx)),
    form(vex, vexed(text, 256, w), [k.ymm, k.ymmV, k.ymmM256, ...imm], meaning, needing(traits, avx256)),
  ];
}

/** dst ← f(src [, imm]), with its VEX twins of 128 and 256 bits. */
export function unaryFamily(name: string, encoding: string, f: Unary, family: Family = {}): Form[] {
  const { vex = `V${name}`, w, sse, avx = 'AVX', avx256 = 'AVX2', step, ...traits } = family;
  const [text, imm] = tail(encoding);
  const meaning = vexUnary(f, step);
  return [
    form(name, text, [k.xmm, k.xmmM128, ...imm], legacyUnary(f), needing(traits, sse)),
    form(vex, vexed(text, 128, w), [k.xmm, k.xmmM128, ...imm], meaning, needing(traits, avx)),
    form(vex, vexed(text, 256, w), [k.ymm, k.ymmM256, ...imm], meaning, needing(traits, avx256)),
  ];
}

export const needing = (traits: Traits, feature: Traits['feature']): Traits =>
  feature === undefined ? traits : { ...traits, feature };
