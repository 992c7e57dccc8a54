/** The state that a run has reached, as a number: the same for runs that differ only in the order of unrelated steps. */
import type { SharedWords } from './words.ts';

/** Two lanes of 32 bits: with a million states the chance that any two are confused is below 10⁻⁷. */
interface Hash {
  readonly a: number;
  readonly b: number;
}
const ZERO: Hash = { a: 0, b: 0 };

/**
 * Steps are ordered by happens-before: those of one thread, and two that touch one shared word when one of them writes
 * it. A step is hashed with those right before it in that order, so a thread's hash says all that its latest step rests
 * on; together the threads' hashes say which steps were made and how they are ordered, and nothing of the
 * order in which unrelated ones happened. Runs with the same steps so ordered have reached the same state.
 */
export class HappensBefore {
  readonly #shared: SharedWords;
  readonly #threads = new Map<number, Hash>();
  readonly #written = new Map<number, Hash>();
  /** The sum of the reads of a word since it was written: reads are not ordered among themselves. */
  readonly #read = new Map<number, Hash>();
  #sum = ZERO;

  constructor(shared: SharedWords) {
    this.#shared = shared;
  }

  step(thread: number, reads: Iterable<number>, writes: Iterable<number>): void {
    const before = this.#threads.get(thread) ?? start(thread);
    const written = new Set([...writes].filter((w) => this.#shared.has(w)));
    const read = new Set([...reads].filter((w) => this.#shared.has(w) && !written.has(w)));
    let hash = mixed(before, 1, ZERO);
    let from = ZERO;
    // A sum, so that it does not matter in which order a step's words are given.
    for (const w of read) from = plus(from, mixed(this.#written.get(w) ?? ZERO, w * 4 + 1, ZERO));
    for (const w of written) {
      from = plus(from, mixed(this.#written.get(w) ?? ZERO, w * 4 + 2, this.#read.get(w) ?? ZERO));
    }
    hash = mixed(hash, 2, from);
    for (const w of read) this.#read.set(w, plus(this.#read.get(w) ?? ZERO, hash));
    for (const w of written) {
      this.#written.set(w, hash);
      this.#read.delete(w);
    }
    this.#sum = plus(minus(this.#sum, this.#threads.has(thread) ? before : ZERO), hash);
    this.#threads.set(thread, hash);
  }

  get key(): string {
    return `${this.#sum.a.toString(36)}.${this.#sum.b.toString(36)}`;
  }
}

const start = (thread: number): Hash => mixed(ZERO, thread + 3, ZERO);
const plus = (x: Hash, y: Hash): Hash => ({ a: (x.a + y.a) >>> 0, b: (x.b + y.b) >>> 0 });
const minus = (x: Hash, y: Hash): Hash => ({ a: (x.a - y.a) >>> 0, b: (x.b - y.b) >>> 0 });

/** MurmurHash3's rounds (Appleby) over five numbers, with other constants for the other lane. */
function mixed(x: Hash, n: number, y: Hash): Hash {
  const low = n | 0;
  const high = Math.floor(n / 2 ** 32) | 0;
  return {
    a: finish(round(round(round(round(x.a, x.b, C1), low, C1), high, C1), y.a, C1) ^ y.b, 0x85eb_ca6b),
    b: finish(round(round(round(round(x.b, x.a, C2), low, C2), high, C2), y.b, C2) ^ y.a, 0xc2b2_ae35),
  };
}
const C1 = 0xcc9e_2d51;
const C2 = 0x1b87_3593;

function round(h: number, k: number, c: number): number {
  const m = Math.imul(k, c);
  const x = h ^ ((m << 15) | (m >>> 17));
  return (Math.imul((x << 13) | (x >>> 19), 5) + 0xe654_6b64) | 0;
}

function finish(h: number, c: number): number {
  let x = h;
  x = Math.imul(x ^ (x >>> 16), c);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
