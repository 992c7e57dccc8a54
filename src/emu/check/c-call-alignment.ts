/** psABI 3.2.2: (RSP + 8) is a multiple of 16 when a C function is entered. */
import { R } from '../cpu/layout.ts';
import type { Symbols } from '../symbols.ts';
import type { Event } from '../trace/event.ts';
import type { Checker } from './checker.ts';

export const cCallAlignment: Checker = {
  name: 'c-call-alignment',
  because:
    'C compilers use aligned SSE stores on the stack and trust RSP + 8 to be a multiple of 16 on entry (psABI 3.2.2)',
  start:
    ({ machine, provenance, whereCall }) =>
    (e) => {
      const entered = entry(e, machine.symbols);
      if (!entered || entered.rsp % 16n === 8n) return undefined;
      const { name, rsp } = entered;
      const returnTo = machine.mem.allows(rsp, 8n, 'read') ? machine.mem.peek(rsp, 8) : 0n;
      const before = rsp + 8n;
      return {
        message: `${name} called with RSP=0x${before.toString(16)}, which is ${before % 16n} mod 16 and must be 0`,
        pc: returnTo - 1n,
        at: whereCall(returnTo),
        cause: provenance.of(R.sp),
      };
    },
};

/** The C function that this event enters: one of the host's, or one in machine code that is called. */
function entry(e: Event, symbols: Symbols): { readonly name: string; readonly rsp: bigint } | undefined {
  if (e.kind === 'enter') return e.convention === 'C' ? e : undefined;
  if (e.kind !== 'insn' || e.step.insn.form.name !== 'CALL') return undefined;
  const callee = symbols.at(e.step.next);
  return callee?.isC && callee.address === e.step.next ? { name: callee.name, rsp: e.rsp } : undefined;
}
