/** The parser: operands, expressions, declarations, and what it says of text that is none of these. */
import { describe, expect, test } from 'vitest';
import { parse } from '../../src/asm/parse.ts';
import type { Operand, Statement } from '../../src/asm/syntax.ts';
import { textFlags } from '../../src/asm/textflag.ts';

function run(text: string) {
  const read = (path: string) => (path === 'm.s' ? text : undefined);
  const { statements, diagnostics } = parse('m.s', { read }, { includeDirs: [], defines: {} });
  return { statements, errors: diagnostics.map(({ at, message }) => `${at.line}: ${message}`) };
}

function operandOf(text: string, mnemonic = 'OP'): Operand {
  const { statements, errors } = run(`${mnemonic} ${text}\n`);
  expect(errors).toEqual([]);
  const [statement] = statements;
  if (statement?.kind !== 'instruction' || statement.operands.length !== 1) throw new Error(`${text}: no operand`);
  return statement.operands[0]!;
}

const symbol = (name: string, rest: object = {}) => ({ name, isStatic: false, abi: 'ABI0', ...rest });
const memory = (rest: object) => ({ kind: 'memory', addressOf: false, indirect: false, offset: 0n, ...rest });

describe('operands', () => {
  test.each<[string, object]>([
    ['AX', { kind: 'register', name: 'AX' }],
    ['R15B', { kind: 'register', name: 'R15B' }],
    ['Z31', { kind: 'register', name: 'Z31' }],
    ['CR8', { kind: 'register', name: 'CR8' }],
    ['TLS', { kind: 'register', name: 'TLS' }],
    ['g', { kind: 'register', name: 'R14' }],
    ['*AX', { kind: 'register', name: 'AX' }],
    ['[Z0-Z3]', { kind: 'register-list', first: 'Z0', last: 'Z3' }],
    ['$-1', { kind: 'immediate', value: -1n }],
    ['$0xfffffffffffff001', { kind: 'immediate', value: -4095n }],
    ['$1.5', { kind: 'float', value: 1.5 }],
    ['$(-1.0)', { kind: 'float', value: -1 }],
    ['$-.5e-3', { kind: 'float', value: -0.0005 }],
    ['$0x1.8p3', { kind: 'float', value: 12 }],
    ['$"a\\n\\xff\\101é"', { kind: 'string', value: Uint8Array.of(97, 10, 255, 65, 0xc3, 0xa9) }],
    ['(AX)', memory({ base: 'AX' })],
    ['8(SP)', memory({ base: 'SP', offset: 8n })],
    ['(0*8)(SP)', memory({ base: 'SP' })],
    ['(56+0x18)(DX)', memory({ base: 'DX', offset: 80n })],
    ['-8(AX)(CX*4)', memory({ base: 'AX', index: 'CX', scale: 4, offset: -8n })],
    ['(CX*8)', memory({ index: 'CX', scale: 8 })],
    ['0(R12)(TLS*1)', memory({ base: 'R12', index: 'TLS', scale: 1 })],
    ['0xf1', memory({ offset: 0xf1n })],
    ['$8(AX)', memory({ base: 'AX', offset: 8n, addressOf: true })],
    ['x+8(FP)', memory({ symbol: symbol('x'), pseudo: 'FP', offset: 8n })],
    ['x(FP)(BX*8)', memory({ symbol: symbol('x'), pseudo: 'FP', index: 'BX', scale: 8 })],
    ['x-8(SP)', memory({ symbol: symbol('x'), pseudo: 'AUTO', offset: -8n })],
    ['$x-8(SP)', memory({ symbol: symbol('x'), pseudo: 'AUTO', offset: -8n, addressOf: true })],
    ['·f(SB)', memory({ symbol: symbol('.f'), pseudo: 'SB' })],
    ['$runtime∕cgo·f+8(SB)', memory({ symbol: symbol('runtime/cgo.f'), pseudo: 'SB', offset: 8n, addressOf: true })],
    ['f<>+4(SB)', memory({ symbol: symbol('f', { isStatic: true }), pseudo: 'SB', offset: 4n })],
    ['f<ABIInternal>(SB)', memory({ symbol: symbol('f', { abi: 'ABIInternal' }), pseudo: 'SB' })],
    ['f<ABI0>(SB)', memory({ symbol: symbol('f'), pseudo: 'SB' })],
  ])('%s', (text, expected) => {
    expect(operandOf(text)).toEqual(expected);
  });

  test.each<[string, object]>([
    ['again', { kind: 'label', name: 'again' }],
    ['2(PC)', { kind: 'pc', value: 2n }],
    ['-3(PC)', { kind: 'pc', value: -3n }],
    ['·f(SB)', memory({ symbol: symbol('.f'), pseudo: 'SB' })],
    ['*f(SB)', memory({ symbol: symbol('f'), pseudo: 'SB', indirect: true })],
    ['*8(AX)', memory({ base: 'AX', offset: 8n })],
    ['AX', { kind: 'register', name: 'AX' }],
  ])('JMP %s', (text, expected) => {
    expect(operandOf(text, 'JMP')).toEqual(expected);
  });

  test('only jumps take a bare name', () => {
    for (const jump of ['CALL', 'JEQ', 'JCXZQ', 'LOOP', 'XBEGIN']) expect(operandOf('x', jump).kind).toBe('label');
    expect(run('LEAQ x, AX\n').errors).toEqual(['1: illegal or missing addressing mode for symbol x']);
  });

  test.each([
    ['8(XX)', 'expected register; found XX'],
    ['x(XX)', 'expected pseudo-register; found XX'],
    ['8(SB)', 'cannot reference SB without a symbol'],
    ['SB', 'illegal use of pseudo-register in OP'],
    ['$AX', 'prefix $ not allowed for register: $AX'],
    ['AX*2', 'expected simple register reference'],
    ['(AX*3)', 'bad scale: 3'],
    ['(AX)(BX)', 'index without a scale: write (BX*1)'],
    ['(AX+BX)', '(register+register) not supported on this architecture'],
    ['x<ABI9>(SB)', 'malformed ABI selector "ABI9" in reference to "x"'],
    ['1.5', 'floating-point constant must be an immediate'],
    ['"a"', 'string constant must be an immediate'],
    ['AX BX', 'expected end of operand, found BX'],
    ['AX,', 'missing operand'],
    [', AX', 'missing operand'],
    ['A:B:C', "invalid ':' in operand"],
    ['(', 'missing right parenthesis'],
    ['[X0]', "register list: expected '-' after `[X0`, found ']'"],
    ['*x(SB)', '* is for jumps through a variable, *symbol(SB); found *x'],
  ])('OP %s is refused', (text, message) => {
    expect(run(`OP ${text}\n`)).toEqual({ statements: [], errors: [`1: ${message}`] });
  });
});

