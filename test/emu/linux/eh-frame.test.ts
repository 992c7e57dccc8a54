/** .eh_frame: how far RSP is below the return address, as readelf reads it and as it is when the code runs. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { Interpreter } from '../../../src/emu/engine/interp/interp.ts';
import { type DepthRow, depthsOf, readEhFrame } from '../../../src/emu/linux/eh-frame.ts';
import { ElfError } from '../../../src/emu/linux/elf.ts';
import { type LinkedSymbol, linkObjects } from '../../../src/emu/linux/elf-link.ts';
import { backtrace } from '../../../src/emu/trace/report.ts';
import { hasGcc, missingGcc } from '../programs/compile.ts';
import { BUILDS, type Build, compiled, dir, ENTRY_SP, Loaded, object, read } from './objects/build.ts';

afterAll(() => rmSync(dir, { recursive: true, force: true }));

const BASE = 0x40_1000n;
const readelf = ['/usr/bin/readelf', '/usr/local/bin/readelf'].find((p) => existsSync(p));
const canRead = hasGcc && readelf !== undefined;

/** The tables that `readelf -wF` prints: function's offset in .text → its rows. */
function byReadelf(path: string): Map<bigint, DepthRow[]> {
  const out = new Map<bigint, DepthRow[]>();
  const text = execFileSync(readelf!, ['-wF', path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  // A table for each record: its head, the names of the columns, and a line for each row.
  for (const record of text.split('\n\n')) {
    const pc = /FDE .* pc=([0-9a-f]+)\.\./.exec(record)?.[1];
    if (pc === undefined) continue;
    const start = BigInt(`0x${pc}`);
    const rows: DepthRow[] = [];
    for (const [, at, cfa] of record.matchAll(/^([0-9a-f]{16}) (\S+)/gm)) {
      const offset = Number(BigInt(`0x${at}`) - start);
      const value = cfa!.startsWith('rsp+') ? Number(cfa!.slice(4)) - 8 : undefined;
      if (!rows.length || rows.at(-1)!.value !== value) rows.push({ offset, value });
    }
    // Where RSP never moves it prints no row: the CIE's holds, RSP + 8.
    out.set(start, rows.length ? rows : [{ offset: 0, value: 0 }]);
  }
  return out;
}

const functions = (symbols: readonly LinkedSymbol[]): LinkedSymbol[] => symbols.filter((s) => s.kind === 'function');
const linked = (path: string): LinkedSymbol[] =>
  functions(linkObjects([read(path)], { base: BASE, external: () => BASE }).symbols);

describe.skipIf(!canRead)(`as readelf reads it${canRead ? '' : ` (${missingGcc} and GNU binutils)`}`, () => {
  const files: readonly (readonly [string, readonly string[]])[] = [
    ...(['O0', 'O2', 'O2 large', 'O2 large PIC'] as const).map((b: Build) => ['first.c', BUILDS[b]] as const),
    ['frames.s', []],
  ];
  test.each(files)('%s %s', (name, flags) => {
    const path = compiled(name, flags);
    const theirs = byReadelf(path);
    const ours = new Map(linked(path).map((f) => [f.address - BASE, f]));
    let compared = 0;
    for (const [start, rows] of theirs) {
      const f = ours.get(start)!;
      const isSignal = f.name === 'signal';
      expect([f.name, f.pcsp]).toEqual([f.name, isSignal ? [] : rows]);
      compared += isSignal ? 0 : rows.length;
    }
    expect(compared).toBeGreaterThan(8);
  });
});

describe.skipIf(!hasGcc)(`as it is${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  test.each(['O0', 'O2', 'O2 PIC', 'O2 large', 'Os per section'] as const)(
    '%s: at every instruction that runs',
    (build) => {
      const parts = ['first.c', 'second.c'].map((name) => object(name, BUILDS[build]));
      const loaded = new Loaded(parts, BASE, (p) => new Interpreter(p));
      const { machine } = loaded;
      const inC = new Set(functions(loaded.linked.symbols).map((s) => s.address));
      /** RSP at the entry of every function that has not returned. */
      const open: bigint[] = [];
      let [known, unknown] = [0, 0];
      const wrong: string[] = [];
      machine.observe((e) => {
        if (e.kind !== 'insn') return;
        const pc = e.step.next;
        while (open.length && open.at(-1)! < e.rsp) open.pop();
        if (inC.has(pc)) open.push(e.rsp);
        if (!inC.has(machine.symbols.at(pc)?.address ?? 0n)) return;
        const depth = machine.symbols.depthAt(pc);
        if (depth === undefined) unknown++;
        else known++;
        if (depth !== undefined && e.rsp + BigInt(depth) !== open.at(-1)) wrong.push(machine.symbols.nameOf(pc)!);
      });
      open.push(ENTRY_SP);
      const count = loaded.call('operation_count');
      for (let which = 0n; which < count; which++) {
        for (const n of [0n, 5n, 9n]) {
          open.splice(0, open.length, ENTRY_SP);
          loaded.call('run', which, n);
        }
      }
      expect(wrong).toEqual([]);
      expect(known).toBeGreaterThan(200);
      // Without optimisation RBP is the frame's, but for the first two instructions and the last.
      expect(unknown > known).toBe(build === 'O0');
    },
  );

  test.each(['O2', 'O2 large'] as const)('%s: a backtrace goes through C', (build) => {
    const parts = ['first.c', 'second.c'].map((name) =>
      object(name, [...BUILDS[build], '-fno-optimize-sibling-calls', '-fno-inline']),
    );
    const loaded = new Loaded(parts, BASE);
    const { machine } = loaded;
    const seen = new Set<string>();
    loaded.onOutside = () => {
      const names = backtrace(machine).map(({ pc }) => machine.symbols.at(pc)?.name ?? '?');
      seen.add(names.join(' < '));
    };
    loaded.call('run', 5n, 3n);
    loaded.call('run', 9n, 2n);
    // biome-ignore format: table
    expect([...seen]).toEqual([
      'outside < abroad < run < exit',
      'outside < twice < abroad < run < exit',
      'outside < recursive < recursive < run < exit',
      'outside < recursive < run < exit',
    ]);
  });

  test('a frame with RBP: known before it is set up and after it is taken down', () => {
    const [f] = linked(compiled('one.c', ['-O0', '-fcf-protection=none'], 'long f(long n) { return n; }'));
    const [push, mov] = [0, 1];
    // biome-ignore format: table
    expect(f!.pcsp).toEqual([
      { offset: push,          value: 0 },
      { offset: mov,           value: 8 },
      { offset: mov + 3,       value: undefined },
      { offset: f!.size - 1,   value: 0 },
    ]);
  });

  test('a function without a table has no rows; a label inside one has those from it on', () => {
    const source =
      'f: .cfi_startproc\npush %rax\n.cfi_def_cfa_offset 16\ninside: nop\npop %rax\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\nbare: ret\n';
    const { symbols } = linkObjects([object('labels.s', [], source)], { base: BASE, external: () => undefined });
    const rows = new Map(symbols.map((s) => [s.name, [s.size, s.pcsp]]));
    expect(rows.get('f')).toEqual([1, [{ offset: 0, value: 0 }]]);
    expect(rows.get('inside')).toEqual([
      3,
      [
        { offset: 0, value: 8 },
        { offset: 2, value: 0 },
      ],
    ]);
    expect(rows.get('bare')).toEqual([1, []]);
  });
});

/** A record: its length, then bytes. */
const record = (...bytes: number[]): number[] => [bytes.length, 0, 0, 0, ...bytes];
const ZERO = [0, 0, 0, 0];
/** Version 1, augmentation "zR" (udata4), factors 1 and −8, column 16, CFA = RSP + 8. */
const CIE = record(...ZERO, 1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 3, 0x0c, 7, 8);
/** Behind CIE: code [0x1000, 0x1020). */
const fde = (...program: number[]): number[] =>
  record(CIE.length + 4, 0, 0, 0, 0, 0x10, 0, 0, 0x20, 0, 0, 0, 0, ...program);
const section = (...records: number[][]): Uint8Array => Uint8Array.from(records.flat());

describe('records', () => {
  test('offsets in data factors, an unknown instruction, rows behind the end', () => {
    // DW_CFA_advance_loc 4, DW_CFA_def_cfa_offset_sf −3 (× −8), advance 4, DW_CFA_def_cfa_sf r7 −2, advance 1, opcode 0x3f.
    const program = [0x44, 0x13, 0x7d, 0x44, 0x12, 7, 0x7e, 0x41, 0x3f, 0x44];
    expect(readEhFrame(section(CIE, fde(...program)), 0n)).toEqual([
      {
        start: 0x1000n,
        size: 0x20,
        rows: [
          { offset: 0, value: 0 },
          { offset: 4, value: 16 },
          { offset: 8, value: 8 },
          { offset: 9, value: undefined },
        ],
      },
    ]);
    const [late] = readEhFrame(section(CIE, fde(0x02, 0x20, 0x0e, 16)), 0n);
    expect(late!.rows).toEqual([{ offset: 0, value: 0 }]);
  });

  test('code behind the end of a table is not known', () => {
    const tables = readEhFrame(section(CIE, fde(0x48, 0x0e, 16)), 0n);
    expect(depthsOf(tables, 0x1004n, 0x40)).toEqual([
      { offset: 0, value: 0 },
      { offset: 4, value: 8 },
      { offset: 0x1c, value: undefined },
    ]);
    expect(depthsOf(tables, 0x1020n, 4)).toEqual([]);
    expect(depthsOf(tables, 0xfffn, 4)).toEqual([]);
  });

  test('a terminator ends it; a version, letter or encoding that is not known gives no table', () => {
    expect(readEhFrame(section(CIE, ZERO, fde()), 0n)).toEqual([]);
    for (const [at, byte] of [
      [8, 9],
      [10, 0x51],
      [16, 0x33],
    ] as const) {
      const cie = [...CIE];
      cie[at] = byte;
      expect(readEhFrame(section(cie, fde()), 0n)).toEqual([]);
    }
  });

  // biome-ignore format: table
  test.each<[string, Uint8Array, string]>([
    ['cut off in a record',     section(CIE, fde()).subarray(0, 30),       'ends inside what begins at 0x18: it is damaged'],
    ['cut off in an operand',   section(CIE, fde(0x03, 1)),                'ends inside what begins at 0x26: it is damaged'],
    ['an FDE without a CIE',    section(fde()),                            'has an FDE at 0x0 without a CIE: it is damaged'],
    ['64-bit',                  section([0xff, 0xff, 0xff, 0xff]),         'has a record of more than 4 GiB at 0x0: it is damaged'],
    ['restored too often',      section(CIE, fde(0x0b)),                   'restores a state that it has not remembered: it is damaged'],
    ['a very long number',      section(CIE, fde(0x0e, ...Array(8).fill(0x80))), 'has a number of more than seven bytes at 0x26: it is damaged'],
  ])('%s is refused in one line', (_, bytes, message) => {
    expect(() => readEhFrame(bytes, 0n)).toThrow(new ElfError(message));
  });
});
