/** callgate asm with several files: each as it would be by itself, and none in another's way. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const program = resolve('dist/callgate.js');
const dir = mkdtempSync(join(tmpdir(), 'callgate-files-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function asm(...args: string[]): Said {
  const options = { cwd: dir, encoding: 'utf8' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'asm', ...args], options);
  return { status, out: stdout, err: stderr };
}

const read = (path: string): string => readFileSync(join(dir, path), 'utf8');
const listed = (folder: string): string[] => readdirSync(join(dir, folder)).sort();

const files: Readonly<Record<string, string | Uint8Array>> = {
  'a.s': 'TEXT ·a(SB), 4, $0-0\n\tRET\n',
  'one.s': '#include "n.h"\nTEXT ·one(SB), 4, $0-0\n\tMOVQ $N, AX\n\tRET\n',
  'two.s': '#include "n.h"\nTEXT ·two(SB), 4, $0-0\n\tMOVQ $(N+WIDE), AX\n\tRET\nGLOBL ·shared(SB), 24, $N\n',
  'x/one.s': 'TEXT ·other(SB), 4, $0-0\n\tRET\n',
  'include/n.h': '#define N 7\n',
  'bad.s': 'TEXT ·bad(SB), 4, $0-0\n\tFROB\n\tFRUB\n',
  'worse.s': 'TEXT ·worse(SB), 4, $0-0\n\tMOVQ 8(XX), AX\n',
  'many.s': `TEXT ·f(SB), 4, $0\n${'\tFROB\n'.repeat(12)}`,
  'twice.s': 'TEXT ·f(SB), 4, $0\n\tRET\nTEXT ·f(SB), 4, $0\n\tRET\n',
  'data.s': 'GLOBL ·d(SB), 24, $8\n',
  'elf.s': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0),
  'nul.s': 'TEXT ·f(SB), 4, $0\n\0\n',
};
/** What both need, after their names. */
const both = ['-I', 'include', '-D', 'WIDE=0x100'];

beforeAll(() => {
  for (const folder of ['x', 'include', 'folder.s', 'there']) mkdirSync(join(dir, folder));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
});

