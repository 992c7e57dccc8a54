/** callgate asm as its users meet it: formats, where the output goes, and how errors are shown. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const program = resolve('dist/callgate.js');
const dir = mkdtempSync(join(tmpdir(), 'callgate-asm-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function callgate(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: dir, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}
const write = (name: string, text: string): void => writeFileSync(join(dir, name), text);

describe('obj-json', () => {
  test('says everything', () => {
    write(
      'all.s',
      `#include "textflag.h"
TEXT ·f(SB), NOSPLIT|TOPFRAME, $8-16
	FUNCDATA $3, ·slots(SB)
	MOVQ tab<>+8(SB), AX
	PCDATA $0, $3
	CALL ·g<ABIInternal>(SB)
	RET
DATA tab<>+8(SB)/8, $·f+4(SB)
GLOBL tab<>(SB), RODATA|NOPTR, $24
`,
    );
    const include = ['-I', resolve('src/runtime/stubs/include')];
    const { out, err } = callgate('asm', 'all.s', ...include, '--format', 'obj-json');
    expect(err).toBe('');
    const object = JSON.parse(out);
    const [f] = object.text;
    expect(f).toMatchObject({ name: '.f', static: false, abi: 'ABI0', line: 2, size: 36, frame: 16, args: 16 });
    expect(f.flags).toEqual(['NOSPLIT', 'TOPFRAME']);
    expect(f.code).toHaveLength(72);
    const call = { kind: 'R_CALL', offset: 22, size: 4, addend: 0, symbol: '.g', static: false, abi: 'ABIInternal' };
    const load = { kind: 'R_PCREL', offset: 17, size: 4, addend: 8, symbol: 'tab', static: true, abi: 'ABI0' };
    expect(f.relocations).toEqual([load, call]);
    expect(f.pcfile).toEqual([[0, 'all.s']]);
    expect(f.pcline).toEqual([
      [0, 2],
      [14, 4],
      [21, 6],
      [26, 7],
    ]);
    expect(f.pcsp[0]).toEqual([0, 0]);
    expect(f.pcdata[0]).toContainEqual([21, 3]);
    expect(f.funcdata[3]).toEqual({ name: '.slots', static: false, abi: 'ABI0' });
    const data = object.data.find((d: { name: string }) => d.name === 'tab');
    expect(data).toMatchObject({ static: true, flags: ['RODATA', 'NOPTR'], size: 24, bytes: '00'.repeat(16) });
    expect(data.relocations).toEqual([
      { kind: 'R_ADDR', offset: 8, size: 8, addend: 4, symbol: '.f', static: false, abi: 'ABI0' },
    ]);
  });
});

describe('-o', () => {
  write('ret.s', 'TEXT ·f(SB), 4, $0\n\tRET\n');
  write('bad.s', 'TEXT ·f(SB), 4, $0\n\tFROB\n');

  test('writes what it would have printed, and keeps the mode', () => {
    write('out.txt', 'before');
    chmodSync(join(dir, 'out.txt'), 0o600);
    const printed = callgate('asm', 'ret.s', '--format', 'hex').out;
    expect(callgate('asm', 'ret.s', '--format', 'hex', '-o', 'out.txt')).toEqual({ status: 0, out: '', err: '' });
    expect(readFileSync(join(dir, 'out.txt'), 'utf8')).toBe(printed);
    expect(statSync(join(dir, 'out.txt')).mode & 0o777).toBe(0o600);
  });

  test('leaves what is there when the source is bad', () => {
    write('kept.txt', 'before');
    expect(callgate('asm', 'bad.s', '-o', 'kept.txt').status).toBe(2);
    expect(readFileSync(join(dir, 'kept.txt'), 'utf8')).toBe('before');
    expect(readdirSync(dir).filter((f) => f.endsWith('.part'))).toEqual([]);
  });

  test('writes through a link, and into a pipe instead of replacing it', () => {
    write('target.txt', '');
    symlinkSync('target.txt', join(dir, 'link.txt'));
    callgate('asm', 'ret.s', '--format', 'hex', '-o', 'link.txt');
    expect(lstatSync(join(dir, 'link.txt')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(dir, 'target.txt'), 'utf8')).toBe('.f c3\n');
    spawnSync('mkfifo', [join(dir, 'pipe')]);
    const script = `"${process.execPath}" "${program}" asm ret.s --format hex -o pipe & cat pipe; wait`;
    expect(spawnSync('sh', ['-c', script], { cwd: dir, encoding: 'utf8', timeout: 20_000 }).stdout).toBe('.f c3\n');
    expect(lstatSync(join(dir, 'pipe')).isFIFO()).toBe(true);
  });

  test('one line when it cannot', () => {
    mkdirSync(join(dir, 'folder/ret.lst'), { recursive: true });
    expect(callgate('asm', 'ret.s', '-o', 'folder')).toMatchObject({
      status: 2,
      err: 'callgate: folder/ret.lst: cannot be written: it is a folder\n',
    });
    expect(callgate('asm', 'ret.s', '-o', 'nowhere/x').err).toBe(
      'callgate: nowhere/x: cannot be written: there is no such folder\n',
    );
  });
});

describe('errors', () => {
  const shown = (text: string): string => {
    write('e.s', `TEXT ·f(SB), 4, $0\n${text}\n`);
    return callgate('asm', 'e.s', '--caret', 'always').err;
  };

  // biome-ignore format: table
  test.each([
    ['an operand',            '\tMOVQ\t8(XX), AX',           'e.s:2: expected register; found XX\n\tMOVQ\t8(XX), AX\n\t    \t  ^~\n'],
    ['the end of an operand', '\tMOVQ 8(AX, BX',             'e.s:2: (register,register) not supported on this architecture\n\tMOVQ 8(AX, BX\n\t         ^\n'],
    ['the second statement',  '\tRET; FROB AX // why',       'e.s:2: unrecognized instruction "FROB"\n\tRET; FROB AX // why\n\t     ^~~~\n'],
    ['behind a label',        'again: FROB AX',              'e.s:2: unrecognized instruction "FROB"\nagain: FROB AX\n       ^~~~\n'],
    ['no such form',          '\tPADDQ (AX), (BX)',          'e.s:2: invalid instruction: PADDQ (AX), (BX)\n\tPADDQ (AX), (BX)\n\t^~~~~\n'],
    ['a bad number',          '\tMOVQ $08, AX',              'e.s:2: strconv.ParseUint: parsing "08": invalid syntax\n\tMOVQ $08, AX\n\t      ^~\n'],
    ['a macro: its use',      '#define M MOVQ $, AX\n\tNOP; M', 'e.s:3: expected \'(\', found EOF\n\tNOP; M\n\t     ^\n'],
    ['its argument',          '#define M(x) MOVQ x, AX\n\tM(8(XX))', 'e.s:3: expected register; found XX\n\tM(8(XX))\n\t    ^~\n'],
    ['a directive',           '#define M\n#define M 2',      'e.s:3: redefinition of macro: M\n#define M 2\n^\n'],
    ['a non-ASCII line',      '\tMOVQ ·größe(SP)(ZZ), AX',   'e.s:2: expected register; found ZZ\n\tMOVQ ·größe(SP)(ZZ), AX\n\t                ^~\n'],
  ])('a caret under %s', (_, text, said) => {
    expect(shown(text)).toBe(said);
  });

  test('no caret where #line says that the text stands elsewhere', () => {
    expect(shown('#line 7 "gen.go"\n\tFROB')).toBe('gen.go:7: unrecognized instruction "FROB"\n');
  });

  test('no caret unless it is a terminal, and Go’s line first where it is one', () => {
    write('bad.s', 'TEXT ·f(SB), 4, $0\n\tFROB\n');
    expect(callgate('asm', 'bad.s').err).toBe('bad.s:2: unrecognized instruction "FROB"\n');
    const terminal = spawnSync('script', ['-qec', `"${process.execPath}" "${program}" asm bad.s`, '/dev/null'], {
      cwd: dir,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1' },
    });
    if (terminal.error) return;
    expect(terminal.stdout.replaceAll('\r', '')).toBe('bad.s:2: unrecognized instruction "FROB"\n\tFROB\n\t^~~~\n');
  });

  test('ten of them, or with -e all', () => {
    write('many.s', `TEXT ·f(SB), 4, $0\n${'\tMOVQ $, AX\n'.repeat(1500)}`);
    const some = callgate('asm', 'many.s').err.trim().split('\n');
    expect(some).toHaveLength(11);
    expect(some[9]).toBe("many.s:11: expected '(', found EOF");
    expect(some[10]).toMatch(/^too many errors: \d+ more \(-e shows them\)$/);
    const all = callgate('asm', '-e', 'many.s').err.trim().split('\n');
    expect(all).toHaveLength(1500);
    expect(all[1499]).toBe("many.s:1501: expected '(', found EOF");
  });
});
