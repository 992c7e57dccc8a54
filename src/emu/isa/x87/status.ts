/** The x87's status and control words, and what its pure functions answer. SDM vol. 1, 8.1.3 and 8.1.5. */
import { directions, type Outcome, type RoundControl } from '../float/round.ts';

/** Bits of the status word. The low six are those of EXCEPTION, and of the control word's masks. */
// biome-ignore format: table
export const FSW = {
  IE: 0x01, DE: 0x02, ZE: 0x04, OE: 0x08, UE: 0x10, PE: 0x20, SF: 0x40, ES: 0x80,
  C0: 0x100, C1: 0x200, C2: 0x400, TOP: 0x3800, C3: 0x4000, B: 0x8000,
} as const;
export const EXCEPTIONS = 0x3f;
/** The condition codes. */
export const CODES = FSW.C0 | FSW.C1 | FSW.C2 | FSW.C3;

/**
 * What an operation answers: the result's bits and, from bit 80 up, what it adds to the status word. Whether the result
 * is written depends on the masks, and is decided where the answer is read.
 */
export const answer = (bits: bigint, status: number): bigint => bits | (BigInt(status) << 80n);
export const statusOf = (a: bigint): number => Number(a >> 80n);
export const bitsOf = (a: bigint): bigint => BigInt.asUintN(80, a);
export const rounded = ({ bits, exceptions, roundedUp }: Outcome, status = 0): bigint =>
  answer(bits, exceptions | (roundedUp ? FSW.C1 : 0) | status);

/** The control word as rounding reads it. Without `precision` a result has the 64 bits of the registers. */
export function controlOf(fcw: bigint): RoundControl {
  const word = Number(fcw);
  return { direction: directions[(word >> 10) & 3]!, flushToZero: false, unmasked: ~word & EXCEPTIONS };
}

/** Precision control: 24, 53 or 64 bits. Processors take the reserved 01 for 64. */
export const precisionOf = (fcw: bigint): number => [24, 64, 53, 64][Number(fcw >> 8n) & 3]!;
