/** The preprocessor, seen through the statements and diagnostics that come out of it. */
import { describe, expect, test } from 'vitest';
import { parse } from '../../src/asm/parse.ts';

interface Setting {
  readonly files?: Readonly<Record<string, string>>;
  readonly includeDirs?: readonly string[];
  readonly defines?: Readonly<Record<string, string>>;
  readonly path?: string;
}

function run(text: string, { files = {}, includeDirs = [], defines = {}, path = 'm.s' }: Setting = {}) {
  const read = (name: string) => (name === path ? text : files[name]);
  const { statements, diagnostics } = parse(path, { read }, { includeDirs, defines });
  const shown = statements.map((s) => {
    if (s.kind !== 'instruction') return s.kind;
    const operands = s.operands.map((o) => {
      if (o.kind === 'immediate') return `$${o.value}`;
      if (o.kind === 'register') return o.name;
      return o.kind === 'memory' ? `${o.offset}(${o.base})` : o.kind;
    });
    return [s.mnemonic, ...operands].join(' ');
  });
  return { shown, statements, errors: diagnostics.map(({ at, message }) => `${at.file}:${at.line}: ${message}`) };
}

describe('macros', () => {
  test('without arguments, used inside one another and redefined after #undef', () => {
    const text = '#define A B+1\n#define B 2\nX $A\n#undef B\n#define B 40\nX $A\n';
    expect(run(text)).toMatchObject({ shown: ['X $3', 'X $41'], errors: [] });
  });

  test('a body of several instructions stands on the line that uses it', () => {
    const text = '#define SAVE(r, n) \\\n\tMOVQ r, n(SP); \\\n\tINCQ r \\\n\tDECQ CX\n\nSAVE(AX, 8*2)\nRET\n';
    const { shown, statements, errors } = run(text);
    expect(errors).toEqual([]);
    expect(shown).toEqual(['MOVQ AX 16(SP)', 'INCQ AX', 'DECQ CX', 'RET']);
    expect(statements.map((s) => s.at.line)).toEqual([6, 6, 6, 7]);
  });

  test('a parenthesis makes parameters only when it touches the name', () => {
    expect(run('#define A (1)\n#define B(x) x\nX $A, $B((2+3))\n').shown).toEqual(['X $1 $5']);
  });

  test('arguments may hold parentheses and their commas', () => {
    const text = '#define TWICE(x) x; x\n#define AT(r,i) (r)(i*8)\nTWICE(INCQ AT(AX, BX))\n';
    expect(run(text)).toMatchObject({ shown: ['INCQ 0(AX)', 'INCQ 0(AX)'], errors: [] });
  });

  test('a macro may define another', () => {
    for (const text of [
      '#define A #define B(x) x\nA\nX $B(7)\n',
      '#define A #define B (x) x\nA\nX $B(7)\n',
      '#define A(n) #define n(x) x\nA(B)\nX $B(7)\n',
    ]) {
      expect(run(text)).toMatchObject({ shown: ['X $7'], errors: [] });
    }
  });

  test('a label that reads like what it stands before is one each time', () => {
    const { statements } = run('#define P(a) a: a; a\nP(RET)\nP(RET)\n');
    expect(statements.map(({ kind }) => kind[0]).join('')).toBe('liilii');
  });

  test('a macro with parameters, named without arguments, is a name', () => {
    expect(run('#define f(x) x\nJMP f\n').statements).toMatchObject([{ operands: [{ kind: 'label', name: 'f' }] }]);
  });

  test('definitions from the command line', () => {
    const text = '#ifdef GOOS_linux\nX $N\n#endif\n';
    expect(run(text, { defines: { GOOS_linux: '1', N: '3<<2' } }).shown).toEqual(['X $12']);
    expect(run('', { defines: { 'a-b': '1' } }).errors).toEqual([
      'command line:1: asm: parsing -D: "a-b" is not a valid identifier name',
    ]);
  });

  test.each([
    ['#define A(x) x\nX A(1,2)\n', 'm.s:2: wrong arg count for macro A'],
    ['#define A(x) x\nX A(1\n', 'm.s:2: unterminated arg list invoking macro: A'],
    ['#define A 1\n#define A 1\n', 'm.s:2: redefinition of macro: A'],
    ['#define A(x,x) x\n', 'm.s:1: duplicate argument x in definition for macro: A'],
    ['#define A(x y) x\n', 'm.s:1: bad syntax in definition for macro: A'],
    ['#define A(1) x\n', 'm.s:1: bad definition for macro: A'],
    ['#define A x \\ y\n', 'm.s:1: can only escape \\ or \\n in definition for macro: A'],
    ['#define A x', 'm.s:1: missing newline in definition for macro: A'],
    ['#undef A\n', 'm.s:1: #undef for undefined macro: A'],
  ])('%j is refused', (text, message) => {
    expect(run(text).errors).toEqual([message]);
  });

  test('a macro that contains itself is reported, and the next lines are read', () => {
    const { shown, errors } = run('#define A() X A()\n#define B B\nA()\nB\nRET\nFOO $\n');
    expect(errors).toEqual([
      'm.s:3: recursive macro invocation',
      'm.s:4: recursive macro invocation',
      "m.s:6: expected '(', found EOF",
    ]);
    expect(shown).toContain('RET');
  });

  test('a macro that grows without end stops the run', () => {
    const doubling = Array.from({ length: 60 }, (_, i) => `#define A${i} A${i + 1} A${i + 1}\n`).join('');
    expect(run(`${doubling}A0\nRET\n`)).toMatchObject({ shown: [], errors: ['m.s:61: macro expansion too large'] });
  });

  test('a long argument used often is counted before it is copied', () => {
    const text = `#define A(x) ${'x '.repeat(20_000)}\nA(${'y '.repeat(20_000)})\n`;
    expect(run(text).errors).toEqual(['m.s:2: macro expansion too large']);
  });
});

