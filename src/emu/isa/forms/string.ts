/** String instructions: one step each; a REP prefix repeats it (SDM vol. 1, 7.3.9). */
import { flagsOfSub } from '../flags.ts';
import { type Form, form } from '../form.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { gpr } from '../place.ts';

const SI = gpr(6, 64);
const DI = gpr(7, 64);

/** RSI or RDI moves by the element's size: up, or down when DF is set. */
function advance<V>(o: Ops<V>, pointer: typeof SI, w: Width): void {
  const size = BigInt(w / 8);
  const step = o.select(o.flag('DF'), o.const(BigInt.asUintN(64, -size)), o.const(size));
  o.put(pointer, o.add(o.get(pointer), step, 64));
}

function compare<V>(o: Ops<V>, a: V, b: V, w: Width): void {
  const difference = o.let(o.sub(a, b, w));
  flagsOfSub(o, a, b, difference, w);
  o.setFlag('CF', o.below(a, b));
}

const movs =
  (w: Width): Meaning =>
  (o) => {
    o.store(o.get(DI), w, o.load(o.get(SI), w));
    advance(o, SI, w);
    advance(o, DI, w);
  };
const stos =
  (w: Width): Meaning =>
  (o) => {
    o.store(o.get(DI), w, o.get(gpr(0, w)));
    advance(o, DI, w);
  };
const lods =
  (w: Width): Meaning =>
  (o) => {
    o.put(gpr(0, w), o.load(o.get(SI), w));
    advance(o, SI, w);
  };
const cmps =
  (w: Width): Meaning =>
  (o) => {
    compare(o, o.let(o.load(o.get(SI), w)), o.let(o.load(o.get(DI), w)), w);
    advance(o, SI, w);
    advance(o, DI, w);
  };
const scas =
  (w: Width): Meaning =>
  (o) => {
    compare(o, o.let(o.get(gpr(0, w))), o.let(o.load(o.get(DI), w)), w);
    advance(o, DI, w);
  };

/** AL ← byte at RBX + AL. */
const xlat: Meaning = (o) => o.put(gpr(0, 8), o.load(o.add(o.get(gpr(3, 64)), o.get(gpr(0, 8)), 64), 8));

function sizes(
  name: string,
  opcode: string,
  wide: string,
  meaning: (w: Width) => Meaning,
  rep: 'count' | 'compare',
): Form[] {
  // biome-ignore format: table
  return [
    form(`${name}B`, opcode,           [], meaning(8),  { rep }),
    form(`${name}W`, `66 ${wide}`,     [], meaning(16), { rep }),
    form(`${name}L`, wide,             [], meaning(32), { rep }),
    form(`${name}Q`, `REX.W ${wide}`,  [], meaning(64), { rep }),
  ];
}

// biome-ignore format: table
export const string: readonly Form[] = [
  ...sizes('MOVS', 'A4', 'A5', movs, 'count'),
  ...sizes('CMPS', 'A6', 'A7', cmps, 'compare'),
  ...sizes('STOS', 'AA', 'AB', stos, 'count'),
  ...sizes('LODS', 'AC', 'AD', lods, 'count'),
  form('XLAT', 'D7', [], xlat, { implicit: true }),
  ...sizes('SCAS', 'AE', 'AF', scas, 'compare'),
];
