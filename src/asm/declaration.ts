/** TEXT, DATA, GLOBL, PCDATA and FUNCDATA: lines that declare something instead of doing it. */
import { fail } from './diagnostic.ts';
import type { Phrase } from './line.ts';
import { parseInt64 } from './number.ts';
import { parseOperand } from './operand.ts';
import type { MemoryOperand, Operand, Position, Statement, SymbolName } from './syntax.ts';
import { textFlags } from './textflag.ts';

type Operands = readonly Phrase[];

/** Where each data symbol's last DATA ended: the next one may not begin before it. */
export type DataEnds = Map<string, number>;

/** Go's function tables count what belongs to a function in a byte; no more than these are known to any runtime. */
const maxTables = 256;

/** Where initialized data must end. Go goes to 2^30, byte for byte in memory; nobody writes so much in DATA lines. */
const maxDataOffset = 1 << 26;

const words = ['TEXT', 'DATA', 'GLOBL', 'PCDATA', 'FUNCDATA'] as const;
type Word = (typeof words)[number];
const known: ReadonlySet<string> = new Set(words);

/** Does such a word make a line a declaration? */
export const declares = (word: string): word is Word => known.has(word);

export function parseDeclaration(word: Word, operands: Operands, at: Position, ends: DataEnds): Statement {
  switch (word) {
    case 'TEXT':
      return parseText(operands, at);
    case 'DATA':
      return parseData(operands, at, ends);
    case 'GLOBL':
      return parseGlobl(operands, at);
    case 'PCDATA':
      if (operands.length !== 2) fail('expect two operands for PCDATA');
      return { kind: 'pcdata', at, index: tableIndex(word, operands[0]!), value: immediate(word, operands[1]!) };
    case 'FUNCDATA': {
      if (operands.length !== 2) fail('expect two operands for FUNCDATA');
      const index = tableIndex(word, operands[0]!);
      return { kind: 'funcdata', at, index, symbol: globalSymbol(word, operands[1]!).symbol };
    }
  }
}

/** `TEXT name(SB), flags, $frame-args`. */
function parseText(operands: Operands, at: Position): Statement {
  if (operands.length !== 2 && operands.length !== 3) fail('expect two or three operands for TEXT');
  const { symbol } = globalSymbol('TEXT', operands[0]!);
  const flags = operands.length === 3 ? flagsOf('TEXT', operands[1]!) : 0;
  if (symbol.abi === 'ABIInternal' && (flags & textFlags.NOSPLIT) === 0) {
    fail(`TEXT ${JSON.stringify(symbol.name)}: ABIInternal requires NOSPLIT`);
  }
  return { kind: 'text', at, symbol, flags, ...textSize(symbol.name, operands.at(-1)!) };
}

/** `$frame-args` is two numbers, not a difference. Only the frame may be negative, and only the arguments missing. */
function textSize(name: string, phrase: Phrase): { frame: number; args: number | undefined } {
  const isNegative = phrase.word(1)?.text === '-';
  const behind = isNegative ? 3 : 2;
  const frame = phrase.word(behind - 1);
  if (phrase.word(0)!.text !== '$' || frame?.kind !== 'integer') {
    return fail(`TEXT ${name}: frame size must be an immediate constant`);
  }
  const size = int32(parseInt64(frame.text), `TEXT ${name}: frame size`);
  const args = phrase.word(behind + 1);
  const rest = phrase.length - behind;
  if (rest > 0 && (rest !== 2 || phrase.word(behind)!.text !== '-' || args?.kind !== 'integer')) {
    fail(`TEXT ${name}: argument size must be of form -integer`);
  }
  return {
    frame: isNegative ? 0 - size : size,
    args: args === undefined ? undefined : int32(parseInt64(args.text), `TEXT ${name}: argument size`),
  };
}

