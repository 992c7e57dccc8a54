/** The command line as its users meet it: what it prints, how it refuses, and its exit codes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scenarios } from '#runtime/scenarios/index.ts';
import { goroot, missingGo } from '../witness/go.ts';

const program = resolve('dist/callgate.js');
const dir = mkdtempSync(join(tmpdir(), 'callgate-cli-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function callgate(...args: string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: dir,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, out: stdout, err: stderr };
}

const files: Readonly<Record<string, string | Uint8Array>> = {
  'empty.s': '',
  'comment.s': '// nothing here\n',
  'elf.s': Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0),
  'nul.s': 'TEXT ·f(SB), 4, $0\n\0\n',
  'latin1.s': Uint8Array.of(0x2f, 0x2f, 0x20, 0xe9, 0x0a),
  'errors.s': `#include "nosuch.h"\nTEXT ·f(SB), 4, $0\n${'\tFROB\n'.repeat(14)}\tRET\n`,
  'undefined.s': 'TEXT ·f(SB), 4, $0\n\tCALL ·g(SB)\n\tMOVQ v(SB), AX\n\tRET\n',
  'sum.s':
    '#include "textflag.h"\nTEXT ·sum(SB), NOSPLIT, $0-24\n\tMOVQ a+0(FP), AX\n\tADDQ b+8(FP), AX\n\tMOVQ AX, ret+16(FP)\n\tRET\n',
  'two.s': 'TEXT ·a(SB), 4, $0-0\n\tRET\nTEXT ·b(SB), 4, $0-0\n\tMOVQ $0, AX\n\tMOVQ 48(AX), CX\n\tRET\n',
  'loop.s': 'TEXT ·loop(SB), 4, $0-0\nagain:\n\tJMP again\n',
  'syscall.s': 'TEXT ·fork(SB), 4, $0-0\n\tMOVL $57, AX\n\tSYSCALL\n\tRET\n',
  'noalign.s': `#include "textflag.h"
TEXT runtime·callCgoMunmap(SB), NOSPLIT, $16-16
	MOVQ _cgo_munmap(SB), AX
	MOVQ addr+0(FP), DI
	MOVQ n+8(FP), SI
	CALL AX
	RET
`,
};

beforeAll(() => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  mkdirSync(join(dir, 'folder.s'));
});

describe('bad input is one line, exit code 2', () => {
  // biome-ignore format: table
  test.each([
    [['run', 'missing.s'],                     'callgate: missing.s: no such file or directory'],
    [['run', 'folder.s'],                      'callgate: folder.s: is not a file'],
    [['run', 'empty.s'],                       'callgate: empty.s: is empty; nothing to assemble'],
    [['run', 'comment.s'],                     'callgate: comment.s: defines no function (no TEXT in it): nothing to run'],
    [['run', 'elf.s'],                         'callgate: elf.s: is an ELF file; give it Go assembly (.s)'],
    [['run', 'nul.s'],                         'callgate: nul.s: is not text: byte 20 is zero'],
    [['run', 'latin1.s'],                      'callgate: latin1.s: is not UTF-8 text'],
    [['run', 'mmpa'],                          "callgate: no scenario is called 'mmpa'; did you mean mmap? (callgate list shows them all)"],
    [['run', 'two.s'],                         'callgate: two.s: which function? It has runtime.a, runtime.b; say two.s:NAME'],
    [['run', 'two.s:c'],                       'callgate: two.s: has no function c; it has runtime.a, runtime.b'],
    [['run', '--fail', 'mmap:ENOMM'],          "callgate: --fail 'mmap:ENOMM': no errno is called ENOMM; did you mean ENOMEM?"],
    [['run', 'mmap', '--arg', '1'],             'callgate: --arg goes with FILE.s:SYMBOL: a scenario brings its own arguments'],
    [['run', '--seed', 'x'],                   "callgate: --seed 'x': give a whole number, decimal or 0x…"],
    [['run', '--budget', '0'],                 'callgate: --budget 0: give at least 1'],
    [['run', '--goroot', '.'],                 "callgate: --goroot .: no src/runtime/asm_amd64.s there; give the folder that 'go env GOROOT' prints"],
    [['trace', 'mmap', '--on', 'm0'],          'callgate: --on m0: give one of g0, curg, gsignal'],
    [['trace', 'mcall', '--on', 'g0'],         'callgate: --on g0: mcall may only run on curg'],
    [['trace', 'mmap', '--residue', '16'],     'callgate: --residue 16: give a number from 0 to 15'],
    [['trace', 'mmap', '--situation', 'x'],    "callgate: --situation 'x': mmap has 'success', 'ENOMEM: errno, no pointer'"],
    [['trace', 'mmap', '--scenario', 'munmap'], 'callgate: --scenario goes with FILE.s: a scenario is named by itself'],
    [['run', 'sum.s', '--arg', '1', '--arg', '2', '--arg', '3', '--arg', '4'], 'callgate: sum.s: runtime.sum has 24 bytes of arguments and results: it takes no 4 words (--arg)'],
    [['run', 'sum.s', '--arg', '0x10000000000000000'], 'callgate: --arg 0x10000000000000000: does not fit into a word of 64 bits'],
    [['run', 'mmap', '--c', 'elf.s'],          'callgate: elf.s: ends inside its ELF header (8 bytes): it is cut off'],
    [['lockstep', 'interp', 'qemu', 'mmap'],   'callgate: lockstep qemu: give two of interp, unicorn, jit, hardware'],
    [['asm', 'sum.s', '--json', '--format', 'hex'], 'callgate: --json is --format obj-json: not with hex'],
    [['asm', 'sum.s', '-o', 'no/such'],        'callgate: no/such: cannot be written: there is no such folder'],
    [['disasm', 'sum.s'],                      'callgate: sum.s: is assembly text; callgate asm assembles it'],
    [['list', 'nonsense'],                     'callgate: list nonsense: give one of scenarios, checks, fixes, syscalls, instructions'],
    [['asm', 'missing.s'],                     'callgate: missing.s: no such file or directory'],
  ] as const)('callgate %j', (args, line) => {
    expect(callgate(...args)).toEqual({ status: 2, out: '', err: `${line}\n` });
  });

  test.each([[['frobnicate']], [['run', '--nonsense']], [['trace']], [['asm', 'sum.s', '--format', 'x']]])(
    'callgate %j',
    (args) => {
      const said = callgate(...args);
      expect(said.status).toBe(2);
      expect(said.err).toMatch(/^callgate: /);
    },
  );

  test('errors of a file come with line numbers, ten of them, and how many more', () => {
    const said = callgate('run', 'errors.s');
    expect(said.status).toBe(2);
    const lines = said.err.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^errors\.s:1: #include: open .*nosuch\.h: no such file or directory$/);
    expect(lines.slice(1, 10)).toEqual(
      Array.from({ length: 9 }, (_, i) => `errors.s:${i + 3}: unrecognized instruction "FROB"`),
    );
    expect(lines.slice(10)).toEqual(['too many errors: 5 more (-e shows them)']);
  });

  test('undefined symbols are the linker’s errors', () => {
    expect(callgate('run', 'undefined.s')).toEqual({
      status: 2,
      out: '',
      err: 'undefined.s:2: runtime.f: relocation target runtime.g not defined\nundefined.s:3: runtime.f: relocation target v not defined\n',
    });
  });
});

describe('run', () => {
  test('without arguments prints the table of all scenarios and exits 0', () => {
    const said = callgate('run');
    expect(said).toMatchObject({ status: 0, err: '' });
    for (const s of scenarios) expect(said.out).toContain(`\n${s.name} `);
    expect(said.out).toMatch(/all \d+ runs held/);
    expect(said.out).not.toContain('\x1b');
  });

  test('calls one function with arguments and shows what it returns', () => {
    const said = callgate('run', 'sum.s', '--arg', '2', '--arg', '0x28');
    expect(said.status).toBe(0);
    expect(said.out).toContain('returned: 0x2 0x28 0x2a');
  });

  test('a file takes the place of the stub it defines, and what it breaks is explained', () => {
    const said = callgate('run', 'noalign.s');
    expect(said.status).toBe(1);
    expect(said.out).toMatch(
      /✗ c-call-alignment {2}on g0, curg, gsignal\n {4}x_cgo_munmap called with RSP=0x[0-9a-f]+, which is \d+ mod 16/,
    );
    expect(said.out).toMatch(/entry residues \(RSP mod 16\) that break it: all 16/);
    const replay = /step through it: callgate (.*)/.exec(said.out)![1]!;
    const again = callgate(...replay.split(' '));
    expect(again.status).toBe(1);
    expect(again.out).toContain('✗ c-call-alignment');
  });

  test('a fault, an endless loop, a system call we lack: a stop report, and nothing of our own insides', () => {
    const nil = callgate('run', 'two.s:b').out;
    expect(nil).toContain('SIGSEGV: read of 0x30: nothing is mapped there');
    expect(nil).toMatch(/at runtime\.b\+0x7 \(two\.s:5\)\n +48 8b 48 30 {3}MOVQ 0x30\(AX\), CX/);
    expect(nil).toMatch(/backtrace\n +0 {2}runtime\.b\+0x7 \(two\.s:5\).*\n +1 {2}main\.call\+0x10/);
    expect(nil).toMatch(/try: an address as small as 0x30/);
    expect(callgate('run', 'loop.s', '--budget', '500').out).toContain('its budget of 500 instructions used up');
    expect(callgate('run', 'syscall.s').out).toContain('system call 57 (fork), which is not in the table');
    for (const text of [nil]) expect(text).not.toMatch(/\.ts:|at Object|Error:/);
  });

  test('--json is one object with every row', () => {
    const { out, status } = callgate('run', 'mmap', '--json');
    const parsed = JSON.parse(out);
    expect(status).toBe(0);
    expect(parsed).toMatchObject({ runs: 96, failed: 0 });
    expect(parsed.rows[0].stacks.curg).toEqual({
      passed: 16,
      of: 16,
      returned: [],
      printed: [],
      endings: ['a return'],
      failures: [],
    });
  });

  test('a fault rule of the user’s own is honoured', () => {
    const said = callgate('run', 'munmap', '--fail', 'munmap:EINVAL@1');
    expect(said.status).toBe(1);
    expect(said.out).toContain('SIGABRT: munmap failed');
    expect(said.out).not.toContain('never applied');
    expect(callgate('run', 'mmap', '--fail', 'mmap:ENOMEM@9').out).toContain(
      'note: --fail mmap:ENOMEM@9 never applied',
    );
  });
});

describe('trace', () => {
  test('two runs are the same bytes; another seed is not', () => {
    const [a, b, c] = [
      callgate('trace', 'mmap', '--json'),
      callgate('trace', 'mmap', '--json'),
      callgate('trace', 'mmap', '--json', '--seed', '7'),
    ];
    expect(a.status).toBe(0);
    expect(b.out).toBe(a.out);
    expect(c.out).not.toBe(a.out);
    expect(c.out.split('\n').length).toBe(a.out.split('\n').length);
  });

  test('a full disk is one line, and not success', () => {
    const { status, stderr } = spawnSync('/bin/sh', ['-c', `'${process.execPath}' '${program}' list > /dev/full`], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([2, 'callgate: cannot write to standard output: ENOSPC\n']);
  });

  test('stops quietly when the reader goes', () => {
    const { stdout, stderr } = spawnSync(
      '/bin/sh',
      ['-c', `'${process.execPath}' '${program}' trace mmap | head -n 2`],
      { encoding: 'utf8' },
    );
    expect(stdout.split('\n')[0]).toMatch(/SP%16 +ADDRESS/);
    expect(stderr).toBe('');
  });
});

test('the README shows what is printed', () => {
  const spaced = (text: string): string[] => text.split('\n').map((l) => l.trim().replace(/ +/g, ' '));
  const blocks = readFileSync('README.md', 'utf8').split('```');
  const [table, trace] = ['SCENARIO ', 'SP%16 '].map((head) =>
    spaced(blocks.find((b) => b.includes(head))!).filter((l) => l && l !== '…'),
  );
  const [run, mmap] = [callgate('run'), callgate('trace', 'mmap')].map((s) => spaced(s.out));
  expect(table!.length).toBeGreaterThan(5);
  expect(table!.filter((l) => !run!.includes(l))).toEqual([]);
  expect(trace!.length).toBeGreaterThan(5);
  expect(trace!.filter((l) => !mmap!.includes(l))).toEqual([]);
});

describe('asm', () => {
  test('listing, bytes, symbols, JSON', () => {
    expect(callgate('asm', 'sum.s').out).toMatch(/0x0000 {2}sum\.s:3 {2}48 8b 44 24 08 {2}MOVQ 0x8\(SP\), AX/);
    expect(callgate('asm', 'sum.s', '--format', 'hex').out).toBe('.sum 488b44240848034424104889442418c3\n');
    expect(callgate('asm', 'sum.s', '--format', 'symbols').out).toMatch(/^T {2}16 {2}frame 0 {2}args 24 {2}\.sum\n$/);
    const [f] = JSON.parse(callgate('asm', 'sum.s', '--json').out).text;
    expect(f).toMatchObject({ name: '.sum', abi: 'ABI0', size: 16, args: 24, relocations: [] });
  });

  test('relocations are shown where they are', () => {
    expect(callgate('asm', 'undefined.s').out).toMatch(/e8 00 00 00 00 +CALL .* R_CALL \.g\n/);
  });
});

describe('list and help', () => {
  test('every topic, as text and JSON', () => {
    for (const topic of ['scenarios', 'checks', 'syscalls', 'instructions']) {
      expect(callgate('list', topic).status).toBe(0);
      expect(JSON.parse(callgate('list', topic, '--json').out).length).toBeGreaterThan(4);
    }
    expect(callgate('list', 'syscalls').out).toMatch(/\n9 +mmap +partial/);
  });

  test('help names every command, and each explains itself', () => {
    const { out, status } = callgate('--help');
    expect(status).toBe(0);
    for (const c of ['run', 'trace', 'asm', 'list']) {
      expect(out).toMatch(new RegExp(`\\n {2}${c} `));
      expect(callgate(c, '--help').out).toContain(`Usage: callgate ${c}`);
    }
    expect(callgate().out).toContain('Usage: callgate');
    expect(callgate('--version').out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

test.skipIf(!goroot)(`--goroot gives the same table as our own stubs${goroot ? '' : ` (${missingGo})`}`, () => {
  const tableOf = (s: Said): string => s.out.split('\n\n')[0]!;
  const [ours, go] = [callgate('run'), callgate('run', '--goroot', goroot!)];
  expect(go.status).toBe(0);
  expect(tableOf(go)).toBe(tableOf(ours));
});

test('a file of 100,000 instructions runs', () => {
  writeFileSync(
    join(dir, 'big.s'),
    `TEXT ·big(SB), 4, $0-8\n${'\tINCQ AX\n'.repeat(100_000)}\tMOVQ AX, ret+0(FP)\n\tRET\n`,
  );
  const said = callgate('trace', 'big.s', '--json');
  expect(said.status).toBe(0);
  expect(said.out.trimEnd().split('\n').at(-1)).toContain('"done"');
});
