/** Files of a real Go tree assemble to the bytes, relocations and sizes that `go tool asm` gives them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import type { CodeSymbol, Relocation } from '#asm/object.ts';
import { goAsmHeader } from '#runtime/layout/header.ts';
import { DEFINES } from '#runtime/stubs.ts';
import { hostFiles } from '../../src/cli/files.ts';
import { generate } from '../../src/cli/goroot.ts';
import { type GoSymbol, goAsm, goroot, missingGo } from '../witness/go.ts';

const files = [
  'runtime/sys_linux_amd64.s',
  'runtime/rt0_linux_amd64.s',
  'runtime/time_linux_amd64.s',
  'runtime/cgo/asm_amd64.s',
  'runtime/msan_amd64.s',
  // Not asked for, but run by --goroot or close to what is.
  'runtime/asm_amd64.s',
  'runtime/race_amd64.s',
  'runtime/asan_amd64.s',
  'runtime/preempt_amd64.s',
  'runtime/duff_amd64.s',
  'runtime/internal/atomic/atomic_amd64.s',
  'syscall/asm_linux_amd64.s',
  'sync/atomic/asm.s',
];

/** Both sides in one shape, so that a difference shows as itself. */
interface Comparable {
  readonly size: number;
  readonly args: bigint;
  readonly locals: bigint;
  readonly bytes: string;
  readonly relocations: readonly string[];
}

const fromGo = ({ size, args, locals, bytes, relocations }: GoSymbol): Comparable => ({
  size,
  args,
  locals,
  bytes,
  relocations,
});

/** As Go's listing writes them. */
const relocationsOf = (rs: readonly Relocation[], qualified: (n: string) => string): string[] =>
  rs.map((r) => `${r.offset}+${r.size} ${r.kind} ${qualified(r.symbol)}+${r.addend}`);

/** Go's listing prints unknown arguments and the frame −8 as 64-bit patterns. */
function fromUs(f: CodeSymbol, qualified: (n: string) => string): Comparable {
  return {
    size: f.code.length,
    args: f.args === undefined ? 0xffff_ffff_8000_0000n : BigInt(f.args),
    locals: BigInt.asUintN(64, BigInt(f.locals)),
    bytes: Buffer.from(f.code).toString('hex'),
    relocations: relocationsOf(f.relocations, qualified),
  };
}

describe.skipIf(!goroot)(`go tool asm${goroot ? '' : ` (${missingGo})`}`, () => {
  const header = goroot ? generate(goroot) : '';
  const sources = { read: (p: string) => (p.endsWith('go_asm.h') ? header : hostFiles.read(p)) };

  /** Ours and theirs of one file of the tree. */
  function both(file: string) {
    const path = `${goroot}/src/${file}`;
    const packagePath = file.slice(0, file.lastIndexOf('/'));
    const qualified = (n: string): string => (n.startsWith('.') ? packagePath + n : n);
    const includeDirs = [`${goroot}/src/runtime`, `${goroot}/pkg/include`];
    const object = assemble(path, sources, { includeDirs, defines: DEFINES });
    expect(object.diagnostics).toEqual([]);
    return { object, qualified, theirs: goAsm(path, { packagePath, header }) };
  }

  test.each(files)('%s: code, relocations, sizes', (file) => {
    const { object, qualified, theirs } = both(file);
    const text = theirs.filter((s) => s.kind === 'TEXT');
    expect(text.length).toBeGreaterThan(0);
    expect(object.functions.map((f) => qualified(f.symbol.name)).sort()).toEqual(text.map((s) => s.name).sort());
    for (const f of object.functions) {
      const name = qualified(f.symbol.name);
      const go = text.find((s) => s.name === name);
      expect({ name, ...fromUs(f, qualified) }).toEqual({ name, ...fromGo(go!) });
    }
  });

  test.each(files)('%s: data', (file) => {
    const { object, qualified, theirs } = both(file);
    const shown = (name: string, size: number, bytes: string, relocations: readonly string[]): string =>
      `${name} ${size} ${bytes.replace(/(00)+$/, '')} ${relocations.join(', ')}`.trim();
    const ours = object.data.map((d) =>
      shown(
        qualified(d.symbol.name),
        d.size,
        Buffer.from(d.bytes).toString('hex'),
        relocationsOf(d.relocations, qualified),
      ),
    );
    // Stack maps (gclocals) are the toolchain's own addition; everything the file itself declares is compared.
    const declared = theirs.filter((s) => s.kind !== 'TEXT' && !s.name.startsWith('gclocals'));
    expect(ours.sort()).toEqual(declared.map((s) => shown(s.name, s.size, s.bytes, s.relocations)).sort());
  });

  test('our layout table says what the toolchain says', () => {
    const theirs = new Map([...header.matchAll(/^#define (\S+) (\S+)$/gm)].map(([, name, v]) => [name!, v!]));
    const ours = [...goAsmHeader().matchAll(/^#define (\S+) (\S+)$/gm)];
    expect(ours.length).toBeGreaterThan(120);
    expect(ours.filter(([, name, v]) => theirs.get(name!) !== v).map(([line]) => line)).toEqual([]);
  });

  test('the five files assemble alike with our own header', () => {
    const own = goAsmHeader();
    const ownSources = { read: (p: string) => (p.endsWith('go_asm.h') ? own : hostFiles.read(p)) };
    for (const file of files.slice(0, 6)) {
      const path = `${goroot}/src/${file}`;
      const options = { includeDirs: [`${goroot}/src/runtime`, `${goroot}/pkg/include`], defines: DEFINES };
      const [a, b] = [sources, ownSources].map((s) => assemble(path, s, options));
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
