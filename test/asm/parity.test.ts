/** Files of a real Go tree become what `go tool asm` makes of them: bytes, relocations, tables, data. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import type { CodeSymbol, DataSymbol, ObjectFile } from '#asm/object.ts';
import { goAsmHeader } from '#runtime/layout/header.ts';
import { DEFINES } from '#runtime/stubs.ts';
import { hostFiles } from '../../src/cli/files.ts';
import { keptHeader } from '../../src/cli/goroot.ts';
import { goAsm, goroot, missingGo } from '../witness/go.ts';
import { builtFiles, goFiles } from '../witness/go-files.ts';
import { compare, type FileParity, parity, parityOf } from '../witness/go-parity.ts';

const root = goroot!;
const tree = `${root}/src`;
const quiet = (): void => {};
const files = goroot ? goFiles(tree) : [];

/** Each differing file with the first thing that differs; what is in the others. */
function sum(results: readonly FileParity[]): { functions: number; bytes: number; different: string[] } {
  const taken = results.filter((r) => !r.refused);
  return {
    functions: taken.reduce((n, r) => n + r.functions, 0),
    bytes: taken.reduce((n, r) => n + r.bytes, 0),
    different: results.flatMap((r, i) => (r.differences[0] ? [`${files[i]!.path}: ${r.differences[0]}`] : [])),
  };
}

