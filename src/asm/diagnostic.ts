/** What is wrong with a source text, and where. */
import type { Position } from './syntax.ts';
import type { Texts } from './texts.ts';

export interface Diagnostic {
  readonly at: Position;
  readonly message: string;
}

/** A file of noise should not bury its reader: Go stops after 10 complaints, we are more patient. */
const LIMIT = 1000;

/** Collects diagnostics as Go's assembler does: the first of each line, since later ones tend to follow from it. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  readonly #limit: number;
  #last: Position | undefined;

  constructor(limit = LIMIT) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.list.length > this.#limit;
  }

  report(at: Position, message: string): void {
    if (this.isFull || (this.#last?.line === at.line && this.#last.file === at.file)) return;
    this.#last = at;
    this.list.push({ at, message: this.list.length === this.#limit ? 'too many errors' : message });
  }
}

/** Thrown to abandon the statement being parsed; its text becomes a diagnostic. Never leaves src/asm. */
export class SyntaxFault extends Error {
  /** Of the word it is about, for a caret; undefined: the statement as a whole. */
  place: number | undefined;
}

/** Where a fault in a statement is: at its word, unless that stands in another line, in a macro's definition. */
export function placeOf({ place }: SyntaxFault, statement: { at: Position; place: number }, texts: Texts): Position {
  const { at } = statement;
  if (place === undefined || at.column === undefined || !texts.areInOneLine(place, statement.place)) return at;
  return { ...at, column: at.column + place - statement.place };
}

export function fail(message: string): never {
  throw new SyntaxFault(message);
}

export function failAt(place: number | undefined, message: string): never {
  const fault = new SyntaxFault(message);
  fault.place = place;
  throw fault;
}