describe('on standard output', () => {
  test.each(['listing', 'symbols', 'hex'])('%s: each under its name, a blank line between them', (format) => {
    const [one, two] = ['one.s', 'two.s'].map((f) => asm(f, ...both, '--format', format).out);
    expect(one).toMatch(/one/);
    expect(asm('one.s', 'two.s', ...both, '--format', format)).toEqual({
      status: 0,
      out: `one.s:\n${one}\ntwo.s:\n${two}`,
      err: '',
    });
  });

  test('JSON: one a line, each what it is by itself', () => {
    const { out } = asm('one.s', 'two.s', ...both, '--json');
    const lines = out.trimEnd().split('\n');
    expect(lines.map((l) => JSON.parse(l))).toEqual(
      ['one.s', 'two.s'].map((f) => JSON.parse(asm(f, ...both, '--json').out)),
    );
    expect(lines.map((l) => JSON.parse(l).file)).toEqual(['one.s', 'two.s']);
  });

  test('one file has no name above it, and its JSON many lines', () => {
    expect(asm('x/one.s', '--format', 'hex').out).toBe('.other c3\n');
    expect(asm('x/one.s', '--json').out).toMatch(/^\{\n {2}"file": "x\/one\.s",\n/);
  });

  test('a file with nothing to show has no heading, and says so', () => {
    expect(asm('data.s', 'x/one.s', '--format', 'hex')).toEqual({
      status: 0,
      out: 'x/one.s:\n.other c3\n',
      err: 'callgate: data.s: nothing to show: it has no code (no TEXT in it); --format symbols shows its data\n',
    });
  });
});

describe('into a folder', () => {
  // biome-ignore format: table
  test.each([
    ['listing',  'lst'],
    ['symbols',  'sym'],
    ['hex',      'hex'],
    ['obj-json', 'json'],
    ['elf',      'o'],
  ])('%s: each what -o makes of it alone, with the ending .%s', (format, ending) => {
    const options = [...both, '-p', 'x/y', '--format', format];
    expect(asm('one.s', 'two.s', ...options, '-o', `made/${format}/`)).toEqual({ status: 0, out: '', err: '' });
    expect(listed(`made/${format}`)).toEqual([`one.${ending}`, `two.${ending}`]);
    for (const name of ['one', 'two']) {
      asm(`${name}.s`, ...options, '-o', 'alone');
      const alone = readFileSync(join(dir, 'alone'));
      expect(alone.length).toBeGreaterThan(0);
      expect(readFileSync(join(dir, `made/${format}/${name}.${ending}`)).equals(alone)).toBe(true);
    }
  });

  test('what one file defines, the next has never heard of', () => {
    writeFileSync(join(dir, 'defines.s'), '#define K 5\nTEXT ·k(SB), 4, $0-0\n\tMOVQ $K, AX\nback:\n\tJMP back\n');
    writeFileSync(join(dir, 'uses.s'), 'TEXT ·k(SB), 4, $0-0\n\tMOVQ $K, AX\n\tJMP back\n');
    const alone = asm('uses.s').err;
    expect(alone).toMatch(/^uses\.s:2: /);
    expect(asm('defines.s', 'uses.s', '--format', 'hex').err).toBe(alone);
  });

  test('one that is there, also for one file; others in it stay', () => {
    writeFileSync(join(dir, 'there/kept.txt'), 'kept');
    expect(asm('x/one.s', '--format', 'hex', '-o', 'there').status).toBe(0);
    expect(asm('./x/one.s', '--format', 'elf', '-o', 'there/').status).toBe(0);
    expect(listed('there')).toEqual(['kept.txt', 'one.hex', 'one.o']);
    expect(read('there/one.hex')).toBe('.other c3\n');
  });

  // biome-ignore format: table
  test.each([
    [['one.s', 'two.s', '-o', 'nowhere'],         'callgate: -o nowhere: for several files give a folder; one that ends in / is made'],
    [['one.s', 'two.s', '-o', 'a.s'],             'callgate: -o a.s: for several files give a folder; one that ends in / is made'],
    [['one.s', '-o', 'a.s/'],                     'callgate: a.s/: cannot be made: part of the path is no folder'],
    [['one.s', 'two.s', '-o', 'a.s/in/'],         'callgate: a.s/in/: cannot be made: part of the path is no folder'],
    [['one.s', 'two.s', 'x/one.s', '-o', 'new/'], 'callgate: one.s and x/one.s: both would be new/one.lst; assemble them into two folders'],
    [['one.s', 'one.s', '-o', 'new/'],            'callgate: one.s and one.s: both would be new/one.lst; assemble them into two folders'],
    [['one.s', 'two.s', '--format', 'elf'],       'callgate: --format elf makes an object of each file: give -o DIR'],
  ])('%j is refused before anything is written', (args, line) => {
    const before = listed('.');
    expect(asm(...args, ...both)).toEqual({ status: 2, out: '', err: `${line}\n` });
    expect(listed('.')).toEqual(before);
    expect(read('a.s')).toBe(files['a.s']);
  });

  test('an ELF object to a terminal is refused', () => {
    const command = `"${process.execPath}" "${program}" asm x/one.s --format elf`;
    const terminal = spawnSync('script', ['-qec', command, '/dev/null'], { cwd: dir, encoding: 'utf8' });
    if (terminal.error) return;
    expect(terminal.stdout.trim()).toBe('callgate: --format elf is no text: give -o FILE');
  });
});

describe('a source is never written over', () => {
  const RET = 'TEXT ·r(SB), 4, $0-0\n\tRET\n';
  beforeAll(() => {
    mkdirSync(join(dir, 'same'));
    for (const name of ['r.s', 'r.hex', 'x.s']) writeFileSync(join(dir, 'same', name), RET);
    symlinkSync('r.s', join(dir, 'same/soft.s'));
    linkSync(join(dir, 'same/r.s'), join(dir, 'same/hard.s'));
  });

  // biome-ignore format: table
  test.each([
    ['same/r.s',    'same/r.s'],
    ['same/soft.s', 'same/r.s'],
    ['same/r.s',    'same/soft.s'],
    ['same/r.s',    'same/hard.s'],
    ['same/r.s',    'same/../same/r.s'],
  ])('%s -o %s', (source, target) => {
    const err = `callgate: ${target}: would be written over the source ${source}; give another -o\n`;
    expect(asm(source, '--format', 'hex', '-o', target)).toEqual({ status: 2, out: '', err });
    expect(read('same/r.s')).toBe(RET);
  });

  test('nor one that comes later, by what an earlier one becomes', () => {
    const err = 'callgate: same/r.hex: would be written over the source same/r.hex; give another -o\n';
    expect(asm('same/x.s', 'same/r.s', 'same/r.hex', '--format', 'hex', '-o', 'same')).toEqual({
      status: 2,
      out: '',
      err,
    });
    expect(read('same/r.hex')).toBe(RET);
    expect(listed('same')).not.toContain('x.hex');
  });
});

describe('pipes', () => {
  const sh = (script: string): string =>
    spawnSync('sh', ['-c', script.replaceAll('ASM', `"${process.execPath}" "${program}" asm --format hex`)], {
      cwd: dir,
      encoding: 'utf8',
    }).stdout;

  test('a source may come through one', () => {
    expect(sh('cat x/one.s | ASM /dev/stdin')).toBe('.other c3\n');
    expect(sh('cat x/one.s | ASM a.s /dev/stdin')).toBe('a.s:\n.a c3\n\n/dev/stdin:\n.other c3\n');
  });

  test('-o /dev/stdout leaves what is in the file behind it, and what follows', () => {
    sh('{ echo before; ASM x/one.s -o /dev/stdout; echo after; } > shared');
    expect(read('shared')).toBe('before\n.other c3\nafter\n');
    expect(sh('ASM x/one.s -o /dev/stdout | cat')).toBe('.other c3\n');
  });
});

describe('what may not be read or written', () => {
  const uid = process.getuid?.() === 0 ? { uid: 65534 } : {};
  const locked = (...args: string[]): Said => {
    const options = { cwd: dir, encoding: 'utf8', ...uid } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'asm', ...args], options);
    return { status, out: stdout, err: stderr };
  };
  const HEADED = '#include "secret.h"\nTEXT ·f(SB), 4, $0-0\n\tRET\n';

  beforeAll(() => {
    chmodSync(dir, 0o755);
    mkdirSync(join(dir, 'closed'));
    writeFileSync(join(dir, 'closed/a.s'), HEADED);
    writeFileSync(join(dir, 'headed.s'), HEADED);
    writeFileSync(join(dir, 'secret.h'), '', { mode: 0 });
    writeFileSync(join(dir, 'secret.s'), HEADED, { mode: 0 });
    symlinkSync('round', join(dir, 'round'));
    chmodSync(join(dir, 'closed'), 0);
  });
  afterAll(() => chmodSync(join(dir, 'closed'), 0o755));

  // biome-ignore format: table
  test.each([
    [['secret.s'],                'secret.s: cannot be read: permission denied'],
    [['closed/a.s'],              'closed/a.s: cannot be read: permission denied'],
    [['headed.s'],                'secret.h: cannot be read: permission denied'],
    [['round'],                   'round: cannot be read: its links lead in a circle'],
    [['a.s/b.s'],                 'a.s/b.s: cannot be read: part of the path is no folder'],
    [['a.s', '-o', 'closed/a.o'], 'closed/a.o: cannot be written: permission denied'],
    [['a.s', '-o', 'closed/in/'], 'closed/in/: cannot be made: permission denied'],
    [['a.s', '-o', ''],           '-o: give a file or a folder'],
  ])('%j', (args, line) => {
    expect(locked(...args)).toEqual({ status: 2, out: '', err: `callgate: ${line}\n` });
  });

  test('makes nothing before the options are known to be good', () => {
    expect(asm('a.s', '--goroot', 'none', '-o', 'early/').status).toBe(2);
    expect(existsSync(join(dir, 'early'))).toBe(false);
  });
});

