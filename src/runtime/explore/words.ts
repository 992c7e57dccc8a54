/** Which words are shared: touched by two threads, and written by one of them. Learned from run to run. */
import { CLOCK, type TurnTaken } from '../trial.ts';

/** Which thread made which: a step after which there is one more. Far from the words that trials make up. */
export const THREADS = Number.MIN_SAFE_INTEGER;

/** In place of a thread. */
const SEVERAL = -1;
const NOBODY = -2;

/** [word, who touched it, who wrote it]. */
export type WordUse = readonly [word: number, touched: number, written: number];

/** Shared words, and who writes them: a thread, or SEVERAL. Reading what only oneself writes is nobody's business. */
export type SharedWords = ReadonlyMap<number, number>;

export class Words {
  readonly #uses = new Map<number, { touched: number; written: number }>();
  readonly #shared = new Map<number, number>([CLOCK, THREADS].map((w) => [w, SEVERAL]));
  /** Changes whenever `shared` does. */
  version = 0;

  constructor(uses: Iterable<WordUse> = []) {
    this.merge(uses);
  }

  take({ thread, reads, writes }: Pick<TurnTaken, 'thread' | 'reads' | 'writes'>): void {
    for (const w of reads) this.#add(w, thread, NOBODY);
    for (const w of writes) this.#add(w, thread, thread);
  }

  merge(uses: Iterable<WordUse>): void {
    for (const [word, touched, written] of uses) this.#add(word, touched, written);
  }

  get shared(): SharedWords {
    return this.#shared;
  }

  *uses(): Generator<WordUse> {
    for (const [word, { touched, written }] of this.#uses) yield [word, touched, written];
  }

  #add(word: number, touched: number, written: number): void {
    const use = this.#uses.get(word) ?? { touched, written };
    this.#uses.set(word, use);
    use.touched = both(use.touched, touched);
    use.written = both(use.written, written);
    if (use.touched !== SEVERAL || use.written === NOBODY || this.#shared.get(word) === use.written) return;
    if (this.#shared.get(word) === SEVERAL) return;
    this.#shared.set(word, use.written);
    this.version++;
  }
}

function both(a: number, b: number): number {
  if (a === b || b === NOBODY) return a;
  return a === NOBODY ? b : SEVERAL;
}

/** Whether a step may get in the way of some other thread's: it writes what others touch, or reads what others write. */
export function noticed(
  { thread, reads, writes }: Pick<TurnTaken, 'thread' | 'reads' | 'writes'>,
  shared: SharedWords,
): boolean {
  const writtenByOthers = (w: number): boolean => {
    const writer = shared.get(w);
    return writer !== undefined && writer !== thread;
  };
  return writes.some((w) => shared.has(w)) || reads.some(writtenByOthers);
}
