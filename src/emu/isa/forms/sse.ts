/** SSE moves and logic: what Go's runtime stubs use of the vector registers. SDM vol. 1, 5.5 and 5.6. */
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops } from '../ops.ts';
import type { Place } from '../place.ts';

const mov: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.get(src));

/** 128-bit memory operands, but for the MOVU family, must be aligned: #GP(0), not #AC (SDM vol. 1, 4.1.1). */
function aligned<V>(o: Ops<V>, at: Place): void {
  if (at.in !== 'mem') return;
  o.when(o.and(o.linear(at), o.const(15n)), () => o.raise('protection', 'address is not 16-byte aligned'));
}
const movAligned: Meaning = (o, dst: Place, src: Place) => {
  aligned(o, dst.in === 'mem' ? dst : src);
  o.put(dst, o.get(src));
};

// A scalar into a vector register: the rest of the 128 bits becomes zero.
const widen: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.vector(o.get(src), o.const(0n)));
// The low element of a vector register into a general register or memory.
const extract: Meaning = (o, dst: Place, src: Place) => o.put(dst, o.narrow(o.half(o.get(src), 0), dst.w));
// MOVQ between vector registers clears the upper half; to memory it stores eight bytes.
const movqStore: Meaning = (o, dst: Place, src: Place) => {
  const low = o.half(o.get(src), 0);
  o.put(dst, dst.in === 'mem' ? low : o.vector(low, o.const(0n)));
};

const bitwise =
  (op: <V>(o: Ops<V>, a: V, b: V) => V): Meaning =>
  (o, dst: Place, src: Place) => {
    aligned(o, src);
    o.put(dst, op(o, o.get(dst), o.get(src)));
  };
const and = bitwise((o, a, b) => o.and(a, b));
const andNot = bitwise((o, a, b) => o.and(o.not(a, 128), b));
const or = bitwise((o, a, b) => o.or(a, b));
const xor = bitwise((o, a, b) => o.xor(a, b));

// biome-ignore format: table
export const sse: readonly Form[] = [
  form('MOVUPS', 'NP 0F 10 /r',       [k.xmm,     k.xmmM128], mov),
  form('MOVUPS', 'NP 0F 11 /r',       [k.xmmM128, k.xmm],     mov),
  form('MOVUPD', '66 0F 10 /r',       [k.xmm,     k.xmmM128], mov),
  form('MOVUPD', '66 0F 11 /r',       [k.xmmM128, k.xmm],     mov),
  form('MOVAPS', 'NP 0F 28 /r',       [k.xmm,     k.xmmM128], movAligned),
  form('MOVAPS', 'NP 0F 29 /r',       [k.xmmM128, k.xmm],     movAligned),
  form('MOVAPD', '66 0F 28 /r',       [k.xmm,     k.xmmM128], movAligned),
  form('MOVAPD', '66 0F 29 /r',       [k.xmmM128, k.xmm],     movAligned),
  form('MOVO',   '66 0F 6F /r',       [k.xmm,     k.xmmM128], movAligned),
  form('MOVO',   '66 0F 7F /r',       [k.xmmM128, k.xmm],     movAligned),
  form('MOVOU',  'F3 0F 6F /r',       [k.xmm,     k.xmmM128], mov),
  form('MOVOU',  'F3 0F 7F /r',       [k.xmmM128, k.xmm],     mov),
  form('MOVQ',   'F3 0F 7E /r',       [k.xmm,     k.xmmM64],  widen),
  form('MOVQ',   '66 0F D6 /r',       [k.xmmM64,  k.xmm],     movqStore),
  form('MOVQ',   '66 REX.W 0F 6E /r', [k.xmm,     k.rm64],    widen),
  form('MOVQ',   '66 REX.W 0F 7E /r', [k.rm64,    k.xmm],     extract),
  form('MOVL',   '66 0F 6E /r',       [k.xmm,     k.rm32],    widen),
  form('MOVL',   '66 0F 7E /r',       [k.rm32,    k.xmm],     extract),

  form('ANDPS',  'NP 0F 54 /r',       [k.xmm,     k.xmmM128], and),
  form('ANDPD',  '66 0F 54 /r',       [k.xmm,     k.xmmM128], and),
  form('ORPS',   'NP 0F 56 /r',       [k.xmm,     k.xmmM128], or),
  form('ORPD',   '66 0F 56 /r',       [k.xmm,     k.xmmM128], or),
  form('XORPS',  'NP 0F 57 /r',       [k.xmm,     k.xmmM128], xor),
  form('XORPD',  '66 0F 57 /r',       [k.xmm,     k.xmmM128], xor),
  form('PAND',   '66 0F DB /r',       [k.xmm,     k.xmmM128], and),
  form('PANDN',  '66 0F DF /r',       [k.xmm,     k.xmmM128], andNot),
  form('POR',    '66 0F EB /r',       [k.xmm,     k.xmmM128], or),
  form('PXOR',   '66 0F EF /r',       [k.xmm,     k.xmmM128], xor),

  // Go's memory hash uses these; they are assembled, not yet executed.
  form('PINSRW',  '66 0F C4 /r ib',          [k.xmm, k.rm32,    k.uimm8]),
  form('PINSRD',  '66 0F 3A 22 /r ib',       [k.xmm, k.rm32,    k.uimm8]),
  form('PINSRQ',  '66 REX.W 0F 3A 22 /r ib', [k.xmm, k.rm64,    k.uimm8]),
  form('PSHUFHW', 'F3 0F 70 /r ib',          [k.xmm, k.xmmM128, k.uimm8]),
  form('PSHUFB',  '66 0F 38 00 /r',          [k.xmm, k.xmmM128]),
  form('AESENC',  '66 0F 38 DC /r',          [k.xmm, k.xmmM128]),
];