describe('expressions', () => {
  test.each([
    ['070', 56n],
    ['0b101 + 0o17 + 1_000', 1020n],
    ["'a' + '\\n' + '\\''", 146n],
    ['3+2*3', 9n],
    ['2|1+4', 7n],
    ['6^3&1', 7n],
    ['3<<2+4', 16n],
    ['48>>1*3', 6n],
    ['64>>1>>1', 64n],
    ['1<<64', 0n],
    ['7%4/3', 1n],
    ['~15', -16n],
    ['3*-(2+~0)', -3n],
    ['0-1', -1n],
    ['0x8000000000000000', -(1n << 63n)],
    ['18446744073709551615+2', 1n],
  ])('%s is %d', (text, value) => {
    expect(operandOf(`$${text}`)).toEqual({ kind: 'immediate', value });
  });

  test.each([
    ['1/0', 'division by zero'],
    ['1%0', 'modulo by zero'],
    ['-1/2', 'divide of value with high bit set'],
    ['-1%2', 'modulo of value with high bit set'],
    ['1<<-1', 'negative left shift count'],
    ['1>>-1', 'negative right shift count'],
    ['-1>>1', 'right shift of value with high bit set'],
    ['1<<2*3', 'expected end of operand, found *'],
    ['(1', 'missing closing paren'],
    ['1+', 'unexpected EOF evaluating expression'],
    ['1+x', 'unexpected x evaluating expression'],
    ['08', 'strconv.ParseUint: parsing "08": invalid syntax'],
    ['18446744073709551616', 'strconv.ParseUint: parsing "18446744073709551616": value out of range'],
    ['1e999', 'strconv.ParseFloat: parsing "1e999": value out of range'],
    ['1.5+2', 'expected end of operand, found +'],
    ["'\\x80'", 'illegal UTF-8 encoding for character constant'],
    ["'ab'", 'invalid char literal'],
  ])('$%s is refused', (text, message) => {
    expect(run(`OP $${text}\n`).errors).toEqual([`1: ${message}`]);
  });
});

