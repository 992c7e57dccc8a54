/** Text to tokens, one at a time, as Go's assembler divides it. */
import type { Position } from './syntax.ts';

export type TokenKind =
  | 'identifier'
  | 'integer'
  | 'float'
  | 'char'
  | 'string'
  | 'punctuation'
  | 'newline'
  /** A `//go:build` line. */
  | 'build'
  | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** As written, but with `·` and `∕` replaced by the `.` and `/` they stand for. */
  readonly text: string;
  /** Its line; a token of a macro's body keeps that of the definition. */
  readonly at: Position;
  /** Where it begins in that line, from 1; 0 when a #line has said that the line stands elsewhere. */
  readonly column: number;
  /** Nothing stands between this token and the one before: `A(x)` defines a macro with arguments, `A (x)` does not. */
  readonly isGlued: boolean;
  /** Of its text, as it is written: a number to find it by. */
  readonly hash: number;
  /** What is wrong with it. Reported where it is used, since text switched off by #ifdef need not be assembly. */
  readonly error: string | undefined;
}

/** Those of two characters, by the first. */
const twoCharacters: Readonly<Record<string, string>> = { '<': '<<', '>': '>>', '-': '->', '@': '@>' };
const letter = /[\p{L}_·∕]/u;
const letterOrDigit = /[\p{L}\p{Nd}_·∕]/u;

/** What an ASCII character can begin or continue; a table, because this is asked of every character. */
const LETTER = 1;
const DIGIT = 2;
const HEX = 4;
const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
const classes = Uint8Array.from(
  characters,
  (c) => (/[0-9]/.test(c) ? DIGIT : letter.test(c) ? LETTER : 0) | (/[0-9a-fA-F]/.test(c) ? HEX : 0),
);

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const SLASH = 47;
const POINT = 46;

export class Lexer {
  readonly #text: string;
  #pos = 0;
  #at: Position;
  #lineStart = 0;
  #isRelocated = false;
  /** Names and numbers already seen, by hash: one string for each, so that those who look it up need not hash it anew. */
  readonly #names = new Map<number, { readonly written: string; readonly name: string }>();

  constructor(file: string, text: string) {
    // A byte order mark is not part of the text.
    this.#text = text.startsWith('\uFEFF') ? text.slice(1) : text;
    this.#at = { file, line: 1 };
  }

  /** What #line asks for: the text that follows counts as this line of this file. */
  relocate(at: Position): void {
    this.#at = at;
    this.#isRelocated = true;
  }

