/** callgate asm --format elf, judged by binutils and gdb, and by a C program that is linked with it and runs on this CPU. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gcc, hasGcc, missingGcc } from '../emu/programs/compile.ts';
import { goroot, missingGo } from '../witness/go.ts';

const program = resolve('dist/callgate.js');
const dir = mkdtempSync(join(tmpdir(), 'callgate-elf-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: dir, encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 28 });
const callgate = (...args: string[]): string => run(process.execPath, program, ...args);
const hasGdb = spawnSync('gdb', ['--version']).status === 0;

const SOURCE = `#include "textflag.h"

#define DOUBLE(r) \\
	ADDQ r, r

// C calls these with its own registers.
TEXT add(SB), NOSPLIT, $0
	LEAQ (DI)(SI*1), AX
	DOUBLE(AX)
	ADDQ scale<>(SB), AX
	MOVQ $·counter(SB), CX
	ADDQ $1, (CX)
	MOVQ table<>+8(SB), DX
	ADDQ (DX), AX
	RET

TEXT ·viaC(SB), NOSPLIT, $0
	SUBQ $8, SP
	CALL triple(SB)
	ADDQ $8, SP
	RET

TEXT ·inner<ABIInternal>(SB), NOSPLIT, $0
	MOVL $7, AX
	RET

TEXT ·inner(SB), NOSPLIT, $0
	JMP ·inner<ABIInternal>(SB)

TEXT getg(SB), NOSPLIT, $0
	MOVQ (TLS), AX
	RET

DATA scale<>+0(SB)/8, $100
GLOBL scale<>(SB), RODATA, $8
DATA table<>+8(SB)/8, $scale<>(SB)
GLOBL table<>(SB), NOPTR, $16
GLOBL ·counter(SB), NOPTR, $8
`;

const CALLER = `#include <stdio.h>
long add(long, long);
long via(long) __asm__("main.viaC");
int inner(void) __asm__("main.inner");
extern long counter __asm__("main.counter");
long triple(long x) { return 3 * x; }
__thread long slot __asm__("runtime.tlsg") = 42;
long getg(void);
int main(void) {
  long sum = add(2, 3);
  printf("%ld %ld %ld %d %ld\\n", sum, counter, via(5), inner(), getg());
  return 0;
}
`;

/** "add 488d0437…" of each function: what objdump finds in the object's symbols. */
function bytesByObjdump(path: string): string[] {
  const found: { name: string; hex: string }[] = [];
  for (const line of run('objdump', '-d', '--wide', '--section=.text', path).split('\n')) {
    const head = /^[0-9a-f]+ <(.*)>:$/.exec(line);
    const bytes = /^ +[0-9a-f]+:\t((?:[0-9a-f]{2} )+)/.exec(line);
    if (head) found.push({ name: head[1]!, hex: '' });
    else if (bytes) found.at(-1)!.hex += bytes[1]!.replaceAll(' ', '');
  }
  return found.map(({ name, hex }) => `${name} ${hex.replace(/(cc)+$/, '')}`);
}

