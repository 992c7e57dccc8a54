/** Random instructions with random states, for comparing engines with silicon. */
import { Bytes } from '#emu/isa/bytes.ts';
import { type Argument, encode, templateOf } from '#emu/isa/encode.ts';
import { undecorated } from '#emu/isa/evex.ts';
import type { Form } from '#emu/isa/form.ts';
import type { OperandKind } from '#emu/isa/operand.ts';
import type { Random } from '#runtime/junk.ts';
import { controlCase, setDisplacement, vector } from './control.ts';
import { floatState } from './floats.ts';
import { type CpuState, DATA, DATA_SIZE, type SiliconCase } from './silicon.ts';
import { areaOffset, randomX87, x87State } from './x87.ts';

/** Where RSP points: inside the data page, so that pushes can be compared. */
const STACK = DATA + 384n;

const edges = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

function word(r: Random): bigint {
  const v = r.next();
  return v & 1n ? v : edges[Number((v >> 8n) % BigInt(edges.length))]!;
}

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));

/** Random registers; a memory operand lies in the data page, at a displacement from R13 (which is DATA + 64). */
function argumentFor(kind: OperandKind, r: Random, memory: boolean): Argument {
  switch (kind.slot) {
    case 'fixed':
      return kind.file === 'gpr'
        ? { kind: 'gpr', n: kind.n, byte: false, high: false }
        : { kind: kind.file, n: kind.n };
    case 'one':
      return { kind: 'imm', value: 1n };
    case 'imm': {
      const v = word(r);
      return { kind: 'imm', value: kind.signed ? BigInt.asIntN(8 * kind.size, v) : BigInt.asUintN(8 * kind.size, v) };
    }
    case 'rel':
      return { kind: 'target', size: kind.size };
    case 'moffs':
      return {
        kind: 'mem',
        segment: undefined,
        base: undefined,
        index: undefined,
        scale: 1,
        disp: DATA + BigInt(pick(r, DATA_SIZE - 8)),
        symbolic: undefined,
      };
    case 'rm':
      if (kind.allow === 'memory' || (memory && kind.allow === 'both')) {
        return {
          kind: 'mem',
          segment: undefined,
          base: 13,
          ...(kind.vsib
            ? { index: pick(r, 16), vsib: kind.vsib, scale: 1 << pick(r, 4) }
            : { index: undefined, scale: 1 }),
          disp: BigInt(pick(r, 4) ? 16 * pick(r, 8) : pick(r, 128)),
          symbolic: undefined,
        };
      }
      return register(kind, r);
    default:
      return register(kind, r);
  }
}

function register(kind: OperandKind, r: Random): Argument {
  if ('among' in kind && kind.among && kind.file !== 'gpr')
    return { kind: kind.file, n: kind.among[pick(r, kind.among.length)]! };
  if ('file' in kind && kind.file !== 'gpr')
    return { kind: kind.file, n: pick(r, kind.file === 'mmx' || kind.file === 'st' ? 8 : 16) };
  const usable = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15];
  const n = usable[pick(r, usable.length)]!;
  const high = 'w' in kind && kind.w === 8 && n < 4 && pick(r, 3) === 0;
  return { kind: 'gpr', n, byte: false, high };
}

/** Bit patterns that floating point treats specially, doubles and pairs of singles. */
const floats = [
  0n,
  0x8000_0000_0000_0000n,
  0x3ff0_0000_0000_0000n,
  0xbff8_0000_0000_0000n,
  0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n,
  0x7ff8_0000_0000_0001n,
  0x7ff0_0000_0000_0001n,
  0x0000_0000_0000_0001n,
  0x000f_ffff_ffff_ffffn,
  0x0010_0000_0000_0000n,
  0x7fef_ffff_ffff_ffffn,
  0x41e0_0000_0000_0000n,
  0x43e0_0000_0000_0000n,
  0x4330_0000_0000_0001n,
  0x3f80_0000_bfc0_0000n,
  0x7f80_0000_ff80_0000n,
  0x7fc0_0001_7f80_0001n,
  0x0000_0001_8000_0001n,
  0x007f_ffff_0080_0000n,
  0x7f7f_ffff_4f00_0000n,
  0x8000_0000_0000_0000n,
  0x3c00_7c00_7e00_0001n,
];

function lane64(r: Random): bigint {
  const v = r.next();
  switch (Number(v & 7n)) {
    case 0:
    case 1:
      return floats[Number((v >> 8n) % BigInt(floats.length))]!;
    // Doubles and singles whose exponents lie near each other, so that sums and products are not all trivial.
    case 2:
      return (v & 0x800f_ffff_ffff_ffffn) | ((0x3f0n + ((v >> 52n) & 0x1fn)) << 52n);
    case 3:
      return (
        (v & 0x807f_ffff_807f_ffffn) | ((0x78n + ((v >> 55n) & 15n)) << 23n) | ((0x78n + ((v >> 23n) & 15n)) << 55n)
      );
    case 4:
      return BigInt.asUintN(64, BigInt.asIntN(8, v >> 8n));
    default:
      return v;
  }
}