/** `DATA name+offset(SB)/width, value`. */
function parseData(operands: Operands, at: Position, ends: DataEnds): Statement {
  if (operands.length !== 2) fail('expect two operands for DATA');
  const [place] = operands as [Phrase];
  const [slash, size] = [place.word(-2), place.word(-1)];
  if (place.length < 3 || slash!.text !== '/' || size!.kind !== 'integer') {
    fail('expect /size for DATA argument');
  }
  // Go reads this one number as decimal, whatever it begins with.
  if (!/^\d{1,9}$/.test(size!.text)) fail(`bad size for DATA argument: ${JSON.stringify(size!.text)}`);
  const width = Number(size!.text);
  const target = globalSymbol('DATA', place.slice(0, -2), true);
  const { symbol } = target;
  const value = parseOperand(operands[1]!, false);
  if (target.offset < 0n || target.offset + BigInt(width) > maxDataOffset) {
    fail(`prepwrite: bad off=${target.offset} siz=${width} s=${symbol.name}`);
  }
  const offset = Number(target.offset);
  const key = symbol.isStatic ? `${symbol.name}<>` : symbol.name;
  checkValue(value, width);
  if (offset < (ends.get(key) ?? 0)) fail(`overlapping DATA entry for ${symbol.name}`);
  ends.set(key, offset + width);
  return { kind: 'data', at, symbol, offset, width, value };
}

/** Which widths a value can have depends on what it is. */
function checkValue(value: Operand, width: number): void {
  if (value.kind === 'immediate') {
    if (![1, 2, 4, 8].includes(width)) fail(`bad int size for DATA argument: ${width}`);
  } else if (value.kind === 'float') {
    if (width !== 4 && width !== 8) fail(`bad float size for DATA argument: ${width}`);
  } else if (value.kind === 'string') {
    if (width < value.value.length) fail(`WriteString: bad string size: ${width} < ${value.value.length}`);
  } else if (value.kind === 'memory' && value.addressOf && isGlobal(value)) {
    if (width !== 8) fail(`bad addr size for DATA argument: ${width}`);
  } else fail('DATA value must be an immediate constant or address');
}

/** `GLOBL name(SB), flags, $size`. */
function parseGlobl(operands: Operands, at: Position): Statement {
  if (operands.length !== 2 && operands.length !== 3) fail('expect two or three operands for GLOBL');
  const { symbol } = globalSymbol('GLOBL', operands[0]!);
  const flags = operands.length === 3 ? flagsOf('GLOBL', operands[1]!) : 0;
  const size = immediate('GLOBL', operands.at(-1)!);
  if (size < 0) fail(`GLOBL ${symbol.name}: negative size ${size}`);
  return { kind: 'globl', at, symbol, flags, size };
}

type Global = MemoryOperand & { readonly symbol: SymbolName };

function isGlobal(operand: Operand): operand is Global {
  return operand.kind === 'memory' && operand.pseudo === 'SB' && !operand.base && !operand.index && !operand.indirect;
}

/** The operand that says what is declared. */
function globalSymbol(word: string, phrase: Phrase, mayHaveOffset = false): Global {
  const operand = parseOperand(phrase, false);
  if (!isGlobal(operand)) {
    const name = (operand.kind === 'memory' && operand.symbol?.name) || '<erroneous symbol>';
    return fail(`${word} symbol ${JSON.stringify(name)} must be a symbol(SB)`);
  }
  if (!mayHaveOffset && operand.offset !== 0n) {
    fail(`${word} symbol ${JSON.stringify(operand.symbol.name)} must not be offset from SB`);
  }
  return operand;
}

/** A bare expression, such as NOSPLIT|NOFRAME once textflag.h has replaced the names. */
function flagsOf(word: string, phrase: Phrase): number {
  const operand = parseOperand(phrase, false);
  if (operand.kind !== 'memory' || operand.addressOf || operand.symbol || operand.base || operand.index) {
    return fail(`${word}: expected integer constant; found ${phrase.text}`);
  }
  return int32(operand.offset, `${word}: flags`);
}

function immediate(word: string, phrase: Phrase): number {
  const operand = parseOperand(phrase, false);
  if (operand.kind !== 'immediate') return fail(`${word}: expected immediate constant; found ${phrase.text}`);
  return int32(operand.value, word);
}

function tableIndex(word: string, phrase: Phrase): number {
  const index = immediate(word, phrase);
  if (index < 0 || index >= maxTables) fail(`${word}: there is no table ${index}`);
  return index;
}

function int32(value: bigint, what: string): number {
  if (value !== BigInt.asIntN(32, value)) fail(`${what} ${value} does not fit 32 bits`);
  return Number(value);
}
