/** callgate exec as its users meet it: output, exit status, what it says when a program does not end well. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUILDS, compile, gcc, hasGcc, missingGcc, programs } from '../emu/programs/compile.ts';

const dir = mkdtempSync(join(tmpdir(), 'callgate-exec-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function exec(...args: string[]): Said {
  const command = [resolve('dist/callgate.js'), 'exec', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: dir, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

describe('bad input is one line, exit code 2', () => {
  // biome-ignore format: table
  test.each([
    [['missing'],                   'callgate: missing: no such file or directory\n'],
    [['.'],                         'callgate: .: is not a file\n'],
    [['text'],                      'callgate: text: is not an ELF file: give a static x86-64 Linux executable\n'],
    [['--budget', '0', 'text'],     'callgate: --budget 0: give at least 1\n'],
    [['--env', 'NAME', 'text'],     "callgate: --env 'NAME': give NAME=value\n"],
    [['--seed', 'x', 'text'],       "callgate: --seed 'x': give a whole number, decimal or 0x…\n"],
  ])('%j', (args, err) => {
    writeFileSync(join(dir, 'text'), '#!/bin/sh\n');
    expect(exec(...args)).toEqual({ status: 2, out: '', err });
  });
});

describe.skipIf(!hasGcc)(`programs${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  beforeAll(() => {
    for (const name of ['stack', 'death', 'sha256']) compile(join(programs, `${name}.c`), join(dir, name), BUILDS.O0);
  });

  test('arguments and options behind FILE are the program’s, and so is the exit status', () => {
    const { status, out, err } = exec('--env', 'A=1', 'stack', '--stats', '-h');
    expect({ status, err }).toEqual({ status: 7, err: '' });
    expect(out).toMatch(/^arg --stats$/m);
    expect(out).toMatch(/^arg -h$/m);
    expect(out).toMatch(/^env A=1$/m);
  });

  // biome-ignore format: table
  test.each([
    ['1', 139, /^callgate: death: SIGSEGV: read of 0x0: nothing is mapped there, at main\+0x[0-9a-f]+ RIP=0x40[0-9a-f]+: .* {3}MOVQ \(AX\), AX\n$/],
    ['4', 132, /^callgate: death: SIGILL: .*, at main\+0x[0-9a-f]+ RIP=0x40[0-9a-f]+: 0f 0b {3}UD2\n$/],
    ['5', 133, /^callgate: death: SIGTRAP: INT \$3, at main\+0x[0-9a-f]+ RIP=0x40[0-9a-f]+: cc {3}INT3?.*\n$/],
    ['6', 136, /^callgate: death: SIGFPE: divide error, at main\+0x[0-9a-f]+ RIP=0x40[0-9a-f]+: .*DIVQ .*\n$/],
    ['9', 44,  /^$/],
  ])('death %s: exit status %i', (way, status, err) => {
    expect(exec('death', way)).toEqual({ status, out: '', err: expect.stringMatching(err) });
  });

  test('a budget ends the run: 124, and where it was', () => {
    const { status, err } = exec('--budget', '1000', 'sha256');
    expect(status).toBe(124);
    expect(err).toMatch(
      /^callgate: sha256: its budget of 1000 instructions used up, at \w+\+0x[0-9a-f]+ RIP=0x[0-9a-f]+: .*\n$/,
    );
  });

  test('--stats counts the same on every engine', () => {
    const counted = ['interp', 'jit'].map((engine) => {
      const { status, out, err } = exec('--stats', '--engine', engine, 'sha256', '2');
      expect(status).toBe(0);
      const [, instructions] =
        /^callgate: (\d+) instructions in [\d.]+ s: [\d.]+ [kM] instructions\/s\n$/.exec(err) ?? [];
      return { out, instructions };
    });
    expect(counted[0]!.instructions).toMatch(/^\d{5,}$/);
    expect(counted[1]).toEqual(counted[0]);
  });

  test('a program with a C library, linked statically', () => {
    const source = join(dir, 'hello.c');
    writeFileSync(
      source,
      `#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int down(const void *a, const void *b) { return *(const char *)b - *(const char *)a; }
int main(int argc, char **argv) {
  char word[] = "callgate";
  qsort(word, 8, 1, down);
  char *p = malloc(100000);
  memset(p, 'x', 99999), p[99999] = 0;
  printf("%zu %.17g %s %s\\n", strlen(p), argc / 7.0, word, getenv("NAME"));
  for (int i = 1; i < argc; i++) puts(argv[i]);
  return 3;
}
`,
    );
    execFileSync(gcc!, ['-O2', '-static', source, '-o', join(dir, 'hello')]);
    for (const cpu of ['v1', 'v3', 'max']) {
      const said = exec('--cpu', cpu, '--env', 'NAME=value', 'hello', 'a', 'b');
      expect(said).toEqual({ status: 3, out: '99999 0.42857142857142855 tllgecaa value\na\nb\n', err: '' });
    }
  });

  test('a closed reader is no error of ours', () => {
    const { stderr } = spawnSync(
      'sh',
      ['-c', `"$0" ${resolve('dist/callgate.js')} exec stack | head -1`, process.execPath],
      {
        cwd: dir,
        encoding: 'utf8',
      },
    );
    expect(stderr).toBe('');
  });
});