  next(): Token {
    const start = this.#pos;
    const isBuild = this.#skipBlanks();
    const from = this.#pos;
    const isGlued = from === start;
    const at = this.#at;
    const column = this.#isRelocated ? 0 : from - this.#lineStart + 1;
    if (isBuild) return { kind: 'build', text: '//go:build', at, column, isGlued, hash: 0, error: undefined };
    if (from >= this.#text.length) return { kind: 'end', text: 'EOF', at, column, isGlued, hash: 0, error: undefined };
    const code = this.#text.charCodeAt(from);
    const kinds = code < 128 ? classes[code]! : LETTER;
    if (code === NEWLINE) {
      this.#pos++;
      this.#newline();
      return { kind: 'newline', text: '\n', at, column, isGlued, hash: NEWLINE, error: undefined };
    }
    if (kinds & LETTER) {
      this.#passName();
      if (this.#pos > from) {
        const hash = this.#hash(from);
        return { kind: 'identifier', text: this.#name(from, hash), at, column, isGlued, hash, error: undefined };
      }
    }
    if (kinds & DIGIT || (code === POINT && this.#classAt(from + 1) & DIGIT)) {
      const kind = this.#number();
      const hash = this.#hash(from);
      return { kind, text: this.#name(from, hash), at, column, isGlued, hash, error: undefined };
    }
    const c = characters[code];
    if (c === '"' || c === "'") {
      const { kind, error } = this.#quoted(c);
      const hash = this.#hash(from);
      return { kind, text: plain(this.#text.slice(from, this.#pos)), at, column, isGlued, hash, error };
    }
    const { text, error } = this.#punctuation(c ?? String.fromCodePoint(this.#text.codePointAt(from)!));
    return { kind: 'punctuation', text, at, column, isGlued, hash: this.#hash(from), error };
  }

  /** Of the text from there to the position. */
  #hash(from: number): number {
    let hash = 0;
    for (let at = from; at < this.#pos; at++) hash = (Math.imul(hash, 31) + this.#text.charCodeAt(at)) | 0;
    return hash;
  }

  /** The text from there to the position, which has this hash: the same string as the last time. */
  #name(from: number, hash: number): string {
    const length = this.#pos - from;
    const before = this.#names.get(hash);
    if (before !== undefined && before.written.length === length && this.#text.startsWith(before.written, from)) {
      return before.name;
    }
    const written = this.#text.slice(from, this.#pos);
    const name = plain(written);
    this.#names.set(hash, { written, name });
    return name;
  }

  /** LETTER, DIGIT and HEX of an ASCII character; 0 beyond the end. */
  #classAt(at: number): number {
    return at < this.#text.length ? (classes[this.#text.charCodeAt(at)] ?? 0) : 0;
  }

  /** Takes what begins with `c` and is neither name, number nor quoted. */
  #punctuation(c: string): { text: string; error: string | undefined } {
    const from = this.#pos;
    if (c === '/' && this.#text.startsWith('/*', from)) {
      this.#pos = this.#text.length;
      return { text: plain(this.#text.slice(from)), error: 'comment not terminated' };
    }
    const pair = twoCharacters[c];
    const text = pair !== undefined && this.#text.startsWith(pair, from) ? pair : c;
    this.#pos += text.length;
    return { text, error: c === '\0' ? 'invalid character NUL' : undefined };
  }

  /** The position is behind the newline. */
  #newline(): void {
    this.#at = { file: this.#at.file, line: this.#at.line + 1 };
    this.#lineStart = this.#pos;
  }

  /** Skips spaces and comments. Stops after a build constraint and says so, because its place in the file matters. */
  #skipBlanks(): boolean {
    while (this.#pos < this.#text.length) {
      const code = this.#text.charCodeAt(this.#pos);
      if (code === SPACE || code === TAB || code === RETURN) this.#pos++;
      else if (code !== SLASH) return false;
      else if (this.#text.charCodeAt(this.#pos + 1) === SLASH) {
        const isBuild = this.#text.startsWith('//go:build', this.#pos);
        const end = this.#text.indexOf('\n', this.#pos);
        this.#pos = end < 0 ? this.#text.length : end;
        if (isBuild) return true;
      } else if (this.#text.startsWith('/*', this.#pos)) {
        const end = this.#text.indexOf('*/', this.#pos + 2);
        if (end < 0) return false;
        while (this.#pos < end) if (this.#text.charCodeAt(this.#pos++) === NEWLINE) this.#newline();
        this.#pos = end + 2;
      } else return false;
    }
    return false;
  }

  /** Takes a name; none when the character it stands on, beyond ASCII, is no letter. */
  #passName(): void {
    const from = this.#pos;
    let at = from;
    for (; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code < 128) {
        if ((classes[code]! & (LETTER | DIGIT)) === 0) break;
        continue;
      }
      const c = String.fromCodePoint(this.#text.codePointAt(at)!);
      if (!(at === from ? letter : letterOrDigit).test(c)) break;
      at += c.length - 1;
    }
    this.#pos = at;
  }

  /** Takes what looks like a number; whether it is one, its reader decides. */
  #number(): TokenKind {
    const base = this.#text.startsWith('0', this.#pos) ? this.#text.charAt(this.#pos + 1).toLowerCase() : '';
    const isHex = base === 'x';
    if (isHex || base === 'b' || base === 'o') this.#pos += 2;
    const digit = isHex ? HEX : DIGIT;
    let kind: TokenKind = 'integer';
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

  #quoted(quote: '"' | "'"): { kind: TokenKind; error: string | undefined } {
    const kind = quote === '"' ? 'string' : 'char';
    for (let i = this.#pos + 1; i < this.#text.length; i++) {
      const c = this.#text.charAt(i);
      if (c === '\n') break;
      if (c === '\\' && this.#text.charAt(i + 1) !== '\n') i++;
      else if (c === quote) {
        this.#pos = i + 1;
        return { kind, error: undefined };
      }
    }
    const end = this.#text.indexOf('\n', this.#pos);
    this.#pos = end < 0 ? this.#text.length : end;
    return { kind, error: 'literal not terminated' };
  }
}

/** In Go's names the middle dot stands for a dot and the division slash for a slash. */
const plain = (text: string): string =>
  text.includes('·') || text.includes('∕') ? text.replaceAll('·', '.').replaceAll('∕', '/') : text;
