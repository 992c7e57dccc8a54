/** Moves that touch memory only where a mask says so, and gathers. SDM vol. 1, 5.6.4, 14.3.7, 14.4; vol. 2, VGATHERDPS. */
import { type Form, form, requires, type Traits } from '../form.ts';
import * as k from '../operand.ts';
import type { Meaning, Ops, Width } from '../ops.ts';
import { putVex, widened, zero } from '../packed.ts';
import { type MemPlace, type Place, part } from '../place.ts';

type LaneWidth = 32 | 64;

/** Address of lane `n`. */
const laneAt = <V>(o: Ops<V>, first: V, w: Width, n: number): V => o.add(first, o.const(BigInt((n * w) / 8)), 64);

/** Does lane `n` of the mask have its top bit set? */
const chosen = <V>(o: Ops<V>, mask: V, w: Width, n: number): V => o.sign(o.lane(mask, w, n), w);

const loadMasked =
  (w: LaneWidth): Meaning =>
  (o, dst: Place, masks: Place, src: Place) =>
    putVex(o, dst, (half) => {
      const at = o.let(o.linear(part(src, half)));
      const mask = o.let(o.get(part(masks, half)));
      let out = zero(o);
      for (let n = 0; n < 128 / w; n++)
        out = o.withLane(out, w, n, o.loadWhen(chosen(o, mask, w, n), laneAt(o, at, w, n), w));
      return out;
    });

/** Lanes of `value`, those that the mask chooses, to memory from `at` on. */
function storeLanes<V>(o: Ops<V>, at: V, value: V, mask: V, w: Width, lanes: number): void {
  for (let n = 0; n < lanes; n++)
    o.when(chosen(o, mask, w, n), () => o.store(laneAt(o, at, w, n), w, o.lane(value, w, n)));
}
const storeMasked =
  (w: LaneWidth): Meaning =>
  (o, dst: Place, masks: Place, src: Place) => {
    for (const half of dst.w === 256 ? ([0, 1] as const) : ([0] as const)) {
      const [value, mask] = [src, masks].map((p) => o.let(o.get(part(p, half))));
      storeLanes(o, o.let(o.linear(part(dst, half))), value!, mask!, w, 128 / w);
    }
  };
/** MASKMOVDQU, MASKMOVQ. The manual leaves open whether bytes that are masked out can fault; here, as on AMD's, they do. */
function storeBytes<V>(o: Ops<V>, src: Place, mask: Place, dst: Place): void {
  const at = o.let(o.linear(dst));
  o.checkStore(at, src.w);
  storeLanes(o, at, o.let(widened(o, src)), o.let(widened(o, mask)), 8, src.w / 8);
}
const maskmovdqu: Meaning = (o, src: Place, mask: Place, dst: Place) => storeBytes(o, src, mask, dst);
const maskmovq: Meaning = (o, src: Place, mask: Place, dst: Place) => {
  o.enterMmx();
  storeBytes(o, src, mask, dst);
};

/** Where MASKMOVDQU stores: through RDI, and a segment prefix counts. */
const throughDI: k.HiddenKind = { slot: 'through', base: 7, w: 8, segment: true };

/** Addresses of a gather: base + sign-extended index · scale + displacement. `memory.w` is an index's width. */
function gathered<V>(o: Ops<V>, memory: MemPlace, index: V): V {
  const { scale, short, segment } = memory;
  const base = o.address({ ...memory, index: undefined, vectorIndex: false });
  const scaled = o.shl(o.signExtend(index, memory.w, 64), o.const(BigInt(Math.log2(scale))), 64);
  const offset = o.add(base, scaled, 64);
  const address = short ? o.narrow(offset, 32) : offset;
  return segment ? o.add(address, o.segmentBase(segment), 64) : address;
}

/** Halves of a 256-bit register, as a gather goes through them. */
const halfOf = (w: Width, lane: number): 0 | 1 => (lane * w < 128 ? 0 : 1);
const inHalf = (w: Width, lane: number): number => lane % (128 / w);

/**
 * One load for each of `lanes` lanes whose mask has its top bit set; the others keep what they have. A lane that is done
 * has its mask cleared, and what is done stays when a later one faults (`resumes`): hence a `put` after each lane. At
 * the end nothing is left of the mask, nor of what lies above the lanes.
 */
const gather =
  (w: LaneWidth, lanes: number): Meaning =>
  <V>(o: Ops<V>, dst: Place, src: Place, masks: Place) => {
    const memory = src as MemPlace;
    const indices: Place = { in: 'xmm', n: memory.index!, w: 256, part: 0 };
    const numbers = [dst, indices, masks].map((p) => ('n' in p ? p.n : -1));
    if (new Set(numbers).size < 3)
      return o.raise('undefined', 'destination, indices and mask of a gather are three registers');
    const halves = lanes * w > 128 ? ([0, 1] as const) : ([0] as const);
    const values = halves.map((n) => o.let(o.get(part(dst, n))));
    const rest = halves.map((n) => o.let(o.get(part(masks, n))));
    for (let lane = 0; lane < lanes; lane++) {
      const [half, n] = [halfOf(w, lane), inHalf(w, lane)];
      const index = o.lane(o.get(part(indices, halfOf(memory.w, lane))), memory.w, inHalf(memory.w, lane));
      const wanted = o.let(chosen(o, rest[half]!, w, n));
      const found = o.loadWhen(wanted, gathered(o, memory, index), w);
      values[half] = o.let(o.withLane(values[half]!, w, n, o.select(wanted, found, o.lane(values[half]!, w, n))));
      rest[half] = o.let(o.withLane(rest[half]!, w, n, o.const(0n)));
      o.put(part(dst, half), values[half]!);
      o.put(part(masks, half), rest[half]!);
    }
    if (lanes * w < 128) values[0] = o.vector(o.half(values[0]!, 0), o.const(0n));
    putVex(o, dst, (n) => values[n]!);
    putVex(o, masks, () => zero(o));
  };