describe('conditions', () => {
  const text = '#ifdef A\n#ifdef B\nX $1\n#else\nX $2\n#endif\n#else\n#ifndef B\nX $3\n#else\nX $4\n#endif\n#endif\n';
  test.each([
    [{ A: '', B: '' }, 'X $1'],
    [{ A: '' }, 'X $2'],
    [{}, 'X $3'],
    [{ B: '' }, 'X $4'],
  ])('with %j the one branch taken is %s', (defines, expected) => {
    expect(run(text, { defines })).toMatchObject({ shown: [expected], errors: [] });
  });

  test('text that is switched off need not be assembly', () => {
    const off = '#ifdef NO\nit\'s "not\n#define RET nothing\n#nonsense\n# 5 +\n#include "none.h"\n#endif\nRET\n';
    expect(run(off)).toMatchObject({ shown: ['RET'], errors: [] });
  });

  test.each([
    ['#endif\n', 'm.s:1: unmatched #endif'],
    ['#else\n', 'm.s:1: unmatched #else'],
    ['RET\n#ifdef A\n#ifdef B\n#endif\n', 'm.s:2: unclosed #ifdef or #ifndef'],
    ['#ifdef A B\n#endif\n', 'm.s:1: expected newline after #if[n]def ; got "B"'],
    ['#ifdef 3\n', 'm.s:1: expected identifier after # directive ; got "3"'],
    ['#if 1\n', "m.s:1: unexpected token after '#': if"],
    ['RET #define A\n', "m.s:1: '#' must be first item on line"],
  ])('%j is refused', (source, message) => {
    expect(run(source).errors).toEqual([message]);
  });
});

