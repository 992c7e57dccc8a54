/** Random instructions with random states, for comparing engines with silicon. */
import { type Argument, encode } from '#emu/isa/encode.ts';
import type { Form } from '#emu/isa/form.ts';
import type { OperandKind } from '#emu/isa/operand.ts';
import type { Random } from '#runtime/junk.ts';
import { type CpuState, DATA, DATA_SIZE, type SiliconCase, type X87State } from './silicon.ts';

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
      throw new Error('no branches here');
    case 'rm':
      if (kind.allow === 'memory' || (memory && kind.allow === 'both')) {
        return {
          kind: 'mem',
          segment: undefined,
          base: 13,
          index: undefined,
          scale: 1,
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

/** An 80-bit pattern: numbers, infinities, NaNs, denormals, and the encodings the x87 no longer supports. */
function extended(r: Random): bigint {
  const v = r.next();
  const significand =
    v & 1n ? r.next() | (1n << 63n) : [0n, 1n << 63n, 3n << 62n, 1n, M64, (1n << 63n) | 1n][pick(r, 6)]!;
  const exponent = [0x3fffn, 0x3ffen + BigInt(pick(r, 80)), 0n, 0x7fffn, 0x4000n - BigInt(pick(r, 60)), 1n, 0x7ffen][
    pick(r, 7)
  ]!;
  const normal = exponent > 0n && exponent < 0x7fffn && pick(r, 20) ? significand | (1n << 63n) : significand;
  return (BigInt(pick(r, 2)) << 79n) | (exponent << 64n) | normal;
}
const M64 = 0xffff_ffff_ffff_ffffn;

function randomX87(r: Random): X87State {
  const top = pick(r, 8);
  return {
    fcw: (0x37f & ~(pick(r, 3) ? 0 : 0x300 & ~((pick(r, 3) + 1) << 8))) | (pick(r, 2) << 10) | (pick(r, 2) << 11),
    fsw: (top << 11) | ((pick(r, 16) << 8) & 0x4700),
    tags: pick(r, 4) ? 0xff : pick(r, 256),
    registers: Array.from({ length: 8 }, () => extended(r)),
  };
}

export function randomState(r: Random): CpuState {
  const gprs = Array.from({ length: 16 }, () => word(r));
  gprs[4] = STACK;
  gprs[13] = DATA + 64n;
  return {
    gprs,
    flags: 0x202n | (r.next() & 0x8d5n),
    vectors: Array.from({ length: 32 }, () => (lane64(r) << 64n) | lane64(r)),
    mxcsr: randomMxcsr(r),
    x87: randomX87(r),
    data: new Uint8Array(BigUint64Array.from({ length: DATA_SIZE / 8 }, () => lane64(r)).buffer),
  };
}

/** One case for a row; undefined when the random operands exclude each other. `memory`: prefer a memory operand. */
export function makeCase(f: Form, r: Random, memory: boolean): SiliconCase | undefined {
  const before = randomState(r);
  const gprs = [...before.gprs];
  if (f.name === 'XLAT') gprs[3] = DATA;
  if (f.rep) {
    // String instructions walk from the middle of the data page.
    gprs[6] = DATA + 128n + BigInt(pick(r, 64));
    gprs[7] = DATA + 160n + BigInt(pick(r, 64));
    gprs[1] = BigInt(pick(r, 6));
  }
  const args = f.operands.map((k) => argumentFor(k, r, memory));
  if (/^BT/.test(f.name) && args[0]!.kind === 'mem' && args[1]!.kind === 'gpr')
    gprs[args[1]!.n] = (BigInt(pick(r, 512)) - 128n) & 0xffff_ffff_ffff_ffffn;
  if (/^I?DIV/.test(f.name) && pick(r, 4)) gprs[2] = 0n;
  try {
    const { bytes } = encode(f, args);
    const code = f.rep && pick(r, 2) ? Uint8Array.of(pick(r, 2) ? 0xf3 : 0xf2, ...bytes) : bytes;
    // REPNE before MOVS, STOS and LODS is reserved.
    if (code[0] === 0xf2 && f.rep === 'count') return undefined;
    return { code, before: { ...before, gprs } };
  } catch {
    return undefined;
  }
}
