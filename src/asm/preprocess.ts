/** The preprocessor: a stream of words with #include, #define and #ifdef carried out. */
import { type Diagnostics, fail, SyntaxFault } from './diagnostic.ts';
import { expectNewline, macroName, quotedName, quotedText } from './directive.ts';
import { includeCandidates } from './include.ts';
import { Line } from './line.ts';
import { defineMacro, expandMacro, type Macro, plainMacro } from './macro.ts';
import type { Position } from './syntax.ts';
import type { Texts } from './texts.ts';
import { buildConstraint, endOfText, newline, type Word } from './word.ts';
import { RunawayFault, type Use, WordStack } from './word-stack.ts';

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
const maxExpandedWords = 4_000_000;
const maxIncludes = 10_000;

export class Preprocessor {
  readonly #mainFile: string;
  readonly #sources: Sources;
  readonly #includeDirs: readonly string[];
  readonly #diagnostics: Diagnostics;
  readonly #input: WordStack;
  readonly #conditions: { readonly at: Position; isTaken: boolean }[] = [];
  #isLineStart = true;
  #hasCode = false;
  #expandedWords = 0;
  #includes = 0;
  /** Where the last word stands, if another one has been read since, and its own place then. */
  #use: Use | undefined;
  #place = 0;

  constructor(path: string, sources: Sources, options: PreprocessOptions, texts: Texts, diagnostics: Diagnostics) {
    this.#mainFile = path;
    this.#sources = sources;
    this.#includeDirs = options.includeDirs;
    this.#diagnostics = diagnostics;
    const text = sources.read(path);
    this.#input = new WordStack(path, text ?? '', texts);
    for (const [name, value] of Object.entries(options.defines)) this.#predefine(name, value);
    if (text === undefined) diagnostics.report({ file: path, line: 1 }, `open ${path}: no such file or directory`);
  }

  /** Where the last word stands, inside a macro's expansion where that is used: in its file, */
  get at(): Position {
    return this.#use?.at ?? this.#input.at;
  }

  /** and in all the text that is read. */
  get start(): number {
    return this.#use?.place ?? this.#input.start;
  }

  /** Whether it comes out of a macro. */
  get isExpanding(): boolean {
    return this.#use === undefined && this.#input.isExpanding;
  }

  /** Its own place. */
  get place(): number {
    return this.#use === undefined ? this.#input.place : this.#place;
  }

  /** The next word for the parser. Once it is of kind `end`, it stays so. */
  next(): Word {
    for (;;) {
      const word = this.#input.next();
      if (word.isPlain && this.#isEnabled) {
        this.#passed();
        return word;
      }
      if (this.#isForParser(word)) return word;
    }
  }

  /** The next word for the parser that is not plain. Those before it go to the end of `line`. */
  nextBehind(line: Line): Word {
    for (;;) {
      const before = line.length;
      const word = this.#isEnabled ? this.#input.nextBehind(line) : this.#input.next();
      if (line.length > before) this.#passed();
      if (this.#isForParser(word)) return word;
    }
  }

  /** Words have gone to the parser as they stand. */
  #passed(): void {
    this.#use = undefined;
    this.#isLineStart = false;
    this.#hasCode = true;
  }

  /** Carries out what the word asks for, if it is not one for the parser. */
  #isForParser(word: Word): boolean {
    this.#use = undefined;
    const isLineStart = this.#isLineStart;
    this.#isLineStart = word === newline;
    if (word === endOfText) {
      this.#reportUnclosed();
      return true;
    }
    const isDirective = isLineStart && word.text === '#';
    if (!isDirective && !this.#isEnabled) return false;
    if (word === newline) return true;
    const { use } = this.#input;
    try {
      if (isDirective) this.#directive(use.at);
      else if (this.#take(word, use)) return true;
    } catch (fault) {
      this.#recover(fault, use.at);
    }
    // A macro has been replaced by its body, which then begins where the macro stood.
    this.#isLineStart = isDirective || (isLineStart && word.kind === 'identifier');
    return false;
  }

  /** Whether the word is one for the parser, and not a macro, a misplaced # or a build constraint. */
  #take(word: Word, use: Use): boolean {
    if (word.error !== undefined) this.#diagnostics.report(use.at, word.error);
    if (word === buildConstraint) {
      if (this.#hasCode) this.#diagnostics.report(use.at, 'misplaced //go:build comment');
      return false;
    }
    this.#hasCode = true;
    if (word.text === '#') fail("'#' must be first item on line");
    const { macro } = word;
    if (macro === undefined) return true;
    // To see whether arguments follow, the next word is read.
    this.#use = use;
    this.#place = this.#input.place;
    return !this.#invoke(macro, use);
  }

  /** After a failure: says so, and goes on with the next line. */
  #recover(fault: unknown, at: Position): void {
    if (!(fault instanceof SyntaxFault)) throw fault;
    this.#diagnostics.report(at, fault.message);
    if (fault instanceof RunawayFault) this.#stop(at);
    else this.#input.abandonLine();
  }

  get #isEnabled(): boolean {
    return this.#conditions.length === 0 || this.#conditions.at(-1)!.isTaken;
  }

  #reportUnclosed(): void {
    for (const { at } of this.#conditions.splice(0)) this.#diagnostics.report(at, 'unclosed #ifdef or #ifndef');
  }

