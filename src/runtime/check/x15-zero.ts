/** X15 is zero where Go code begins. */
import type { Invariant } from './checker.ts';

export const x15Zero: Invariant = {
  name: 'x15-zero',
  because: 'compiled Go clears memory with X15 (abi-internal.md): what C left there would be written all over it',
  start: (world) => (e) => {
    if (e.kind !== 'enter' || e.convention !== 'ABIInternal') return undefined;
    const x15 = world.machine.cpu.xmm(15);
    return x15 === 0n ? undefined : `${e.name} entered with X15=0x${x15.toString(16)}`;
  },
};
