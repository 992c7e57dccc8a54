/** Programs that gcc has compiled: each runs on the host and on every engine, and must say and answer the same. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loads } from '../../bench/loads.ts';
import type { MakeEngine } from '../../src/emu/engine/engine.ts';
import { type HardwareEngine, hardware } from '../../src/emu/engine/hardware/hardware.ts';
import { Interpreter } from '../../src/emu/engine/interp/interp.ts';
import { jit } from '../../src/emu/engine/jit/jit.ts';
import { loadProgram } from '../../src/emu/program.ts';
import { endingText } from '../../src/emu/trace/ending.ts';
import { BUILDS, compile, hasGcc, isLinux, missingGcc, programs } from './programs/compile.ts';
import { exact } from './programs/decimal.ts';

const silicon = isLinux ? await hardware() : undefined;
afterAll(() => silicon?.dispose());
/** The host's CPU at full speed: it counts nothing, so a run ends only when the program does. */
const free: MakeEngine = (parts) => {
  const engine = silicon!.engine(parts) as HardwareEngine;
  return { run: () => ({ ...engine.runFree(), retired: 0 }) };
};

// biome-ignore format: table
const engines: Readonly<Record<string, MakeEngine>> = {
  interp: (parts) => new Interpreter(parts),
  // Much is translated that would not be worth it.
  jit:    jit({ warm: 12 }),
  ...(silicon && { hardware: free }),
};

// biome-ignore format: table
const runs: readonly (readonly [program: string, ...args: string[]])[] = [
  ['sha256'],
  ['sort'],
  ['doubles'],
  ['strings'],
  ['stack', 'one', '', 'drei ü'],
];

/** More than any of them takes. */
const BUDGET = 2_000_000;

const dir = mkdtempSync(join(tmpdir(), 'callgate-programs-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const compiled = new Map<string, string>();
function program(name: string, build: keyof typeof BUILDS): string {
  const path = join(dir, `${name}-${build.replace(' ', '-')}`);
  if (!compiled.has(path)) compile(join(programs, `${name}.c`), path, BUILDS[build]);
  compiled.set(path, name);
  return path;
}

interface Said {
  readonly ending: string;
  readonly out: string;
}

const env = ['LANG=C', 'EMPTY='];

function native(path: string, args: readonly string[]): Said {
  const host = Object.fromEntries(env.map((e) => e.split('=')));
  const { status, signal, stdout } = spawnSync(path, args, { env: host });
  return { ending: signal ?? `exit status ${status}`, out: stdout.toString() };
}

function ours(path: string, args: readonly string[], engine: MakeEngine): Said {
  const written: Uint8Array[] = [];
  const start = { path, args: [path, ...args], env, random: new Uint8Array(16) };
  const machine = loadProgram(readFileSync(path), start, { engine, output: (_fd, bytes) => written.push(bytes) });
  const ending = machine.run(BUDGET);
  const text = ending.kind === 'signal' ? ending.signal : endingText(ending);
  return { ending: text, out: Buffer.concat(written).toString() };
}

const name = hasGcc ? 'as on the host' : `as on the host (${missingGcc})`;
describe.skipIf(!hasGcc)(name, () => {
  for (const build of Object.keys(BUILDS) as (keyof typeof BUILDS)[]) {
    describe(build, () => {
      test.each(runs)('%s', (what, ...args) => {
        const path = program(what, build);
        const expected = native(path, args);
        expect(expected.out).not.toBe('');
        for (const [engine, make] of Object.entries(engines)) {
          expect({ engine, ...ours(path, args, make) }).toEqual({ engine, ...expected });
        }
      });
    });
  }

  test.each(loads)('load $name', ({ source }) => {
    const path = join(dir, `load-${basename(source)}`);
    compile(source, path, BUILDS.O2);
    const expected = native(path, ['2']);
    expect(expected.ending).toBe('exit status 0');
    for (const [engine, make] of Object.entries(engines)) {
      expect({ engine, ...ours(path, ['2'], make) }).toEqual({ engine, ...expected });
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('death %i', (way) => {
    const path = program('death', 'O2');
    const expected = native(path, [String(way)]);
    expect(expected.ending).toMatch(/^SIG|exit status 44/);
    for (const [engine, make] of Object.entries(engines)) {
      expect({ engine, ...ours(path, [String(way)], make) }).toEqual({ engine, ...expected });
    }
  });

  test('what doubles prints is rounded half to even', () => {
    const lines = native(program('doubles', 'O2'), []).out.trim().split('\n');
    const shown = lines.map((l) => l.split(' ')).filter((l) => l.length === 4);
    expect(shown.length).toBeGreaterThan(30);
    const view = new DataView(new ArrayBuffer(8));
    for (const [what, bits, fixed, exponent] of shown) {
      view.setBigUint64(0, BigInt(`0x${bits}`));
      const x = view.getFloat64(0);
      expect([what, fixed, exponent]).toEqual([what, exact.fixed(x, 6), exact.exponent(x, 16)]);
    }
  });

  test('the digest of "abc" is the one in FIPS 180-4', () => {
    const [abc] = native(program('sha256', 'O2'), []).out.split('\n');
    expect(abc).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
