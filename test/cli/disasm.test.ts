/** callgate disasm: what it prints assembles to the same bytes, and iced-x86 agrees where instructions begin. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { gcc, hasGcc, missingGcc } from '../emu/programs/compile.ts';
import { goroot, missingGo } from '../witness/go.ts';
import { assembleFile, suiteFiles } from '../witness/go-suite.ts';

const program = resolve('dist/callgate.js');
const dir = mkdtempSync(join(tmpdir(), 'callgate-disasm-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function callgate(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: dir,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, out: stdout, err: stderr };
}

/** Name and bytes of every function in a text. */
function assembled(source: string): { name: string; hex: string }[] {
  const { functions, diagnostics } = assemble(
    'd.s',
    { read: (p) => (p === 'd.s' ? source : undefined) },
    { includeDirs: [], defines: {} },
  );
  expect(diagnostics).toEqual([]);
  return functions.map((f) => ({ name: f.symbol.name, hex: Buffer.from(f.code).toString('hex') }));
}

interface Stretch {
  readonly name: string | null;
  readonly address: string;
  readonly size: number;
  readonly instructions: readonly { readonly address: string; readonly bytes: string; readonly text: string }[];
}
const json = (...args: string[]): Stretch[] => JSON.parse(callgate('disasm', '--json', ...args).out);
const bytesOf = (s: Stretch): string => s.instructions.map((i) => i.bytes).join('');

describe('bytes', () => {
  test('as Go, with what is no instruction as BYTE, labels, and an address', () => {
    const { out } = callgate('disasm', '--hex', '48 89 c3 06 75 fa e8 00 00 00 00', '--at', '0x401000');
    expect(out.replace(/ {2,}/g, ' ')).toBe(
      `TEXT code(SB), 4, $0 // 0x401000, 11 bytes
L401000:
	MOVQ AX, BX // 0x401000 48 89 c3
	BYTE $0x6 // 0x401003 06
	JNE L401000 // 0x401004 75 fa
	BYTE $0xe8; BYTE $0x0; BYTE $0x0; BYTE $0x0; BYTE $0x0 // 0x401006 e8 00 00 00 00 CALL 0x40100b
`,
    );
  });

  test.each([
    ['intel', 'mov rbx,rax', '.byte 0x6'],
    ['att', 'mov %rax,%rbx', '.byte 0x6'],
  ])('in %s syntax', (syntax, first, second) => {
    const [code] = json('--hex', '4889c306', '--syntax', syntax);
    expect(code!.instructions.map((i) => i.text)).toEqual([first, second]);
  });

  test('from a file: the bytes themselves, or their digits', () => {
    writeFileSync(join(dir, 'code.bin'), Uint8Array.of(0x48, 0x89, 0xc3));
    writeFileSync(join(dir, 'code.hex'), '48 89\nc3\n');
    expect(callgate('disasm', 'code.hex').out).toBe(callgate('disasm', 'code.bin').out);
    expect(callgate('disasm', 'code.bin').out).toContain('MOVQ AX, BX');
  });

  // biome-ignore format: table
  test.each([
    [[],                                 'callgate: disasm: give a FILE, or bytes with --hex, and only one of these\n'],
    [['--hex', '4'],                     "callgate: --hex: give bytes as pairs of hexadecimal digits, such as '48 89 c3'\n"],
    [['--hex', '90', '--at', 'here'],    "callgate: --at 'here': give a whole number, decimal or 0x…\n"],
    [['--hex', '90', '--symbol', 'f'],   'callgate: --hex: has no code called f\n'],
    [['missing.o'],                      'callgate: missing.o: no such file or directory\n'],
    [['short.elf'],                      'callgate: short.elf: is an ELF file, but not for x86-64\n'],
  ])('%j is refused in one line', (args, said) => {
    writeFileSync(join(dir, 'short.elf'), '\x7fELF');
    expect(callgate('disasm', ...args)).toMatchObject({ status: 2, err: said });
  });
});

