/** From the tape back to steps. Which registers really changed follows from a copy of them that is kept up to date. */
import type { Cpu } from '../../cpu/cpu.ts';
import type { Step } from '../engine.ts';
import { OTHERS, UNREPORTED } from './format.ts';
import { records, type TapeRecord } from './records.ts';
import type { Code } from './writer.ts';

type Tell = (step: Step) => void;
type Numbered = readonly [n: number, value: bigint];

export class TapeReader {
  readonly #gprs: bigint[];
  readonly #vectors: bigint[];
  /** The last step read: told when it is known where it led. */
  #last: Omit<Step, 'next'> | undefined;

  /** Made where the tape begins. */
  constructor(cpu: Cpu) {
    this.#gprs = Array.from({ length: 16 }, (_, n) => cpu.gpr(n));
    this.#vectors = Array.from({ length: 32 }, (_, n) => cpu.xmm(n & 15, n < 16 ? 0 : 1));
  }

  /** Whole records. The last step is held back until more is read, or `finish`. */
  read(bytes: Uint8Array, code: Code, tell: Tell): void {
    for (const r of records(bytes, code)) {
      this.finish(r.insn.address, tell);
      this.#last = this.#step(r);
    }
  }

  /** The tape ends here, with RIP there. */
  finish(rip: bigint, tell: Tell): void {
    const step = this.#last;
    this.#last = undefined;
    if (step) tell({ ...step, next: rip });
  }

  #step(r: TapeRecord): Omit<Step, 'next'> {
    return {
      insn: r.insn,
      ...(r.unfinished ? { unfinished: true as const } : {}),
      gprs: changes(this.#gprs, r.gprs),
      vectors: changes(this.#vectors, r.vectors),
      others: r.others.filter(([n]) => n < UNREPORTED).map(([n, v]) => [OTHERS[n]!, v] as const),
      flagsWritten: r.flagsWritten,
      flagValues: r.flags & r.flagsWritten,
      stores: r.stores,
    };
  }
}

function changes(file: bigint[], written: readonly Numbered[]): Numbered[] {
  return written.filter(([n, v]) => {
    const was = file[n];
    file[n] = v;
    return was !== v;
  });
}
