/** One operand: `$sym±offset(SB)(reg)(index*scale)`, every part optional, read from left to right. */
import { Cursor } from './cursor.ts';
import { fail } from './diagnostic.ts';
import { expression, floatExpression } from './expression.ts';
import type { Phrase } from './line.ts';
import { unquote } from './quote.ts';
import { isPseudoRegister, registerNamed } from './register-name.ts';
import { type Abi, type MemoryOperand, memory, type Operand, type RegisterName, type SymbolName } from './syntax.ts';

type Prefix = '' | '$' | '*';

/** In jumps a bare name is a label, and `*sym(SB)` goes where the variable points. */
export function parseOperand(phrase: Phrase, isJump: boolean): Operand {
  const cursor = new Cursor(phrase);
  return cursor.reading(() => {
    const prefix = cursor.accept('$') ? '$' : cursor.accept('*') ? '*' : '';
    const operand = afterPrefix(cursor, prefix, isJump);
    cursor.expectEnd();
    return operand;
  });
}

function afterPrefix(cursor: Cursor, prefix: Prefix, isJump: boolean): Operand {
  const { kind, text } = cursor.peek();
  if (kind === 'identifier') {
    return registerNamed(text) === undefined ? symbolic(cursor, prefix, isJump) : bareRegister(cursor, prefix);
  }
  if (text === '[') return registerList(cursor, prefix);
  if (text === '(' && cursor.peek(1).kind === 'end') fail('missing right parenthesis');
  if (text === '(' && registerNamed(cursor.peek(1).text) !== undefined) return address(cursor, prefix, 0n);
  const isConstant = ['integer', 'float', 'string', 'char'].includes(kind) || ['+', '-', '~', '('].includes(text);
  if (!isConstant) cursor.expect('(');
  return constant(cursor, prefix);
}

/** A number, a string, or the offset of an address. */
function constant(cursor: Cursor, prefix: Prefix): Operand {
  if (cursor.hasAhead('float')) {
    if (prefix !== '$') fail('floating-point constant must be an immediate');
    return { kind: 'float', value: floatExpression(cursor) };
  }
  if (cursor.hasAhead('string')) {
    if (prefix !== '$') fail('string constant must be an immediate');
    const value = unquote(cursor.expectKind('string').text);
    return { kind: 'string', value: value ?? fail('string parse error: invalid syntax') };
  }
  const value = BigInt.asIntN(64, expression(cursor));
  if (cursor.peek().text === '(') return address(cursor, prefix, value);
  if (prefix === '$') return { kind: 'immediate', value };
  if (prefix === '*') fail(`cannot jump through *${value}: write ${value}, which already is a memory operand`);
  return memory({ offset: value });
}

function bareRegister(cursor: Cursor, prefix: Prefix): Operand {
  const { name, scale } = register(cursor, prefix);
  if (scale !== undefined) fail('expected simple register reference');
  return { kind: 'register', name };
}

/** A register, and the `*scale` that makes it an index. */
function register(cursor: Cursor, prefix: Prefix = ''): { name: RegisterName; scale: number | undefined } {
  const word = cursor.next().text;
  const name = registerNamed(word) ?? fail(`expected register; found ${word}`);
  if (prefix === '$') fail(`prefix $ not allowed for register: $${word}`);
  const { text } = cursor.peek();
  if (text === ',') fail('(register,register) not supported on this architecture');
  if (text === '+') fail('(register+register) not supported on this architecture');
  if (text === ':') fail('indirect through register pair');
  if (!cursor.accept('*')) return { name, scale: undefined };
  const scale = cursor.next().text;
  return { name, scale: /^[1248]$/.test(scale) ? Number(scale) : fail(`bad scale: ${scale}`) };
}

function registerList(cursor: Cursor, prefix: Prefix): Operand {
  if (prefix !== '') fail('illegal use of register list');
  cursor.expect('[');
  const low = cursor.next();
  if (low.kind === 'end') fail("register list: expected ']', found EOF");
  const first = registerNamed(low.text) ?? fail(`register list: bad low register in \`[${low.text}\``);
  const dash = cursor.next().text;
  if (dash !== '-') fail(`register list: expected '-' after \`[${first}\`, found ${quoted(dash)}`);
  const high = cursor.next().text;
  const last = registerNamed(high) ?? fail(`register list: bad high register in \`[${first}-${high}\``);
  const bracket = cursor.next().text;
  if (bracket !== ']') fail(`register list: expected ']' after \`[${first}-${last}\`, found ${quoted(bracket)}`);
  return { kind: 'register-list', first, last };
}