describe('#include', () => {
  test('looks beside the main file, then in each directory', () => {
    const asked: string[] = [];
    const text = '#include "x.h"\nX $V\n';
    const read = (name: string) => {
      asked.push(name);
      return name === 'a/m.s' ? text : name === '/inc/x.h' ? '#define V 9\n' : undefined;
    };
    const { diagnostics, statements } = parse('a/m.s', { read }, { includeDirs: ['b/../lib', '/inc'], defines: {} });
    expect(asked).toEqual(['a/m.s', 'x.h', 'a/x.h', 'lib/x.h', '/inc/x.h']);
    expect(diagnostics).toEqual([]);
    expect(statements).toMatchObject([{ at: { file: 'a/m.s', line: 2 }, operands: [{ value: 9n }] }]);
  });

  test('what is wrong in an included file is reported there', () => {
    const files = { 'x.h': '\n\tMOVQ 8(XX), AX\n' };
    expect(run('#include "x.h"\nRET\n', { files })).toMatchObject({
      shown: ['RET'],
      errors: ['x.h:2: expected register; found XX'],
    });
  });

  test('a file that is nowhere', () => {
    expect(run('#include "x.h"\nRET\n', { includeDirs: ['/inc'] })).toMatchObject({
      shown: ['RET'],
      errors: ['m.s:1: #include: open /inc/x.h: no such file or directory'],
    });
    expect(parse('gone.s', { read: () => undefined }, { includeDirs: [], defines: {} }).diagnostics).toEqual([
      { at: { file: 'gone.s', line: 1 }, message: 'open gone.s: no such file or directory' },
    ]);
  });

  test('a cycle ends the run, however wide it is', () => {
    expect(run('#include "m.s"\n#include "m.s"\n').errors).toEqual(['m.s:1: input recursion']);
  });

  test('files that include the next one twice come to an end', () => {
    const files = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`a${i}`, i < 49 ? `#include "a${i + 1}"\n`.repeat(2) : '\n']),
    );
    expect(run('#include "a0"\n', { files }).errors.map((e) => e.replace(/^.*: /, ''))).toEqual([
      'too many #include files',
    ]);
  });
});

describe('lines', () => {
  test('#line renames what follows', () => {
    const { statements } = run('RET\n#line 30 "gen.go"\nRET\n\nRET\n');
    expect(statements.map((s) => `${s.at.file}:${s.at.line}`)).toEqual(['m.s:1', 'gen.go:30', 'gen.go:32']);
  });

  // biome-ignore format: table
  test.each([
    ['an argument',                   '#define M(x) MOVQ x, AX\n\tM(8(XX))',                     6],
    ['a macro without its arguments', '#define M(x) MOVQ x, AX\n#define N(y) y\n\tM(8(N))',      6],
    ['another name for what is bad',  '#define XX YY\n\tMOVQ 8(XX), AX',                         9],
    ['text of the macro itself',      '#define M(x) MOVQ x, 8(XX)\n\tM(AX)',                     2],
  ])('the column of %s', (_, text, column) => {
    const read = () => `${text}\n`;
    const { diagnostics } = parse('m.s', { read }, { includeDirs: [], defines: {} });
    expect(diagnostics.map(({ at }) => at.column)).toEqual([column]);
  });

  test('comments count their lines, and join what they stand between', () => {
    const { shown, statements } = run('// one\nMOVQ /* two\nthree */ AX, BX // x; y\nRET // z\n');
    expect(shown).toEqual(['MOVQ AX BX', 'RET']);
    expect(statements.map((s) => s.at.line)).toEqual([2, 4]);
  });

  test('an unclosed comment or literal', () => {
    expect(run('RET\n/* no end\n').errors).toEqual(['m.s:2: comment not terminated']);
    expect(run('DATA x(SB)/8, $"abc\nRET\n')).toMatchObject({
      shown: ['RET'],
      errors: ['m.s:1: literal not terminated'],
    });
  });

  test('a build constraint belongs before the code', () => {
    expect(run('// Copyright\n//go:build amd64\n\nRET\n').errors).toEqual([]);
    expect(run('#define X 1\n//go:build amd64\n').errors).toEqual(['m.s:2: misplaced //go:build comment']);
  });
});
