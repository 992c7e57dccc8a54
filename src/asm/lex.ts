/** Text to words, one at a time, as Go's assembler divides it. */
import type { Position } from './syntax.ts';
import { buildConstraint, endOfText, marks, newline, type Word, type WordKind, type Words } from './word.ts';

const letter = /[\p{L}_·∕]/u;
const letterOrDigit = /[\p{L}\p{Nd}_·∕]/u;

/** What an ASCII character can begin or continue; a table, because this is asked of every character. */
const LETTER = 1;
const DIGIT = 2;
const HEX = 4;
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  const c = String.fromCharCode(code);
  return (/[0-9]/.test(c) ? DIGIT : letter.test(c) ? LETTER : 0) | (/[0-9a-fA-F]/.test(c) ? HEX : 0);
});

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const APOSTROPHE = 39;
const STAR = 42;
const POINT = 46;
const SLASH = 47;
const BACKSLASH = 92;

/** Punctuation of two characters, by the first. */
const pairs = Object.fromEntries(['<<', '>>', '->', '@>'].map((pair) => [pair.charCodeAt(0), pair]));

export class Lexer {
  readonly #text: string;
  /** The place where the text begins. */
  readonly #base: number;
  readonly #words: Words;
  #pos = 0;
  #file: string;
  #line = 1;
  #lineStart = 0;
  #isRelocated = false;
  /** Where the last word begins. */
  #from = 0;
  #fromLine = 1;
  #fromColumn = 1;

  constructor(file: string, text: string, base: number, words: Words) {
    this.#text = text;
    this.#base = base;
    this.#words = words;
    this.#file = file;
  }

  /** What #line asks for: the text that follows counts as this line of this file. */
  relocate({ file, line }: Position): void {
    this.#file = file;
    this.#line = line;
    this.#isRelocated = true;
  }

  /** Where the last word begins, in all the text that is read. */
  get place(): number {
    return this.#base + this.#from;
  }

  /** Where that is in its file; there is no column when #line has said that the line stands elsewhere. */
  get at(): Position {
    return this.#isRelocated
      ? { file: this.#file, line: this.#fromLine }
      : { file: this.#file, line: this.#fromLine, column: this.#fromColumn };
  }

  next(): Word {
    const isBuild = this.#skipBlanks();
    const text = this.#text;
    const from = this.#pos;
    this.#from = from;
    this.#fromLine = this.#line;
    this.#fromColumn = from - this.#lineStart + 1;
    if (isBuild) {
      this.#pos = this.#endOfLine(from);
      return buildConstraint;
    }
    if (from >= text.length) return endOfText;
    const code = text.charCodeAt(from);
    if (code === NEWLINE) {
      this.#newline(from);
      return newline;
    }
    const kinds = code < 128 ? classes[code]! : LETTER;
    if (kinds & LETTER) {
      const name = this.#name();
      if (name !== undefined) return name;
    }
    if (kinds & DIGIT || (code === POINT && this.#classAt(from + 1) & DIGIT)) {
      const kind = this.#number();
      return this.#word(this.#pos, kind);
    }
    return this.#mark(code);
  }

  /** The word that ends there. */
  #word(end: number, kind: WordKind, error?: string): Word {
    const text = this.#text;
    let hash = 0;
    for (let at = this.#from; at < end; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
    this.#pos = end;
    return this.#words.at(text, this.#from, end, hash, kind, error);
  }

  /** Takes what is neither name nor number. */
  #mark(code: number): Word {
    const from = this.#from;
    const text = this.#text;
    if (code === QUOTE || code === APOSTROPHE) return this.#quoted(code);
    if (code === SLASH && text.startsWith('/*', from)) {
      return this.#word(text.length, 'punctuation', 'comment not terminated');
    }
    if (code === 0) return this.#word(from + 1, 'punctuation', 'invalid character NUL');
    const pair = pairs[code];
    if (pair !== undefined && text.startsWith(pair, from)) return this.#word(from + 2, 'punctuation');
    if (code > 127) return this.#word(from + (text.codePointAt(from)! > 0xffff ? 2 : 1), 'punctuation');
    this.#pos = from + 1;
    return marks[code]!;
  }

  /** LETTER, DIGIT and HEX of an ASCII character; 0 beyond the end. */
  #classAt(at: number): number {
    return at < this.#text.length ? (classes[this.#text.charCodeAt(at)] ?? 0) : 0;
  }

  /** Passes the newline that stands there. */
  #newline(at: number): void {
    this.#pos = at + 1;
    this.#line++;
    this.#lineStart = at + 1;
  }

