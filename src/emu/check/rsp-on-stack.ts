/** RSP points into a stack after every instruction: it is never parked anywhere else. */
import { R } from '../cpu/layout.ts';
import { print } from '../decode/print.ts';
import type { Machine } from '../machine.ts';
import type { Checker } from './checker.ts';

export const rspOnStack: Checker = {
  name: 'rsp-on-stack',
  because: 'a signal may arrive after any instruction, and the next push, call or local needs memory there',
  start: ({ machine, provenance, where }) => {
    let lost = false;
    return (e) => {
      if (e.kind !== 'insn' || !e.step.gprs.some(([n]) => n === R.sp)) return undefined;
      // An empty stack's RSP is its high bound, one byte beyond it.
      const held = machine.stackAt(e.rsp) !== '' || machine.stackAt(e.rsp - 1n) !== '';
      const before = lost;
      lost = !held;
      if (held || before) return undefined;
      const { insn } = e.step;
      const source = insn.operands.find((p, i) => i > 0 && p.in === 'gpr');
      return {
        message: `RSP became 0x${e.rsp.toString(16)}, which is ${below(machine, e.rsp) ?? 'on no stack'}`,
        pc: insn.address,
        at: `${print(insn, machine.symbols.nameOf)} in ${where(insn.address)}`,
        cause: source?.in === 'gpr' ? provenance.of(source.n) : undefined,
      };
    };
  },
};

/** A little below a stack is a stack that has overflowed. */
function below({ mem }: Machine, rsp: bigint): string | undefined {
  const above = mem.regions.find((r) => r.start > rsp && r.name.includes('stack'));
  const by = above && above.start - rsp;
  return by && by < OVERFLOW ? `${by} bytes below the ${above.name}: it has overflowed` : undefined;
}
/** As far as one frame may reach beyond. */
const OVERFLOW = 0x1_0000n;