/** VMASKMOVPS and its like: memory to register, and back. Go tries to store first. */
function masked(name: string, w: LaneWidth, vexW: 'W0' | 'W1', load: string, store: string, traits: Traits): Form[] {
  const row = (length: 128 | 256, opcode: string): string => `VEX.${length}.66.0F38.${vexW} ${opcode} /r`;
  return [
    form(name, row(128, store), [k.m128, k.xmmV, k.xmm], storeMasked(w), traits),
    form(name, row(256, store), [k.m256, k.ymmV, k.ymm], storeMasked(w), traits),
    form(name, row(128, load), [k.xmm, k.xmmV, k.m128], loadMasked(w), traits),
    form(name, row(256, load), [k.ymm, k.ymmV, k.m256], loadMasked(w), traits),
  ];
}

const AVX: Traits = { feature: 'AVX' };
const AVX2: Traits = { feature: 'AVX2' };
const threeRegisters: Traits = { distinct: true, resumes: true };

// biome-ignore format: table
export const vectorMasked: readonly Form[] = [
  ...masked('VMASKMOVPS', 32, 'W0', '2C', '2E', AVX),
  ...masked('VMASKMOVPD', 64, 'W0', '2D', '2F', AVX),
  ...masked('VPMASKMOVD', 32, 'W0', '8C', '8E', AVX2),
  ...masked('VPMASKMOVQ', 64, 'W1', '8C', '8E', AVX2),
  form('MASKMOVOU',   '66 0F F7 /r',             [k.xmm, k.xmmRm], maskmovdqu, { hidden: [throughDI] }),
  form('VMASKMOVDQU', 'VEX.128.66.0F.WIG F7 /r', [k.xmm, k.xmmRm], maskmovdqu, { hidden: [throughDI], ...AVX }),
  form('MASKMOVQ',    'NP 0F F7 /r',             [k.mm,  k.mmRm],  maskmovq,   { hidden: [throughDI] }),

  ...requires('AVX2', [
    form('VPGATHERDD', 'VEX.128.66.0F38.W0 90 /r', [k.xmm, k.vm32x, k.xmmV], gather(32, 4), threeRegisters),
    form('VPGATHERDD', 'VEX.256.66.0F38.W0 90 /r', [k.ymm, k.vm32y, k.ymmV], gather(32, 8), threeRegisters),
    form('VPGATHERDQ', 'VEX.128.66.0F38.W1 90 /r', [k.xmm, k.vm32x, k.xmmV], gather(64, 2), threeRegisters),
    form('VPGATHERDQ', 'VEX.256.66.0F38.W1 90 /r', [k.ymm, k.vm32x, k.ymmV], gather(64, 4), threeRegisters),
    form('VPGATHERQD', 'VEX.128.66.0F38.W0 91 /r', [k.xmm, k.vm64x, k.xmmV], gather(32, 2), threeRegisters),
    form('VPGATHERQD', 'VEX.256.66.0F38.W0 91 /r', [k.xmm, k.vm64y, k.xmmV], gather(32, 4), threeRegisters),
    form('VPGATHERQQ', 'VEX.128.66.0F38.W1 91 /r', [k.xmm, k.vm64x, k.xmmV], gather(64, 2), threeRegisters),
    form('VPGATHERQQ', 'VEX.256.66.0F38.W1 91 /r', [k.ymm, k.vm64y, k.ymmV], gather(64, 4), threeRegisters),
    form('VGATHERDPS', 'VEX.128.66.0F38.W0 92 /r', [k.xmm, k.vm32x, k.xmmV], gather(32, 4), threeRegisters),
    form('VGATHERDPS', 'VEX.256.66.0F38.W0 92 /r', [k.ymm, k.vm32y, k.ymmV], gather(32, 8), threeRegisters),
    form('VGATHERDPD', 'VEX.128.66.0F38.W1 92 /r', [k.xmm, k.vm32x, k.xmmV], gather(64, 2), threeRegisters),
    form('VGATHERDPD', 'VEX.256.66.0F38.W1 92 /r', [k.ymm, k.vm32x, k.ymmV], gather(64, 4), threeRegisters),
    form('VGATHERQPS', 'VEX.128.66.0F38.W0 93 /r', [k.xmm, k.vm64x, k.xmmV], gather(32, 2), threeRegisters),
    form('VGATHERQPS', 'VEX.256.66.0F38.W0 93 /r', [k.xmm, k.vm64y, k.xmmV], gather(32, 4), threeRegisters),
    form('VGATHERQPD', 'VEX.128.66.0F38.W1 93 /r', [k.xmm, k.vm64x, k.xmmV], gather(64, 2), threeRegisters),
    form('VGATHERQPD', 'VEX.256.66.0F38.W1 93 /r', [k.ymm, k.vm64y, k.ymmV], gather(64, 4), threeRegisters),
  ]),
];