describe('instructions', () => {
  test('labels, semicolons, suffixes and lines', () => {
    const text = 'a: b:\tLOCK; XADDL AX, (BX)\n\nVADDPD.RN_SAE.Z Z0, Z1, K1, Z2\nc:\nRET\n';
    const { statements, errors } = run(text);
    expect(errors).toEqual([]);
    expect(statements.map((s) => [s.at.line, s.kind, 'name' in s ? s.name : 'mnemonic' in s && s.mnemonic])).toEqual([
      [1, 'label', 'a'],
      [1, 'label', 'b'],
      [1, 'instruction', 'LOCK'],
      [1, 'instruction', 'XADDL'],
      [3, 'instruction', 'VADDPD'],
      [4, 'label', 'c'],
      [5, 'instruction', 'RET'],
    ]);
    expect(statements[4]).toMatchObject({ suffixes: ['RN_SAE', 'Z'], operands: { length: 4 } });
  });

  test('the old pair AX:DX means DX, AX', () => {
    const register = (name: string) => ({ kind: 'register', name });
    expect(run('SHLQ $3, AX:DX\n').statements).toMatchObject([
      { operands: [{ kind: 'immediate' }, register('DX'), register('AX')] },
    ]);
  });

  test.each([
    ['3\n', '1: expected identifier, found "3"'],
    ['RET', '1: unexpected EOF'],
    ['ADD.5 AX\n', '1: floating-point constant must be an immediate'],
    ['ADD. 5\n', '1: instruction suffix expected identifier, found 5'],
    ['MOVQ AX, BX\n}\n', '2: expected identifier, found "}"'],
  ])('%j is refused', (text, message) => {
    expect(run(text).errors).toEqual([message]);
  });

  test('every faulty line is reported once, and the others are parsed', () => {
    const { statements, errors } = run('MOVQ 8(XX), 8(YY); INCQ 8(ZZ)\nRET\nx: MOVQ $, AX\nRET\n');
    expect(errors).toEqual(['1: expected register; found XX', "3: expected '(', found EOF"]);
    expect(statements.map((s) => s.kind)).toEqual(['instruction', 'label', 'instruction']);
  });
});

