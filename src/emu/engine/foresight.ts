/**
 * What our row says an instruction is about to do, without doing it: for engines that execute it elsewhere and must
 * still report stores, written flags and faults in our words.
 */
import type { Instruction } from '../decode/instruction.ts';
import type { MemPlace } from '../isa/place.ts';
import { type Fault, Trap } from '../mem/fault.ts';
import type { EngineParts, Store } from './engine.ts';
import { Evaluator } from './interp/eval.ts';

export interface Foreseen {
  readonly fault: Fault | undefined;
  readonly stores: readonly Store[];
  readonly flagsWritten: number;
}

export class Foresight {
  readonly #parts: EngineParts;
  readonly #eval: Evaluator;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#eval = new Evaluator(parts);
  }

  /** The address of a memory operand, segment base included; 0 where even that faults. */
  linear(of: MemPlace): bigint {
    try {
      return this.#eval.linear(of);
    } catch (t) {
      if (!(t instanceof Trap)) throw t;
      return 0n;
    }
  }

  /** Of a repeated instruction: its next turn. */
  of(insn: Instruction): Foreseen {
    const e = this.#eval;
    const [dst] = insn.operands;
    e.begin(insn.address + BigInt(insn.length), insn);
    let fault: Fault | undefined;
    try {
      // As the interpreter: a destination that is read and written faults as a write.
      if (insn.form.modifies && dst?.in === 'mem') this.#parts.mem.check(e.linear(dst), dst.w / 8, 'write');
      insn.form.meaning?.(e, ...insn.operands);
      e.finish();
    } catch (t) {
      if (!(t instanceof Trap)) throw t;
      ({ fault } = t);
    }
    return { fault, stores: [...e.stores], flagsWritten: e.flagsWritten };
  }
}
