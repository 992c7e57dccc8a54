/** The ELF loader: what is mapped where, what stands on the stack, and what it says of files it refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Cpu } from '../../../src/emu/cpu/cpu.ts';
import { GPR, R } from '../../../src/emu/cpu/layout.ts';
import { ElfError, readElf } from '../../../src/emu/linux/elf.ts';
import { AUX, startElf } from '../../../src/emu/linux/elf-start.ts';
import { Memory } from '../../../src/emu/mem/memory.ts';
import { loadProgram } from '../../../src/emu/program.ts';
import { BUILDS, compile, hasGcc, missingGcc } from '../programs/compile.ts';

interface Ph {
  readonly type?: number;
  readonly flags?: number;
  readonly offset?: number;
  readonly vaddr?: bigint;
  readonly filesz?: number;
  readonly memsz?: number;
  readonly align?: bigint;
}

const R_X = 5;
const R_W = 6;
const TEXT: Ph = { flags: R_X, offset: 0, vaddr: 0x40_0000n, filesz: 0x180, memsz: 0x180 };
const DATA: Ph = { flags: R_W, offset: 0x180, vaddr: 0x40_1180n, filesz: 0x10, memsz: 0x2000 };

/** An ELF file of 0x200 bytes, each of which behind the headers is its offset's low byte. */
function elf(segments: readonly Ph[], type = 2): Uint8Array {
  const bytes = Uint8Array.from({ length: 0x200 }, (_, i) => i & 0xff);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  view.setUint16(16, type, true);
  view.setUint16(18, 62, true);
  view.setBigUint64(24, 0x40_0100n, true);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, 0n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, segments.length, true);
  segments.forEach((s, i) => {
    const at = 64 + 56 * i;
    view.setUint32(at, s.type ?? 1, true);
    view.setUint32(at + 4, s.flags ?? 4, true);
    view.setBigUint64(at + 8, BigInt(s.offset ?? 0), true);
    view.setBigUint64(at + 16, s.vaddr ?? 0n, true);
    view.setBigUint64(at + 32, BigInt(s.filesz ?? 0), true);
    view.setBigUint64(at + 40, BigInt(s.memsz ?? 0), true);
    view.setBigUint64(at + 48, s.align ?? 0x1000n, true);
  });
  return bytes;
}

