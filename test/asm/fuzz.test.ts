/** Whatever the text, the assembler says what is wrong with it: it never throws, and it never takes long. */
import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { elfObject } from '#asm/elf.ts';
import { LinkError } from '#asm/link.ts';
import { type Form, turn } from '#emu/isa/form.ts';
import { formsNamed, mnemonics } from '#emu/isa/forms/index.ts';
import type { OperandKind } from '#emu/isa/operand.ts';

const CASES = 10_000;
const SEED = 19;
/** One case may take this long, ms: far more than any does, far less than a hang. */
const LIMIT = 5000;

const STUBS = 'src/runtime/stubs';
const stubFiles = readdirSync(STUBS).filter((f) => f.endsWith('.s'));
const include = new Map(readdirSync(`${STUBS}/include`).map((f) => [f, readFileSync(`${STUBS}/include/${f}`, 'utf8')]));

const LETTERS: Readonly<Record<string, string>> = {
  xmm: 'X',
  ymm: 'Y',
  zmm: 'Z',
  k: 'K',
  mmx: 'M',
  st: 'F',
  cr: 'CR',
  dr: 'DR',
};
const GENERAL = ['AX', 'CX', 'DX', 'BX', 'SI', 'DI', 'R8', 'R15'];
const MEMORY = ['(AX)', '8(SP)', 'x-8(SP)', 'y+16(FP)', '·v+4(SB)', '-129(R13)(CX*8)', '0x7fffffff(BP)', '(R12)'];

/** An operand that fits, as Go writes it; `n` picks one. */
function operand(kind: OperandKind, n: number): string {
  const register = (file: string): string =>
    file === 'gpr' ? GENERAL[n % 8]! : file === 'seg' ? 'DS' : `${LETTERS[file]}${n % 8}`;
  switch (kind.slot) {
    case 'rm':
      if (kind.vsib) return `(AX)(${LETTERS[kind.vsib]}${n % 8}*4)`;
      return kind.allow === 'register' || (kind.allow === 'both' && n & 1) ? register(kind.file) : MEMORY[n % 8]!;
    case 'fixed':
      return kind.file === 'gpr' ? ['AX', 'CX', 'DX', 'BX'][kind.n]! : register(kind.file);
    case 'imm':
      return `$${n % 8}`;
    case 'one':
      return '$1';
    case 'rel':
      return n & 1 ? 'again' : '·g(SB)';
    case 'moffs':
      return '0x1234';
    default:
      return 'file' in kind ? register(kind.file) : GENERAL[n % 8]!;
  }
}

const instruction = (f: Form, n: number): string =>
  `\t${f.name} ${turn(
    f,
    f.operands.map((kind, i) => operand(kind, n + i)),
  ).join(', ')}`;

/** Functions made of one form each of a few mnemonics. */
function generated(): string[] {
  const lines = mnemonics().flatMap((name, i) => {
    const rows = formsNamed(name);
    const row = rows[i % Math.max(1, rows.length)];
    return row ? [instruction(row, i)] : [];
  });
  const perFunction = 12;
  return Array.from({ length: Math.ceil(lines.length / perFunction) }, (_, i) => {
    const body = lines.slice(i * perFunction, (i + 1) * perFunction).join('\n');
    return `#include "textflag.h"\nTEXT ·f${i}(SB), NOSPLIT, $${8 * (i % 9)}-16\nagain:\n${body}\n\tRET\n`;
  });
}

/** Our stubs, function by function, each with the includes and macros of its file. */
function stubs(): string[] {
  return stubFiles.flatMap((file) => {
    const [head, ...functions] = readFileSync(`${STUBS}/${file}`, 'utf8').split(/^(?=TEXT )/m);
    return functions.map((text) => `${head}\n${text}`);
  });
}

const bases = [...stubs(), ...generated()];

/** Lines that ask for too much, or never end. */
const nasty = [
  '#define A A A A A A A A\nA',
  '#define B(x) B(x x)\nB(1)',
  '#define C D D\n#define D E E\n#define E F F\n#define F G G\n#define G C\nC',
  '#include "main.s"',
  '#include "nosuch.h"',
  '#define X(a,b',
  '#ifdef NOPE',
  '#else',
  '#line 5 "other.s"',
  '/* without an end',
  '"without an end',
  "'",
  `\tMOVQ $${'('.repeat(3000)}1${')'.repeat(3000)}, AX`,
  `\tMOVQ $${'-'.repeat(3000)}1, AX`,
  `\tMOVQ $${'9'.repeat(3000)}, AX`,
  `\tMOVQ $1${'<<63'.repeat(300)}, AX`,
  '\tMOVQ $1e999999999, AX',
  '\tPCALIGN $2147483647',
  '\tPCALIGN $-64',
  '\tPCDATA $2147483647, $1',
  '\tPCDATA $-1, $1',
  '\tFUNCDATA $2147483647, ·x(SB)',
  '\tFUNCDATA $-3, ·x(SB)',
  '\tADJSP $2147483647',
  'TEXT ·huge(SB), 0, $2147483640-2147483647',
  'TEXT ·small(SB), 0, $-9223372036854775808',
  'TEXT ·wrap<ABIInternal>(SB), 32, $1048576',
  'DATA ·d+67108856(SB)/8, $1\nGLOBL ·d(SB), 16, $1073741823',
  'DATA ·d+1073741800(SB)/8, $1\nGLOBL ·d(SB), 16, $1073741823',
  'DATA ·d+9223372036854775807(SB)/8, $1',
  'DATA ·s(SB)/8, $"\\xff\\u1234\\"',
  'GLOBL ·big(SB), 0, $2147483647',
  'GLOBL ·tls(SB), 256, $8',
  'a: b: c: JMP a',
  '\tJMP 9223372036854775807(PC)',
  '\tJMP -2(PC)',
  '\tLOOP again',
  '\tVGATHERDPS.Z.BCST.RN_SAE (AX)(Z31*8), K7, Z0',
  '\tBYTE $1; WORD $-1; LONG $0x1ffffffff; QUAD $·f(SB)',
  '\tMOVQ (TLS), AX; MOVQ TLS, BX; MOVQ 8(BX)(TLS*1), CX',
  'END',
];

