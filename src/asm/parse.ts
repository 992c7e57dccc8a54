/** The assembler's front end: text to statements, in source order, with everything that is wrong with it. */
import { type DataEnds, declares, parseDeclaration } from './declaration.ts';
import { type Diagnostic, Diagnostics, fail, failAt, placeOf, SyntaxFault } from './diagnostic.ts';
import { Line, Parts } from './line.ts';
import { Memo } from './memo.ts';
import { parseOperand } from './operand.ts';
import { type PreprocessOptions, Preprocessor, type Sources } from './preprocess.ts';
import { isPseudoRegister } from './register-name.ts';
import type { Operand, Position, Statement } from './syntax.ts';
import { Texts } from './texts.ts';
import { colon, endOfText, newline, semicolon } from './word.ts';

interface Parsed {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Context {
  readonly ends: DataEnds;
  readonly statements: Statement[];
  /** Of the statement at hand: where its operands stand, and those that are parsed. */
  readonly parts: Parts;
  readonly room: Operand[];
  /** Instructions and operands by their text: few are written only once, and those in macros often. */
  readonly instructions: Memo<Instruction>;
  readonly operands: Memo<Operand>;
  /** Operands of jumps, where a bare name is a label. */
  readonly destinations: Memo<Operand>;
}

/** Those that are written alike share their operands. */
type Instruction = Statement & { kind: 'instruction' };

/** Never throws on bad source. A statement with a diagnostic is left out, and parsing goes on behind it. */
export function parse(path: string, sources: Sources, options: PreprocessOptions): Parsed {
  const diagnostics = new Diagnostics(options.everyError ? Number.POSITIVE_INFINITY : undefined);
  const texts = new Texts();
  const input = new Preprocessor(path, sources, options, texts, diagnostics);
  const context: Context = {
    ends: new Map(),
    statements: [],
    parts: new Parts(),
    room: [],
    instructions: new Memo(),
    operands: new Memo(),
    destinations: new Memo(),
  };
  const read = new Reading();
  while (!diagnostics.isFull) {
    read.next(input);
    if (read.line.length > 0) {
      try {
        if (!repeat(read, context)) parseStatement(read, context);
      } catch (fault) {
        if (!(fault instanceof SyntaxFault)) throw fault;
        diagnostics.report(placeOf(fault, read, texts), fault.message);
      }
    }
    if (read.end === endOfText) break;
  }
  return { statements: context.statements, diagnostics: diagnostics.list };
}

/** The statement at hand: one such object is good for all of them, one after the other. */
class Reading {
  readonly line = new Line();
  /** It comes out of a macro, so it is likely to come again. */
  isExpanded = false;
  /** Where the word behind the labels stands. */
  at: Position = { file: '', line: 0 };
  place = 0;
  /** What ended it: a newline, a semicolon or the end of the text. */
  end = endOfText;
  endPlace = 0;

