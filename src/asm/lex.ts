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
  /** What is wrong with it. Reported where it is used, since text switched off by #ifdef need not be assembly. */
  readonly error: string | undefined;
}

const twoCharacters = new Set(['<<', '>>', '->', '@>']);
const letter = /[\p{L}_·∕]/u;
const letterOrDigit = /[\p{L}\p{Nd}_·∕]/u;

const isDecimal = (c: string) => c >= '0' && c <= '9';
const isHex = (c: string) => isDecimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

/** What an ASCII character can begin or continue; a table, because this is asked of every character. */
const LETTER = 1;
const DIGIT = 2;
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  const c = String.fromCharCode(code);
  return isDecimal(c) ? DIGIT : letter.test(c) ? LETTER : 0;
});

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
  /** Names already seen: one string for each, so that those who look it up need not hash it anew. */
  readonly #names = new Map<string, string>();

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
    if (isBuild) return { kind: 'build', text: '//go:build', at, column, isGlued, error: undefined };
    if (from >= this.#text.length) return { kind: 'end', text: 'EOF', at, column, isGlued, error: undefined };
    const code = this.#text.charCodeAt(from);
    if (code === NEWLINE) {
      this.#pos++;
      this.#newline();
      return { kind: 'newline', text: '\n', at, column, isGlued, error: undefined };
    }
    if (code >= 128 || classes[code] === LETTER) {
      const text = this.#identifier();
      if (text !== '') return { kind: 'identifier', text, at, column, isGlued, error: undefined };
    }
    const { kind, error } = this.#scan(code);
    return { kind, text: plain(this.#text.slice(from, this.#pos)), at, column, isGlued, error };
  }

  /** Advances over one token that is no name; the position is on its first character. */
  #scan(code: number): { kind: TokenKind; error: string | undefined } {
    const after = this.#text.charAt(this.#pos + 1);
    if (classes[code] === DIGIT || (code === POINT && isDecimal(after)))
      return { kind: this.#number(), error: undefined };
    const c = String.fromCodePoint(this.#text.codePointAt(this.#pos)!);
    if (c === '"' || c === "'") return this.#quoted(c);
    if (c === '/' && after === '*') {
      this.#pos = this.#text.length;
      return { kind: 'punctuation', error: 'comment not terminated' };
    }
    this.#pos += twoCharacters.has(c + after) ? 2 : c.length;
    return { kind: 'punctuation', error: c === '\0' ? 'invalid character NUL' : undefined };
  }

  /** The position is behind the newline. */
  #newline(): void {
    this.#at = { file: this.#at.file, line: this.#at.line + 1 };
    this.#lineStart = this.#pos;
  }

  /** Skips spaces and comments. Stops after a build constraint and says so, because its place in the file matters. */
  #skipBlanks(): boolean {
    for (;;) {
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
  }

  /** Takes a name; none when the character it stands on, beyond ASCII, is no letter. */
  #identifier(): string {
    const from = this.#pos;
    let isPlain = true;
    let at = from;
    for (; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code < 128) {
        if (classes[code] === 0) break;
        continue;
      }
      isPlain = false;
      const c = String.fromCodePoint(this.#text.codePointAt(at)!);
      if (!(at === from ? letter : letterOrDigit).test(c)) break;
      at += c.length - 1;
    }
    this.#pos = at;
    const slice = this.#text.slice(from, at);
    let text = this.#names.get(slice);
    if (text === undefined) {
      text = isPlain ? slice : plain(slice);
      this.#names.set(slice, text);
    }
    return text;
  }

  /** Takes what looks like a number; whether it is one, its reader decides. */
  #number(): TokenKind {
    const base = /^0[xXbBoO]/.exec(this.#text.slice(this.#pos, this.#pos + 2))?.[0].toLowerCase();
    if (base !== undefined) this.#pos += 2;
    const isDigit = base === '0x' ? isHex : isDecimal;
    const exponent = base === '0x' ? 'p' : 'e';
    let kind: TokenKind = 'integer';
    this.#digits(isDigit);
    if (this.#text.charAt(this.#pos) === '.') {
      kind = 'float';
      this.#pos++;
      this.#digits(isDigit);
    }
    if (this.#text.charAt(this.#pos).toLowerCase() === exponent) {
      kind = 'float';
      this.#pos++;
      if (/[+-]/.test(this.#text.charAt(this.#pos))) this.#pos++;
      this.#digits(isDecimal);
    }
    return kind;
  }

  #digits(isDigit: (c: string) => boolean): void {
    for (;;) {
      const c = this.#text.charAt(this.#pos);
      if (c !== '_' && !isDigit(c)) return;
      this.#pos++;
    }
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
