/** The preprocessor: a stream of tokens with #include, #define and #ifdef carried out. */
import { type Diagnostics, fail, SyntaxFault } from './diagnostic.ts';
import { expectNewline, macroName, quotedName, quotedText } from './directive.ts';
import { includeCandidates } from './include.ts';
import { Lexer, type Token } from './lex.ts';
import { defineMacro, expandMacro, type Macro } from './macro.ts';
import type { Position } from './syntax.ts';
import { RunawayFault, TokenStack } from './token-stack.ts';

export interface Sources {
  /** Text of a file, or undefined when there is none. Paths as given: the main file, and candidates made from include directories. */
  read(path: string): string | undefined;
}

export interface PreprocessOptions {
  readonly includeDirs: readonly string[];
  /** Macros without arguments, by name, as with -D. */
  readonly defines: Readonly<Record<string, string>>;
  /** Go on after a thousand of them. */
  readonly everyError?: boolean;
}

/** Bounds on what a small hostile text can ask for, where Go has none. */
const maxExpandedTokens = 4_000_000;
const maxIncludes = 10_000;

export class Preprocessor {
  readonly #mainFile: string;
  readonly #sources: Sources;
  readonly #includeDirs: readonly string[];
  readonly #diagnostics: Diagnostics;
  readonly #input: TokenStack;
  readonly #macros = new Map<string, Macro>();
  readonly #conditions: { readonly at: Position; isTaken: boolean }[] = [];
  #isLineStart = true;
  #hasCode = false;
  #expandedTokens = 0;
  #includes = 0;
  /** Where the last token stands, if another one has been read since. */
  #at: Position | undefined;

  constructor(path: string, sources: Sources, options: PreprocessOptions, diagnostics: Diagnostics) {
    this.#mainFile = path;
    this.#sources = sources;
    this.#includeDirs = options.includeDirs;
    this.#diagnostics = diagnostics;
    for (const [name, value] of Object.entries(options.defines)) this.#predefine(name, value);
    const text = sources.read(path);
    if (text === undefined) diagnostics.report({ file: path, line: 1 }, `open ${path}: no such file or directory`);
    this.#input = new TokenStack(path, text ?? '');
  }

  /** Where the last token stands: inside a macro's expansion that is the place of its use. */
  get at(): Position {
    return this.#at ?? this.#input.at;
  }

  /** Whether it comes out of a macro. */
  get isExpanding(): boolean {
    return this.#at === undefined && this.#input.isExpanding;
  }

  /** The next token for the parser. Once it is of kind `end`, it stays so. */
  next(): Token {
    for (;;) {
      this.#at = undefined;
      const token = this.#input.next();
      const isLineStart = this.#isLineStart;
      this.#isLineStart = token.kind === 'newline';
      if (token.kind === 'end') {
        this.#reportUnclosed();
        return token;
      }
      if (token.text === '#' && isLineStart) {
        const { at } = this.#input;
        this.#attempt(at, () => this.#directive(at));
        this.#isLineStart = true;
      } else if (this.#isEnabled) {
        if (this.#take(token)) return token;
        // A macro has been replaced by its body, which then begins where the macro stood.
        if (token.kind === 'identifier') this.#isLineStart = isLineStart;
      }
    }
  }

  /** Whether the token is one for the parser, and not a macro, a misplaced # or a build constraint. */
  #take(token: Token): boolean {
    if (token.error !== undefined) this.#diagnostics.report(this.#input.at, token.error);
    if (token.kind === 'build') {
      if (this.#hasCode) this.#diagnostics.report(this.#input.at, 'misplaced //go:build comment');
      return false;
    }
    if (token.kind !== 'newline') this.#hasCode = true;
    if (token.text === '#') {
      this.#attempt(this.#input.at, () => fail("'#' must be first item on line"));
      return false;
    }
    const macro = token.kind === 'identifier' ? this.#macros.get(token.text) : undefined;
    if (macro === undefined) return true;
    // To see whether arguments follow, the next token is read.
    const { at } = this.#input;
    this.#at = at;
    return !this.#attempt(at, () => this.#invoke(macro, at));
  }

  /** Does what may fail; after a failure, says so and goes on with the next line. False only when `action` is. */
  #attempt(at: Position, action: () => boolean): boolean {
    try {
      return action();
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault;
      this.#diagnostics.report(at, fault.message);
      if (fault instanceof RunawayFault) this.#stop(at);
      else this.#input.abandonLine();
      return true;
    }
  }

