/** Where words come from: a file, the files it includes and the macros being expanded, innermost first. */
import { fail, SyntaxFault } from './diagnostic.ts';
import { Lexer } from './lex.ts';
import { Line } from './line.ts';
import type { Position } from './syntax.ts';
import type { Texts } from './texts.ts';
import { endOfText, newline, type Word, Words } from './word.ts';

/** As deep as Go goes. */
const maxDepth = 100;

/** Where a macro is used: all that comes out of it stands there. */
export interface Use {
  readonly at: Position;
  readonly place: number;
}

/** A file, or a macro's expansion. */
interface Frame {
  readonly lexer: Lexer | undefined;
  readonly line: Line;
  next: number;
  readonly use: Use | undefined;
}

const noLine = new Line();
const fileFrame = (lexer: Lexer): Frame => ({ lexer, line: noLine, next: 0, use: undefined });

/** Ends the whole run: what the text asks for has no end, or none worth waiting for. */
export class RunawayFault extends SyntaxFault {}

export class WordStack {
  readonly #texts: Texts;
  readonly #words = new Words();
  #frames: Frame[];
  /** The last word read, and the frame it comes from. */
  #word = endOfText;
  #last: Frame;
  /** The last word is to be read again. */
  #isBack = false;

  constructor(file: string, text: string, texts: Texts) {
    this.#texts = texts;
    this.#last = fileFrame(this.lexer(file, text));
    this.#frames = [this.#last];
  }

  /** Reads a text with the words of this run. */
  lexer(file: string, source: string): Lexer {
    // A byte order mark is not part of the text.
    const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
    return new Lexer(file, text, this.#texts.add(text), this.#words);
  }

  next(): Word {
    if (this.#isBack) {
      this.#isBack = false;
      return this.#word;
    }
    for (;;) {
      const top = this.#frames[this.#frames.length - 1]!;
      const { lexer, line } = top;
      const word = lexer !== undefined ? lexer.next() : top.next < line.length ? line.words[top.next++]! : endOfText;
      if (word !== endOfText || this.#frames.length === 1) {
        this.#word = word;
        this.#last = top;
        return word;
      }
      this.#frames.pop();
    }
  }

  /** The next word that is not plain, nor another name for one that is. Those before it go to the end of `line`. */
  nextBehind(line: Line): Word {
    for (;;) {
      const word = this.next();
      if (word.isPlain) line.push(word, this.place);
      else {
        const alias = word.macro?.alias;
        if (!alias?.isPlain) return word;
        line.push(alias, this.place);
      }
    }
  }

  /** Where the last word stands itself. */
  get place(): number {
    const { lexer, line, next } = this.#last;
    return lexer !== undefined ? lexer.place : line.places[next - 1]!;
  }

  /** Where the last word stands: inside a macro's expansion that is the place of its use. */
  get use(): Use {
    return this.#last.use ?? { at: this.at, place: this.start };
  }

  get at(): Position {
    const { lexer, use } = this.#last;
    return use?.at ?? lexer!.at;
  }

  get start(): number {
    const { lexer, use } = this.#last;
    return use?.place ?? lexer!.place;
  }

  /** Whether the last word comes out of a macro. */
  get isExpanding(): boolean {
    return this.#last.use !== undefined;
  }

  /** Makes `next` return the last word again. */
  putBack(): void {
    this.#isBack = true;
  }

  pushFile(file: string, text: string): void {
    if (this.#frames.length > maxDepth) throw new RunawayFault('input recursion');
    this.#frames.push(fileFrame(this.lexer(file, text)));
  }

  pushMacro(line: Line, use: Use): void {
    if (this.#frames.length > maxDepth) fail('recursive macro invocation');
    this.#frames.push({ lexer: undefined, line, next: 0, use });
  }

  /** What #line asks for, in the innermost file. */
  relocate(at: Position): void {
    this.#frames.findLast(({ lexer }) => lexer !== undefined)!.lexer!.relocate(at);
  }

  /** The rest of a directive's line, its newline (or the file's end) included. Definitions go on past a backslash. */
  restOfLine(isDefinition: boolean): Line {
    const line = new Line();
    for (let isEscaped = false; ; ) {
      const word = this.next();
      line.push(word, this.place);
      if (word === endOfText || (word === newline && !isEscaped)) return line;
      isEscaped = isDefinition && word.text === '\\' && !isEscaped;
    }
  }

  /** Leaves the macros being expanded and goes to the end of the line that used them. */
  abandonLine(): void {
    while (this.#frames.at(-1)!.lexer === undefined) this.#frames.pop();
    let word = this.next();
    while (word !== newline && word !== endOfText) word = this.next();
    this.putBack();
  }

  /** Leaves everything: only the end follows. */
  stop(at: Position): void {
    this.#isBack = false;
    this.#last = fileFrame(this.lexer(at.file, ''));
    this.#frames = [this.#last];
    this.relocate(at);
  }
}
