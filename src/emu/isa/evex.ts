/**
 * AVX-512: one line for the forms of 128, 256 and 512 bits, and what EVEX says beside the operands. SDM vol. 2, 2.7.
 *
 * An encoding without a length (`EVEX.66.0F.W0 FE /r`) stands for all three, `EVEX.256+512.…` for these two, `EVEX.LIG.…` for
 * the one of a scalar. Operands follow the length: `v` is XMM, YMM or ZMM, `half` half of that and so on.
 */
import type { Feature } from './feature.ts';
import { type Form, form, type Traits } from './form.ts';
import type { OperandKind, VectorFile } from './operand.ts';
import * as k from './operand.ts';
import type { Width } from './ops.ts';

/** How an instruction between registers rounds, exceptions suppressed; 'SAE': as MXCSR says. In the order of EVEX.RC. */
export const roundings = ['RN_SAE', 'RD_SAE', 'RU_SAE', 'RZ_SAE'] as const;
export type Control = 'SAE' | (typeof roundings)[number];

/** What stands beside the operands: K1 to K7 (0: no mask), .Z, .BCST, .SAE and the roundings. */
export interface Decorations {
  readonly mask: number;
  readonly zeroing: boolean;
  readonly broadcast: boolean;
  readonly control: Control | undefined;
}
export const undecorated: Decorations = { mask: 0, zeroing: false, broadcast: false, control: undefined };

/** What an 8-bit displacement counts in, bytes: as much as is read (SDM vol. 2, 2.7.5). */
export const dispUnit = (kind: OperandKind & { slot: 'rm' }, broadcast: boolean): number =>
  (broadcast && kind.broadcast ? kind.broadcast : (kind.unit ?? kind.w)) / 8;

export type Length = 128 | 256 | 512;
const lengths: readonly Length[] = [128, 256, 512];

/** An operand that depends on the vector length, or one that does not. */
type Scaled = OperandKind | ((length: Length) => OperandKind);

const fileOf = (bits: number): VectorFile => (bits === 512 ? 'zmm' : bits === 256 ? 'ymm' : 'xmm');
const registerWidth = (bits: number): Width => (bits > 128 ? (bits as Width) : 128);

type Slot = 'reg' | 'vvvv';
const register =
  (slot: Slot, divisor: number) =>
  (length: Length): OperandKind => {
    const bits = length / divisor;
    return { slot, file: fileOf(bits), w: registerWidth(bits) };
  };
type RmTraits = Pick<OperandKind & { slot: 'rm' }, 'broadcast' | 'unit'>;
const rm =
  (divisor: number, allow: 'both' | 'memory' | 'register', traits: RmTraits = {}) =>
  (length: Length): OperandKind => {
    const bits = length / divisor;
    const w = allow === 'register' ? registerWidth(bits) : (bits as Width);
    return { slot: 'rm', file: fileOf(bits), w, allow, ...traits };
  };

/** ModRM.reg and EVEX.vvvv, and the former of half the length. */
export const [v, vV, half] = [register('reg', 1), register('vvvv', 1), register('reg', 2)];
/** ModRM.rm: register or memory of the whole length, a half, a quarter, an eighth; of a half as a register that is written. */
export const [vM, halfM, quarterM, eighthM] = [rm(1, 'both'), rm(2, 'both'), rm(4, 'both'), rm(8, 'both')];
/** …or one element of 32 or 64 bits for all. */
export const [vB32, vB64] = [rm(1, 'both', { broadcast: 32 }), rm(1, 'both', { broadcast: 64 })];
export const halfB32 = rm(2, 'both', { broadcast: 32 });
/** …as much of the length as the mask has elements (VPCOMPRESSD): an 8-bit displacement counts elements. */
export const [vE8, vE16, vE32, vE64] = ([8, 16, 32, 64] as const).map((unit) => rm(1, 'both', { unit })) as [
  Scaled,
  Scaled,
  Scaled,
  Scaled,
];
export const [vMem, vReg] = [rm(1, 'memory'), rm(1, 'register')];
/** MOVDDUP reads all of its source but for 128 bits, where it reads half. */
export const vDup = (length: Length): OperandKind => (length === 128 ? k.xmmM64 : vM(length));
/** Four registers, [Z0-Z3]. */
export const block =
  (file: VectorFile): ((length: Length) => OperandKind) =>
  (length) => ({ slot: 'vvvv', file, w: length, block: true });

/** Memory at a vector of indices as long as the instruction's, or half; of elements of 32 or 64 bits. */
const indexed =
  (divisor: number, w: 32 | 64) =>
  (length: Length): OperandKind => ({ slot: 'rm', file: 'gpr', w, allow: 'memory', vsib: fileOf(length / divisor) });
export const [vm32, vm64, halfVm32, halfVm64] = [indexed(1, 32), indexed(1, 64), indexed(2, 32), indexed(2, 64)];

/** name, encoding, operands (Intel's order), and what may be beside them. */
export type Line = readonly [name: string, encoding: string, operands: readonly Scaled[], traits?: Traits];

/** The rows that a line stands for. Rounding and SAE are there for 512 bits and scalars only. */
export function rowsOf([name, encoding, operands, traits = {}]: Line, feature: Feature): Form[] {
  const named = /^EVEX\.(LIG|(?:128|256|512)(?:\+(?:256|512))*)\./.exec(encoding)?.[1];
  const { control, ...others } = { feature, ...traits };
  const own =
    named === 'LIG' ? [128 as const] : lengths.filter((l) => named === undefined || named.includes(String(l)));
  return own.map((length) => {
    const prefix = named === 'LIG' ? 'EVEX.LIG' : `EVEX.${length}`;
    const text = encoding.replace(named === undefined ? 'EVEX' : `EVEX.${named}`, prefix);
    const kinds = operands.map((o) => (typeof o === 'function' ? o(length) : o));
    const rounds = control && (length === 512 || named === 'LIG') ? { control } : {};
    return form(name, text, kinds, undefined, { ...others, ...rounds });
  });
}

// What may be beside the operands, under the manual's signs: {k1}, {k1}{z}, {er}, {sae}.
export const k1: Traits = { mask: 'merge' };
export const kz: Traits = { mask: 'zero' };
export const er: Traits = { control: 'ER' };
export const sae: Traits = { control: 'SAE' };
export const kzEr: Traits = { ...kz, ...er };
export const kzSae: Traits = { ...kz, ...sae };
export const k1Sae: Traits = { ...k1, ...sae };
/** A mask, and not K0: scatters. Gathers also want two registers for destination and indices. */
export const masked: Traits = { mask: 'needed' };
export const gather: Traits = { mask: 'needed', distinct: true };
