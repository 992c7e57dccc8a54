/** FXSAVE's 512 bytes, which are also the first of XSAVE's area: SDM vol. 1, 10.5.1 and 13.4. */
import type { Ops, Width } from '../ops.ts';
import type { Place } from '../place.ts';
import { controlWord, further, initialize, loadData, PHYSICAL } from './control.ts';
import { st, summarized } from './settle.ts';

/** Byte offsets. */
// biome-ignore format: table
const AT = { fcw: 0, fsw: 2, tags: 4, fop: 6, fip: 8, fdp: 16, mxcsr: 24, mxcsrMask: 28, st: 32, xmm: 160 } as const;
/** The upper halves of the YMM registers, behind XSAVE's header: the same in either format, there being none before them. */
const YMM_HIGH = 576;
/** MXCSR's bits that may be set. */
const MXCSR_MASK = 0xffffn;
const MXCSR_INITIAL = 0x1f80n;

const VECTORS = Array.from({ length: 16 }, (_, n) => n);
const vector = (n: number, part: 0 | 1): Place => ({ in: 'xmm', n, w: 128, part });
/** Pointers have 64 bits with REX.W. Without it 32, and selectors, which are stored as zero. */
const pointerOf = (wide: boolean): Width => (wide ? 64 : 32);

export function saveX87<V>(o: Ops<V>, area: Place, wide: boolean): void {
  const put = (at: number, w: Width, v: V): void => o.put(further(area, at, w), v);
  put(AT.fcw, 16, o.x87('fcw'));
  put(AT.fsw, 16, o.x87('fsw'));
  put(AT.tags, 16, o.x87('tags'));
  put(AT.fop, 16, o.x87('fop'));
  put(AT.fip, 64, o.narrow(o.x87('fip'), pointerOf(wide)));
  put(AT.fdp, 64, o.narrow(o.x87('fdp'), pointerOf(wide)));
  for (const n of PHYSICAL) put(AT.st + 16 * n, 128, o.get(st(n)));
}
export function saveMxcsr<V>(o: Ops<V>, area: Place): void {
  o.put(further(area, AT.mxcsr, 32), o.mxcsr());
  o.put(further(area, AT.mxcsrMask, 32), o.const(MXCSR_MASK));
}
export function saveVectors<V>(o: Ops<V>, area: Place, part: 0 | 1): void {
  const start = part ? YMM_HIGH : AT.xmm;
  for (const n of VECTORS) o.put(further(area, start + 16 * n, 128), o.get(vector(n, part)));
}

export function loadX87<V>(o: Ops<V>, area: Place, wide: boolean): void {
  const get = (at: number, w: Width): V => o.get(further(area, at, w));
  const fcw = o.let(controlWord(o, get(AT.fcw, 16)));
  const fsw = o.let(summarized(o, get(AT.fsw, 16), fcw));
  o.setX87('fcw', fcw);
  o.setX87('fsw', fsw);
  o.setX87('tags', get(AT.tags, 8));
  o.setX87('fop', o.and(get(AT.fop, 16), o.const(0x7ffn)));
  o.setX87('fip', get(AT.fip, pointerOf(wide)));
  o.setX87('fdp', get(AT.fdp, pointerOf(wide)));
  loadData(o, fsw, further(area, AT.st, 80), 16);
}
/** #GP when a reserved bit is set. */
export function loadMxcsr<V>(o: Ops<V>, area: Place): void {
  const v = o.let(o.get(further(area, AT.mxcsr, 32)));
  o.when(o.shr(v, o.const(16n), 32), () => o.raise('protection', 'reserved bits of MXCSR are set in the area'));
  o.setMxcsr(v);
}
export function loadVectors<V>(o: Ops<V>, area: Place, part: 0 | 1): void {
  const start = part ? YMM_HIGH : AT.xmm;
  for (const n of VECTORS) o.put(vector(n, part), o.get(further(area, start + 16 * n, 128)));
}

/** What components are before anybody uses them (SDM vol. 1, 13.6). */
export function resetX87<V>(o: Ops<V>): void {
  initialize(o);
  for (const n of PHYSICAL) o.setDataX87(n, o.const(0n));
}
export const resetMxcsr = <V>(o: Ops<V>): void => o.setMxcsr(o.const(MXCSR_INITIAL));
export function resetVectors<V>(o: Ops<V>, part: 0 | 1): void {
  for (const n of VECTORS) o.put(vector(n, part), o.vector(o.const(0n), o.const(0n)));
}

/** 1 when a component is not in that state. */
export function usesX87<V>(o: Ops<V>): V {
  const rest = (['fsw', 'tags', 'fop', 'fip', 'fdp'] as const).map((r) => o.x87(r));
  const control = [o.xor(o.x87('fcw'), o.const(0x37fn)), ...rest].reduce((a, b) => o.or(a, b));
  const data = PHYSICAL.map((n) => o.dataX87(n)).reduce((a, b) => o.or(a, b));
  return isUsed(o, o.or(isUsed(o, control), isUsed(o, data)));
}
export const usesMxcsr = <V>(o: Ops<V>): V => isUsed(o, o.xor(o.mxcsr(), o.const(MXCSR_INITIAL)));
export const usesVectors = <V>(o: Ops<V>, part: 0 | 1): V =>
  isUsed(
    o,
    VECTORS.map((n) => o.get(vector(n, part))).reduce((a, b) => o.or(a, b)),
  );
const isUsed = <V>(o: Ops<V>, v: V): V => o.isZero(o.isZero(v));
