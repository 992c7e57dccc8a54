/** The assembler's front end: text to statements, in source order, with everything that is wrong with it. */
import { type DataEnds, parseDeclaration } from './declaration.ts';
import { type Diagnostic, Diagnostics, fail, failAt, placeOf, SyntaxFault } from './diagnostic.ts';
import { Line, Phrase } from './line.ts';
import { Memo } from './memo.ts';
import { parseOperand } from './operand.ts';
import { type PreprocessOptions, Preprocessor, type Sources } from './preprocess.ts';
import { isPseudoRegister } from './register-name.ts';
import type { Operand, Statement } from './syntax.ts';
import { Texts } from './texts.ts';
import { colon, endOfText, newline, semicolon, type Word } from './word.ts';
import type { Use } from './word-stack.ts';

export interface Parsed {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Context {
  readonly ends: DataEnds;
  readonly statements: Statement[];
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
    instructions: new Memo(),
    operands: new Memo(),
    destinations: new Memo(),
  };
  const line = new Line();
  while (!diagnostics.isFull) {
    const read = readStatement(input, line);
    if (read.line.length > 0) {
      try {
        if (!repeat(read, context)) parseStatement(read, context);
      } catch (fault) {
        if (!(fault instanceof SyntaxFault)) throw fault;
        diagnostics.report(placeOf(fault, read.use, texts), fault.message);
      }
    }
    if (read.end === endOfText) break;
  }
  return { statements: context.statements, diagnostics: diagnostics.list };
}

interface ReadStatement {
  readonly line: Line;
  /** It comes out of a macro, so it is likely to come again. */
  readonly isExpanded: boolean;
  /** Where the word behind the labels stands. */
  readonly use: Use;
  readonly end: Word;
  readonly endPlace: number;
}

/** The words up to a newline, a semicolon or the end of the text, and which of these it was. */
function readStatement(input: Preprocessor, line: Line): ReadStatement {
  line.clear();
  for (;;) {
    const start = line.length;
    let word = input.next();
    const { use, isExpanding: isExpanded } = input;
    while (word !== newline && word !== semicolon && word !== endOfText) {
      line.push(word, input.place);
      // What stands in front of it is a label.
      if (word === colon && line.length === start + 2) break;
      word = input.nextBehind(line);
    }
    if (word !== colon) return { line, isExpanded, use, end: word, endPlace: input.place };
  }
}

/** Takes an instruction as it was parsed when it was last written like this. */
function repeat({ line, isExpanded, use, end }: ReadStatement, { statements, instructions }: Context): boolean {
  if (!isExpanded || end === endOfText) return false;
  const before = instructions.get(line, 0, line.length);
  if (before === undefined) return false;
  statements.push({ ...before, at: use.at });
  return true;
}

/** `{label:} WORD{.suffix} [operand {, operand}]`. Labels count even when what follows them is faulty. */
function parseStatement(read: ReadStatement, context: Context): void {
  const { line, use, end } = read;
  const { words, places, length } = line;
  const { at } = use;
  let next = 0;
  for (; next + 1 < length && words[next + 1]!.text === ':'; next += 2) {
    context.statements.push({ kind: 'label', at, name: identifier(line, next) });
  }
  if (next === length) return;
  const isLabelled = next > 0;
  const word = identifier(line, next++);
  let suffixes = noSuffixes;
  for (; next < length && words[next]!.text === '.'; next += 2) {
    const suffix = next + 1 < length ? words[next + 1]! : end;
    if (suffix.kind !== 'identifier') {
      failAt(
        suffix === end ? read.endPlace : places[next + 1],
        `instruction suffix expected identifier, found ${suffix.text}`,
      );
    }
    suffixes = [...suffixes, suffix.text];
  }
  if (end === endOfText) fail('unexpected EOF');
  const operands = splitOperands(line, next);
  const declared = parseDeclaration(word, operands, at, context.ends);
  if (declared) {
    context.statements.push(declared);
    return;
  }
  const { isExpanded } = read;
  const instruction: Instruction = {
    kind: 'instruction',
    at,
    mnemonic: word,
    suffixes,
    operands: parseOperands(word, operands, context),
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
function splitOperands(line: Line, from: number): Phrase[] {
  const { words, places, length } = line;
  if (length === from) return [];
  const operands: Phrase[] = [];
  const colons: number[] = [];
  let depth = 0;
  let start = from;
  for (let i = from; i < length; i++) {
    const { kind, text } = words[i]!;
    if (kind !== 'punctuation') continue;
    if (depth === 0 && (text === ',' || text === ':')) {
      if (text === ':') {
        if (colons.at(-1) === operands.length - 1) failAt(places[i], "invalid ':' in operand");
        colons.push(operands.length);
      }
      operands.push(new Phrase(line, start, i));
      start = i + 1;
    } else if (text === '(' || text === '[') depth++;
    else if (text === ')' || text === ']') depth--;
  }
  operands.push(new Phrase(line, start, length));
  for (const operand of operands) if (operand.length === 0) fail('missing operand');
  for (const at of colons) operands.splice(at, 2, operands[at + 1]!, operands[at]!);
  return operands;
}

function parseOperands(mnemonic: string, phrases: readonly Phrase[], context: Context): Operand[] {
  const isJump = takesLabel(mnemonic);
  const seen = isJump ? context.destinations : context.operands;
  return phrases.map((phrase) => {
    const { line, from, to } = phrase;
    let operand = seen.get(line, from, to);
    if (operand === undefined) {
      operand = parseOperand(phrase, isJump);
      seen.set(line, from, to, operand);
    }
    if (!isJump && operand.kind === 'register' && isPseudoRegister(operand.name)) {
      failAt(phrase.place(0), `illegal use of pseudo-register in ${mnemonic}`);
    }
    return operand;
  });
}

/** Instructions in which a bare name is a label. Go decides by the spelling, too. */
const takesLabel = (mnemonic: string): boolean =>
  mnemonic.startsWith('J') || mnemonic.startsWith('LOOP') || mnemonic === 'CALL' || mnemonic === 'XBEGIN';
