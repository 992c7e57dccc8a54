/** psABI 3.2.2: (RSP + 8) is a multiple of 16 when a C function is entered. */
import { R } from '../cpu/layout.ts';
import type { Checker } from './checker.ts';

export const cCallAlignment: Checker = {
  name: 'c-call-alignment',
  because:
    'C compilers use aligned SSE stores on the stack and trust RSP + 8 to be a multiple of 16 on entry (psABI 3.2.2)',
  start:
    ({ machine, provenance, whereCall }) =>
    (e) => {
      if (e.kind !== 'enter' || e.convention !== 'C' || e.rsp % 16n === 8n) return undefined;
      const returnTo = machine.mem.allows(e.rsp, 8n, 'read') ? machine.mem.peek(e.rsp, 8) : 0n;
      const before = e.rsp + 8n;
      return {
        message: `${e.name} called with RSP=0x${before.toString(16)}, which is ${before % 16n} mod 16 and must be 0`,
        pc: returnTo - 1n,
        at: whereCall(returnTo),
        cause: provenance.of(R.sp),
      };
    },
};
