/** The vocabulary's words for the x87 and what FXSAVE and XSAVE move. Grows with forms/x87.ts. */

export interface X87Ops<V> {
  /** A control register of the x87 as a scalar. `tags`: one bit a physical register, 1 when it holds something. */
  x87(r: X87Register): V;
  setX87(r: X87Register, v: V): void;
  /** Every MMX instruction but EMMS: the x87's top becomes 0 and all its registers count as in use (SDM vol. 1, 9.5). */
  enterMmx(): void;
}

export type X87Register = 'fcw' | 'fsw' | 'tags' | 'fop' | 'fip' | 'fdp';