/** Those that are quickly done with: the other one fills its four million tokens each time. */
const quick = nasty.filter((line) => !line.startsWith('#define B'));

const junk = [
  '\0',
  '\uFEFF',
  '·',
  '∕',
  '\\',
  '#',
  '"',
  "'",
  '`',
  '(',
  ')',
  '[',
  ']',
  '<',
  '>',
  '$',
  '@',
  ';',
  ':',
  ',',
  '*',
  '/*',
  '*/',
  '//',
  '\r',
  '😀',
  '\u2028',
];
const numbers = [
  '0',
  '-1',
  '0x7fffffff',
  '0x80000000',
  '0xffffffffffffffff',
  '18446744073709551616',
  '08',
  '0x',
  '1e400',
  '1__0',
];

type Edit = readonly [kind: number, where: number, what: number];

/** Words, numbers, blanks and single characters. */
const split = (text: string): string[] => text.match(/[\p{L}\p{Nd}_·]+|[ \t]+|[\s\S]/gu) ?? [];

function edited(base: string, edits: readonly Edit[]): string {
  const tokens = split(base);
  for (const [kind, where, what] of edits) {
    const at = where % (tokens.length + 1);
    const other = what % (tokens.length + 1);
    const pick = (list: readonly string[]): string => list[what % list.length]!;
    switch (kind) {
      case 0:
        tokens.splice(at, 1 + (what % 4));
        break;
      case 1:
        tokens.splice(at, 0, ...tokens.slice(other, other + 20));
        break;
      case 2:
        [tokens[at], tokens[other]] = [tokens[other] ?? '', tokens[at] ?? ''];
        break;
      case 3:
        tokens.splice(at, 0, pick(junk));
        break;
      case 4:
        tokens.splice(at, 1, pick(numbers));
        break;
      case 5:
        tokens.splice(at, 0, '\n', pick(quick), '\n');
        break;
      case 6:
        tokens.splice(at, 0, ...split(bases[what % bases.length]!));
        break;
      default:
        tokens.length = Math.min(tokens.length, at);
    }
  }
  return tokens.join('');
}

function assembled(source: string) {
  const read = (path: string): string | undefined => (path === 'main.s' ? source : include.get(path));
  return assemble('main.s', { read }, { includeDirs: [], defines: { GOARCH_amd64: '1' } });
}

/** Nothing but what a reader of the result may expect. */
function check(source: string): void {
  const begun = performance.now();
  const object = assembled(source);
  for (const { at, message } of object.diagnostics) {
    expect(message).not.toBe('');
    expect(at.line).toBeGreaterThanOrEqual(0);
  }
  if (!object.diagnostics.length) {
    try {
      elfObject(object, { packagePath: 'p' });
    } catch (e) {
      if (!(e instanceof LinkError)) throw e;
    }
  }
  expect(performance.now() - begun).toBeLessThan(LIMIT);
}

test('what the cases begin with is sound', () => {
  expect(bases.length).toBeGreaterThan(100);
  const sound = bases.filter((text) => assembled(text).diagnostics.length === 0);
  expect(sound.length).toBeGreaterThan(bases.length / 3);
});

test.each(nasty.map((text) => [text.slice(0, 60), text]))('%j', (_, text) => {
  check(text);
  check(`TEXT ·f(SB), 4, $0\nagain:\n${text}\n\tRET\n`);
});

test(`${CASES} mutations of our stubs and of programs made from the rows`, () => {
  const edit = fc.tuple(fc.nat(7), fc.nat(100_000), fc.nat(100_000));
  fc.assert(
    fc.property(fc.nat(bases.length - 1), fc.array(edit, { minLength: 1, maxLength: 6 }), (base, edits) =>
      check(edited(bases[base]!, edits)),
    ),
    { numRuns: CASES, seed: SEED },
  );
});

test.each([
  ['in a row', 30_000],
  ['in a ring', 0],
])('jumps to jumps %s', (_, last) => {
  const jumps = Array.from({ length: 30_000 }, (_, i) => `l${i}:\tJMP l${i === 29_999 ? last : i + 1}\n`);
  check(`TEXT ·f(SB), 4, $0\n${jumps.join('')}l30000:\tRET\n`);
});

test('a mnemonic with suffixes without number', () => {
  check(`TEXT ·f(SB), 4, $0\n\tVADDPD${'.Z'.repeat(200_000)} Z1, Z2, Z3\n`);
});

test('a macro with parameters without number', () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `a${i}`);
  check(`#define M(${names.join(',')}) ${names.join(' ')}\n`);
});

test('noise', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...junk, ...numbers, ...GENERAL, ...MEMORY, 'MOVQ ', 'TEXT ', 'DATA ', '\n', '\t'), {
        maxLength: 60,
      }),
      (words) => check(words.join('')),
    ),
    { numRuns: CASES / 10, seed: SEED },
  );
});
