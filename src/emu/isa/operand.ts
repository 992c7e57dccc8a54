/** Operand kinds, spelled as in the manual: where an operand is encoded, what may stand there, how wide it is. */
import type { Width } from './ops.ts';

/** Which registers: 'ymm' are the xmm ones at their full 256 bits. */
export type RegisterFile = 'gpr' | 'xmm' | 'ymm' | 'mmx' | 'st';

export type OperandKind =
  /** ModRM.rm: a register or memory, or only one of them. `vsib`: memory whose index is a vector register of that file. */
  | {
      readonly slot: 'rm';
      readonly file: RegisterFile;
      readonly w: Width;
      readonly allow: 'both' | 'memory' | 'register';
      readonly vsib?: 'xmm' | 'ymm';
    }
  /** ModRM.reg or the opcode's +r; VEX.vvvv; the upper half of an immediate byte (is4). */
  | { readonly slot: 'reg' | 'vvvv' | 'is4'; readonly file: RegisterFile; readonly w: Width }
  /** One register that stands in both ModRM.reg and ModRM.rm (IMULQ $3, AX). */
  | { readonly slot: 'twice'; readonly w: Width }
  /** A register the opcode implies. */
  | { readonly slot: 'fixed'; readonly file: 'gpr' | 'xmm' | 'st'; readonly n: number; readonly w: Width }
  /** A constant the opcode implies: the 1 of D1 /4. */
  | { readonly slot: 'one' }
  /** Immediate of `size` bytes, widened to `w` by copying its sign or with zeros. */
  | { readonly slot: 'imm'; readonly size: number; readonly w: Width; readonly signed: boolean }
  /** Branch displacement of `size` bytes from the next instruction. */
  | { readonly slot: 'rel'; readonly size: 1 | 4 };

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
const vm = (vsib: 'xmm' | 'ymm', w: Width): OperandKind => ({ slot: 'rm', file: 'gpr', w, allow: 'memory', vsib });
export const [vm32x, vm64x, vm32y, vm64y] = [vm('xmm', 32), vm('xmm', 64), vm('ymm', 32), vm('ymm', 64)];
export const mm: OperandKind = { slot: 'reg', file: 'mmx', w: 64 };
export const [mmM32, mmM64] = ([32, 64] as const).map(
  (w): OperandKind => ({ slot: 'rm', file: 'mmx', w, allow: 'both' }),
) as [OperandKind, OperandKind];
export const ST0: OperandKind = { slot: 'fixed', file: 'st', n: 0, w: 80 };
/** ST(i), in ModRM.rm. */
export const sti: OperandKind = { slot: 'rm', file: 'st', w: 80, allow: 'register' };
/** Immediates as wide as the instruction, and an 8-bit one whose sign is copied to 16, 32 or 64 bits. */
export const [imm8, imm16, imm32, imm64] = [imm(1, 8), imm(2, 16), imm(4, 32), imm(8, 64)];
export const [imm8s16, imm8s32, imm8s64, imm32s64] = [imm(1, 16), imm(1, 32), imm(1, 64), imm(4, 64)];
/** Shift counts, interrupt vectors: never negative. */
export const uimm8 = imm(1, 8, false);
/** A 32-bit constant that the instruction widens with zeros (MOVQ $0x80000000, AX). */
export const uimm32 = imm(4, 32, false);
export const uimm16 = imm(2, 16, false);
export const [twice16, twice32, twice64] = ([16, 32, 64] as const).map((w): OperandKind => ({ slot: 'twice', w })) as [
  OperandKind,
  OperandKind,
  OperandKind,
];
export const one: OperandKind = { slot: 'one' };
export const rel8: OperandKind = { slot: 'rel', size: 1 };
export const rel32: OperandKind = { slot: 'rel', size: 4 };
