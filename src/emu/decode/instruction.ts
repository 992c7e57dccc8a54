/** What the decoder makes of bytes: the row, its operands as places, and the prefixes that matter. */

import type { Decorations } from '../isa/evex.ts';
import type { Form } from '../isa/form.ts';
import type { Place } from '../isa/place.ts';

export interface Instruction {
  readonly form: Form;
  readonly address: bigint;
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Intel's order. */
  readonly operands: readonly Place[];
  /** AVX-512's mask, zeroing, broadcast and rounding. */
  readonly decorations: Decorations;
  readonly lock: boolean;
  readonly repeat: 'REP' | 'REPN' | undefined;
}
