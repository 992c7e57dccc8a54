/** One instruction that Unicorn executes, told as a `Step`: which stores and flags is our row's word, the values are Unicorn's. */
import type { Cpu } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { EngineParts, Step, Store } from '../engine.ts';
import type { Foreseen, Foresight } from '../foresight.ts';

export class Recording {
  /** Every store that Unicorn does meanwhile. */
  readonly log: Store[] = [];
  readonly #parts: EngineParts;
  readonly #insn: Instruction;
  readonly #foreseen: Foreseen;
  readonly #gprs: readonly bigint[];
  readonly #vectors: readonly bigint[];
  readonly #turns: boolean;

  /** Made right before the instruction runs, with the registers ours. */
  constructor(parts: EngineParts, foresight: Foresight, insn: Instruction) {
    const { cpu } = parts;
    this.#parts = parts;
    this.#insn = insn;
    this.#foreseen = foresight.of(insn);
    this.#gprs = gprs(cpu);
    this.#vectors = vectors(cpu);
    this.#turns = !insn.repeat || countLeft(insn, cpu) !== 0n;
  }

  /** It has faulted, with the registers ours again: the turns it did before, if any. */
  unfinished(): Step | undefined {
    const changed = changes(this.#gprs, gprs(this.#parts.cpu));
    if (!this.#insn.repeat || !changed.length) return undefined;
    const nothing = { vectors: [], others: [], flagsWritten: 0, flagValues: 0 };
    return {
      ...nothing,
      insn: this.#insn,
      next: this.#insn.address,
      gprs: changed,
      stores: this.log,
      unfinished: true,
    };
  }

  /** And it has retired, with the registers ours again. */
  step(): Step {
    const { cpu, mem } = this.#parts;
    const { stores, flagsWritten } = this.#foreseen;
    const mask = this.#turns ? flagsWritten : 0;
    return {
      insn: this.#insn,
      next: cpu.rip,
      gprs: changes(this.#gprs, gprs(cpu)),
      vectors: changes(this.#vectors, vectors(cpu)),
      // The x87's and MXCSR: Unicorn is given nothing that writes them.
      others: [],
      flagsWritten: mask,
      flagValues: Number(cpu.rflags) & mask,
      // Of a repeated instruction our row tells one turn only.
      stores: this.#insn.repeat
        ? this.log
        : stores.map(({ address, size }) => ({ address, size, value: mem.peek(address, size) })),
    };
  }
}

/** RCX, or ECX behind an address-size prefix: a repeated instruction's last operand. */
function countLeft({ operands }: Instruction, cpu: Cpu): bigint {
  const count = operands.at(-1);
  return count?.in === 'gpr' ? BigInt.asUintN(count.w, cpu.gpr(count.n)) : cpu.gpr(R.cx);
}

const gprs = (cpu: Cpu): bigint[] => Array.from({ length: 16 }, (_, n) => cpu.gpr(n));
const vectors = (cpu: Cpu): bigint[] => Array.from({ length: 16 }, (_, n) => cpu.xmm(n));
const changes = (before: readonly bigint[], after: readonly bigint[]): [n: number, v: bigint][] =>
  after.flatMap((v, n): [number, bigint][] => (v === before[n] ? [] : [[n, v]]));
