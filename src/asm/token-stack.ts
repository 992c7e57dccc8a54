/** Where tokens come from: a file, the files it includes and the macros being expanded, innermost first. */
import { fail, SyntaxFault } from './diagnostic.ts';
import { Lexer, type Token } from './lex.ts';
import type { Position } from './syntax.ts';

/** As deep as Go goes. */
const maxDepth = 100;

/** A file, or a macro's expansion. */
interface Frame {
  readonly lexer: Lexer | undefined;
  readonly tokens: readonly Token[];
  next: number;
  /** The place of a macro's use: all of it stands there. */
  readonly at: Position | undefined;
}

const fileFrame = (file: string, text: string): Frame => ({
  lexer: new Lexer(file, text),
  tokens: [],
  next: 0,
  at: undefined,
});

/** Ends the whole run: what the text asks for has no end, or none worth waiting for. */
export class RunawayFault extends SyntaxFault {}

export class TokenStack {
  #frames: Frame[];
  #putBack: { readonly token: Token; readonly use: Position | undefined } | undefined;
  /** The last token read, and where the macro was used that it comes from. */
  #token: Token | undefined;
  #use: Position | undefined;

  constructor(file: string, text: string) {
    this.#frames = [fileFrame(file, text)];
  }

  next(): Token {
    const back = this.#putBack;
    if (back !== undefined) {
      this.#putBack = undefined;
      return this.#read(back.token, back.use);
    }
    for (;;) {
      const top = this.#frames[this.#frames.length - 1]!;
      if (top.lexer !== undefined) {
        const read = top.lexer.next();
        if (read.kind !== 'end' || this.#frames.length === 1) return this.#read(read, undefined);
      } else if (top.next < top.tokens.length) return this.#read(top.tokens[top.next++]!, top.at);
      this.#frames.pop();
    }
  }

  #read(token: Token, use: Position | undefined): Token {
    this.#token = token;
    this.#use = use;
    return token;
  }

  /** Where the last token stands: inside a macro's expansion that is the place of its use. */
  get at(): Position {
    if (this.#use) return this.#use;
    const { at, column } = this.#token!;
    return column ? { file: at.file, line: at.line, column } : at;
  }

  /** Whether the last token comes out of a macro. */
  get isExpanding(): boolean {
    return this.#use !== undefined;
  }

  /** Makes `next` return the last token again. */
  putBack(token: Token): void {
    this.#putBack = { token, use: this.#use };
  }

  pushFile(file: string, text: string): void {
    if (this.#frames.length > maxDepth) throw new RunawayFault('input recursion');
    this.#frames.push(fileFrame(file, text));
  }

  pushMacro(tokens: readonly Token[], at: Position): void {
    if (this.#frames.length > maxDepth) fail('recursive macro invocation');
    this.#frames.push({ lexer: undefined, tokens, next: 0, at });
  }

  /** What #line asks for, in the innermost file. */
  relocate(at: Position): void {
    this.#frames.findLast(({ lexer }) => lexer !== undefined)!.lexer!.relocate(at);
  }

  /** The rest of a directive's line, its newline (or the file's end) included. Definitions go on past a backslash. */
  restOfLine(isDefinition: boolean): Token[] {
    const line: Token[] = [];
    for (let isEscaped = false; ; ) {
      const token = this.next();
      line.push(token);
      if (token.kind === 'end' || (token.kind === 'newline' && !isEscaped)) return line;
      isEscaped = isDefinition && token.text === '\\' && !isEscaped;
    }
  }

  /** Leaves the macros being expanded and goes to the end of the line that used them. */
  abandonLine(): void {
    while (this.#frames.at(-1)!.lexer === undefined) this.#frames.pop();
    let token = this.next();
    while (token.kind !== 'newline' && token.kind !== 'end') token = this.next();
    this.putBack(token);
  }

  /** Leaves everything: only the end follows. */
  stop(at: Position): void {
    this.#putBack = undefined;
    this.#frames = [fileFrame(at.file, '')];
    this.relocate(at);
  }
}