  #predefine(name: string, value: string): void {
    const at = { file: 'command line', line: 1 };
    const lexer = this.#input.lexer(at.file, name);
    const word = lexer.next();
    if (word.kind !== 'identifier' || lexer.next() !== endOfText) {
      this.#diagnostics.report(at, `asm: parsing -D: ${JSON.stringify(name)} is not a valid identifier name`);
      return;
    }
    word.macro = plainMacro(name, this.#wordsOf(at.file, value));
  }

  #wordsOf(file: string, text: string): Line {
    const line = new Line();
    const lexer = this.#input.lexer(file, text);
    for (let word = lexer.next(); word !== endOfText; word = lexer.next()) line.push(word, lexer.place);
    return line;
  }

  #stop(at: Position): void {
    this.#conditions.length = 0;
    this.#input.stop(at);
  }

  // Macros in use.

  #invoke(macro: Macro, use: Use): boolean {
    let args: Line[] = [];
    if (macro.arity !== undefined) {
      const open = this.#input.next();
      if (open.text !== '(') {
        // Without its arguments, the name of a macro is just a name.
        this.#input.putBack();
        return false;
      }
      args = this.#arguments(macro);
    }
    const line = expandMacro(macro, args, maxExpandedWords - this.#expandedWords);
    if (line === undefined) throw new RunawayFault('macro expansion too large');
    // An empty macro counts too: a chain of them also takes time.
    this.#expandedWords += 1 + line.length;
    this.#input.pushMacro(line, use);
    return true;
  }

  /** The arguments of an invocation, whose opening parenthesis has been read. */
  #arguments({ name, arity }: Macro): Line[] {
    let last = new Line();
    const args = [last];
    for (let depth = 0; ; ) {
      const word = this.#input.next();
      const { text } = word;
      if (word === newline || word === endOfText) {
        this.#input.putBack();
        fail(`unterminated arg list invoking macro: ${name}`);
      }
      if (depth === 0 && text === ')') break;
      if (depth === 0 && text === ',') {
        last = new Line();
        args.push(last);
        continue;
      }
      if (text === '(') depth++;
      if (text === ')') depth--;
      last.push(word, this.#input.place);
    }
    if (arity === 0 && args.length === 1 && last.length === 0) return [];
    if (args.length !== arity) fail(`wrong arg count for macro ${name}`);
    return args;
  }

  // Directives.

  #directive(at: Position): void {
    const word = this.#input.next();
    if (word === newline || word === endOfText) this.#input.putBack();
    if (word.kind !== 'identifier') {
      if (this.#isEnabled) fail(`expected identifier after '#' ; got ${quotedText(word)}`);
      this.#input.restOfLine(false);
      return;
    }
    const { isExpanding } = this.#input;
    const line = this.#input.restOfLine(word.text === 'define');
    if (this.#isEnabled) this.#hasCode = true;
    else if (!['else', 'endif', 'ifdef', 'ifndef', 'line'].includes(word.text)) return;
    try {
      this.#carryOut(word.text, line, at, isExpanding);
    } catch (fault) {
      // The line is read already: there is nothing left of it to abandon.
      if (!(fault instanceof SyntaxFault) || fault instanceof RunawayFault) throw fault;
      this.#diagnostics.report(at, fault.message);
    }
  }

  #carryOut(directive: string, line: Line, at: Position, isExpanding: boolean): void {
    switch (directive) {
      case 'define':
        return this.#define(macroName(line), line, isExpanding);
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

  #define(name: Word, line: Line, isExpanding: boolean): void {
    const macro = defineMacro(name.text, line, isExpanding);
    if (name.macro) fail(`redefinition of macro: ${name.text}`);
    name.macro = macro;
  }

  #undefine(name: Word, line: Line): void {
    if (!name.macro) fail(`#undef for undefined macro: ${name.text}`);
    if (line.words[1] !== newline) fail(`syntax error in #undef for macro: ${name.text}`);
    name.macro = undefined;
  }

  #open(name: Word, wanted: boolean, line: Line, at: Position): void {
    this.#conditions.push({ at, isTaken: this.#isEnabled && (name.macro !== undefined) === wanted });
    expectNewline(line, 1, '#if[n]def');
  }

  #turn(): void {
    const condition = this.#conditions.at(-1);
    if (condition === undefined) fail('unmatched #else');
    if (this.#conditions.at(-2)?.isTaken ?? true) condition.isTaken = !condition.isTaken;
  }

  #include(line: Line): void {
    const [file] = line.words;
    if (file!.kind !== 'string') fail(`expected string after #include ; got ${quotedText(file!)}`);
    const name = quotedName(file!, 'include file name: ');
    expectNewline(line, 1, '#include');
    if (++this.#includes > maxIncludes) throw new RunawayFault('too many #include files');
    const candidates = includeCandidates(name, this.#mainFile, this.#includeDirs);
    for (const path of candidates) {
      const text = this.#sources.read(path);
      if (text !== undefined) return this.#input.pushFile(path, text);
    }
    fail(`#include: open ${candidates.at(-1)}: no such file or directory`);
  }

  #line(line: Line): void {
    const [number, name, behind] = line.words;
    if (number!.kind !== 'integer') fail(`expected line number after #line ; got ${quotedText(number!)}`);
    if (name!.kind !== 'string') fail(`expected file name in #line ; got ${quotedText(name!)}`);
    const file = quotedName(name!, '#line file name: ');
    if (!/^\d{1,9}$/.test(number!.text)) fail(`error parsing #line: ${number!.text}`);
    if (behind !== newline) fail(`unexpected token at end of #line: ${behind!.text}`);
    this.#input.relocate({ file, line: Number(number!.text) });
  }
}