  get #isEnabled(): boolean {
    return this.#conditions.length === 0 || this.#conditions.at(-1)!.isTaken;
  }

  #reportUnclosed(): void {
    for (const { at } of this.#conditions.splice(0)) this.#diagnostics.report(at, 'unclosed #ifdef or #ifndef');
  }

  #predefine(name: string, value: string): void {
    const at = { file: 'command line', line: 1 };
    const word = new Lexer(at.file, name);
    if (word.next().kind !== 'identifier' || word.next().kind !== 'end') {
      this.#diagnostics.report(at, `asm: parsing -D: ${JSON.stringify(name)} is not a valid identifier name`);
      return;
    }
    const lexer = new Lexer(at.file, value);
    const body: Token[] = [];
    for (let token = lexer.next(); token.kind !== 'end'; token = lexer.next()) body.push(token);
    this.#macros.set(name, { name, parameters: undefined, body, slots: [] });
  }

  #stop(at: Position): void {
    this.#conditions.length = 0;
    this.#input.stop(at);
  }

  // Macros in use.

  #invoke(macro: Macro, at: Position): boolean {
    let args: Token[][] = [];
    if (macro.parameters !== undefined) {
      const open = this.#input.next();
      if (open.text !== '(') {
        // Without its arguments, the name of a macro is just a name.
        this.#input.putBack(open);
        return false;
      }
      args = this.#arguments(macro);
    }
    const tokens = expandMacro(macro, args, maxExpandedTokens - this.#expandedTokens);
    if (tokens === undefined) throw new RunawayFault('macro expansion too large');
    // An empty macro counts too: a chain of them also takes time.
    this.#expandedTokens += 1 + tokens.length;
    this.#input.pushMacro(tokens, at);
    return true;
  }

  /** The arguments of an invocation, whose opening parenthesis has been read. */
  #arguments({ name, parameters = [] }: Macro): Token[][] {
    const args: Token[][] = [[]];
    for (let depth = 0; ; ) {
      const token = this.#input.next();
      if (token.kind === 'newline' || token.kind === 'end') {
        this.#input.putBack(token);
        fail(`unterminated arg list invoking macro: ${name}`);
      }
      if (depth === 0 && token.text === ')') break;
      if (depth === 0 && token.text === ',') {
        args.push([]);
        continue;
      }
      if (token.text === '(') depth++;
      if (token.text === ')') depth--;
      args.at(-1)!.push(token);
    }
    if (parameters.length === 0 && args.length === 1 && args[0]!.length === 0) return [];
    if (args.length !== parameters.length) fail(`wrong arg count for macro ${name}`);
    return args;
  }

  // Directives.

  #directive(at: Position): true {
    const word = this.#input.next();
    if (word.kind === 'newline' || word.kind === 'end') this.#input.putBack(word);
    if (word.kind !== 'identifier') {
      if (this.#isEnabled) fail(`expected identifier after '#' ; got ${quotedText(word)}`);
      this.#input.restOfLine(false);
      return true;
    }
    const line = this.#input.restOfLine(word.text === 'define');
    if (this.#isEnabled) this.#hasCode = true;
    else if (!['else', 'endif', 'ifdef', 'ifndef', 'line'].includes(word.text)) return true;
    try {
      this.#carryOut(word.text, line, at);
    } catch (fault) {
      // The line is read already: there is nothing left of it to abandon.
      if (!(fault instanceof SyntaxFault) || fault instanceof RunawayFault) throw fault;
      this.#diagnostics.report(at, fault.message);
    }
    return true;
  }

  #carryOut(directive: string, line: readonly Token[], at: Position): void {
    switch (directive) {
      case 'define':
        return this.#define(macroName(line), line.slice(1));
      case 'undef':
        return this.#undefine(macroName(line), line);
      case 'ifdef':
      case 'ifndef':
        return this.#open(macroName(line), directive === 'ifdef', line, at);
      case 'else':
        expectNewline(line, 0, '#else');
        return this.#turn();
      case 'endif':
        expectNewline(line, 0, '#endif');
        if (this.#conditions.pop() === undefined) fail('unmatched #endif');
        return;
      case 'include':
        return this.#include(line);
      case 'line':
        return this.#line(line);
      default:
        fail(`unexpected token after '#': ${directive}`);
    }
  }

  #define(name: string, definition: readonly Token[]): void {
    const macro = defineMacro(name, definition);
    if (this.#macros.has(name)) fail(`redefinition of macro: ${name}`);
    this.#macros.set(name, macro);
  }

  #undefine(name: string, line: readonly Token[]): void {
    if (!this.#macros.has(name)) fail(`#undef for undefined macro: ${name}`);
    if (line[1]!.kind !== 'newline') fail(`syntax error in #undef for macro: ${name}`);
    this.#macros.delete(name);
  }

  #open(name: string, wanted: boolean, line: readonly Token[], at: Position): void {
    this.#conditions.push({ at, isTaken: this.#isEnabled && this.#macros.has(name) === wanted });
    expectNewline(line, 1, '#if[n]def');
  }

  #turn(): void {
    const condition = this.#conditions.at(-1);
    if (condition === undefined) fail('unmatched #else');
    if (this.#conditions.at(-2)?.isTaken ?? true) condition.isTaken = !condition.isTaken;
  }

  #include(line: readonly Token[]): void {
    if (line[0]!.kind !== 'string') fail(`expected string after #include ; got ${quotedText(line[0]!)}`);
    const name = quotedName(line[0]!, 'include file name: ');
    expectNewline(line, 1, '#include');
    if (++this.#includes > maxIncludes) throw new RunawayFault('too many #include files');
    const candidates = includeCandidates(name, this.#mainFile, this.#includeDirs);
    for (const path of candidates) {
      const text = this.#sources.read(path);
      if (text !== undefined) return this.#input.pushFile(path, text);
    }
    fail(`#include: open ${candidates.at(-1)}: no such file or directory`);
  }

  #line(line: readonly Token[]): void {
    const [number, name] = line;
    if (number!.kind !== 'integer') fail(`expected line number after #line ; got ${quotedText(number!)}`);
    if (name!.kind !== 'string') fail(`expected file name in #line ; got ${quotedText(name!)}`);
    const file = quotedName(name!, '#line file name: ');
    if (!/^\d{1,9}$/.test(number!.text)) fail(`error parsing #line: ${number!.text}`);
    if (line[2]!.kind !== 'newline') fail(`unexpected token at end of #line: ${line[2]!.text}`);
    this.#input.relocate({ file, line: Number(number!.text) });
  }
}
