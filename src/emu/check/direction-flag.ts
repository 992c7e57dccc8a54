/** psABI 3.2.1: the direction flag is clear when a C function is entered, and when code called from C returns. */
import type { Checker } from './checker.ts';

export const directionFlag: Checker = {
  name: 'direction-flag',
  because: 'both the psABI (3.2.1) and Go want DF clear at calls; with it set, memcpy and memmove run backwards',
  start: ({ machine, where, whereCall }) => {
    const { mem, cpu } = machine;
    /** The function that crossed the border with DF set: C's caller, or the one that returned to C. */
    const callees = new Map<bigint, bigint>();
    return (e) => {
      if (e.kind === 'call') callees.set(e.slot, e.to);
      const crossing = (e.kind === 'enter' && e.convention === 'C') || e.kind === 'return';
      if (!crossing || !cpu.flag('DF')) return undefined;
      if (e.kind === 'return') {
        const pc = callees.get(e.slot) ?? cpu.rip;
        return { message: `returned to ${e.to} with the direction flag set`, pc, at: where(pc), cause: undefined };
      }
      const pc = mem.allows(e.rsp, 8n, 'read') ? mem.peek(e.rsp, 8) : cpu.rip;
      const message = `${e.name} entered with the direction flag set`;
      return { message, pc: pc - 1n, at: whereCall(pc), cause: undefined };
    };
  },
};
