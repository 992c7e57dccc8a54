/** What has become of words in a row: for what is written again in the same words. */
import type { Line } from './line.ts';
import type { Word } from './word.ts';

interface Entry<T> {
  readonly words: readonly Word[];
  readonly value: T;
}

/** It forgets one of two rows with the same hash, so that finding is as fast for whoever makes them on purpose. */
export class Memo<T> {
  readonly #entries = new Map<number, Entry<T>>();

  get({ words }: Line, from: number, to: number): T | undefined {
    const entry = this.#entries.get(hashOf(words, from, to));
    if (entry === undefined || entry.words.length !== to - from) return undefined;
    for (let i = from; i < to; i++) if (entry.words[i - from] !== words[i]) return undefined;
    return entry.value;
  }

  set({ words }: Line, from: number, to: number, value: T): void {
    this.#entries.set(hashOf(words, from, to), { words: words.slice(from, to), value });
  }
}

function hashOf(words: readonly Word[], from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + words[i]!.hash) | 0;
  return hash;
}
