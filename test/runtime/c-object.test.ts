/** C compiled by gcc as the C side of a scenario: in place of the model, with the same checks on it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { type ElfObject, readObject } from '#emu/linux/elf-object.ts';
import { stubs } from '#runtime/stubs.ts';
import { runCase } from '#runtime/verdict.ts';
import { own, scenarioNamed } from './fixture.ts';

const hasGcc = spawnSync('gcc', ['--version']).status === 0;

/** What cgo generates around a call of an exported function, and a C function that makes it `times` times. */
const callsBack = (times: number): string => `
  extern void crosscall2(void (*fn)(void *), void *a, int size, unsigned long ctxt);
  extern void _cgoexp_callback(void *a);
  struct results { long r0; char rest[24]; };
  int callsBack(void *arg) {
    (void)arg;
    for (volatile int i = 0; i < ${times}; i++) {
      struct results a = {0};
      crosscall2(_cgoexp_callback, &a, sizeof a, 0);
    }
    return 0;
  }`;

function compile(source: string, flags: readonly string[]): ElfObject {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-'));
  try {
    writeFileSync(join(dir, 'side.c'), source);
    execFileSync('gcc', ['-c', ...flags, '-o', 'side.o', 'side.c'], { cwd: dir, stdio: 'pipe' });
    return readObject(readFileSync(join(dir, 'side.o')), 'side.o');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

describe.skipIf(!hasGcc)('the C side of a scenario, compiled by gcc (needs gcc)', () => {
  const run = (name: string, c: ElfObject, without: readonly 'reentersyscall'[] = []) => {
    const scenario = scenarioNamed(name);
    const names: string[] = [];
    const result = runCase(
      { scenario, situation: scenario.situations[0]!, stack: 'curg', residue: 0, seed: 0n, fail: [], without },
      stubs(own, [], [c]),
      undefined,
      () => (e) => {
        if (e.kind === 'enter') names.push(e.name);
      },
    );
    return { result, names };
  };

  test.for([['-O0'], ['-O2'], ['-O2', '-fPIC'], ['-O2', '-march=x86-64-v3']])('calls back into Go (%s)', (flags) => {
    const { result, names } = run('syscall-frame', compile(callsBack(2), flags));
    expect(result.findings).toEqual([]);
    expect(result.ending.kind).toBe('done');
    expect(names.filter((n) => n === '_cgoexp_callback')).toHaveLength(2);
    // Machine code, not the model of that name.
    expect(names).not.toContain('callsBack');
  });

  test('shows the regression as the model does', () => {
    const { result } = run('syscall-frame', compile(callsBack(1), ['-O2']), ['reentersyscall']);
    expect(result.thrown).toBe('exitsyscall: syscall frame is no longer valid');
  });

  test('is checked at its entry: a stub that does not align is caught', () => {
    const stack = readFileSync('src/runtime/stubs/stack.s', 'utf8').replaceAll('\tANDQ $~15, SP\n', '');
    const { sources, options } = own;
    const file = own.objects.find((o) => o.path.endsWith('/stack.s'))!.path;
    const changed = { read: (p: string) => (p === file ? stack : sources.read(p)) };
    const object = assemble(file, changed, options);
    const scenario = scenarioNamed('syscall-frame');
    const lib = { ...own, objects: own.objects.map((o) => (o.path === file ? object : o)) };
    const found = [0, 8].flatMap((residue) => {
      const c = { scenario, situation: scenario.situations[0]!, stack: 'curg', residue, seed: 0n, fail: [] } as const;
      return runCase(c, stubs(lib, [], [compile(callsBack(1), ['-O2'])])).findings.slice(0, 1);
    });
    expect(found.map((f) => f.check)).toEqual(['c-call-alignment']);
    expect(found[0]!.message).toMatch(/^callsBack called with RSP=0x[0-9a-f]+, which is 8 mod 16 and must be 0$/);
  });
});
