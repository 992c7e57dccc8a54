/**
 * String instructions: one step each; a REP prefix repeats it (SDM vol. 1, 7.3.9). Their operands are hidden: memory
 * through RSI, which a segment prefix may override, and through RDI; behind an address-size prefix ESI and EDI.
 */
import { flagsOfSub } from '../flags.ts';
import { type Form, form } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr, type Place } from '../place.ts';

/** The pointer moves by the element's size: up, or down when DF is set. A 32-bit pointer wraps, and loses its upper half. */
function advance<V>(o: Ops<V>, element: Place): void {
  if (element.in !== 'mem' || element.base === undefined) return;
  const pointer = gpr(element.base, element.short ? 32 : 64);
  const size = BigInt(element.w / 8);
  const step = o.select(o.flag('DF'), o.const(BigInt.asUintN(pointer.w, -size)), o.const(size));
  o.put(pointer, o.add(o.get(pointer), step, pointer.w));
}

function compare<V>(o: Ops<V>, a: V, b: V, w: Width): void {
  const difference = o.let(o.sub(a, b, w));
  flagsOfSub(o, a, b, difference, w);
  o.setFlag('CF', o.below(a, b));
}

const movs: Meaning = (o, dst: Place, src: Place) => {
  o.put(dst, o.get(src));
  advance(o, src);
  advance(o, dst);
};
const stos: Meaning = (o, dst: Place) => {
  o.put(dst, o.get(gpr(0, dst.w)));
  advance(o, dst);
};
const lods: Meaning = (o, src: Place) => {
  o.put(gpr(0, src.w), o.get(src));
  advance(o, src);
};
const cmps: Meaning = (o, a: Place, b: Place) => {
  // Where both may not be read it is the second, through RDI, that faults.
  const right = o.let(o.get(b));
  compare(o, o.let(o.get(a)), right, a.w);
  advance(o, a);
  advance(o, b);
};
const scas: Meaning = (o, src: Place) => {
  compare(o, o.let(o.get(gpr(0, src.w))), o.let(o.get(src)), src.w);
  advance(o, src);
};

// AL ← byte at RBX + AL; the sum is what an address-size prefix cuts.
const xlat: Meaning = (o, table: Place) => {
  if (table.in !== 'mem') return;
  const offset = o.add(o.address(table), o.get(gpr(0, 8)), table.short ? 32 : 64);
  o.put(gpr(0, 8), o.load(table.segment ? o.add(offset, o.segmentBase(table.segment), 64) : offset, 8));
};

/** The byte, word, dword and qword forms, with their hidden operands; the count comes last, for REP. */
function sizes(
  name: string,
  opcode: string,
  wide: string,
  meaning: Meaning,
  rep: 'count' | 'compare',
  ...through: readonly ((w: Width) => k.HiddenKind)[]
): Form[] {
  const traits = (w: Width) => ({ rep, hidden: [...through.map((f) => f(w)), k.counter] });
  // biome-ignore format: table
  return [
    form(`${name}B`, opcode,           [], meaning, traits(8)),
    form(`${name}W`, `66 ${wide}`,     [], meaning, traits(16)),
    form(`${name}L`, wide,             [], meaning, traits(32)),
    form(`${name}Q`, `REX.W ${wide}`,  [], meaning, traits(64)),
  ];
}

// biome-ignore format: table
export const string: readonly Form[] = [
  ...sizes('MOVS', 'A4', 'A5', movs, 'count',   k.throughDI, k.throughSI),
  ...sizes('CMPS', 'A6', 'A7', cmps, 'compare', k.throughSI, k.throughDI),
  ...sizes('STOS', 'AA', 'AB', stos, 'count',   k.throughDI),
  ...sizes('LODS', 'AC', 'AD', lods, 'count',   k.throughSI),
  form('XLAT', 'D7', [], xlat, { hidden: [k.throughBX] }),
  ...sizes('SCAS', 'AE', 'AF', scas, 'compare', k.throughDI),
];