describe('declarations', () => {
  const one = (text: string): Statement | undefined => {
    const { statements, errors } = run(`${text}\n`);
    expect(errors).toEqual([]);
    return statements[0];
  };

  test('TEXT', () => {
    const at = { file: 'm.s', line: 1, column: 1 };
    const { NOSPLIT, NOFRAME } = textFlags;
    expect(one(`TEXT ·f(SB), ${NOSPLIT}|${NOFRAME}, $-8-24`)).toEqual({
      kind: 'text',
      at,
      symbol: symbol('.f'),
      flags: 516,
      frame: -8,
      args: 24,
    });
    expect(one('TEXT f<ABIInternal>(SB), 4, $16')).toMatchObject({ frame: 16, args: undefined, flags: 4 });
    expect(one('TEXT f<>(SB), $0-0')).toMatchObject({ symbol: { isStatic: true }, flags: 0, frame: 0, args: 0 });
  });

  test('DATA, GLOBL, PCDATA and FUNCDATA', () => {
    expect(one('DATA x<>+8(SB)/4, $1.5')).toMatchObject({ kind: 'data', offset: 8, width: 4, value: { value: 1.5 } });
    expect(one('DATA x(SB)/8, $y+4(SB)')).toMatchObject({ value: { addressOf: true, offset: 4n } });
    expect(one('DATA x(SB)/5, $"abc"')).toMatchObject({ width: 5, value: { kind: 'string' } });
    expect(one('GLOBL x<>(SB), 8|16, $24')).toMatchObject({ kind: 'globl', flags: 24, size: 24 });
    expect(one('GLOBL x(SB), $24')).toMatchObject({ flags: 0, size: 24 });
    expect(one('PCDATA $0, $-2')).toMatchObject({ kind: 'pcdata', index: 0, value: -2 });
    expect(one('FUNCDATA $1, none(SB)')).toMatchObject({ kind: 'funcdata', index: 1, symbol: symbol('none') });
  });

  test.each([
    ['TEXT f(SB)', 'expect two or three operands for TEXT'],
    ['TEXT f(SB), NOSPLIT, $0', 'illegal or missing addressing mode for symbol NOSPLIT'],
    ['TEXT f(SB), $4, $0', 'TEXT: expected integer constant; found $4'],
    ['TEXT f+8(SB), 4, $0', 'TEXT symbol "f" must not be offset from SB'],
    ['TEXT 1, 4, $0', 'TEXT symbol "<erroneous symbol>" must be a symbol(SB)'],
    ['TEXT f(SB), 4, 0', 'TEXT f: frame size must be an immediate constant'],
    ['TEXT f(SB), 4, $(8)', 'TEXT f: frame size must be an immediate constant'],
    ['TEXT f(SB), 4, $8+8', 'TEXT f: argument size must be of form -integer'],
    ['TEXT f(SB), 4, $4294967296', 'TEXT f: frame size 4294967296 does not fit 32 bits'],
    ['TEXT f<ABIInternal>(SB), 0, $0', 'TEXT "f": ABIInternal requires NOSPLIT'],
    ['DATA x(SB), $1', 'expect /size for DATA argument'],
    ['DATA x(SB)/3, $1', 'bad int size for DATA argument: 3'],
    ['DATA x(SB)/2, $1.0', 'bad float size for DATA argument: 2'],
    ['DATA x(SB)/4, $y(SB)', 'bad addr size for DATA argument: 4'],
    ['DATA x(SB)/2, $"abc"', 'WriteString: bad string size: 2 < 3'],
    ['DATA x(SB)/8, y(SB)', 'DATA value must be an immediate constant or address'],
    ['DATA x-8(SB)/8, $1', 'prepwrite: bad off=-8 siz=8 s=x'],
    ['GLOBL x(SB), 8, 8', 'GLOBL: expected immediate constant; found 8'],
    ['GLOBL x(FP), 8, $8', 'GLOBL symbol "x" must be a symbol(SB)'],
    ['PCDATA $1', 'expect two operands for PCDATA'],
    ['FUNCDATA $1, AX', 'FUNCDATA symbol "<erroneous symbol>" must be a symbol(SB)'],
  ])('%s is refused', (text, message) => {
    expect(run(`${text}\n`)).toEqual({ statements: [], errors: [`1: ${message}`] });
  });

  test('DATA of one symbol goes upwards', () => {
    const text = 'DATA x+8(SB)/8, $1\nDATA x<>(SB)/8, $2\nDATA x+12(SB)/4, $3\n';
    expect(run(text).errors).toEqual(['3: overlapping DATA entry for x']);
  });
});

describe('hostile text', () => {
  test('nothing', () => {
    expect(run('')).toEqual({ statements: [], errors: [] });
    expect(run('\n \t\r\n;;\n')).toEqual({ statements: [], errors: [] });
  });

  test('any character, anywhere, is reported and not thrown', () => {
    let seed = 7;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % n;
    };
    for (let round = 0; round < 200; round++) {
      const text = Array.from({ length: 300 }, () => String.fromCharCode(random(round % 2 ? 128 : 0x3000))).join('');
      expect(run(`${text}\n"\nRET\n`).errors.length).toBeGreaterThan(0);
    }
  });

  test('a file of errors stops being reported', () => {
    const { errors } = run('MOVQ $\n'.repeat(5000));
    expect(errors).toHaveLength(1001);
    expect(errors.at(-1)).toBe('1001: too many errors');
  });

  test.each(['(', '-', '~', '1>>', '1+('])('%s, a hundred thousand times', (part) => {
    expect(run(`OP $${part.repeat(100_000)}\n`).errors).toEqual(['1: expression nested too deeply']);
  });

  test('a long file and a long line', () => {
    expect(run('MOVQ 8(AX)(BX*8), CX // x\n'.repeat(100_000)).statements).toHaveLength(100_000);
    expect(operandOf(`$0${'+1'.repeat(100_000)}`)).toEqual({ kind: 'immediate', value: 100_000n });
  });
});
