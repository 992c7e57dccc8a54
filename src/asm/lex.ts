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
  readonly at: Position;
  /** Nothing stands between this token and the one before: `A(x)` defines a macro with arguments, `A (x)` does not. */
  readonly isGlued: boolean;
  /** What is wrong with it. Reported where it is used, since text switched off by #ifdef need not be assembly. */
  readonly error?: string;
}

const twoCharacters = new Set(['<<', '>>', '->', '@>']);
const letter = /[\p{L}_·∕]/u;
const letterOrDigit = /[\p{L}\p{Nd}_·∕]/u;

const isDecimal = (c: string) => c >= '0' && c <= '9';
const isHex = (c: string) => isDecimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
const isLetter = (c: string) => (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || letter.test(c);

export class Lexer {
  readonly #text: string;
  #pos = 0;
  #at: Position;

  constructor(file: string, text: string) {
    // A byte order mark is not part of the text.
    this.#text = text.startsWith('\uFEFF') ? text.slice(1) : text;
    this.#at = { file, line: 1 };
  }

  /** What #line asks for: the text that follows counts as this line of this file. */
  relocate(at: Position): void {
    this.#at = at;
  }

  next(): Token {
    const start = this.#pos;
    const comment = this.#skipBlanks();
    const isGlued = this.#pos === start;
    if (comment !== undefined) return { kind: 'build', text: '//go:build', at: this.#at, isGlued };
    const at = this.#at;
    const from = this.#pos;
    if (from >= this.#text.length) return { kind: 'end', text: 'EOF', at, isGlued };
    const { kind, error } = this.#scan();
    const text = this.#text.slice(from, this.#pos);
    const token = {
      kind,
      text: /[·∕]/.test(text) ? text.replaceAll('·', '.').replaceAll('∕', '/') : text,
      at,
      isGlued,
    };
    return error === undefined ? token : { ...token, error };
  }

  /** Advances over one token; the position is on its first character. */
  #scan(): { kind: TokenKind; error?: string } {
    const c = String.fromCodePoint(this.#text.codePointAt(this.#pos)!);
    if (c === '\n') {
      this.#pos++;
      this.#newline();
      return { kind: 'newline' };
    }
    if (isLetter(c)) return this.#identifier();
    const after = this.#text.charAt(this.#pos + 1);
    if (isDecimal(c) || (c === '.' && isDecimal(after))) return this.#number();
    if (c === '"' || c === "'") return this.#quoted(c);
    if (c === '/' && after === '*') {
      this.#pos = this.#text.length;
      return { kind: 'punctuation', error: 'comment not terminated' };
    }
    this.#pos += twoCharacters.has(c + after) ? 2 : c.length;
    return c === '\0' ? { kind: 'punctuation', error: 'invalid character NUL' } : { kind: 'punctuation' };
  }

  #newline(): void {
    this.#at = { file: this.#at.file, line: this.#at.line + 1 };
  }

  /** Skips spaces and comments. Stops after a build constraint and says so, because its place in the file matters. */
  #skipBlanks(): 'build' | undefined {
    for (;;) {
      const c = this.#text.charAt(this.#pos);
      if (c === ' ' || c === '\t' || c === '\r') this.#pos++;
      else if (c !== '/') return undefined;
      else if (this.#text.startsWith('//', this.#pos)) {
        const isBuild = this.#text.startsWith('//go:build', this.#pos);
        const end = this.#text.indexOf('\n', this.#pos);
        this.#pos = end < 0 ? this.#text.length : end;
        if (isBuild) return 'build';
      } else if (this.#text.startsWith('/*', this.#pos)) {
        const end = this.#text.indexOf('*/', this.#pos + 2);
        if (end < 0) return undefined;
        for (let i = this.#pos; i < end; i++) if (this.#text.charAt(i) === '\n') this.#newline();
        this.#pos = end + 2;
      } else return undefined;
    }
  }

  #identifier(): { kind: TokenKind } {
    while (this.#pos < this.#text.length) {
      const c = String.fromCodePoint(this.#text.codePointAt(this.#pos)!);
      if (!isDecimal(c) && !isLetter(c) && !letterOrDigit.test(c)) break;
      this.#pos += c.length;
    }
    return { kind: 'identifier' };
  }

  /** Takes what looks like a number; whether it is one, its reader decides. */
  #number(): { kind: TokenKind } {
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
    return { kind };
  }

  #digits(isDigit: (c: string) => boolean): void {
    for (;;) {
      const c = this.#text.charAt(this.#pos);
      if (c !== '_' && !isDigit(c)) return;
      this.#pos++;
    }
  }

  #quoted(quote: '"' | "'"): { kind: TokenKind; error?: string } {
    const kind = quote === '"' ? 'string' : 'char';
    for (let i = this.#pos + 1; i < this.#text.length; i++) {
      const c = this.#text.charAt(i);
      if (c === '\n') break;
      if (c === '\\' && this.#text.charAt(i + 1) !== '\n') i++;
      else if (c === quote) {
        this.#pos = i + 1;
        return { kind };
      }
    }
    const end = this.#text.indexOf('\n', this.#pos);
    this.#pos = end < 0 ? this.#text.length : end;
    return { kind, error: 'literal not terminated' };
  }
}