describe.skipIf(!goroot)(`go tool asm${goroot ? '' : ` (${missingGo})`}`, () => {
  test('every file of the tree for amd64', async () => {
    // The tool starts on all of them while we are still at the first.
    const results = await Promise.all(files.map((f) => parity(f, { root, tree, goamd64: 'v1', progress: quiet })));
    const { functions, bytes, different } = sum(results);
    const refused = results.filter((r) => r.refused).length;
    const taken = files.length - refused;
    console.log(`parity: ${taken - different.length} / ${taken} files, ${functions} functions, ${bytes} bytes`);
    expect(different).toEqual([]);
    expect(taken).toBeGreaterThanOrEqual(88);
    expect(functions).toBeGreaterThanOrEqual(463);
    // Other machines' test data, and tests of error messages.
    expect(files.filter((_f, i) => results[i]!.refused && !/testdata/.test(_f.path))).toEqual([]);
  });

  test.each(['v2', 'v3', 'v4'])('files that ask for GOAMD64=%s', async (goamd64) => {
    const asking = files.filter((f) => /GOAMD64_v/.test(readFileSync(`${tree}/${f.path}`, 'utf8')));
    expect(asking.length).toBeGreaterThan(0);
    const results = await Promise.all(asking.map((f) => parity(f, { root, tree, goamd64, progress: quiet })));
    expect(results.flatMap((r) => r.differences)).toEqual([]);
  });

  test('these are the files that go list names', () => {
    const env = { ...process.env, GOROOT: root, GOFLAGS: '', GO111MODULE: 'off', CGO_ENABLED: '1', GOARCH: 'amd64' };
    const format = '{{$p := .ImportPath}}{{range .SFiles}}{{$p}}/{{.}}\n{{end}}';
    const listed = execFileSync(join(root, 'bin/go'), ['list', '-f', format, 'std', 'cmd'], { env, encoding: 'utf8' });
    // Assembly in capitals is gcc's.
    const wanted = listed.split('\n').filter((f) => f.endsWith('.s'));
    expect(builtFiles(tree).toSorted()).toEqual(wanted.toSorted());
    const taken = files.filter((f) => f.mode === undefined).map((f) => f.path);
    const others = taken.filter((f) => !wanted.includes(f) && !/testdata/.test(f));
    expect(others).toEqual(['cmd/vendor/golang.org/x/sys/plan9/asm.s']);
  });

  // biome-ignore format: table
  test.each([
    ['floating constants',     'TEXT ·f(SB), 4, $0\n\tMOVSD $1.5, X0\n\tADDSS $(-2.25), X1\n\tFMOVD $(0.1), F0\n\tMOVSD $0.0, X15\n\tMOVSS $(-0.0), X2\n\tMULSD $1.5, X3\n\tRET\n'],
    ['nothing at all',         'TEXT f(SB), 0, $16-8\nTEXT ·g(SB), 0, $16-8\n'],
    ['a second pass',          `TEXT ·f(SB), 4, $0\n\tJEQ far\n\tSUBB $4, AX\n\tCMPB AX, $1\n\tTESTB $1, AX\n${'\tADDQ $0x1000, BX\n'.repeat(20)}far:\n\tSUBB $4, AX\n\tRET\n`],
    ['a single pass',          'TEXT ·f(SB), 4, $0\nback:\n\tSUBB $4, AX\n\tJEQ back\n\tRET\n'],
    ['transactions',           'TEXT ·f(SB), 4, $0\nback:\n\tXBEGIN ahead\n\tXBEGIN back\n\tXABORT $1\n\tXEND\nahead:\n\tRET\n'],
    ['JCXZL, both ways',       'TEXT ·f(SB), 4, $0\nback:\n\tNOTQ AX\n\tJCXZL ahead\n\tJCXZL back\n\tJCXZQ back\nahead:\n\tRET\n'],
    ['indirect calls',         'TEXT ·f(SB), 0, $8\n\tCALL AX\n\tCALL R11\n\tCALL 8(R12)\n\tCALL *·g(SB)\n\tCALL ·g(SB)\n\tCALL (AX)(BX*8)\n\tJMP 8(R12)\n\tJMP R11\n\tCALL $0x1000\n\tJMP $-4\n\tJMP ·g+8(SB)\n\tRET\n'],
    ['wrapper that splits',    'TEXT ·f(SB), 32, $24-8\n\tCALL ·g(SB)\n\tRET\n\n\tNOTQ AX\n\tRET\n'],
    ['huge frame',             'TEXT ·f(SB), 64, $100000-8\n\tCALL ·g(SB)\n\tRET\n'],
    ['tail call',              'TEXT ·f(SB), 0, $16-8\n\tCALL ·g(SB)\n\tRET ·h(SB)\n'],
    ['SP set',                 'TEXT ·f(SB), 4, $0\n\tDECQ SP\n\tRET\nTEXT ·g(SB), 4, $0\n\tCMPB AX, SP\n\tRET\nTEXT ·h(SB), 4, $0\n\tCMPQ AX, SP\n\tRET\n'],
    ['wide constants',         'TEXT ·f(SB), 4, $0\n\tADDQ $0x80000000, AX\n\tCMPQ BX, $0xffffffff\n\tMOVQ $0x80000000, (BX)\n\tMOVQ $0x80000000, BX\n\tTESTQ $0xfffffff0, R9\n\tINT $-1\n\tRET\n'],
    ['TLS',                    'TEXT ·f(SB), 4, $0\n\tMOVQ TLS, R14\n\tMOVQ 8(R14)(TLS*1), R14\n\tMOVQ AX, 0(CX)(TLS*1)\n\tRET\n'],
    ['tables by hand',         'TEXT ·f(SB), 4, $8-16\n\tFUNCDATA $0, go_args_stackmap(SB)\n\tFUNCDATA $1, no_pointers_stackmap(SB)\n\tFUNCDATA $3, mine<>(SB)\n\tPCDATA $0, $-2\n\tNOTQ AX\n\tPCDATA $0, $-1\n\tPCDATA $2, $7\n\tNOTQ AX\n\tRET\n\tPCDATA $2, $9\nGLOBL mine<>(SB), 8, $8\n'],
    ['data of all kinds',      'DATA ro<>+0(SB)/8, $0x1122334455667788\nDATA ro<>+8(SB)/4, $1.5\nDATA ro<>+16(SB)/8, $·f+8(SB)\nDATA ro<>+24(SB)/8, $"text\\n"\nGLOBL ro<>(SB), 8, $40\nDATA ·rw+0(SB)/1, $7\nGLOBL ·rw(SB), $4\nDATA noptr+0(SB)/8, $-1.25\nGLOBL noptr(SB), 16, $16\nGLOBL bss<>(SB), $64\nGLOBL np<>(SB), 16, $64\nGLOBL tls<>(SB), 256, $8\nGLOBL dup(SB), 10, $8\nTEXT ·f(SB), 2, $0\n\tLEAQ ro<>+8(SB), AX\n\tMOVQ $·rw(SB), BX\n\tRET\n'],
    ['macros and semicolons',  '#define TWO(r) NOTQ r; \\\n\tNOTQ r\nTEXT ·f(SB), 4, $0\n\tTWO(AX); NOTQ BX\n\tTWO(CX)\n\tRET\n'],
    ['moved stack',            'TEXT ·f(SB), 4, $32-8\n\tPUSHQ AX\n\tPUSHFQ\n\tMOVQ a+0(FP), BX\n\tMOVQ BX, b-8(SP)\n\tPOPFQ\n\tPOPQ AX\n\tADJSP $16\n\tMOVQ a+0(FP), BX\n\tADJSP $-16\n\tRET\n'],
    ['moves of system registers', 'TEXT ·f(SB), 4, $0\n\tMOVL CR0, R9\n\tMOVQ R9, CR8\n\tMOVL AX, DR7\n\tPUSHQ FS\n\tPUSHL GS\n\tPOPL FS\n\tPOPQ GS\n\tRET\n'],
    ['spellings',              'TEXT ·f(SB), 4, $0\n\tMOVHPS X1, X2\n\tMOVLPS X3, X4\n\tNEGL AL\n\tNOTL AH\n\tMOVSWW SP, AX\n\tCRC32B SP, AX\n\tMOVQL AX, (R9)\n\tRET\n'],
    ['symbols of both ABIs',   'TEXT ·f<ABIInternal>(SB), 4, $8-8\n\tCALL ·g<ABIInternal>(SB)\n\tCALL ·g(SB)\n\tCALL static<>(SB)\n\tRET\nTEXT static<>(SB), 4, $0\n\tRET\n'],
  ])('%s', async (_what, text) => {
    const dir = mkdtempSync(join(tmpdir(), 'callgate-parity-'));
    try {
      const path = join(dir, 't.s');
      writeFileSync(path, text);
      const { functions, refused, differences } = await parityOf(path, { root, packagePath: 'runtime' });
      expect({ refused, differences }).toEqual({ refused: false, differences: [] });
      expect(functions).toBeGreaterThan(0);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  describe('a difference is seen', () => {
    const path = `${tree}/runtime/memclr_amd64.s`;
    const packagePath = 'runtime';
    const header = (): string => keptHeader(root, { path: packagePath }, quiet);
    const ours = (): ObjectFile => {
      const sources = { read: (p: string) => (p.endsWith('go_asm.h') ? header() : hostFiles.read(p)) };
      return assemble(path, sources, { includeDirs: [`${root}/pkg/include`], defines: DEFINES });
    };
    const changed = (change: (f: CodeSymbol) => Partial<CodeSymbol>): ObjectFile => {
      const object = ours();
      return { ...object, functions: object.functions.map((f) => ({ ...f, ...change(f) })) };
    };
    const span = { offset: 0, value: 7 };
    const symbol = { name: 'more', isStatic: false, abi: 'ABI0' } as const;
    const extra = (at: CodeSymbol['at']): DataSymbol => ({
      ...{ symbol, at, flags: 8, size: 8, bytes: new Uint8Array(8), relocations: [] },
    });

    // biome-ignore format: table
    const changes: readonly (readonly [what: string, change: () => ObjectFile, said: RegExp])[] = [
      ['a byte',         () => changed((f) => ({ code: f.code.with(0, 0x90) })),             /memclr_amd64\.s:\d+: /],
      ['a missing byte', () => changed((f) => ({ code: f.code.subarray(0, -1) })),           /size: ours/],
      ['a relocation',   () => changed(() => ({ relocations: [] })),                         /relocations: ours none/],
      ['a flag',         () => changed(() => ({ flags: 0 })),                                /flags: ours none, Go's NOSPLIT/],
      ['arguments',      () => changed(() => ({ args: 1 })),                                 /arguments: ours 1/],
      ['a frame',        () => changed(() => ({ locals: 8 })),                               /frame: ours 8/],
      ['SP written',     () => changed(() => ({ writesSp: true })),                          /function flags: ours 6/],
      ['pcsp',           () => changed(() => ({ pcsp: [span] })),                            /pcsp: ours \+0: 7/],
      ['a line',         () => changed((f) => ({ lines: f.lines.slice(0, 1) })),             /pcline: ours none/],
      ['PCDATA',         () => changed(() => ({ pcdata: [[span]] })),                        /PCDATA/],
      ['FUNCDATA',       () => changed((f) => ({ funcdata: [f.symbol] })),                     /FUNCDATA: ours runtime/],
      ['more data',      () => ({ ...ours(), data: [extra({ file: 't.s', line: 1 })] }),                               /only we have the symbol more/],
      ['no function',    () => ({ ...ours(), functions: [] }),                               /only Go has the symbol/],
    ];
    test.each(changes)('%s', async (_what, change, said) => {
      const theirs = await goAsm(path, { root, packagePath, header: header() });
      expect(compare(ours(), theirs, { root, packagePath })).toEqual([]);
      expect(compare(change(), theirs, { root, packagePath }).join('\n')).toMatch(said);
    });
  });

  test('our layout table says what the toolchain says', () => {
    const header = keptHeader(root, { path: 'runtime' }, quiet);
    const theirs = new Map([...header.matchAll(/^#define (\S+) (\S+)$/gm)].map(([, name, v]) => [name!, v!]));
    const ours = [...goAsmHeader().matchAll(/^#define (\S+) (\S+)$/gm)];
    expect(ours.length).toBeGreaterThan(120);
    expect(ours.filter(([, name, v]) => theirs.get(name!) !== v).map(([line]) => line)).toEqual([]);
  });

  test('the files of the cgo paths assemble alike with our own header', () => {
    const options = { includeDirs: [`${tree}/runtime`, `${root}/pkg/include`], defines: DEFINES };
    const [theirs, own] = [keptHeader(root, { path: 'runtime' }, quiet), goAsmHeader()].map((header) => ({
      read: (p: string) => (p.endsWith('go_asm.h') ? header : hostFiles.read(p)),
    }));
    for (const file of [
      'sys_linux_amd64.s',
      'rt0_linux_amd64.s',
      'time_linux_amd64.s',
      'cgo/asm_amd64.s',
      'msan_amd64.s',
      'asm_amd64.s',
    ]) {
      const [a, b] = [theirs!, own!].map((s) => assemble(`${tree}/runtime/${file}`, s, options));
      expect(b!.diagnostics).toEqual([]);
      expect(b!.functions.map((f) => f.code)).toEqual(a!.functions.map((f) => f.code));
    }
  });
});

test('the Go tree is read, not copied: this repository holds none of its text', () => {
  const own = ['mmap', 'sigaction', 'stack', 'cgo', 'crosscall'].map((f) =>
    readFileSync(`src/runtime/stubs/${f}.s`, 'utf8'),
  );
  for (const text of own) expect(text).not.toMatch(/Go Authors/);
});