const SORT = `#include <stdio.h>
#include <stdlib.h>
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
double mean(const double *v, int n) { double s = 0; for (int i = 0; i < n; i++) s += v[i]; return n ? s / n : 0; }
const char *name(int n) {
  switch (n) { case 0: return "no"; case 1: return "one"; case 2: return "two"; case 3: return "few"; case 4: return "many"; }
  return "?";
}
int main(int argc, char **argv) {
  int v[100]; double d[50];
  for (int i = 0; i < 100; i++) v[i] = (i * 7919) % 101;
  qsort(v, 100, sizeof *v, compare);
  for (int i = 0; i < 50; i++) d[i] = v[i] * 1.5;
  return printf("%d %f %s\\n", v[50], mean(d, 50), name(argc)) < 0;
}
`;

describe.skipIf(!hasGcc)(`programs of gcc's${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  const build = (output: string, ...flags: string[]): void => {
    writeFileSync(join(dir, 'sort.c'), SORT);
    execFileSync(gcc!, ['sort.c', '-o', output, ...flags], { cwd: dir });
  };

  test.each([
    ['an object', 'sort.o', ['-O2', '-c']],
    ['an executable', 'sort', ['-O2']],
    ['without optimization', 'sort0', ['-O0']],
    ['with AVX2', 'sort3', ['-O3', '-march=x86-64-v3']],
    ['a stripped one', 'stripped', ['-O2', '-s']],
  ])('%s: the text assembles to its bytes', (_, file, flags) => {
    build(file, ...flags);
    const whole = json(file);
    expect(whole.length).toBeGreaterThan(1);
    const again = assembled(callgate('disasm', file).out);
    expect(again.map((f) => f.hex)).toEqual(whole.map(bytesOf));
    const texts = whole.flatMap((s) => s.instructions.map((i) => i.text));
    // BYTE is the exception.
    expect(texts.filter((t) => t.startsWith('BYTE')).length).toBeLessThan(texts.length / 2);
  });

  test('the bytes are the section’s, and instructions begin where iced-x86 says', () => {
    build('sort', '-O2');
    for (const name of ['mean', 'main', 'compare']) {
      const [go] = json('sort', '--symbol', name);
      const [intel] = json('sort', '--symbol', name, '--syntax', 'intel');
      expect(go!.instructions.map(({ address, bytes }) => ({ address, bytes }))).toEqual(
        intel!.instructions.map(({ address, bytes }) => ({ address, bytes })),
      );
      const from = Number(go!.address);
      const dumped = execFileSync(
        'objdump',
        ['-d', '--wide', `--start-address=${from}`, `--stop-address=${from + go!.size}`, 'sort'],
        { cwd: dir, encoding: 'utf8' },
      );
      const bytes = [...dumped.matchAll(/^ +[0-9a-f]+:\t((?:[0-9a-f]{2} )+)/gm)].map(([, b]) => b!.replaceAll(' ', ''));
      expect(bytes.join('')).toBe(bytesOf(go!));
    }
  });

  test('what an object refers to has its name', () => {
    build('sort.o', '-O2', '-c');
    const { out } = callgate('disasm', 'sort.o', '--symbol', 'main');
    expect(out).toMatch(/^\tCALL qsort\(SB\) +\/\/ 0x[0-9a-f]+ {2}e8 00 00 00 00$/m);
    expect(out).toMatch(/^\tLEAQ ·text\S*\(SB\), CX/m);
  });
});

test.skipIf(!goroot)(`Go's assembler suite, as one stretch${goroot ? '' : ` (${missingGo})`}`, () => {
  for (const path of suiteFiles().slice(0, 2)) {
    const code = Buffer.concat(assembleFile(path).functions.map((f) => f.code));
    writeFileSync(join(dir, 'suite.bin'), code);
    const [again] = assembled(callgate('disasm', 'suite.bin').out);
    expect(again!.hex).toBe(code.toString('hex'));
  }
});
