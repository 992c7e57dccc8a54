/**
 * The vocabulary's words for the x87, the MMX registers and what FXSAVE and XSAVE move.
 *
 * A `put` to ST(i) writes register (TOP + i) mod 8, TOP as it was before the instruction, and marks it as in use: an
 * instruction that pushes puts to ST(7) and moves TOP itself. Writes to the tags happen one after the other.
 */
import type { Place } from './place.ts';

export interface X87Ops<V> {
  /** A control register of the x87 as a scalar. `tags`: one bit a physical register, 1 when it holds something. */
  x87(r: X87Register): V;
  setX87(r: X87Register, v: V): void;
  /** Mark ST(n) as empty. */
  emptySt(n: number): void;
  /** One of the eight data registers by its physical number, all 80 bits: for what saves and restores them. */
  dataX87(n: number): V;
  setDataX87(n: number, v: V): void;
  /** #MF when an unmasked exception is pending: every instruction waits for that but the FN… ones (SDM vol. 1, 8.7). */
  waitX87(): void;
  /** This is now the last non-control instruction, for FIP, FOP and (with a memory operand) FDP (SDM vol. 1, 8.1.8). */
  noteX87(operand: Place | undefined): void;
  /**
   * Every MMX instruction: #MF when an x87 exception is pending, else the x87's top becomes 0 and all its registers
   * count as in use (SDM vol. 1, 9.5). EMMS empties them after that: `setX87('tags', 0)`. A `put` to an MMX register
   * fills the sign and exponent above it with ones.
   */
  enterMmx(): void;
}

export type X87Register = 'fcw' | 'fsw' | 'tags' | 'fop' | 'fip' | 'fdp';
