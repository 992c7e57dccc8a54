/** The assembler's front end: text to statements, in source order, with everything that is wrong with it. */
import { type DataEnds, parseDeclaration } from './declaration.ts';
import { type Diagnostic, Diagnostics, fail, failAt, placeOf, SyntaxFault } from './diagnostic.ts';
import type { Token } from './lex.ts';
import { Memo } from './memo.ts';
import { parseOperand } from './operand.ts';
import { type PreprocessOptions, Preprocessor, type Sources } from './preprocess.ts';
import { isPseudoRegister } from './register-name.ts';
import type { Operand, Position, Statement } from './syntax.ts';

export interface Parsed {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Context {
  readonly ends: DataEnds;
  readonly statements: Statement[];
  /** Instructions and operands by their text: few are written only once, and those in macros often. */
  readonly instructions: Memo<Written>;
  readonly operands: Memo<Operand>;
  /** Operands of jumps, where a bare name is a label. */
  readonly destinations: Memo<Operand>;
}

/** An instruction without its place. Whoever is written alike shares it, operands and all. */
type Written = Pick<Statement & { kind: 'instruction' }, 'mnemonic' | 'suffixes' | 'operands' | 'isExpanded'>;

/** Never throws on bad source. A statement with a diagnostic is left out, and parsing goes on behind it. */
export function parse(path: string, sources: Sources, options: PreprocessOptions): Parsed {
  const diagnostics = new Diagnostics(options.everyError ? Number.POSITIVE_INFINITY : undefined);
  const input = new Preprocessor(path, sources, options, diagnostics);
  const context: Context = {
    ends: new Map(),
    statements: [],
    instructions: new Memo(),
    operands: new Memo(),
    destinations: new Memo(),
  };
  while (!diagnostics.isFull) {
    const read = readStatement(input);
    if (read.tokens.length > 0) {
      try {
        if (!repeat(read, context)) parseStatement(read, context);
      } catch (fault) {
        if (!(fault instanceof SyntaxFault)) throw fault;
        diagnostics.report(placeOf(fault, read.at), fault.message);
      }
    }
    if (read.end.kind === 'end') break;
  }
  return { statements: context.statements, diagnostics: diagnostics.list };
}

interface ReadStatement {
  readonly tokens: Token[];
  /** It comes out of a macro, so it is likely to come again. */
  readonly isExpanded: boolean;
  /** Of the word behind the labels. */
  readonly at: Position;
  readonly end: Token;
}

/** The tokens up to a newline, a semicolon or the end of the text, and which of these it was. */
function readStatement(input: Preprocessor): ReadStatement {
  const tokens: Token[] = [];
  let isExpanded = false;
  let word = 0;
  for (let at: Position | undefined; ; ) {
    const token = input.next();
    if (at === undefined || tokens.length === word) {
      at = input.at;
      isExpanded = input.isExpanding;
    }
    const { kind, text } = token;
    if (kind === 'newline' || kind === 'end' || (kind === 'punctuation' && text === ';')) {
      return { tokens, isExpanded, at, end: token };
    }
    tokens.push(token);
    if (kind === 'punctuation' && text === ':' && tokens.length === word + 2) word += 2;
  }
}

/** Takes an instruction as it was parsed when it was last written like this. */
function repeat(read: ReadStatement, { statements, instructions }: Context): boolean {
  if (!read.isExpanded || read.end.kind === 'end') return false;
  const before = instructions.get(read.tokens);
  if (before === undefined) return false;
  statements.push(placed(before, read.at));
  return true;
}

/** `{label:} WORD{.suffix} [operand {, operand}]`. Labels count even when what follows them is faulty. */
function parseStatement(read: ReadStatement, context: Context): void {
  const { tokens, at, end } = read;
  const { statements } = context;
  let next = 0;
  for (; tokens[next + 1]?.text === ':'; next += 2) {
    statements.push({ kind: 'label', at, name: identifier(tokens[next]!) });
  }
  const first = tokens[next++];
  if (first === undefined) return;
  const word = identifier(first);
  let suffixes = noSuffixes;
  for (; tokens[next]?.text === '.'; next += 2) {
    const suffix = tokens[next + 1] ?? end;
    if (suffix.kind !== 'identifier') failAt(suffix, `instruction suffix expected identifier, found ${suffix.text}`);
    suffixes = [...suffixes, suffix.text];
  }
  if (end.kind === 'end') fail('unexpected EOF');
  const operands = splitOperands(tokens, next);
  const declared = parseDeclaration(word, operands, at, context.ends);
  if (declared) {
    statements.push(declared);
    return;
  }
  const written = parseInstruction(word, suffixes, operands, read.isExpanded, context);
  // Behind a label the text is not the instruction's alone.
  if (read.isExpanded && first === tokens[0]) context.instructions.set(tokens, written);
  statements.push(placed(written, at));
}

const noSuffixes: readonly string[] = [];

const placed = ({ mnemonic, suffixes, operands, isExpanded }: Written, at: Position): Statement => ({
  kind: 'instruction',
  at,
  mnemonic,
  suffixes,
  operands,
  isExpanded,
});

function identifier(token: Token): string {
  if (token.kind !== 'identifier') failAt(token, `expected identifier, found ${JSON.stringify(token.text)}`);
  return token.text;
}

/** Commas separate operands, and so does the colon of an old register pair: AX:DX means DX, AX. */
function splitOperands(tokens: readonly Token[], from: number): (readonly Token[])[] {
  if (tokens.length === from) return [];
  const operands: (readonly Token[])[] = [];
  const colons: number[] = [];
  let depth = 0;
  let start = from;
  for (let i = from; i < tokens.length; i++) {
    const token = tokens[i]!;
    const { kind, text } = token;
    if (kind !== 'punctuation') continue;
    if (depth === 0 && (text === ',' || text === ':')) {
      if (text === ':') {
        if (colons.at(-1) === operands.length - 1) failAt(token, "invalid ':' in operand");
        colons.push(operands.length);
      }
      operands.push(tokens.slice(start, i));
      start = i + 1;
    } else if (text === '(' || text === '[') depth++;
    else if (text === ')' || text === ']') depth--;
  }
  operands.push(tokens.slice(start));
  for (const operand of operands) if (operand.length === 0) fail('missing operand');
  for (const at of colons) operands.splice(at, 2, operands[at + 1]!, operands[at]!);
  return operands;
}

function parseInstruction(
  mnemonic: string,
  suffixes: readonly string[],
  operands: readonly (readonly Token[])[],
  isExpanded: boolean,
  context: Context,
): Written {
  const isJump = takesLabel(mnemonic);
  const seen = isJump ? context.destinations : context.operands;
  const parsed = operands.map((tokens): Operand => {
    let operand = seen.get(tokens);
    if (operand === undefined) {
      operand = parseOperand(tokens, isJump);
      seen.set(tokens, operand);
    }
    if (!isJump && operand.kind === 'register' && isPseudoRegister(operand.name)) {
      failAt(tokens[0]!, `illegal use of pseudo-register in ${mnemonic}`);
    }
    return operand;
  });
  return { mnemonic, suffixes, operands: parsed, isExpanded };
}

/** Instructions in which a bare name is a label. Go decides by the spelling, too. */
function takesLabel(mnemonic: string): boolean {
  return /^(?:J|CALL$|LOOP|XBEGIN$)/.test(mnemonic);
}