/** The same file with other bytes at `at`. */
function patched(file: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

const start = {
  path: '/bin/prog',
  args: ['prog', 'ä'],
  env: ['A=1'],
  random: Uint8Array.from({ length: 16 }, (_, i) => i),
};

function started(file: Uint8Array): { memory: Memory; cpu: Cpu } {
  const memory = new Memory();
  const cpu = new Cpu(memory.frames);
  startElf(memory, cpu, readElf(file), start);
  return { memory, cpu };
}

const shown = (m: Memory): string[] =>
  m.regions.map((r) => `${r.start.toString(16)}-${r.end.toString(16)} ${r.prot} ${r.name}`);

describe('what is mapped', () => {
  test('segments in whole pages, with the file around them, and zeroes behind', () => {
    const { memory, cpu } = started(elf([TEXT, DATA]));
    expect(shown(memory)).toEqual([
      '400000-401000 5 prog',
      '401000-404000 3 prog',
      '7fffff7ff000-7ffffffff000 3 [stack]',
    ]);
    expect(cpu.rip).toBe(0x40_0100n);
    expect(memory.peek(0x40_0180n, 1)).toBe(0x80n);
    expect(memory.peek(0x40_0200n, 8)).toBe(0n);
    // The last byte of the segment, and the first that memsz adds: zero, although the file goes on.
    expect([memory.peek(0x40_118fn, 1), memory.peek(0x40_1190n, 8), memory.peek(0x40_3ff8n, 8)]).toEqual([
      0x8fn,
      0n,
      0n,
    ]);
    expect(memory.peek(0x40_1100n, 8)).toBe(0x0706050403020100n);
  });

  test('ET_DYN goes where Linux puts it, aligned as it asks', () => {
    const dyn = elf(
      [
        { ...TEXT, vaddr: 0n },
        { ...DATA, vaddr: 0x1180n, align: 0x20_0000n },
      ],
      3,
    );
    const program = readElf(dyn);
    expect(program.segments.map((s) => s.start)).toEqual([0x5555_5560_0000n, 0x5555_5560_1000n]);
    expect(program.entry).toBe(0x5555_5560_0000n + 0x40_0100n);
    expect(program.end).toBe(0x5555_5560_4000n);
    expect(program.headers).toEqual({ address: 0x5555_5560_0040n, count: 2 });
    expect(readElf(elf([{ ...TEXT, vaddr: 0n }], 3)).segments[0]!.start).toBe(0x5555_5555_4000n);
  });

  test('permissions: what may be written or executed may be read', () => {
    const flags = [0, 1, 2, 3, 4, 5, 6, 7];
    const prots = flags.map((f) => readElf(elf([{ ...TEXT, flags: f }])).segments[0]!.prot);
    expect(prots).toEqual([0, 5, 3, 7, 1, 5, 3, 7]);
  });

  test('PT_GNU_STACK decides whether the stack is executable; without it, it is not', () => {
    const stack = (flags: number): Ph => ({ type: 0x6474_e551, flags, align: 16n });
    const prot = (...more: Ph[]): number => started(elf([TEXT, ...more])).memory.regions.at(-1)!.prot;
    expect([prot(), prot(stack(6)), prot(stack(7))]).toEqual([3, 3, 7]);
  });

  test('the program break starts behind the image', () => {
    const machine = loadProgram(elf([TEXT, DATA]), start);
    expect(machine.syscall(12, [0n])).toBe(0x40_4000n);
    expect(machine.syscall(12, [0x40_5000n])).toBe(0x40_5000n);
  });
});

describe('what the program finds', () => {
  test('registers are zero but RSP, which is a multiple of 16 whatever the strings are', () => {
    for (let n = 0; n < 33; n++) {
      const memory = new Memory();
      const cpu = new Cpu(memory.frames);
      for (const r of GPR.keys()) cpu.setGpr(r, 99n);
      startElf(memory, cpu, readElf(elf([TEXT])), { ...start, args: ['x'.repeat(n), ...Array(n % 3).fill('y')] });
      expect(cpu.gpr(R.sp) % 16n).toBe(0n);
      expect([...GPR.keys()].filter((r) => r !== R.sp && cpu.gpr(r) !== 0n)).toEqual([]);
      expect(cpu.rflags).toBe(0x202n);
    }
  });

  test('argc, argv, envp, and the auxiliary vector', () => {
    const { memory, cpu } = started(elf([TEXT]));
    let at = cpu.gpr(R.sp);
    const word = (): bigint => {
      at += 8n;
      return memory.read(at - 8n, 8);
    };
    const string = (p: bigint): string => {
      const bytes = memory.peekBytes(p, 64);
      return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
    };
    expect(word()).toBe(2n);
    expect([string(word()), string(word()), word()]).toEqual(['prog', 'ä', 0n]);
    expect([string(word()), word()]).toEqual(['A=1', 0n]);
    const aux = new Map<bigint, bigint>();
    for (let type = word(); type !== 0n; type = word()) aux.set(type, word());
    const value = (name: keyof typeof AUX): bigint => aux.get(BigInt(AUX[name]))!;
    expect(value('AT_PHDR')).toBe(0x40_0040n);
    expect([value('AT_PHENT'), value('AT_PHNUM'), value('AT_ENTRY')]).toEqual([56n, 1n, 0x40_0100n]);
    expect(string(value('AT_EXECFN'))).toBe('/bin/prog');
    expect(string(value('AT_PLATFORM'))).toBe('x86_64');
    expect(memory.peekBytes(value('AT_RANDOM'), 16)).toEqual(start.random);
    expect(aux.has(33n)).toBe(false);
    // The path is the last string, with an empty word behind it.
    expect(memory.regions.at(-1)!.end - value('AT_EXECFN')).toBe(8n + 10n);
  });

  test('arguments that do not fit are refused, and nothing is mapped', () => {
    const memory = new Memory();
    const huge = { ...start, args: ['x'.repeat(3 << 20)] };
    expect(() => startElf(memory, new Cpu(memory.frames), readElf(elf([TEXT])), huge)).toThrow(
      /^arguments and environment take 3145767 bytes: 2097152 is the most$/,
    );
    expect(memory.regions).toEqual([]);
  });
});

describe('files that are refused, in one line', () => {
  const good = elf([TEXT, DATA]);
  // biome-ignore format: table
  test.each<[string, Uint8Array, string]>([
    ['empty',                  new Uint8Array(),                                    'is not an ELF file: give a static x86-64 Linux executable'],
    ['text',                   new TextEncoder().encode('#!/bin/sh\n'),             'is not an ELF file: give a static x86-64 Linux executable'],
    ['only the magic',         good.slice(0, 20),                                   'ends inside its ELF header (20 bytes): it is cut off'],
    ['32-bit',                 patched(good, 4, 1),                                 'is not ELF64 (EI_CLASS 1): compile for x86-64, -m64'],
    ['big-endian',             patched(good, 5, 2),                                 'is not little-endian (EI_DATA 2): compile for x86-64'],
    ['AArch64',                patched(good, 18, 183),                              'is for another machine (e_machine 183): compile for x86-64'],
    ['an object',              patched(good, 16, 1),                                'is an object file: link it'],
    ['a core',                 patched(good, 16, 4),                                'is a core dump: give the program it came from'],
    ['no type',                patched(good, 16, 9),                                'has e_type 9: give an executable, ET_EXEC or ET_DYN'],
    ['no headers',             patched(good, 56, 0),                                'has no program headers: link it as an executable'],
    ['odd headers',            patched(good, 54, 32),                               'has program headers of 32 bytes, not 56: it is damaged'],
    ['headers cut off',        good.slice(0, 100),                                  'has 2 program headers at 0x40, beyond its end: it is cut off or damaged'],
    ['PN_XNUM',                patched(good, 56, 0xff, 0xff),                       'has 65535 program headers at 0x40, beyond its end: it is cut off or damaged'],
    ['headers far away',       patched(good, 39, 0x80),                             'has 2 program headers at 0x8000000000000040, beyond its end: it is cut off or damaged'],
    ['nothing to load',        elf([{ ...TEXT, type: 4 }]),                         'has no PT_LOAD segment: there is nothing to run; link it as an executable'],
    ['dynamic',                elf([{ ...TEXT, type: 3, offset: 0x141 }, TEXT]),    expect.stringMatching(/^is dynamically linked \(asks for .*\): link with -static$/)],
    ['segment cut off',        elf([{ ...TEXT, filesz: 0x300, memsz: 0x300 }]),     'program header 0 (PT_LOAD at 0x400000) ends at file offset 0x300, the file at 0x200: it is cut off'],
    ['filesz > memsz',         elf([TEXT, { ...DATA, memsz: 1 }]),                  'program header 1 (PT_LOAD at 0x401180) has more bytes in the file than in memory: it is damaged'],
    ['askew',                  elf([{ ...TEXT, vaddr: 0x40_0008n }]),               'program header 0 (PT_LOAD at 0x400008) lies at file offset 0x0, which differs mod 4096: link it again'],
    ['on the page before',     elf([TEXT, { ...DATA, vaddr: 0x40_0180n }]),         'program header 1 (PT_LOAD at 0x400180) begins on a page of the segment before it: link it with segments ascending and apart'],
    ['descending',             elf([DATA, TEXT]),                                   'program header 1 (PT_LOAD at 0x400000) begins on a page of the segment before it: link it with segments ascending and apart'],
    ['in the kernel',          elf([{ ...TEXT, vaddr: 0xffff_8000_0000_0000n }]),   'program header 0 (PT_LOAD at 0xffff800000000000) ends beyond user space: link it lower'],
    ['on page 0',              elf([{ ...TEXT, vaddr: 0n }]),                       'wants 0x0 to 0x180: link it between 0x10000 and 0x7fff00000000'],
    ['where the stack is',     elf([{ ...TEXT, vaddr: 0x7fff_ff80_0000n }]),        'wants 0x7fffff800000 to 0x7fffff800180: link it between 0x10000 and 0x7fff00000000'],
    ['aligned to 3',           elf([{ ...TEXT, vaddr: 0n, align: 0x3000n }], 3),    'asks for an alignment of 0x3000: it is damaged'],
  ])('%s', (_, file, message) => {
    const error = expect.objectContaining({ constructor: ElfError, message });
    let thrown: unknown;
    try {
      readElf(file);
    } catch (e) {
      thrown = e;
    }
    expect(thrown).toEqual(error);
  });
});

describe.skipIf(!hasGcc)(`symbols of a compiled program${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-elf-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test.each(['O0', 'O2 pie'] as const)('%s: functions and labels by name; none when stripped or damaged', (build) => {
    const path = join(dir, build);
    const source = join(dir, 'labels.c');
    const body = '__attribute__((noipa)) void labelled(void) { __asm__("spot: nop"); }';
    const main = 'int main(int c, char **v) { labelled(); return c + !v; }';
    writeFileSync(source, `#include "start.h"\nvoid labelled(void);\n${body}\n${main}\n`);
    compile(source, path, BUILDS[build]);
    const bytes = readFileSync(path);
    const { symbols, entry } = readElf(bytes);
    const named = (name: string): { address: bigint; size: number } => symbols.find((s) => s.name === name)!;
    expect(named('_start').address).toBe(entry);
    const [labelled, spot] = [named('labelled'), named('spot')];
    expect(spot.address >= labelled.address && spot.address < labelled.address + BigInt(labelled.size)).toBe(true);
    expect(spot.size).toBeGreaterThan(0);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (const shoff of [0n, 1n << 40n, 0xffff_ffff_ffff_ffffn]) {
      view.setBigUint64(40, shoff, true);
      expect(readElf(bytes)).toMatchObject({ entry, symbols: [] });
    }
  });
});
