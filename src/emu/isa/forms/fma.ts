/** FMA: a · b + c, rounded once, in three orders of the operands. SDM vol. 1, 14.5.1; vol. 2, VFMADD132PD. */
import { eachLane, type LaneWidth, merge } from '../floating.ts';
import { type Form, form, requires } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops } from '../ops.ts';
import { putVex } from '../packed.ts';
import { type Place, part } from '../place.ts';

/** Which operands are the two factors and the addend: VFMADD213 multiplies the second by the first and adds the third. */
type Order = readonly [a: 0 | 1 | 2, b: 0 | 1 | 2, c: 0 | 1 | 2];
// biome-ignore format: table
const orders: readonly (readonly [name: string, high: number, order: Order])[] = [
  ['132', 0x90, [0, 2, 1]],
  ['213', 0xa0, [1, 0, 2]],
  ['231', 0xb0, [1, 2, 0]],
];

/** Whether the addend is subtracted in lane `n`, and whether the product is in every lane. */
interface Signs {
  readonly product: boolean;
  readonly addend: (n: number) => boolean;
}
const always = () => true;
const never = () => false;

/** `lanes`: one of each of the three operands, in Intel's order. */
function fused<V>(o: Ops<V>, w: LaneWidth, order: Order, { product, addend }: Signs, lanes: V[], n: number): V {
  const [a, b, c] = order.map((i) => lanes[i]!) as [V, V, V];
  return o.fusedMultiplyAdd(w, a, b, c, product, addend(n));
}

const packed =
  (w: LaneWidth, order: Order, signs: Signs): Meaning =>
  (o, ...places: readonly Place[]) =>
    putVex(o, places[0]!, (half) => {
      const operands = places.map((p) => o.let(o.get(part(p, half))));
      const lanes = (n: number) => operands.map((v) => o.lane(v, w, n));
      return eachLane(o, w, (n) => fused(o, w, order, signs, lanes(n), n));
    });

const scalar =
  (w: LaneWidth, order: Order, signs: Signs): Meaning =>
  (o, ...places: readonly Place[]) => {
    const lowest = (p: Place) => (p.w < 128 ? o.get(p) : o.lane(o.get(p), w, 0));
    putVex(o, places[0]!, () => merge(o, w, places[0]!, () => fused(o, w, order, signs, places.map(lowest), 0)));
  };

function packedRows(stem: string, low: number, signs: Signs): Form[] {
  return orders.flatMap(([digits, high, order]) => {
    const opcode = (high | low).toString(16).toUpperCase();
    const rows = (suffix: 'PS' | 'PD', w: LaneWidth, bit: 'W0' | 'W1'): Form[] => [
      form(`${stem}${digits}${suffix}`, `VEX.128.66.0F38.${bit} ${opcode} /r`, xmms, packed(w, order, signs)),
      form(`${stem}${digits}${suffix}`, `VEX.256.66.0F38.${bit} ${opcode} /r`, ymms, packed(w, order, signs)),
    ];
    return [...rows('PS', 32, 'W0'), ...rows('PD', 64, 'W1')];
  });
}
const xmms = [k.xmm, k.xmmV, k.xmmM128];
const ymms = [k.ymm, k.ymmV, k.ymmM256];

function scalarRows(stem: string, low: number, signs: Signs): Form[] {
  return orders.flatMap(([digits, high, order]) => {
    const encoding = (bit: 'W0' | 'W1') => `VEX.LIG.66.0F38.${bit} ${(high | low).toString(16).toUpperCase()} /r`;
    return [
      form(`${stem}${digits}SS`, encoding('W0'), [k.xmm, k.xmmV, k.xmmM32], scalar(32, order, signs)),
      form(`${stem}${digits}SD`, encoding('W1'), [k.xmm, k.xmmV, k.xmmM64], scalar(64, order, signs)),
    ];
  });
}

// biome-ignore format: table
export const fma: readonly Form[] = requires('FMA', [
  // Even lanes subtract and odd ones add, and the other way round.
  ...packedRows('VFMADDSUB', 0x6, { product: false, addend: (n) => n % 2 === 0 }),
  ...packedRows('VFMSUBADD', 0x7, { product: false, addend: (n) => n % 2 === 1 }),
  ...packedRows('VFMADD',    0x8, { product: false, addend: never }),
  ...scalarRows('VFMADD',    0x9, { product: false, addend: never }),
  ...packedRows('VFMSUB',    0xa, { product: false, addend: always }),
  ...scalarRows('VFMSUB',    0xb, { product: false, addend: always }),
  ...packedRows('VFNMADD',   0xc, { product: true,  addend: never }),
  ...scalarRows('VFNMADD',   0xd, { product: true,  addend: never }),
  ...packedRows('VFNMSUB',   0xe, { product: true,  addend: always }),
  ...scalarRows('VFNMSUB',   0xf, { product: true,  addend: always }),
]);