/** Mostly as programs have it; sometimes other rounding, DAZ, FTZ, flags already set, an exception unmasked. */
function randomMxcsr(r: Random): number {
  const v = Number(r.next() & 0xffff_ffffn) >>> 0;
  if (v & 1) return 0x1f80;
  const unmasked = (v & 0x30) === 0 ? 0x80 << ((v >> 6) % 6) : 0;
  return (
    (0x1f80 & ~unmasked) |
    ((v >> 10) & 0x6000) |
    (v & 0x1000_0000 ? 0x8000 : 0) |
    (v & 0x2000_0000 ? 0x40 : 0) |
    ((v >> 12) & (v & 8 ? 0x3f : 0))
  );
}

export function randomState(r: Random): CpuState {
  const gprs = Array.from({ length: 16 }, () => word(r));
  gprs[4] = STACK;
  gprs[13] = DATA + 64n;
  return {
    gprs,
    flags: 0x202n | (r.next() & 0x8d5n),
    fsBase: 0n,
    gsBase: 0n,
    vectors: Array.from({ length: 32 }, () => (lane64(r) << 64n) | lane64(r)),
    mxcsr: randomMxcsr(r),
    x87: randomX87(r),
    data: new Uint8Array(BigUint64Array.from({ length: DATA_SIZE / 8 }, () => lane64(r)).buffer),
  };
}

/** Indices of a gather that stay in the data page with any scale, but for a lane in every fourth vector. */
function smallIndices(vectors: bigint[], n: number, kind: OperandKind, r: Random): void {
  const w = 'w' in kind ? BigInt(kind.w) : 64n;
  for (const half of [n, n + 16]) {
    const astray = pick(r, 4) ? -1n : BigInt(pick(r, 128)) / w;
    let v = 0n;
    for (let lane = 0n; lane < 128n / w; lane++) {
      const index = lane === astray ? r.next() : BigInt(pick(r, 48) - 8);
      v |= BigInt.asUintN(Number(w), index) << (w * lane);
    }
    vectors[half] = v;
  }
}

/**
 * One case for a row; undefined when the random operands exclude each other. `memory`: prefer a memory operand. `shape`:
 * where the code's bytes come from, so that the same code can be had with many states.
 */
export function makeCase(f: Form, r: Random, memory: boolean, shape: Random = r): SiliconCase | undefined {
  const before = x87State(f, r, floatState(f, r, randomState(r)));
  const gprs = [...before.gprs];
  // Mostly in the data page; sometimes half beyond its end.
  for (const h of f.hidden ?? [])
    if (h.slot === 'through') gprs[h.base] = DATA + BigInt(pick(r, 8) ? pick(r, DATA_SIZE - 16) : 4096 - 8);
  if (f.name === 'XLAT') gprs[3] = DATA;
  if (f.rep) {
    // String instructions walk from the middle of the data page.
    gprs[6] = DATA + 128n + BigInt(pick(r, 64));
    gprs[7] = DATA + 160n + BigInt(pick(r, 64));
    gprs[1] = BigInt(pick(r, 6));
  }
  // Behind an address-size prefix the upper halves of pointers and counts do not matter. GS has no base here.
  const isShort = f.hidden !== undefined && pick(shape, 3) === 0;
  const prefixes = [...(isShort ? [0x67] : []), ...(f.hidden && pick(shape, 4) === 0 ? [0x65] : [])];
  if (isShort) for (const n of [1, 3, 6, 7]) gprs[n] = BigInt.asUintN(32, gprs[n]!) | ((r.next() & 0xffffn) << 32n);
  const args = f.operands.map((k) => argumentFor(k, shape, memory));
  const offset = areaOffset(f, shape);
  if (offset !== undefined && args[0]?.kind === 'mem') args[0] = { ...args[0], disp: offset };
  const vectors = [...before.vectors];
  for (const [i, a] of args.entries())
    if (a.kind === 'mem' && a.vsib) smallIndices(vectors, a.index!, f.operands[i]!, r);
  if (f.name === 'ENTER') {
    // A frame that stays in the data page: what silicon has pushed before a fault stays there. Levels count modulo 32.
    gprs[5] = DATA + 200n;
    args[0] = { kind: 'imm', value: BigInt(pick(shape, 64)) };
    args[1] = { kind: 'imm', value: BigInt(pick(shape, 8) + 32 * pick(shape, 8)) };
  }
  if (f.name === 'INT') args[0] = { kind: 'imm', value: vector(shape) };
  if (/^BT/.test(f.name) && args[0]!.kind === 'mem' && args[1]!.kind === 'gpr')
    gprs[args[1]!.n] = (BigInt(pick(r, 512)) - 128n) & 0xffff_ffff_ffff_ffffn;
  if (/^I?DIV/.test(f.name) && pick(r, 4)) gprs[2] = 0n;
  try {
    const encoded = new Bytes();
    const { targetAt } = encode(templateOf(f), args, undecorated, encoded);
    const bytes = encoded.contents;
    if (targetAt !== undefined) setDisplacement(bytes, targetAt, shape);
    const repeat = f.rep && pick(shape, 2) ? [pick(shape, 2) ? 0xf3 : 0xf2] : [];
    // REPNE before MOVS, STOS and LODS is reserved.
    if (repeat[0] === 0xf2 && f.rep === 'count') return undefined;
    const code = Uint8Array.of(...prefixes, ...repeat, ...bytes);
    return controlCase(f, args, r, { code, before: { ...before, gprs, vectors } });
  } catch {
    return undefined;
  }
}
