/** Code must give back the registers its caller keeps: six for C (psABI 3.2.1), the frame pointer for Go. */
import { R } from '../cpu/layout.ts';
import { goRegister } from '../decode/print.ts';
import type { Convention } from '../trace/event.ts';
import type { Checker } from './checker.ts';

const kept: Record<Convention, readonly number[]> = {
  C: [R.bx, R.bp, R.r12, R.r13, R.r14, R.r15],
  ABI0: [R.bp],
  ABIInternal: [R.bp, R.r14],
};

export const calleeSaved: Checker = {
  name: 'callee-saved',
  because:
    'C code called around a Go stub expects BX, BP and R12–R15 back (psABI 3.2.1); Go code expects BP back, and from ABIInternal code g in R14 and X15 zero',
  start: ({ machine, provenance, where }) => {
    interface Kept {
      readonly callee: bigint;
      readonly values: readonly (readonly [n: number, value: bigint])[];
    }
    const promises = new Map<bigint, Kept>();
    return (e) => {
      // A frame that moved with its stack is the same frame; the BP in it is the mover's to adjust.
      if (e.kind === 'moved') {
        for (const [slot, p] of [...promises]) {
          if (slot < e.from || slot >= e.from + e.size) continue;
          promises.delete(slot);
          promises.set(slot + e.delta, { ...p, values: p.values.filter(([n]) => n !== R.bp) });
        }
      }
      if (e.kind === 'call') {
        const values = kept[e.convention].map((n) => [n, machine.cpu.gpr(n)] as const);
        promises.set(e.slot, { callee: e.to, values });
        return undefined;
      }
      if (e.kind !== 'return') return undefined;
      const promise = promises.get(e.slot);
      if (!promise) return undefined;
      promises.delete(e.slot);
      const broken = promise.values.filter(([n, was]) => machine.cpu.gpr(n) !== was);
      const x15 = e.convention === 'ABIInternal' ? machine.cpu.xmm(15) : 0n;
      if (!broken.length && x15 === 0n) return undefined;
      const values = broken.map(
        ([n, was]) => `${goRegister(n)} was 0x${was.toString(16)} and is 0x${machine.cpu.gpr(n).toString(16)}`,
      );
      if (x15) values.push(`X15 is 0x${x15.toString(16)}, not zero`);
      return {
        message: `${e.to} did not get its registers back: ${values.join('; ')}`,
        pc: promise.callee,
        at: where(promise.callee),
        cause: broken[0] && provenance.of(broken[0][0]),
      };
    };
  },
};
