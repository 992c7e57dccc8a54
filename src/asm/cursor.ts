/** A place in the tokens of one operand. */
import { fail, SyntaxFault } from './diagnostic.ts';
import type { Token, TokenKind } from './lex.ts';

/** Go's names for the kinds of token it may be missing. */
const kindNames: Readonly<Partial<Record<TokenKind, string>>> = {
  identifier: 'identifier',
  integer: 'integer constant',
  string: 'string constant',
};

/** Parentheses and signs may nest this deep: more than anyone writes, less than the stack holds. */
const maxDepth = 200;

export class Cursor {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #pos = 0;
  #depth = 0;
  /** The furthest token anyone has looked at: what a complaint is about. */
  #furthest = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    const last = tokens.at(-1);
    const at = last?.at ?? { file: '', line: 0 };
    const column = last?.column ? last.column + last.text.length : 0;
    this.#end = { kind: 'end', text: 'EOF', at, column, isGlued: false, hash: 0, error: undefined };
  }

  peek(ahead = 0): Token {
    const index = this.#pos + ahead;
    if (index > this.#furthest) this.#furthest = index;
    return this.#tokens[index] ?? this.#end;
  }

  /** Runs what reads these tokens; a fault in it is then at one of them. */
  reading<T>(read: () => T): T {
    try {
      return read();
    } catch (fault) {
      if (fault instanceof SyntaxFault) fault.token ??= this.#tokens[this.#furthest] ?? this.#end;
      throw fault;
    }
  }

  /** The next token, passed over. At the end it is `EOF`, any number of times. */
  next(): Token {
    const token = this.peek();
    this.#pos++;
    return token;
  }

  /** Passes over the next token if it reads so. */
  accept(text: string): boolean {
    const found = this.peek().text === text;
    if (found) this.#pos++;
    return found;
  }

  expect(text: string): void {
    if (!this.accept(text)) fail(`expected '${text}', found ${this.peek().text}`);
  }

  expectKind(kind: TokenKind): Token {
    if (this.peek().kind !== kind) fail(`expected ${kindNames[kind] ?? kind}, found ${this.peek().text}`);
    return this.next();
  }

  expectEnd(): void {
    if (!this.isAtEnd) fail(`expected end of operand, found ${this.peek().text}`);
  }

  get isAtEnd(): boolean {
    return this.peek().kind === 'end';
  }

  /** Whether a token of this kind is still to come. */
  hasAhead(kind: TokenKind): boolean {
    return this.#tokens.some((token, i) => i >= this.#pos && token.kind === kind);
  }

  /** Runs a step that may lead back to itself. */
  nested<T>(step: () => T): T {
    if (++this.#depth > maxDepth) fail('expression nested too deeply');
    const result = step();
    this.#depth--;
    return result;
  }
}
