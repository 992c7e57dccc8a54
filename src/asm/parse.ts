/** The assembler's front end: text to statements, in source order, with everything that is wrong with it. */
import { type DataEnds, parseDeclaration } from './declaration.ts';
import { type Diagnostic, Diagnostics, fail, SyntaxFault } from './diagnostic.ts';
import type { Token } from './lex.ts';
import { parseOperand } from './operand.ts';
import { type PreprocessOptions, Preprocessor, type Sources } from './preprocess.ts';
import { isPseudoRegister } from './register-name.ts';
import type { Operand, Position, Statement } from './syntax.ts';

export interface Parsed {
  readonly statements: readonly Statement[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Never throws on bad source. A statement with a diagnostic is left out, and parsing goes on behind it. */
export function parse(path: string, sources: Sources, options: PreprocessOptions): Parsed {
  const diagnostics = new Diagnostics();
  const input = new Preprocessor(path, sources, options, diagnostics);
  const statements: Statement[] = [];
  const ends: DataEnds = new Map();
  while (!diagnostics.isFull) {
    const { tokens, end } = readStatement(input);
    if (tokens.length > 0) {
      try {
        parseStatement(tokens, end, ends, statements);
      } catch (fault) {
        if (!(fault instanceof SyntaxFault)) throw fault;
        diagnostics.report(tokens[0]!.at, fault.message);
      }
    }
    if (end.kind === 'end') break;
  }
  return { statements, diagnostics: diagnostics.list };
}

/** The tokens up to a newline, a semicolon or the end of the text, and which of these it was. */
function readStatement(input: Preprocessor): { tokens: Token[]; end: Token } {
  const tokens: Token[] = [];
  for (;;) {
    const token = input.next();
    if (token.kind === 'newline' || token.kind === 'end' || token.text === ';') return { tokens, end: token };
    tokens.push(token);
  }
}

/** `{label:} WORD{.suffix} [operand {, operand}]`. Labels count even when what follows them is faulty. */
function parseStatement(tokens: readonly Token[], end: Token, ends: DataEnds, statements: Statement[]): void {
  let next = 0;
  for (; tokens[next + 1]?.text === ':'; next += 2) {
    statements.push({ kind: 'label', at: tokens[next]!.at, name: identifier(tokens[next]!) });
  }
  const first = tokens[next++];
  if (first === undefined) return;
  const word = identifier(first);
  const suffixes: string[] = [];
  for (; tokens[next]?.text === '.'; next += 2) {
    const suffix = tokens[next + 1] ?? end;
    if (suffix.kind !== 'identifier') fail(`instruction suffix expected identifier, found ${suffix.text}`);
    suffixes.push(suffix.text);
  }
  if (end.kind === 'end') fail('unexpected EOF');
  const operands = splitOperands(tokens.slice(next));
  statements.push(
    parseDeclaration(word, operands, first.at, ends) ?? parseInstruction(word, suffixes, operands, first.at),
  );
}

function identifier(token: Token): string {
  if (token.kind !== 'identifier') fail(`expected identifier, found ${JSON.stringify(token.text)}`);
  return token.text;
}

/** Commas separate operands, and so does the colon of an old register pair: AX:DX means DX, AX. */
function splitOperands(tokens: readonly Token[]): Token[][] {
  if (tokens.length === 0) return [];
  const operands: Token[][] = [[]];
  const colons: number[] = [];
  let depth = 0;
  for (const token of tokens) {
    if (depth === 0 && (token.text === ',' || token.text === ':')) {
      if (token.text === ':') {
        if (colons.at(-1) === operands.length - 2) fail("invalid ':' in operand");
        colons.push(operands.length - 1);
      }
      operands.push([]);
      continue;
    }
    if (token.text === '(' || token.text === '[') depth++;
    if (token.text === ')' || token.text === ']') depth--;
    operands.at(-1)!.push(token);
  }
  if (operands.some((operand) => operand.length === 0)) fail('missing operand');
  for (const at of colons) operands.splice(at, 2, operands[at + 1]!, operands[at]!);
  return operands;
}

function parseInstruction(
  mnemonic: string,
  suffixes: readonly string[],
  operands: readonly (readonly Token[])[],
  at: Position,
): Statement {
  const isJump = takesLabel(mnemonic);
  const parsed = operands.map((tokens): Operand => {
    const operand = parseOperand(tokens, isJump);
    if (!isJump && operand.kind === 'register' && isPseudoRegister(operand.name)) {
      fail(`illegal use of pseudo-register in ${mnemonic}`);
    }
    return operand;
  });
  return { kind: 'instruction', at, mnemonic, suffixes, operands: parsed };
}

/** Instructions in which a bare name is a label. Go decides by the spelling, too. */
function takesLabel(mnemonic: string): boolean {
  return /^J|^CALL$|^LOOP|^XBEGIN$/.test(mnemonic);
}
