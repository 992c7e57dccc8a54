/** C objects that gcc has made: linked here they run as on the host, and what cannot be linked is refused in one line. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ElfError } from '../../../src/emu/linux/elf.ts';
import { layOutObjects } from '../../../src/emu/linux/elf-layout.ts';
import { type LinkedObjects, linkObjects, relocate } from '../../../src/emu/linux/elf-link.ts';
import { type ElfObject, type ObjectRelocation, readObject } from '../../../src/emu/linux/elf-object.ts';
import { relocationType } from '../../../src/emu/linux/elf-relocations.ts';
import { PROT } from '../../../src/emu/mem/layout.ts';
import { gcc, hasGcc, missingGcc } from '../programs/compile.ts';
import { BUILDS, type Build, compiled, dir, Loaded, object, objects, read } from './objects/build.ts';

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const BASE = 0x40_1000n;
const builds = Object.keys(BUILDS) as Build[];
/** first.c and second.c, by path. */
const pair = (build: Build): string[] => ['first.c', 'second.c'].map((name) => compiled(name, BUILDS[build]));

const run = (file: string, args: readonly string[]): string =>
  execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Every operation of first.c on every number that native.c gives it. */
function results(loaded: Loaded): bigint[] {
  const out: bigint[] = [];
  const count = loaded.call('operation_count');
  for (let which = 0n; which < count; which++) for (let n = 0n; n < 20n; n++) out.push(loaded.call('run', which, n));
  return out;
}

function native(build: Build): bigint[] {
  const path = join(dir, `native-${build.replaceAll(' ', '-')}`);
  run(gcc!, ['-no-pie', ...pair(build), join(objects, 'native.c'), '-o', path]);
  return run(path, []).trim().split('\n').map(BigInt);
}

/** Where an error is expected: its message. */
function refusal(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (e instanceof ElfError) return e.message;
    throw e;
  }
  return 'nothing was refused';
}

