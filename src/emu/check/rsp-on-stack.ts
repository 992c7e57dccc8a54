/** RSP points into writable memory after every instruction: a stack pointer is never parked anywhere else. */
import { R } from '../cpu/layout.ts';
import { print } from '../decode/print.ts';
import type { Checker } from './checker.ts';

export const rspOnStack: Checker = {
  name: 'rsp-on-stack',
  because: 'a signal may arrive after any instruction, and the next push, call or local needs memory there',
  start: ({ machine, provenance, where }) => {
    let lost = false;
    return (e) => {
      if (e.kind !== 'insn' || !e.step.gprs.some(([n]) => n === R.sp)) return undefined;
      // A full stack is allowed to be empty: then RSP is its high bound.
      const held = machine.mem.allows(e.rsp - 8n, 8n, 'write') || machine.mem.allows(e.rsp, 8n, 'write');
      const before = lost;
      lost = !held;
      if (held || before) return undefined;
      const { insn } = e.step;
      const source = insn.operands.find((p, i) => i > 0 && p.in === 'gpr');
      return {
        message: `RSP became 0x${e.rsp.toString(16)}, which is on no stack`,
        pc: insn.address,
        at: `${print(insn, machine.symbols.nameOf)} in ${where(insn.address)}`,
        cause: source?.in === 'gpr' ? provenance.of(source.n) : undefined,
      };
    };
  },
};
