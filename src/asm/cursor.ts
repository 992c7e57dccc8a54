/** A place in the words of one operand. */
import { fail, SyntaxFault } from './diagnostic.ts';
import type { Phrase } from './line.ts';
import { endOfText, type Word, type WordKind } from './word.ts';

/** Go's names for the kinds of word it may be missing. */
const kindNames: Readonly<Partial<Record<WordKind, string>>> = {
  identifier: 'identifier',
  integer: 'integer constant',
  string: 'string constant',
};

/** Parentheses and signs may nest this deep: more than anyone writes, less than the stack holds. */
const maxDepth = 200;

export class Cursor {
  readonly #phrase: Phrase;
  #pos = 0;
  #depth = 0;
  /** The furthest word anyone has looked at: what a complaint is about. */
  #furthest = 0;

  constructor(phrase: Phrase) {
    this.#phrase = phrase;
  }

  peek(ahead = 0): Word {
    const index = this.#pos + ahead;
    if (index > this.#furthest) this.#furthest = index;
    return this.#phrase.word(index) ?? endOfText;
  }

  /** Runs what reads these words; a fault in it is then at one of them. */
  reading<T>(read: () => T): T {
    try {
      return read();
    } catch (fault) {
      if (fault instanceof SyntaxFault) fault.place ??= this.#phrase.place(this.#furthest);
      throw fault;
    }
  }

  /** The next word, passed over. At the end it is `EOF`, any number of times. */
  next(): Word {
    const word = this.peek();
    this.#pos++;
    return word;
  }

  /** Passes over the next word if it reads so. */
  accept(text: string): boolean {
    const found = this.peek().text === text;
    if (found) this.#pos++;
    return found;
  }

  expect(text: string): void {
    if (!this.accept(text)) fail(`expected '${text}', found ${this.peek().text}`);
  }

  expectKind(kind: WordKind): Word {
    if (this.peek().kind !== kind) fail(`expected ${kindNames[kind] ?? kind}, found ${this.peek().text}`);
    return this.next();
  }

  expectEnd(): void {
    if (!this.isAtEnd) fail(`expected end of operand, found ${this.peek().text}`);
  }

  get isAtEnd(): boolean {
    return this.peek().kind === 'end';
  }

  /** Whether a word of this kind is still to come. */
  hasAhead(kind: WordKind): boolean {
    for (let i = this.#pos; i < this.#phrase.length; i++) if (this.#phrase.word(i)!.kind === kind) return true;
    return false;
  }

  /** Runs a step that may lead back to itself. */
  nested<T>(step: () => T): T {
    if (++this.#depth > maxDepth) fail('expression nested too deeply');
    const result = step();
    this.#depth--;
    return result;
  }
}
