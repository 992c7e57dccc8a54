/** What has become of tokens, by their text: for what is written again in the same words. */
import type { Token } from './lex.ts';

interface Entry<T> {
  readonly tokens: readonly Token[];
  readonly value: T;
}

/** It forgets one of two texts with the same hash, so that finding is as fast for whoever makes them on purpose. */
export class Memo<T> {
  readonly #entries = new Map<number, Entry<T>>();

  get(tokens: readonly Token[]): T | undefined {
    const entry = this.#entries.get(hashOf(tokens));
    return entry !== undefined && isSame(entry.tokens, tokens) ? entry.value : undefined;
  }

  set(tokens: readonly Token[], value: T): void {
    this.#entries.set(hashOf(tokens), { tokens, value });
  }
}

function hashOf(tokens: readonly Token[]): number {
  let hash = tokens.length;
  for (let i = 0; i < tokens.length; i++) hash = (Math.imul(hash, 31) + tokens[i]!.hash) | 0;
  return hash;
}

function isSame(a: readonly Token[], b: readonly Token[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i]!.text !== b[i]!.text) return false;
  return true;
}
