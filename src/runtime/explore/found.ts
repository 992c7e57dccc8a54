/** Failures, told apart: two that differ only in numbers are one kind. */
import type { Failed } from './task.ts';

export const kindOf = (failure: string): string => failure.replace(/0x[0-9a-f]+|\d+/gi, '#');

/** The first failure of each kind, in the order in which they came. */
export class Found {
  readonly #byKind = new Map<string, Failed>();

  add(failed: Failed): void {
    const kind = kindOf(failed.failure);
    if (!this.#byKind.has(kind)) this.#byKind.set(kind, failed);
  }

  get all(): readonly Failed[] {
    return [...this.#byKind.values()];
  }
}
