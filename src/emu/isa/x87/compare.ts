/** Comparing and classifying x87 operands: condition codes. SDM vol. 1, 8.3.6, and vol. 2, FCOM, FXAM. */
import { order } from '../float/exact.ts';
import { isNan } from '../float/format.ts';
import type { Binary } from './arithmetic.ts';
import { denormal, extended, type Operand } from './operand.ts';
import { answer, FSW } from './status.ts';

const UNORDERED = FSW.C3 | FSW.C2 | FSW.C0;
const codes = { '-1': FSW.C0, 0: FSW.C3, 1: 0 } as const;

/** Nothing but status: how ST(0) stands to the operand. `quiet`: a quiet NaN is unordered without being invalid. */
export const compare =
  (from: (bits: bigint) => Operand, quiet: boolean): Binary =>
  (_fcw, a, b) => {
    const [x, y] = [extended(a), from(b)];
    const kinds = [x.kind, y.kind];
    if (kinds.includes('unsupported') || kinds.includes('signalling')) return answer(0n, UNORDERED | FSW.IE);
    if (isNan(x) || isNan(y)) return answer(0n, UNORDERED | (quiet ? 0 : FSW.IE));
    return answer(0n, codes[order(x, y)] | denormal(x, y));
  };

// biome-ignore format: table
const classes: Readonly<Record<Operand['kind'], number>> = {
  unsupported: 0,
  quiet:       FSW.C0,
  signalling:  FSW.C0,
  normal:      FSW.C2,
  infinity:    FSW.C2 | FSW.C0,
  zero:        FSW.C3,
  denormal:    FSW.C3 | FSW.C2,
};
const EMPTY = FSW.C3 | FSW.C0;

/** FXAM: C3 C2 C0 say what ST(0) holds, C1 its sign, even when it is empty. */
export const examine = (empty: bigint, a: bigint): bigint =>
  answer(0n, (empty ? EMPTY : classes[extended(a).kind]) | (a >> 79n ? FSW.C1 : 0));
