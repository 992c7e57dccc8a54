/** One more reading of the rows: which flags an instruction looks at, and which it certainly writes. */
import { FLAGS } from '#emu/cpu/layout.ts';
import type { Instruction } from '#emu/decode/instruction.ts';
import type { Ops, StatusFlag } from '#emu/isa/ops.ts';

export interface FlagUse {
  readonly reads: number;
  readonly writes: number;
}

const STATUS = (['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const).reduce((m, f) => m | (1 << FLAGS[f]), 0);

/** A value of no bits, in every shape that a word's result can have. */
const nothing: Record<string | symbol, unknown> = new Proxy(
  {},
  {
    get: (_, name) =>
      name === Symbol.iterator
        ? function* () {
            for (;;) yield nothing;
          }
        : nothing,
  },
);

export function flagUse(insn: Instruction): FlagUse {
  let [reads, writes, conditional] = [0, 0, 0];
  const words: Record<string, (...args: never[]) => unknown> = {
    flag: (f: StatusFlag) => {
      reads |= 1 << FLAGS[f];
      return nothing;
    },
    setFlag: (f: StatusFlag) => {
      if (!conditional) writes |= 1 << FLAGS[f];
    },
    flags: () => {
      reads |= STATUS;
      return nothing;
    },
    when: (_condition: unknown, then: () => void) => {
      conditional++;
      then();
      conditional--;
    },
  };
  const ops = new Proxy({} as Ops<unknown>, { get: (_, word) => words[String(word)] ?? (() => nothing) });
  insn.form.meaning?.(ops, ...insn.operands);
  // A count of zero leaves all flags as they are; and REPE looks at ZF that it has written itself.
  return insn.repeat ? { reads: 0, writes: 0 } : { reads, writes };
}
