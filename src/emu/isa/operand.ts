/** Operand kinds, spelled as in the manual: where an operand is encoded, what may stand there, how wide it is. */
import type { Width } from './ops.ts';

/** Which registers: 'ymm' and 'zmm' are the xmm ones at 256 and 512 bits, 'k' the opmasks. */
export type RegisterFile = 'gpr' | VectorFile | 'k' | 'mmx' | 'st' | SystemFile;
export type VectorFile = 'xmm' | 'ymm' | 'zmm';
/** Segment, control and debug registers. */
export type SystemFile = 'seg' | 'cr' | 'dr';

export type OperandKind =
  /**
   * ModRM.rm: a register or memory, or only one of them. `vsib`: memory whose index is a vector register of that file.
   * EVEX: `broadcast` is the width of the one element that memory may hold for all, `unit` that of what an 8-bit
   * displacement counts in where it is not `w`.
   */
  | {
      readonly slot: 'rm';
      readonly file: RegisterFile;
      readonly w: Width;
      readonly allow: 'both' | 'memory' | 'register';
      readonly vsib?: VectorFile;
      readonly broadcast?: 32 | 64;
      readonly unit?: Width;
    }
  /**
   * ModRM.reg or the opcode's +r; VEX.vvvv; the upper half of an immediate byte (is4). `among`: which there are.
   * `block`: the first of four, written [Z0-Z3].
   */
  | {
      readonly slot: 'reg' | 'vvvv' | 'is4';
      readonly file: RegisterFile;
      readonly w: Width;
      readonly among?: readonly number[];
      readonly block?: true;
    }
  /** One register that stands in both ModRM.reg and ModRM.rm (IMULQ $3, AX). */
  | { readonly slot: 'twice'; readonly w: Width }
  /** A register the opcode implies. */
  | { readonly slot: 'fixed'; readonly file: 'gpr' | 'xmm' | 'st' | 'seg'; readonly n: number; readonly w: Width }
  /** A constant the opcode implies: the 1 of D1 /4. */
  | { readonly slot: 'one' }
  /** Immediate of `size` bytes, widened to `w` by copying its sign or with zeros. `eitherSign`: may be written negative too. */
  | {
      readonly slot: 'imm';
      readonly size: number;
      readonly w: Width;
      readonly signed: boolean;
      readonly eitherSign?: true;
      /** Nothing but what the bytes hold; or any 32 bits, of which they hold some. */
      readonly exact?: true;
      readonly any?: true;
      /** Go takes 0 to this only, whatever the bytes could hold. */
      readonly max?: number;
    }
  /** Memory at an address that stands in the instruction: eight bytes, or four behind an address-size prefix. */
  | { readonly slot: 'moffs'; readonly w: Width }
  /** Branch displacement of `size` bytes from the next instruction. */
  | { readonly slot: 'rel'; readonly size: 1 | 4 };

/**
 * An operand that stands nowhere in the text, and follows those that do: memory through RSI, RDI or RBX, which a segment
 * prefix may override or not, or the count in RCX. An address-size prefix makes them ESI, EDI, EBX and ECX.
 */
export type HiddenKind =
  | { readonly slot: 'through'; readonly base: number; readonly w: Width; readonly segment: boolean }
  | { readonly slot: 'counter' };

const rm = (w: Width): OperandKind => ({ slot: 'rm', file: 'gpr', w, allow: 'both' });
const m = (w: Width): OperandKind => ({ slot: 'rm', file: 'gpr', w, allow: 'memory' });
const r = (w: Width): OperandKind => ({ slot: 'reg', file: 'gpr', w });
const xm = (w: Width): OperandKind => ({ slot: 'rm', file: 'xmm', w, allow: 'both' });
const only = (file: RegisterFile, w: Width): OperandKind => ({ slot: 'rm', file, w, allow: 'register' });
const imm = (size: number, w: Width, signed = true): OperandKind => ({ slot: 'imm', size, w, signed });
const fixed = (n: number, w: Width): OperandKind => ({ slot: 'fixed', file: 'gpr', n, w });

