/** Who changed a register last: an instruction, or a host function that owed nothing to it. */
import { GPR, R } from '../cpu/layout.ts';
import { goRegister, print } from '../decode/print.ts';
import type { Symbols } from '../symbols.ts';
import type { Event } from '../trace/event.ts';
import { baseName } from '../trace/text.ts';

export class Provenance {
  readonly #symbols: Symbols;
  readonly #last = new Map<number, string>();
  /** The last change of RSP that was neither a CALL nor a RET: where alignment is made or lost. */
  #lastRsp: string | undefined;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  observe = (e: Event): void => {
    if (e.kind === 'leave') {
      for (const { register } of e.junk) {
        const n = GPR.indexOf(register as (typeof GPR)[number]);
        if (n >= 0) this.#last.set(n, `${e.name}, which need not preserve it`);
      }
      return;
    }
    if (e.kind !== 'insn' || e.step.gprs.length === 0) return;
    const { insn } = e.step;
    const text = `${print(insn, this.#symbols.nameOf)} at ${this.where(insn.address)}`;
    for (const [n] of e.step.gprs) this.#last.set(n, text);
    const moved = e.step.gprs.some(([n]) => n === R.sp);
    if (moved && insn.form.name !== 'CALL' && insn.form.name !== 'RET') this.#lastRsp = text;
  };

  /** "MOVQ SP, BX at runtime.callCgoMmap+0x2c (…)", or undefined when nobody has yet. */
  of(n: number): string | undefined {
    const by = n === R.sp ? this.#lastRsp : this.#last.get(n);
    return by && `${n === R.sp ? 'RSP' : goRegister(n)} was last changed by ${by}`;
  }

  where(address: bigint): string {
    const name = this.#symbols.nameOf(address) ?? `0x${address.toString(16)}`;
    const line = this.#symbols.lineOf(address);
    return line ? `${name} (${baseName(line.file)}:${line.line})` : name;
  }
}
