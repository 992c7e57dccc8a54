/** Why an access or an instruction could not complete. A fault leaves every register and byte as it was. */

export type Access = 'read' | 'write' | 'execute';

export type Fault =
  /** #PF. `mapped` tells a protection violation from an address that nothing is mapped at. */
  | {
      readonly kind: 'page';
      readonly address: bigint;
      readonly access: Access;
      readonly size: number;
      readonly mapped: boolean;
    }
  /** #GP(0): non-canonical address, misaligned aligned-vector access, privileged instruction. */
  | { readonly kind: 'protection'; readonly detail: string }
  /** #SS(0): a non-canonical address that was reached through RSP or RBP. Linux makes it SIGBUS. */
  | { readonly kind: 'stack'; readonly detail: string }
  /** #UD. */
  | { readonly kind: 'undefined'; readonly detail: string }
  /** #DE: division by zero, or a quotient that does not fit. */
  | { readonly kind: 'divide' }
  /** #XM: an unmasked SSE exception; #MF: an x87 one, raised by the instruction after the one that met it. */
  | { readonly kind: 'simd' | 'x87' }
  /** Not a CPU fault: callgate has no row for these bytes, or a row without a meaning. `what` names it. */
  | { readonly kind: 'no-meaning'; readonly what: string };

/** Thrown from deep inside an instruction; engines turn it into a `Stop`. Not an Error: no host stack is wanted. */
export class Trap {
  readonly fault: Fault;
  constructor(fault: Fault) {
    this.fault = fault;
  }
}
