/** What is wrong with a source text, and where. */
import type { Position } from './syntax.ts';

export interface Diagnostic {
  readonly at: Position;
  readonly message: string;
}

/** A file of noise should not bury its reader: Go stops after 10 complaints, we are more patient. */
const limit = 1000;

/** Collects diagnostics as Go's assembler does: the first of each line, since later ones tend to follow from it. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  #last: Position | undefined;

  get isFull(): boolean {
    return this.list.length > limit;
  }

  report(at: Position, message: string): void {
    if (this.isFull || (this.#last?.line === at.line && this.#last.file === at.file)) return;
    this.#last = at;
    this.list.push({ at, message: this.list.length === limit ? 'too many errors' : message });
  }
}

/** Thrown to abandon the statement being parsed; its text becomes a diagnostic. Never leaves src/asm. */
export class SyntaxFault extends Error {}

export function fail(message: string): never {
  throw new SyntaxFault(message);
}