  #endOfLine(from: number): number {
    const end = this.#text.indexOf('\n', from);
    return end < 0 ? this.#text.length : end;
  }

  /** Skips spaces and comments. Stops at a build constraint and says so, because its place in the file matters. */
  #skipBlanks(): boolean {
    const text = this.#text;
    for (let at = this.#pos; ; ) {
      const code = at < text.length ? text.charCodeAt(at) : NEWLINE;
      if (code === SPACE || code === TAB || code === RETURN) {
        at++;
        continue;
      }
      this.#pos = at;
      if (code !== SLASH) return false;
      const next = text.charCodeAt(at + 1);
      if (next === SLASH) {
        if (text.startsWith('//go:build', at)) return true;
        at = this.#endOfLine(at);
      } else if (next === STAR) {
        const end = text.indexOf('*/', at + 2);
        if (end < 0) return false;
        for (; at < end; at++) if (text.charCodeAt(at) === NEWLINE) this.#newline(at);
        at = end + 2;
      } else return false;
    }
  }

  /** Takes a name; none when the character that it stands on, beyond ASCII, is no letter. */
  #name(): Word | undefined {
    const text = this.#text;
    const from = this.#from;
    let hash = 0;
    let at = from;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < 128) {
        if ((classes[code]! & (LETTER | DIGIT)) === 0) break;
      } else {
        const c = String.fromCodePoint(text.codePointAt(at)!);
        if (!(at === from ? letter : letterOrDigit).test(c)) break;
        at += c.length - 1;
      }
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    if (at === from) return undefined;
    this.#pos = at;
    return this.#words.at(text, from, at, hash, 'identifier');
  }

  /** Takes what looks like a number; whether it is one, its reader decides. */
  #number(): WordKind {
    const base = this.#text.startsWith('0', this.#pos) ? this.#text.charAt(this.#pos + 1).toLowerCase() : '';
    const isHex = base === 'x';
    if (isHex || base === 'b' || base === 'o') this.#pos += 2;
    const digit = isHex ? HEX : DIGIT;
    let kind: WordKind = 'integer';
    this.#digits(digit);
    if (this.#text.charAt(this.#pos) === '.') {
      kind = 'float';
      this.#pos++;
      this.#digits(digit);
    }
    if (this.#text.charAt(this.#pos).toLowerCase() === (isHex ? 'p' : 'e')) {
      kind = 'float';
      this.#pos++;
      if (/[+-]/.test(this.#text.charAt(this.#pos))) this.#pos++;
      this.#digits(DIGIT);
    }
    return kind;
  }

  #digits(digit: typeof DIGIT | typeof HEX): void {
    while (this.#classAt(this.#pos) & digit || this.#text.charAt(this.#pos) === '_') this.#pos++;
  }

  /** A string or character; it ends with its line at the latest. */
  #quoted(quote: number): Word {
    const text = this.#text;
    const kind = quote === QUOTE ? 'string' : 'char';
    for (let at = this.#from + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) break;
      if (code === quote) return this.#word(at + 1, kind);
      if (code === BACKSLASH && text.charCodeAt(at + 1) !== NEWLINE) at++;
    }
    return this.#word(this.#endOfLine(this.#from), kind, 'literal not terminated');
  }
}