describe('bad files among good ones', () => {
  test('every complaint is printed, in order; what is good is written, and nothing else', () => {
    mkdirSync(join(dir, 'out'));
    writeFileSync(join(dir, 'out/bad.o'), 'before');
    const bad = ['bad.s', 'missing.s', 'folder.s', 'elf.s', 'nul.s', 'twice.s', 'worse.s'];
    const mixed = ['one.s', ...bad, 'two.s'];
    const { status, out, err } = asm(...mixed, ...both, '--format', 'elf', '-o', 'out');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err.trimEnd().split('\n')).toEqual([
      'bad.s:2: unrecognized instruction "FROB"',
      'bad.s:3: unrecognized instruction "FRUB"',
      'callgate: missing.s: no such file or directory',
      'callgate: folder.s: is not a file',
      'callgate: elf.s: is an ELF file; give it Go assembly (.s)',
      'callgate: nul.s: is not text: byte 20 is zero',
      'twice.s:3: duplicated definition of symbol main.f, also at twice.s:1',
      'worse.s:2: expected register; found XX',
    ]);
    expect(listed('out')).toEqual(['bad.o', 'one.o', 'two.o']);
    expect(read('out/bad.o')).toBe('before');
  });

  test('the same words and the same status as for each alone', () => {
    const bad = ['bad.s', 'missing.s', 'many.s', 'worse.s'];
    const alone = bad.map((f) => asm(f));
    expect(alone.map((a) => a.status)).toEqual([2, 2, 2, 2]);
    const together = asm(...bad);
    expect(together).toEqual({ status: 2, out: '', err: alone.map((a) => a.err).join('') });
    expect(together.err).toMatch(/too many errors: 2 more/);
    expect(asm('-e', '--caret', 'always', ...bad).err).toBe(
      bad.map((f) => asm('-e', '--caret', 'always', f).err).join(''),
    );
  });

  test('one that cannot be written is its own misfortune', () => {
    mkdirSync(join(dir, 'blocked/one.hex'), { recursive: true });
    expect(asm('one.s', 'two.s', ...both, '--format', 'hex', '-o', 'blocked')).toEqual({
      status: 2,
      out: '',
      err: 'callgate: blocked/one.hex: cannot be written: it is a folder\n',
    });
    expect(read('blocked/two.hex')).toMatch(/^\.two 48/);
  });

  test('on standard output the good ones are shown', () => {
    expect(asm('bad.s', 'x/one.s', '--format', 'hex')).toMatchObject({ status: 2, out: 'x/one.s:\n.other c3\n' });
  });
});

