/** Who changed a register last: an instruction, or a host function that owed nothing to it. */
import { GPR, type Gpr, R } from '../cpu/layout.ts';
import type { Instruction } from '../decode/instruction.ts';
import { goRegister, print } from '../decode/print.ts';
import type { Symbols } from '../symbols.ts';
import type { Event } from '../trace/event.ts';
import { baseName } from '../trace/text.ts';

/** An instruction, or the name of a host function. */
type Writer = Instruction | string;

export class Provenance {
  readonly #symbols: Symbols;
  readonly #last = new Map<number, Writer>();
  /** The last change of RSP that was neither a CALL nor a RET: where alignment is made or lost. */
  #lastRsp: Writer | undefined;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  observe = (e: Event): void => {
    if (e.kind === 'leave') {
      for (const { register } of e.junk) this.#last.set(GPR.indexOf(register as Gpr), e.name);
      return;
    }
    // A model has opened a frame: what moved RSP before is of no interest.
    if (e.kind === 'call') this.#lastRsp = undefined;
    if (e.kind !== 'insn') return;
    const { insn, gprs } = e.step;
    for (const [n] of gprs) {
      this.#last.set(n, insn);
      if (n === R.sp && insn.form.name !== 'CALL' && insn.form.name !== 'RET') this.#lastRsp = insn;
    }
  };

  /** "BX was last changed by MOVQ SP, BX at runtime.callCgoMmap+0x2c (…)", or undefined when nobody has yet. */
  of(n: number): string | undefined {
    const by = n === R.sp ? this.#lastRsp : this.#last.get(n);
    if (by === undefined) return undefined;
    const who =
      typeof by === 'string'
        ? `${by}, which need not preserve it`
        : `${print(by, this.#symbols.nameOf)} at ${this.where(by.address)}`;
    return `${n === R.sp ? 'RSP' : goRegister(n)} was last changed by ${who}`;
  }

  /** A CALL may be the last instruction of its function: what lies before the return address is what counts. */
  whereCall(returnTo: bigint): string {
    const s = this.#symbols.at(returnTo - 1n);
    const name = s ? `${s.name}+0x${(returnTo - s.address).toString(16)}` : `0x${returnTo.toString(16)}`;
    const line = this.#symbols.lineOf(returnTo - 1n);
    return `the CALL before ${name}${line ? ` (${baseName(line.file)}:${line.line})` : ''}`;
  }

  where(address: bigint): string {
    const name = this.#symbols.nameOf(address) ?? `0x${address.toString(16)}`;
    const line = this.#symbols.lineOf(address);
    return line ? `${name} (${baseName(line.file)}:${line.line})` : name;
  }
}