  next(input: Preprocessor): void {
    const { line } = this;
    line.clear();
    for (;;) {
      const start = line.length;
      let word = input.next();
      this.at = input.at;
      this.place = input.start;
      this.isExpanded = input.isExpanding;
      while (word !== newline && word !== semicolon && word !== endOfText) {
        line.push(word, input.place);
        // What stands in front of it is a label.
        if (word === colon && line.length === start + 2) break;
        word = input.nextBehind(line);
      }
      if (word === colon) continue;
      this.end = word;
      this.endPlace = input.place;
      return;
    }
  }
}

/** Takes an instruction as it was parsed when it was last written like this. */
function repeat({ line, isExpanded, at, end }: Reading, { statements, instructions }: Context): boolean {
  if (!isExpanded || end === endOfText) return false;
  const before = instructions.get(line, 0, line.length);
  if (before === undefined) return false;
  statements.push({ ...before, at });
  return true;
}

/** `{label:} WORD{.suffix} [operand {, operand}]`. Labels count even when what follows them is faulty. */
function parseStatement(read: Reading, context: Context): void {
  const { line, at, end } = read;
  const { words, places, length } = line;
  let next = 0;
  for (; next + 1 < length && words[next + 1]!.text === ':'; next += 2) {
    context.statements.push({ kind: 'label', at, name: identifier(line, next) });
  }
  if (next === length) return;
  const isLabelled = next > 0;
  const word = identifier(line, next++);
  let suffixes: string[] | undefined;
  for (; next < length && words[next]!.text === '.'; next += 2) {
    const suffix = next + 1 < length ? words[next + 1]! : end;
    if (suffix.kind !== 'identifier') {
      failAt(
        suffix === end ? read.endPlace : places[next + 1],
        `instruction suffix expected identifier, found ${suffix.text}`,
      );
    }
    suffixes ??= [];
    suffixes.push(suffix.text);
  }
  if (end === endOfText) fail('unexpected EOF');
  const { parts } = context;
  splitOperands(line, next, parts);
  if (declares(word)) {
    const operands = Array.from({ length: parts.length }, (_, i) => parts.phrase(line, i));
    context.statements.push(parseDeclaration(word, operands, at, context.ends));
    return;
  }
  const { isExpanded } = read;
  const instruction: Instruction = {
    kind: 'instruction',
    at,
    mnemonic: word,
    suffixes: suffixes ?? noSuffixes,
    operands: parseOperands(word, line, context),
    isExpanded,
  };
  // Behind a label the text is not the instruction's alone.
  if (isExpanded && !isLabelled) context.instructions.set(line, 0, length, instruction);
  context.statements.push(instruction);
}

const noSuffixes: readonly string[] = [];

function identifier({ words, places }: Line, index: number): string {
  const { kind, text } = words[index]!;
  if (kind !== 'identifier') failAt(places[index], `expected identifier, found ${JSON.stringify(text)}`);
  return text;
}

/** Commas separate operands, and so does the colon of an old register pair: AX:DX means DX, AX. */
function splitOperands({ words, places, length }: Line, from: number, parts: Parts): void {
  parts.clear();
  if (length === from) return;
  let depth = 0;
  let start = from;
  /** How many parts there were when a pair began. */
  let pair = Number.NaN;
  for (let i = from; i < length; i++) {
    const { kind, text } = words[i]!;
    if (kind !== 'punctuation') continue;
    if (depth === 0 && (text === ',' || text === ':')) {
      const ends = pair === parts.length;
      if (ends && text === ':') failAt(places[i], "invalid ':' in operand");
      parts.add(start, i);
      if (ends) parts.turn();
      if (text === ':') pair = parts.length;
      start = i + 1;
    } else if (text === '(' || text === '[') depth++;
    else if (text === ')' || text === ']') depth--;
  }
  const ends = pair === parts.length;
  parts.add(start, length);
  if (ends) parts.turn();
  for (let i = 0; i < parts.length; i++) if (parts.from(i) === parts.to(i)) fail('missing operand');
}

function parseOperands(mnemonic: string, line: Line, { parts, room, operands, destinations }: Context): Operand[] {
  const isJump = takesLabel(mnemonic);
  const seen = isJump ? destinations : operands;
  for (let i = 0; i < parts.length; i++) {
    const from = parts.from(i);
    const to = parts.to(i);
    let operand = seen.get(line, from, to);
    if (operand === undefined) {
      operand = parseOperand(parts.phrase(line, i), isJump);
      seen.set(line, from, to, operand);
    }
    if (!isJump && operand.kind === 'register' && isPseudoRegister(operand.name)) {
      failAt(line.places[from], `illegal use of pseudo-register in ${mnemonic}`);
    }
    room[i] = operand;
  }
  // As long as it must be.
  return room.slice(0, parts.length);
}

/** Instructions in which a bare name is a label. Go decides by the spelling, too. */
const takesLabel = (mnemonic: string): boolean =>
  mnemonic.startsWith('J') || mnemonic.startsWith('LOOP') || mnemonic === 'CALL' || mnemonic === 'XBEGIN';
