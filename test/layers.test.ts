/** Who may import whom. To change the architecture, change this table. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

// biome-ignore format: table
const mayImport: Readonly<Record<string, readonly string[]>> = {
  'emu/isa':           [],
  'emu/mem':           [],
  'emu/sched':         [],
  'emu/cpu':           ['emu/isa', 'emu/mem'],
  'emu/decode':        ['emu/isa'],
  'emu/engine':        ['emu/isa', 'emu/mem', 'emu/cpu', 'emu/decode'],
  'emu/linux':         ['emu/mem', 'emu/cpu'],
  'emu/trace':         ['emu/isa', 'emu/mem', 'emu/cpu', 'emu/decode', 'emu/engine', 'emu'],
  'emu/check':         ['emu/mem', 'emu/cpu', 'emu/decode', 'emu/engine', 'emu/trace', 'emu'],
  // machine.ts, gates.ts, symbols.ts: what wires the parts together.
  'emu':               ['emu/isa', 'emu/mem', 'emu/sched', 'emu/cpu', 'emu/decode', 'emu/engine', 'emu/linux', 'emu/trace'],
  'asm':               ['emu/isa'],
  'runtime/layout':    ['emu/mem'],
  'runtime':           ['asm', 'emu', 'emu/mem', 'emu/sched', 'emu/cpu', 'emu/linux', 'emu/trace', 'emu/check', 'runtime/layout', 'runtime/go', 'runtime/gc', 'runtime/c'],
  // Who stands where on a stack, and which of its words are pointers.
  'runtime/gc':        ['asm', 'emu', 'emu/mem', 'emu/cpu', 'emu/trace', 'runtime', 'runtime/layout'],
  'runtime/go':        ['runtime', 'runtime/gc', 'runtime/layout', 'emu/cpu', 'emu/linux', 'emu/trace'],
  'runtime/c':         ['runtime', 'runtime/go', 'runtime/layout', 'emu', 'emu/cpu', 'emu/linux'],
  'runtime/sanitizer': ['runtime', 'runtime/go', 'runtime/c', 'runtime/layout', 'emu/cpu', 'emu/mem', 'emu/trace'],
  'runtime/scenarios': ['runtime', 'runtime/go', 'runtime/sanitizer', 'runtime/c', 'runtime/layout', 'emu/cpu', 'emu/linux', 'emu/sched'],
  // Scenarios as what an explorer runs.
  'runtime/regress':   ['runtime', 'runtime/scenarios', 'emu/engine', 'emu/linux', 'emu/sched'],
  'cli':               ['runtime', 'runtime/scenarios', 'runtime/regress', 'asm', 'emu', 'emu/isa', 'emu/sched', 'emu/cpu', 'emu/decode', 'emu/engine', 'emu/linux', 'emu/trace', 'emu/check'],
};

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((f) => f.endsWith('.ts') && !f.endsWith('.d.ts'))
  .sort();

/** The longest entry of the table that this file's folder lies in. */
const layerOf = (file: string): string | undefined =>
  Object.keys(mayImport)
    .filter((l) => file.startsWith(`${l}/`))
    .sort((a, b) => b.length - a.length)[0];

/** Who may import Node's modules and npm packages: the command line, and the engines that are native. */
const knowsHost = (file: string): boolean => /^(cli|emu\/engine\/(hardware|unicorn))\//.test(file);
const anyImport = /^(?:import|export)[^;]*?from '([^']+)'|\bimport\('([^']+)'\)/gm;

test('imports run downhill', () => {
  const wrong: string[] = [];
  for (const file of files) {
    const from = layerOf(file);
    if (!from) {
      wrong.push(`${file} is in no layer`);
      continue;
    }
    for (const [, now, later] of readFileSync(`src/${file}`, 'utf8').matchAll(anyImport)) {
      const spec = now ?? later;
      if (spec!.startsWith('node:') || !/^[.#]/.test(spec!)) {
        if (!knowsHost(file))
          wrong.push(`${file} imports ${spec}: only the command line and native engines know the host`);
        continue;
      }
      if (spec!.endsWith('package.json')) continue;
      const target = spec!.startsWith('#') ? spec!.slice(1) : new URL(spec!, `file:///${file}`).pathname.slice(1);
      const to = layerOf(target);
      if (!to) wrong.push(`${file} imports ${spec}, which is in no layer`);
      else if (to !== from && !mayImport[from]!.includes(to)) wrong.push(`${file}: ${from} must not import ${to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('borders between the big folders are crossed by # names', () => {
  const big = (f: string): string => f.split('/')[0]!;
  const wrong = files.flatMap((file) =>
    [...readFileSync(`src/${file}`, 'utf8').matchAll(/from '(\.[^']+)'/g)]
      .map(([, spec]) => new URL(spec!, `file:///${file}`).pathname.slice(1))
      .filter((target) => big(target) !== big(file) && !target.endsWith('package.json'))
      .map((target) => `${file} reaches ${target} by a relative path`),
  );
  expect(wrong).toEqual([]);
});

test('nothing below the command line reads the clock, the host or chance', () => {
  const wrong = files
    .filter((f) => !f.startsWith('cli/'))
    .filter((f) =>
      /\b(Date\.now|new Date|performance\.|Math\.random|process\.\w)/.test(readFileSync(`src/${f}`, 'utf8')),
    );
  expect(wrong).toEqual([]);
});