describe.skipIf(!hasGcc)(`ELF objects${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  beforeAll(() => {
    writeFileSync(join(dir, 'add.s'), SOURCE);
    writeFileSync(join(dir, 'main.c'), CALLER);
    callgate('asm', 'add.s', '--format', 'elf', '-o', 'add.o');
  });

  test('objdump sees our bytes, names and relocations', () => {
    const ours = callgate('asm', 'add.s', '--format', 'hex').trim().split('\n');
    // As ELF has it: ABIInternal has a suffix, and the dot in front stands for the package.
    const names = ours.map((l) => l.replace('<ABIInternal>', '.abi1').replace(/^\./, 'main.'));
    expect(bytesByObjdump('add.o')).toEqual(names);
    const relocations = [...run('objdump', '-r', 'add.o').matchAll(/^[0-9a-f]+ (R_X86_64_\w+) +(\S+)$/gm)];
    const inCode = relocations.map(([, kind, to]) => `${kind} ${to}`).filter((r) => !/\.(debug|text)/.test(r));
    expect(inCode).toEqual([
      'R_X86_64_PC32 scale-0x0000000000000004',
      'R_X86_64_PC32 main.counter-0x0000000000000004',
      'R_X86_64_PC32 table+0x0000000000000004',
      'R_X86_64_PLT32 triple-0x0000000000000004',
      'R_X86_64_PLT32 main.inner.abi1-0x0000000000000004',
      'R_X86_64_TPOFF32 runtime.tlsg',
      'R_X86_64_64 scale',
    ]);
  });

  test('nm tells what is whose, and readelf has nothing to complain of', () => {
    const symbols = run('nm', '--format=posix', 'add.o').trim().split('\n');
    expect(symbols.map((l) => l.split(' ').slice(0, 2).join(' ')).sort()).toEqual(
      'add T,getg T,main.counter B,main.inner T,main.inner.abi1 T,main.viaC T,runtime.tlsg U,scale r,table d,triple U'
        .split(',')
        .sort(),
    );
    const said = spawnSync('readelf', ['-aW', 'add.o'], { cwd: dir, encoding: 'utf8' });
    expect(said.stderr).toBe('');
    expect(said.stdout).toMatch(/ 36 FUNC +GLOBAL DEFAULT +1 add$/m);
  });

  test.each([
    ['position-independent', []],
    ['static', ['-static', '-no-pie']],
    ['through ld -r', ['r.o']],
  ])('linked with C, %s, it runs and is right', (_, flags) => {
    run('ld', '-r', 'add.o', '-o', 'r.o');
    const object = flags.includes('r.o') ? [] : ['add.o'];
    run(gcc!, '-Wall', '-Werror', 'main.c', ...object, ...flags, '-o', 'linked');
    expect(run(join(dir, 'linked'))).toBe('210 1 15 7 42\n');
  });

  test.skipIf(!hasGdb)('gdb stops at source lines', () => {
    run(gcc!, 'main.c', 'add.o', '-o', 'linked');
    const said = run('gdb', '-batch', '-nx', '-ex', 'break add.s:9', '-ex', 'run', '-ex', 'next', './linked');
    expect(said).toMatch(/Breakpoint 1, add \(\) at add\.s:9\n9\t\tDOUBLE\(AX\)/);
    expect(said).toMatch(/^10\t\tADDQ scale<>\(SB\), AX$/m);
  });

  test('a name defined twice is refused as a linker would, and there is no file', () => {
    writeFileSync(join(dir, 'twice.s'), 'TEXT ·f(SB), 4, $0\n\tRET\nTEXT ·f(SB), 4, $0\n\tRET\n');
    const { status, stderr } = spawnSync(process.execPath, [program, 'asm', 'twice.s', '--format=elf', '-o', 'no.o'], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect(stderr).toBe('twice.s:3: duplicated definition of symbol main.f, also at twice.s:1\n');
    expect(status).toBe(2);
    expect(readdirSync(dir).filter((f) => f.includes('no.o'))).toEqual([]);
  });

  test.skipIf(!goroot)(`a large file of Go's${goroot ? '' : ` (${missingGo})`}`, () => {
    const path = `${goroot}/src/crypto/sha512/sha512block_amd64.s`;
    callgate('asm', path, '--goroot', goroot!, '--format', 'elf', '-o', 'sha512.o', '-p', 'crypto/sha512');
    const ours = callgate('asm', path, '--goroot', goroot!, '--format', 'hex').trim().split('\n');
    expect(bytesByObjdump('sha512.o')).toEqual(ours.map((l) => l.replace(/^\./, 'crypto/sha512.')));
    run('ld', '-r', 'sha512.o', '-o', 'sha512r.o');
    const lines = [...run('objdump', '--dwarf=decodedline', 'sha512.o').matchAll(/sha512block_amd64\.s +(\d+) /gm)];
    expect(lines.length).toBeGreaterThan(900);
    expect(readFileSync(join(dir, 'sha512.o')).length).toBeGreaterThan(10_000);
  });
});
