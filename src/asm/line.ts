/** Words in a row: a line of text, an operand, what a macro becomes. */
import type { Word } from './word.ts';

/**
 * Words in a row, and their places. A place is a number: how much text of this run, file after file, stands before it. Words side by side
 * in a text have places side by side.
 */
export class Line {
  /** They may go on behind the line's end. */
  readonly words: Word[] = [];
  readonly places: number[] = [];
  length = 0;

  push(word: Word, place: number): void {
    const at = this.length++;
    this.words[at] = word;
    this.places[at] = place;
  }

  /** Empties it, for another line in its place. */
  clear(): void {
    this.length = 0;
  }
}

/** A part of a line: an operand. */
export class Phrase {
  readonly line: Line;
  readonly from: number;
  readonly to: number;

  constructor(line: Line, from: number, to: number) {
    this.line = line;
    this.from = from;
    this.to = to;
  }

  get length(): number {
    return this.to - this.from;
  }

  /** From the end when negative. */
  word(at: number): Word | undefined {
    const index = at < 0 ? this.to + at : this.from + at;
    return index >= this.from && index < this.to ? this.line.words[index] : undefined;
  }

  /** Of a word; that of the end is behind the last one. Undefined when there is nothing at all. */
  place(at: number): number | undefined {
    const index = Math.min(this.from + at, this.to);
    if (index < this.to) return this.line.places[index];
    const last = this.to - 1;
    return last < this.from ? undefined : this.line.places[last]! + this.line.words[last]!.text.length;
  }

  slice(from: number, to = this.length): Phrase {
    return new Phrase(this.line, this.from + from, to < 0 ? this.to + to : this.from + to);
  }

  get text(): string {
    return this.line.words
      .slice(this.from, this.to)
      .map(({ text }) => text)
      .join('');
  }
}

/** Where the operands of a line begin and end: one such list is good for all lines, one after the other. */
export class Parts {
  readonly #bounds: number[] = [];
  length = 0;

  clear(): void {
    this.length = 0;
  }

  add(from: number, to: number): void {
    const at = 2 * this.length++;
    this.#bounds[at] = from;
    this.#bounds[at + 1] = to;
  }

  from(index: number): number {
    return this.#bounds[2 * index]!;
  }

  to(index: number): number {
    return this.#bounds[2 * index + 1]!;
  }

  /** The last two change places. */
  turn(): void {
    const at = 2 * this.length - 4;
    const [from, to, otherFrom, otherTo] = this.#bounds.slice(at) as [number, number, number, number];
    this.#bounds.splice(at, 4, otherFrom, otherTo, from, to);
  }

  phrase(line: Line, index: number): Phrase {
    return new Phrase(line, this.from(index), this.to(index));
  }
}