test.skipIf(!existsSync('/dev/full'))('a standard output that takes nothing is said once (needs /dev/full)', () => {
  const script = `"${process.execPath}" "${program}" asm x/one.s x/one.s > /dev/full`;
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: dir, encoding: 'utf8' });
  expect(stderr).toBe('callgate: cannot write to standard output: ENOSPC\n');
  expect(status).toBe(2);
});

describe('go_asm.h', () => {
  const USES = '#include "go_asm.h"\nTEXT ·f(SB), 4, $0-0\n\tMOVQ $const_mine, AX\n\tMOVQ $g_m, CX\n\tRET\n';
  const code = (...args: string[]): string =>
    asm(...args, '--format', 'hex')
      .out.split(' ')[1]
      ?.trim() ?? '';

  test('beside the file or where -I says it is the package’s own; else it is the runtime’s', () => {
    for (const folder of ['p', 'q', 'h']) mkdirSync(join(dir, folder));
    writeFileSync(join(dir, 'p/f.s'), USES);
    writeFileSync(join(dir, 'p/go_asm.h'), '#define const_mine 5\n#define g_m 6\n');
    writeFileSync(join(dir, 'q/g.s'), USES);
    writeFileSync(join(dir, 'h/go_asm.h'), '#define const_mine 7\n#define g_m 8\n');
    const ret = (mine: string, m: string): string => `48c7c0${mine}00000048c7c1${m}000000c3`;
    expect(code('p/f.s')).toBe(ret('05', '06'));
    expect(code('q/g.s', '-I', 'h')).toBe(ret('07', '08'));
    expect(code('q/g.s', '-D', 'const_mine=1')).toBe(ret('01', '30'));
    const { out } = asm('p/f.s', 'q/g.s', '-I', 'h', '--format', 'hex');
    expect(out).toBe(`p/f.s:\n.f ${ret('05', '06')}\n\nq/g.s:\n.f ${ret('07', '08')}\n`);
  });
});

test('--help tells of folders', () => {
  const { out } = asm('--help');
  expect(out).toMatch(/^Usage: callgate asm \[options\] <FILE\.s\.\.\.>/);
  expect(out.replace(/\s+/g, ' ')).toContain('a folder that ends in / is made');
});