describe.skipIf(!hasGcc)(`objects in a machine${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  test.each(builds)('%s: every function answers as on the host', (build) => {
    const expected = native(build);
    expect(expected.length).toBe(220);
    expect(results(new Loaded(pair(build).map(read), BASE))).toEqual(expected);
  });

  test.each(['O2 no PLT', 'O2 large', 'O2 large PIC'] as const)('%s: also far above 4 GiB', (build) => {
    const parts = pair(build).map(read);
    expect(results(new Loaded(parts, 0x7e12_3456_7000n))).toEqual(native(build));
  });

  test('the order of objects changes nothing', () => {
    const parts = pair('O2').map(read);
    expect(results(new Loaded(parts.toReversed(), BASE))).toEqual(native('O2'));
  });

  test('sections lie on pages of their own, and only data can be written', () => {
    const { sections, end } = new Loaded(pair('O2 PIC').map(read), BASE + 5n).linked;
    const [r, w, x] = [PROT.read, PROT.read | PROT.write, PROT.read | PROT.exec];
    // biome-ignore format: table
    expect(sections.map((s) => [s.name, s.prot])).toEqual([
      ['.text',        x],
      ['.rodata',      r],
      ['.eh_frame',    r],
      ['.data.rel.ro', r],
      ['.got',         r],
      ['.data',        w],
      ['.bss',         w],
    ]);
    let free = BASE + 0x1000n;
    for (const s of sections) {
      expect(s.address).toBe(free);
      expect(s.bytes.length).toBe(s.name === '.bss' ? 0 : s.size);
      free = (s.address + BigInt(s.size) + 0xfffn) & ~0xfffn;
    }
    expect(end).toBe(free);
  });

  test('symbols: what a name stands for comes last; a replaced definition and a static name are still told', () => {
    const { symbols } = new Loaded(pair('O0').map(read), BASE).linked;
    const named = (name: string): (readonly [string, string, boolean])[] =>
      symbols.filter((s) => s.name === name).map((s) => [s.path, s.kind, s.isGlobal] as const);
    // biome-ignore format: table
    expect(['answer', 'counted', 'count', 'tentative', 'values', 'run', 'outside', 'nobody'].map((n) => [n, named(n)])).toEqual([
      ['answer',    [['first.c', 'function', false], ['second.c', 'function', true]]],
      ['counted',   [['first.c', 'object', false], ['second.c', 'object', false]]],
      ['count',     [['first.c', 'function', false], ['second.c', 'function', false]]],
      ['tentative', [['first.c', 'object', true]]],
      ['values',    [['second.c', 'object', true]]],
      ['run',       [['first.c', 'function', true]]],
      ['outside',   []],
      ['nobody',    []],
    ]);
    expect(symbols.find((s) => s.name === 'tentative')!.size).toBe(20);
    expect(symbols.findIndex((s) => s.isGlobal)).toBeGreaterThan(symbols.findLastIndex((s) => !s.isGlobal));
  });

  test('definitions: proper over tentative, the largest tentative, tentative over weak, the first weak', () => {
    const value = (name: string, ...texts: string[]): bigint => {
      const parts = texts.map((text, i) => object(`${name}${i}.c`, ['-O1'], text));
      return new Loaded(
        [...parts, object('get.c', ['-O1'], 'extern int v[]; int get(long i) { return v[i]; }')],
        BASE,
      ).call('get', 3n);
    };
    const [tentative, proper] = ['int v[4];', 'int v[4] = {1, 2, 3, 4};'];
    const weak = (n: number): string => `__attribute__((weak)) int v[4] = {0, 0, 0, ${n}};`;
    expect(value('common', tentative, proper)).toBe(4n);
    expect(value('weak', weak(5), tentative)).toBe(0n);
    expect(value('weaker', weak(5), proper, weak(6))).toBe(4n);
    expect(value('weakest', weak(5), weak(6))).toBe(5n);
    const parts = ['int v[4];', 'int v[40] __attribute__((aligned(256)));', 'int v[7];'];
    const { symbols } = linkObjects(
      parts.map((text, i) => object(`size${i}.c`, [], text)),
      { base: BASE, external: () => undefined },
    );
    expect(symbols.map((s) => [s.size, s.address % 256n])).toEqual([[16, 0n]]);
  });

  test('what only assembly asks of the GOT', () => {
    const lines = [
      '.globl got, slot',
      'got: lea _GLOBAL_OFFSET_TABLE_(%rip), %rax',
      'ret',
      'slot: lea here(%rip), %rcx',
      'add here(%rip), %rcx',
      'mov (%rcx), %rax',
      'ret',
      'here: .quad values@GOTPCREL',
      '.data',
      '.globl values',
      'values: .quad 5',
    ];
    const part = object('got.s', [], `${lines.join('\n')}\n`);
    const types = part.sections.flatMap((s) => s.relocations.map((r) => relocationType(r.type).name));
    expect(types).toEqual(expect.arrayContaining(['R_X86_64_GOTPC32', 'R_X86_64_GOTPCREL64']));
    const loaded = new Loaded([part], BASE);
    expect(loaded.call('got')).toBe(loaded.linked.sections.find((s) => s.name === '.got')!.address);
    expect(loaded.call('slot')).toBe(loaded.linked.addressOf('values'));
  });

  test('one copy of a function in COMDAT groups stays', () => {
    const thunk = (name: string): ElfObject =>
      object(
        name,
        ['-O1', '-mindirect-branch=thunk', '-fcf-protection=none'],
        `long ${name[0]}(long (*f)(void)) { return f() + 1; }\nlong ${name[0]}7(void) { return ${name[0]} == 0 ? 1 : 7; }`,
      );
    const loaded = new Loaded([thunk('a.c'), thunk('b.c')], BASE);
    expect(loaded.linked.symbols.filter((s) => /thunk/.test(s.name)).map((s) => s.isGlobal)).toEqual([false, true]);
    for (const f of ['a', 'b'] as const)
      expect(loaded.call(f, loaded.machine.symbols.named(`${f}7`)!.address)).toBe(8n);
  });

  test('both sides can name the other: layout first, relocation later', () => {
    const there = object('there.c', ['-O1'], 'long back(long); long there(long n) { return back(n) + 1; }');
    const layout = layOutObjects([there], BASE);
    const address = layout.addressOf('there')!;
    expect(layout.addressOf('back')).toBeUndefined();
    const asked: string[] = [];
    const calling = (back: bigint): LinkedObjects =>
      relocate(layout, (name) => {
        asked.push(name);
        return back;
      });
    const called = ({ sections: [text] }: LinkedObjects): bigint => {
      const call = text!.bytes.indexOf(0xe8);
      return text!.address + BigInt(call + 5 + new DataView(text!.bytes.buffer).getInt32(call + 1, true));
    };
    const [first, second] = [calling(address + 0x100n), calling(address - 0x200n)];
    expect(asked).toEqual(['back', 'back']);
    expect([called(first), called(second)]).toEqual([address + 0x100n, address - 0x200n]);
    expect(second.addressOf('there')).toBe(address);
  });
});

const ld = ['/usr/bin/ld', '/usr/local/bin/ld'].find((p) => existsSync(p));
const hasBinutils = hasGcc && ld !== undefined && existsSync('/usr/bin/readelf') && existsSync('/usr/bin/objcopy');
const missingBinutils = `${missingGcc} and GNU binutils`;

const OUTSIDE = 0x1000_0000n;

/** The bytes that GNU ld gives our sections when it is told to put them where we have them. */
function byLd(paths: readonly string[], ours: LinkedObjects): Map<string, Uint8Array> {
  // biome-ignore format: table
  const inputs: Readonly<Record<string, string>> = {
    '.text':        '*(.text .text.*)',
    '.rodata':      '*(.rodata .rodata.*)',
    '.eh_frame':    'KEEP(*(.eh_frame))',
    '.data.rel.ro': '*(.data.rel.ro .data.rel.ro.*)',
    '.got':         '*(.got) *(.got.plt)',
    '.data':        '*(.data .data.*)',
    '.bss':         '*(.bss .bss.*) *(COMMON)',
  };
  const script = join(dir, 'script.ld');
  const fill = (name: string): string => (name === '.text' ? '=0xcccccccc' : '');
  const line = (s: (typeof ours.sections)[number]): string =>
    `${s.name} 0x${s.address.toString(16)} : { ${inputs[s.name]} } ${fill(s.name)}`;
  writeFileSync(script, `SECTIONS {\n${ours.sections.map(line).join('\n')}\n}\n`);
  const output = join(dir, 'by-ld');
  run(ld!, ['-static', '--no-relax', '-e', '0', '-T', script, `--defsym=outside=${OUTSIDE}`, ...paths, '-o', output]);
  return new Map(
    ours.sections.map(({ name }) => {
      const bytes = join(dir, 'bytes');
      run('/usr/bin/objcopy', ['-O', 'binary', '-j', name, output, bytes]);
      return [name, readFileSync(bytes)];
    }),
  );
}

describe.skipIf(!hasBinutils)(`as GNU ld links them${hasBinutils ? '' : ` (${missingBinutils})`}`, () => {
  // ld would otherwise store one of two like constants.
  const unmerged = ['-fno-merge-constants', '-fno-asynchronous-unwind-tables'];
  /** ld's GOT has other words in another order, and code of its own for weak names: what uses it is left out. */
  const usesGot = (r: ObjectRelocation): boolean =>
    r.symbol.name === '_GLOBAL_OFFSET_TABLE_' || /GOT|PLTOFF/.test(relocationType(r.type).name);

  test.each(builds)('%s: the same bytes at the same addresses', (build) => {
    const paths = ['first.c', 'second.c'].map((name) => compiled(name, [...BUILDS[build], ...unmerged]));
    const parts = paths.map(read);
    const layout = layOutObjects(parts, BASE);
    const linked = relocate(layout, (n) => (n === 'outside' ? OUTSIDE : undefined));
    const theirs = byLd(paths, linked);
    const skipped = new Set<bigint>();
    let compared = 0;
    for (const s of parts.flatMap((o) => o.sections)) {
      for (const r of s.relocations) {
        if (!usesGot(r)) compared++;
        else
          for (let i = -3; i < relocationType(r.type).field.size; i++)
            skipped.add(layout.addressOfSection(s) + BigInt(r.offset + i));
      }
    }
    expect(compared).toBeGreaterThan(20);
    for (const { name, bytes, address } of linked.sections.filter((s) => s.name !== '.got')) {
      const same = theirs.get(name)!;
      expect(bytes.length, name).toBe(same.length);
      const wrong = [...bytes.keys()].filter((i) => bytes[i] !== same[i] && !skipped.has(address + BigInt(i)));
      expect(wrong, name).toEqual([]);
    }
  });
});

/** Where an object's header of the section of that name is. */
function headerOf(file: Uint8Array, name: string): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [at, count, names] = [Number(view.getBigUint64(40, true)), view.getUint16(60, true), view.getUint16(62, true)];
  const strings = Number(view.getBigUint64(at + 64 * names + 24, true));
  for (let i = 0; i < count; i++) {
    const from = strings + view.getUint32(at + 64 * i, true);
    if (new TextDecoder().decode(file.subarray(from, from + name.length + 1)) === `${name}\0`) return at + 64 * i;
  }
  throw new Error(`no section ${name}`);
}

/** A copy of a file, changed. */
function changed(file: Uint8Array, change: (view: DataView, header: (name: string) => number) => void): Uint8Array {
  const copy = new Uint8Array(file);
  change(new DataView(copy.buffer), (name) => headerOf(copy, name));
  return copy;
}

const nothing = (): undefined => undefined;

describe.skipIf(!hasGcc)(`what is refused, in one line${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  const c = (text: string, ...flags: string[]) => compiled('bad.c', flags, text);
  const s = (text: string) => compiled('bad.s', [], text);
  const refused = (path: string, base = BASE): string =>
    refusal(() => linkObjects([read(path)], { base, external: (name) => (name === 'far' ? 1n << 40n : undefined) }));

  // biome-ignore format: table
  const cases: readonly (readonly [string, () => string, string])[] = [
    ['a thread-local variable',      () => refused(c('__thread int x = 1;')),                                  'has .tdata: there are no thread-local variables here; compile without __thread'],
    ['a zero one',                   () => refused(c('__thread int x;')),                                      'has .tbss: there are no thread-local variables here; compile without __thread'],
    ['somebody else\'s',             () => refused(c('extern __thread int x; int f(void) { return x; }', '-O1', '-fPIE', '-fcf-protection=none')), 'f+0x3 in bad.c: R_X86_64_GOTTPOFF against x: there are no thread-local variables here; compile without __thread'],
    ['in a shared object',           () => refused(c('extern __thread int x; int f(void) { return x; }', '-O1', '-fPIC', '-fcf-protection=none')), 'f+0x8 in bad.c: R_X86_64_TLSGD against x: there are no thread-local variables here; compile without __thread'],
    ['a constructor',                () => refused(c('__attribute__((constructor)) void f(void) {}')),         'has .init_array, code to run before or after main, which nobody does here: call it by name instead'],
    ['a destructor',                 () => refused(c('__attribute__((destructor)) void f(void) {}')),          'has .fini_array, code to run before or after main, which nobody does here: call it by name instead'],
    ['an ifunc',                     () => refused(c('void *f(void) { return 0; } void g(void) __attribute__((ifunc("f")));')), 'has g, an ifunc, which nobody resolves here: use a plain function'],
    ['-flto',                        () => refused(c('int f(void) { return 1; }', '-flto')),                   'holds only what -flto needs, no code: compile without -flto'],
    ['writable code',                () => refused(s('.section both, "awx"\nret\n')),                          'has both, which is both code and writable: make it one of them'],
    ['16 bits',                      () => refused(s('.data\n.word far\n')),                                   '.data+0x0 in bad.s: R_X86_64_16 against far: no C compiler writes it; write the assembly without it'],
    ['far away, called',             () => refused(s('far_call: call far\n')),                                 '.text+0x1 in bad.s: R_X86_64_PLT32 against far at 0x10000000000 does not fit at 0x401001: place them within 2 GiB of each other, or compile with -mcmodel=large'],
    ['high up, 32 bits',             () => refused(s('.data\nx: .long x\n'), 1n << 32n),                       '.data+0x0 in bad.s: R_X86_64_32 against .data at 0x100000000 does not fit at 0x100000000: link below 4 GiB, or compile with -fPIC'],
    ['high up, signed',              () => refused(s('x: mov x(,%rax), %rax\n'), 1n << 31n),                   '.text+0x4 in bad.s: R_X86_64_32S against .text at 0x80000000 does not fit at 0x80000004: link below 2 GiB, or compile with -fPIC'],
    ['names that nobody defines',    () => refused(c('void f(void), g(void); void h(void) { f(); g(); f(); } void (*p)(void) = f; extern int v; int *q = &v;', '-O1', '-fcf-protection=none')), 'nobody defines f (in h+0x5 in bad.c), g (in h+0xa in bad.c), v (in q+0x0 in bad.c): add the objects or the functions that do'],
    ['beyond user space',            () => refused(c('char big[1 << 20];'), 0x7fff_fff8_0000n),                'the objects reach 0x800000080000, beyond user space: link them lower than 0x7ffffff80000'],
    ['more than there is room for',  () => refused(s('.bss\n.skip 0x40000001\n')),                             'section 3 (.bss) has 1073741825 bytes: 1073741824 is the most'],
    ['aligned to more than a page',  () => refused(s('.data\n.balign 0x400000\n.quad 1\n')),                  'section 2 (.data) asks for an alignment of 0x400000: 0x200000 is the most'],
    ['two definitions',              () => refusal(() => linkObjects([object('x.c', [], 'int v = 1;'), object('y.c', [], 'int v = 2;')], { base: BASE, external: nothing })), 'x.c and y.c both define v: leave one out, or make it static'],
  ];
  test.each(cases)('%s', (_, what, message) => {
    expect(what()).toBe(message);
  });

  const good = hasGcc
    ? readFileSync(compiled('good.c', ['-O1', '-fcf-protection=none'], 'extern int v; int f(void) { return v; }'))
    : new Uint8Array();
  const parsed = (file: Uint8Array): string =>
    refusal(() => linkObjects([readObject(file, 'good.c')], { base: BASE, external: () => BASE }));
  const u16 = (at: number, v: number) => parsed(changed(good, (view) => view.setUint16(at, v, true)));
  const header = (name: string, field: number, v: bigint) =>
    parsed(changed(good, (view, at) => view.setBigUint64(at(name) + field, v, true)));
  const header32 = (name: string, field: number, v: number) =>
    parsed(changed(good, (view, at) => view.setUint32(at(name) + field, v, true)));
  /** Change eight bytes of a section's contents. */
  const inside = (name: string, offset: number, v: bigint) =>
    parsed(
      changed(good, (view, at) => view.setBigUint64(Number(view.getBigUint64(at(name) + 24, true)) + offset, v, true)),
    );

  // biome-ignore format: table
  const damages: readonly (readonly [string, () => string, string | RegExp])[] = [
    ['text',                         () => parsed(new TextEncoder().encode('int main;')),  'is not an ELF file: give an x86-64 object file, as gcc -c makes it'],
    ['an executable',                () => u16(16, 2),                                     'is not an object file (e_type 2): give an x86-64 object file, as gcc -c makes it'],
    ['no sections',                  () => u16(60, 0),                                     'has no sections, or more than 65279: give an x86-64 object file, as gcc -c makes it'],
    ['odd headers',                  () => u16(58, 40),                                    'has section headers of 40 bytes, not 64: it is damaged'],
    ['too many headers',             () => u16(60, 500),                                   /^has 500 section headers at 0x[0-9a-f]+, beyond its end: it is cut off or damaged$/],
    ['names elsewhere',              () => u16(62, 77),                                    /^has the names of its sections in section 77, of \d+: it is damaged$/],
    ['cut off',                      () => header('.text', 24, 0x10_0000n),                /^section 1 \(\.text\) ends at file offset 0x1000[0-9a-f]+, the file at 0x[0-9a-f]+: it is cut off$/],
    ['a name elsewhere',             () => header32('.text', 0, 0xffff),                   'section 1 has a name at 0xffff, beyond the names: it is damaged'],
    ['a name with a line end',       () => inside('.strtab', 0, 0x0a41_0a41_0a41_0a00n),   /^symbol \d+ has a name with control characters: it is damaged$/],
    ['aligned to 3',                 () => header('.text', 48, 3n),                        'section 1 (.text) asks for an alignment of 0x3: it is damaged'],
    ['code without contents',        () => header32('.text', 4, 8),                        'has .text without contents, and not writable: it is damaged'],
    ['loaded, of another type',      () => header32('.text', 4, 5),                        'has .text, to be loaded, of type 0x5: give an x86-64 object file, as gcc -c makes it'],
    ['no symbols',                   () => header32('.symtab', 4, 1),                      'has no symbol table: give it as gcc -c makes it, not stripped'],
    ['symbols without names',        () => header32('.symtab', 40, 1),                     'has the names of its symbols in section 1, not of names: it is damaged'],
    ['half a symbol',                () => header('.symtab', 32, 25n),                     'has a symbol table of 25 bytes, no multiple of 24: it is damaged'],
    ['fewer symbols than used',      () => header('.symtab', 32, 24n),                     /^relocation 0 in \.rela\.text is by symbol \d+, of 1: it is damaged$/],
    ['an odd binding',               () => inside('.symtab', 24, 0x0001_00d1_0000_0001n),  'symbol 1 (good.c) has binding 13: it is damaged'],
    ['an odd type',                  () => inside('.symtab', 24, 0x0001_000f_0000_0001n),  'symbol 1 (good.c) has type 15: it is damaged'],
    ['a section that is not there',  () => inside('.symtab', 24, 0x0123_0003_0000_0000n),  /^symbol 1 \(\) is in section 291, of \d+: it is damaged$/],
    ['a symbol behind its section',  () => inside('.symtab', 80, 0x1000n),                 'symbol 3 (f) ends at 0x1007 of .text, which has 0x7 bytes: it is damaged'],
    ['relocations without addends',  () => header32('.rela.text', 4, 9),                   'has relocations without addends in .rela.text, which x86-64 has not: it is damaged'],
    ['by other symbols',             () => header32('.rela.text', 40, 1),                  'has relocations in .rela.text by the symbols of section 1: it is damaged'],
    ['half a relocation',            () => header('.rela.text', 32, 25n),                  'has 25 bytes of relocations in .rela.text, no multiple of 24: it is damaged'],
    ['relocations of zeroes',        () => header32('.rela.text', 44, 4),                  'has relocations in .rela.text for .bss, which has no contents: it is damaged'],
    ['behind the end',               () => inside('.rela.text', 0, 0x1000n),               'relocation 0 in .rela.text is at 0x1000, beyond the end of .text: it is damaged'],
    ['across the end',               () => inside('.rela.text', 0, 5n),                    'f+0x5 in good.c: R_X86_64_PC32 against v ends outside its section: it is damaged'],
    ['an unknown relocation',        () => inside('.rela.text', 8, 0x3_0000_0063n),        /^f\+0x\d in good\.c: relocation type 99 against \S+: it is not known here; compile for x86-64, or it is damaged$/],
    ['a dynamic relocation',         () => inside('.rela.text', 8, 0x3_0000_0006n),        /^f\+0x\d in good\.c: R_X86_64_GLOB_DAT against \S+: it belongs into a shared object; give the object that gcc -c makes$/],
    ['a torn .eh_frame',             () => inside('.eh_frame', 0, 0x1000n),                'good.c: .eh_frame ends inside what begins at 0x4: it is damaged'],
  ];
  test.each(damages)('%s', (_, what, message) => {
    if (typeof message === 'string') expect(what()).toBe(message);
    else expect(what()).toMatch(message);
  });

  test('any byte of an object changed, or its end gone: linked, or refused in one line', () => {
    const file = readFileSync(compiled('first.c', ['-O1', '-fPIC']));
    const attempt = (bytes: Uint8Array): string =>
      refusal(() => linkObjects([readObject(bytes, 'first.c')], { base: BASE, external: () => BASE }));
    expect(attempt(file)).toBe('nothing was refused');
    const said = new Set<string>();
    for (let end = 0; end < file.length; end += 13) said.add(attempt(file.subarray(0, end)));
    expect(said.has('nothing was refused')).toBe(false);
    const copy = new Uint8Array(file);
    for (let at = 0; at < file.length; at++) {
      copy[at] = file[at]! ^ [0x01, 0x80, 0xff][at % 3]!;
      said.add(attempt(copy));
      copy[at] = file[at]!;
    }
    expect(said.size).toBeGreaterThan(500);
    expect([...said].filter((line) => /[\p{Cc}]/u.test(line) || line.length > 500)).toEqual([]);
  });
});