const quoted = (text: string): string => (text.length === 1 ? `'${text}'` : text);

/** A name: a label, or a symbol in a pseudo-register's space, with hardware registers perhaps to follow. */
function symbolic(cursor: Cursor, prefix: Prefix, isJump: boolean): Operand {
  const { text } = cursor.next();
  const symbol = symbolName(cursor, text);
  const hasOffset = cursor.peek().text === '+' || cursor.peek().text === '-';
  const offset = hasOffset ? BigInt.asIntN(64, expression(cursor)) : 0n;
  if (cursor.isAtEnd) {
    if (prefix !== '' || !isJump || hasOffset) fail(`illegal or missing addressing mode for symbol ${text}`);
    return { kind: 'label', name: symbol.name };
  }
  cursor.expect('(');
  const space = cursor.expectKind('identifier').text;
  cursor.expect(')');
  if (space === 'PC') return pcRelative(prefix, offset);
  const pseudo = pseudoOf(space) ?? fail(`expected pseudo-register; found ${space}`);
  if (prefix === '*' && !(isJump && pseudo === 'SB' && cursor.isAtEnd)) {
    fail(`* is for jumps through a variable, *symbol(SB); found *${text}`);
  }
  const registers = cursor.isAtEnd ? {} : hardware(cursor);
  return memory({ addressOf: prefix === '$', indirect: prefix === '*', symbol, pseudo, offset, ...registers });
}

/** `name`, `name<>` or `name<ABIInternal>`; the name has been read. */
function symbolName(cursor: Cursor, name: string): SymbolName {
  let isStatic = false;
  let abi: Abi = 'ABI0';
  if (cursor.accept('<')) {
    const word = cursor.peek();
    isStatic = word.text === '>';
    if (word.kind === 'identifier') {
      if (word.text !== 'ABI0' && word.text !== 'ABIInternal') {
        fail(`malformed ABI selector ${JSON.stringify(word.text)} in reference to ${JSON.stringify(name)}`);
      }
      abi = word.text;
      cursor.next();
    }
    cursor.expect('>');
  }
  return { name, isStatic, abi };
}

function pseudoOf(space: string): MemoryOperand['pseudo'] {
  if (space === 'SB' || space === 'FP') return space;
  // With a name in front SP is the top of the locals, not the hardware register.
  return space === 'SP' ? 'AUTO' : undefined;
}

function pcRelative(prefix: Prefix, value: bigint): Operand {
  if (prefix !== '') fail('illegal addressing mode for PC');
  return { kind: 'pc', value };
}

/** `(reg)`, `(reg)(index*scale)`, `(index*scale)` or `(PC)`, after an offset and no name. */
function address(cursor: Cursor, prefix: Prefix, offset: bigint): Operand {
  const word = cursor.peek(1).text;
  if (isPseudoRegister(word)) {
    if (word !== 'PC') fail(`cannot reference ${word} without a symbol`);
    cursor.expect('(');
    register(cursor);
    cursor.expect(')');
    return pcRelative(prefix, offset);
  }
  // `*8(AX)` is accepted as another way to write 8(AX).
  return memory({ addressOf: prefix === '$', offset, ...hardware(cursor) });
}

type Hardware = Partial<Pick<MemoryOperand, 'base' | 'index' | 'scale'>>;

function hardware(cursor: Cursor): Hardware {
  const first = parenthesized(cursor);
  if (first.scale !== undefined) return { index: first.name, scale: first.scale };
  if (isPseudoRegister(first.name)) fail(`expected register; found ${first.name}`);
  if (cursor.peek().text !== '(') return { base: first.name };
  const second = parenthesized(cursor);
  const scale = second.scale ?? fail(`index without a scale: write (${second.name}*1)`);
  return { base: first.name, index: second.name, scale };
}

function parenthesized(cursor: Cursor): { name: RegisterName; scale: number | undefined } {
  cursor.expect('(');
  const found = register(cursor);
  cursor.expect(')');
  return found;
}