export const [rm8, rm16, rm32, rm64] = [rm(8), rm(16), rm(32), rm(64)];
export const [m8, m16, m32, m64, m80, m128, m256] = [m(8), m(16), m(32), m(64), m(80), m(128), m(256)];
/** Memory of no size of its own: what LEA names, FXSAVE's area. */
export const mem: OperandKind = m8;
export const [r8, r16, r32, r64] = [r(8), r(16), r(32), r(64)];
export const [AL, AX, EAX, RAX, CL] = [fixed(0, 8), fixed(0, 16), fixed(0, 32), fixed(0, 64), fixed(1, 8)];
export const xmm: OperandKind = { slot: 'reg', file: 'xmm', w: 128 };
/** xmm2/m16 … m128: a register or as much memory. */
export const [xmmM8, xmmM16, xmmM32, xmmM64, xmmM128] = [xm(8), xm(16), xm(32), xm(64), xm(128)];
/** ModRM.rm as a register only. */
export const [r16Rm, r32Rm, r64Rm] = [only('gpr', 16), only('gpr', 32), only('gpr', 64)];
export const [xmmRm, ymmRm, mmRm] = [only('xmm', 128), only('ymm', 256), only('mmx', 64)];
/** VEX.vvvv. */
export const xmmV: OperandKind = { slot: 'vvvv', file: 'xmm', w: 128 };
export const ymmV: OperandKind = { slot: 'vvvv', file: 'ymm', w: 256 };
export const [r32V, r64V] = ([32, 64] as const).map((w): OperandKind => ({ slot: 'vvvv', file: 'gpr', w })) as [
  OperandKind,
  OperandKind,
];
export const xmmI: OperandKind = { slot: 'is4', file: 'xmm', w: 128 };
export const ymmI: OperandKind = { slot: 'is4', file: 'ymm', w: 256 };
export const XMM0: OperandKind = { slot: 'fixed', file: 'xmm', n: 0, w: 128 };
export const ymm: OperandKind = { slot: 'reg', file: 'ymm', w: 256 };
export const ymmM256: OperandKind = { slot: 'rm', file: 'ymm', w: 256, allow: 'both' };
/** vm32x and friends: `w` bits a lane, addresses from a vector of indices. */
const vm = (vsib: VectorFile, w: Width): OperandKind => ({ slot: 'rm', file: 'gpr', w, allow: 'memory', vsib });
export const [vm32x, vm64x, vm32y, vm64y] = [vm('xmm', 32), vm('xmm', 64), vm('ymm', 32), vm('ymm', 64)];
/** Opmask registers: ModRM.reg, VEX.vvvv, ModRM.rm; with memory of the mask's size. */
export const kreg: OperandKind = { slot: 'reg', file: 'k', w: 64 };
export const kregV: OperandKind = { slot: 'vvvv', file: 'k', w: 64 };
export const kregRm = only('k', 64);
export const [kM8, kM16, kM32, kM64] = ([8, 16, 32, 64] as const).map(
  (w): OperandKind => ({ slot: 'rm', file: 'k', w, allow: 'both' }),
) as [OperandKind, OperandKind, OperandKind, OperandKind];
export const mm: OperandKind = { slot: 'reg', file: 'mmx', w: 64 };
export const [mmM32, mmM64] = ([32, 64] as const).map(
  (w): OperandKind => ({ slot: 'rm', file: 'mmx', w, allow: 'both' }),
) as [OperandKind, OperandKind];
export const [ST0, ST1] = ([0, 1] as const).map((n): OperandKind => ({ slot: 'fixed', file: 'st', n, w: 80 })) as [
  OperandKind,
  OperandKind,
];
/** ST(i), in ModRM.rm. */
export const sti: OperandKind = { slot: 'rm', file: 'st', w: 80, allow: 'register' };
/** Immediates as wide as the instruction, and an 8-bit one whose sign is copied to 16, 32 or 64 bits. */
export const [imm8, imm16, imm32, imm64] = [imm(1, 8), imm(2, 16), imm(4, 32), imm(8, 64)];
export const [imm8s16, imm8s32, imm8s64, imm32s64] = [imm(1, 16), imm(1, 32), imm(1, 64), imm(4, 64)];
/** Shift counts: never negative. */
export const uimm8 = imm(1, 8, false);
/** One of four lanes. */
export const lane4: OperandKind = { slot: 'imm', size: 1, w: 8, signed: false, max: 3 };
/** A byte that picks lanes or counts: Go takes −128 to 255. */
export const bits8: OperandKind = { slot: 'imm', size: 1, w: 8, signed: false, eitherSign: true };
/** Its sign is copied, but Go takes it up to 0xffffffff, as if it were not. */
export const bits32s64: OperandKind = { slot: 'imm', size: 4, w: 64, signed: true, eitherSign: true };
/** Counts of which Go takes −128 to 127. */
export const simm8: OperandKind = { slot: 'imm', size: 1, w: 8, signed: true, exact: true };
/** Ports, interrupt vectors, bytes to pop: Go takes any 32 bits and keeps the low ones. */
export const any8: OperandKind = { slot: 'imm', size: 1, w: 8, signed: false, any: true };
export const any16: OperandKind = { slot: 'imm', size: 2, w: 16, signed: false, any: true };
/** A 32-bit constant that the instruction widens with zeros (MOVQ $0x80000000, AX). */
export const uimm32 = imm(4, 32, false);
export const uimm16 = imm(2, 16, false);
export const [twice16, twice32, twice64] = ([16, 32, 64] as const).map((w): OperandKind => ({ slot: 'twice', w })) as [
  OperandKind,
  OperandKind,
  OperandKind,
];
/** System registers in ModRM.reg; CS cannot be loaded. FS and GS are those that PUSH and POP imply. */
const system = (file: SystemFile, w: Width, ...among: number[]): OperandKind => ({ slot: 'reg', file, w, among });
export const [sreg, sregTo] = [system('seg', 16, 0, 1, 2, 3, 4, 5), system('seg', 16, 0, 2, 3, 4, 5)];
export const [creg, dreg] = [system('cr', 64, 0, 2, 3, 4, 8), system('dr', 64, 0, 1, 2, 3, 4, 5, 6, 7)];
export const [FS, GS] = ([4, 5] as const).map((n): OperandKind => ({ slot: 'fixed', file: 'seg', n, w: 16 })) as [
  OperandKind,
  OperandKind,
];
/** What string instructions read and write, and where XLAT's table is. */
export const throughSI = (w: Width): HiddenKind => ({ slot: 'through', base: 6, w, segment: true });
export const throughDI = (w: Width): HiddenKind => ({ slot: 'through', base: 7, w, segment: false });
export const throughBX: HiddenKind = { slot: 'through', base: 3, w: 8, segment: true };
export const counter: HiddenKind = { slot: 'counter' };
export const [moffs8, moffs16, moffs32, moffs64] = ([8, 16, 32, 64] as const).map(
  (w): OperandKind => ({ slot: 'moffs', w }),
) as [OperandKind, OperandKind, OperandKind, OperandKind];
export const one: OperandKind = { slot: 'one' };
export const rel8: OperandKind = { slot: 'rel', size: 1 };
export const rel32: OperandKind = { slot: 'rel', size: 4 };
