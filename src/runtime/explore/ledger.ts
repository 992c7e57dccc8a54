/** What a schedule may do and what it pays: the rules of the space that is explored. */
import { canGoOn, nextInLine } from '#emu/sched/go-on.ts';
import type { Turn } from '#emu/sched/scheduler.ts';

/**
 * A thread that could move and is not the one chosen is *passed over* when the one chosen was only waiting: it is woken
 * from its sleep, or has yielded. So many times in a row that is free; then the thread is due.
 */
export const PATIENCE = 3;

export interface Choice {
  readonly thread: number;
  readonly cost: 0 | 1;
}

/**
 * The costs, along one run. After Musuvathi and Qadeer, Iterative Context Bounding (PLDI 2007): taking the processor from
 * a thread that could go on (awake, not yielded) costs one; where nobody is interrupted every choice is free, and
 * waking any sleeper is a choice like another, for threads may be arbitrarily slow.
 *
 * A program that polls would make that space infinite: it can be let poll for ever while the one it waits for stands by.
 * Their Fair Stateless Model Checking (PLDI 2008) gives such a thread priority; here it becomes due, and passing over a
 * due thread costs as much as preempting it, which it amounts to.
 */
export class Ledger {
  readonly #patience: number;
  /** How often each thread was passed over since it last moved or somebody paid for it. */
  readonly #passed: Map<number, number>;
  /** Those whose latest step offered the processor to others. */
  readonly #offered: Set<number>;

  constructor(patience = PATIENCE, passed: ReadonlyMap<number, number> = new Map(), offered: Iterable<number> = []) {
    this.#patience = patience;
    this.#passed = new Map(passed);
    this.#offered = new Set(offered);
  }

  copy(): Ledger {
    return new Ledger(this.#patience, this.#passed, this.#offered);
  }

  /** Who moves when the schedule does not say; never costs anything. */
  byDefault(turn: Turn): number {
    if (canGoOn(turn)) return turn.last;
    this.#note(turn);
    if (this.#passed.size === 0) return nextInLine(turn);
    const due = (threads: readonly number[]): number[] => threads.filter((t) => this.#isDue(t));
    const first = { ...turn, awake: due(turn.awake), asleep: due(turn.asleep) };
    return first.awake.length + first.asleep.length ? nextInLine(first) : nextInLine(turn);
  }

  /** Everybody who can move, and what it costs. */
  choices(turn: Turn): Choice[] {
    this.#note(turn);
    const all = [...turn.awake, ...turn.asleep];
    if (canGoOn(turn)) return all.map((thread) => ({ thread, cost: thread === turn.last ? 0 : 1 }));
    return all.map((thread) => ({ thread, cost: this.#skipsDue(turn, thread) ? 1 : 0 }));
  }

  /** `thread` moves. */
  took(turn: Turn, thread: number): void {
    this.#note(turn);
    if (!canGoOn(turn)) {
      const paid = this.#skipsDue(turn, thread);
      for (const t of this.#skipped(turn, thread)) {
        if (paid && this.#isDue(t)) this.#passed.delete(t);
        else this.#passed.set(t, (this.#passed.get(t) ?? 0) + 1);
      }
    }
    if (this.#passed.size) this.#passed.delete(thread);
    if (this.#offered.size) this.#offered.delete(thread);
  }

  /** Two ledgers with one key charge the same for the same future. */
  get key(): string {
    if (!this.#passed.size && !this.#offered.size) return '';
    const text = (parts: Iterable<unknown>): string => [...parts].map(String).sort().join();
    // More than due is due.
    const passed = [...this.#passed].map(([t, n]) => `${t}:${Math.min(n, this.#patience)}`);
    return `${this.#patience === Infinity ? '' : text(passed)};${text(this.#offered)}`;
  }

  #note({ last, yielded }: Turn): void {
    if (yielded && last !== undefined) this.#offered.add(last);
  }

  #isDue(thread: number): boolean {
    return (this.#passed.get(thread) ?? 0) >= this.#patience;
  }

  #skipsDue(turn: Turn, thread: number): boolean {
    if (!this.#passed.size || this.#isDue(thread)) return false;
    return this.#skipped(turn, thread).some((t) => this.#isDue(t));
  }

  /** Whom choosing `thread`, where nobody is interrupted, passes over. */
  #skipped({ awake, asleep }: Turn, thread: number): readonly number[] {
    const place = asleep.indexOf(thread);
    if (place >= 0) return [...awake, ...asleep.slice(0, place)];
    return this.#offered.has(thread) ? awake.filter((t) => t !== thread) : [];
  }
}
