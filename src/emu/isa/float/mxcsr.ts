/** What MXCSR makes of operands and results. SDM vol. 1, 10.2.3, 11.5. */
import { type Format, isNan, packIndefinite, packNan, type Unpacked, unpack, type Value, zero } from './format.ts';
import { type Direction, directions, EXCEPTION, exactly, type Outcome, type RoundControl, round } from './round.ts';

export interface SseControl extends RoundControl {
  /** DAZ: denormal operands count as zeros of their sign. */
  readonly denormalsAreZeros: boolean;
}

const controls = new Map<number, SseControl>();

/** MXCSR's control bits: SDM vol. 1, 10.2.3. */
export function controlOf(mxcsr: number): SseControl {
  const key = mxcsr & 0xffc0;
  let control = controls.get(key);
  if (!control) {
    control = {
      direction: directions[(key >> 13) & 3]!,
      flushToZero: (key & 0x8000) !== 0,
      denormalsAreZeros: (key & 0x40) !== 0,
      unmasked: (~key >> 7) & 0x3f,
    };
    controls.set(key, control);
  }
  return control;
}

/** An operand, with DAZ seen to. */
export function operand(f: Format, bits: bigint, { denormalsAreZeros }: SseControl): Unpacked {
  const v = unpack(f, bits);
  return denormalsAreZeros && v.kind === 'denormal' ? zero(v.sign) : v;
}

/** The first NaN among the operands, quieted (SDM vol. 1, table 4-7). */
export function nanOf(f: Format, operands: readonly Unpacked[]): Outcome | undefined {
  const nan = operands.find(isNan);
  return nan && exactly(packNan(f, nan), signalling(operands));
}
export const signalling = (operands: readonly Unpacked[]): number =>
  operands.some((v) => v.kind === 'signalling') ? EXCEPTION.invalid : 0;
export const denormal = (...operands: readonly Unpacked[]): number =>
  operands.some((v) => v.kind === 'denormal') ? EXCEPTION.denormal : 0;

/** Round an exact result; without one the operation was invalid. `before`: exceptions its operands met. */
export function rounded(v: Value | undefined, f: Format, control: RoundControl, before: number): Outcome {
  if (!v) return exactly(packIndefinite(f), EXCEPTION.invalid);
  const out = round(v, f, control);
  return before ? { ...out, exceptions: out.exceptions | before } : out;
}

/** As an instruction says itself, or, when it does not, as MXCSR does. */
export const directed = (control: SseControl, direction: Direction | undefined): SseControl =>
  direction === undefined || direction === control.direction ? control : { ...control, direction };
