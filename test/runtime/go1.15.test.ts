/** The stubs of Go 1.15: reflectcall for blocks of all sizes, and that every instruction of the file matters. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { R } from '#emu/cpu/layout.ts';
import { reflectcallmove } from '#runtime/go/go1.15/reflectcallmove.ts';
import { type Model, sites } from '#runtime/model.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { msanCallbackResult } from '#runtime/scenarios/msan-callback-result.ts';
import { type Stubs, stubs } from '#runtime/stubs.ts';
import { stubsDir } from '../../src/cli/files.ts';
import { library, type Ran, run } from './regressions/run.ts';

const FILE = 'go1.15.s';
/** Of the block of arguments, in main's frame, behind reflectcall's own. */
const BLOCK = 0x28;
/** Its bytes by their place, before the call and after. */
const before = (i: number): bigint => BigInt((i * 3 + 5) & 0xff);
const after = (i: number): bigint => BigInt((i * 7 + 129) & 0xff);
/** A type, which reflectcall only hands on. */
const ARGTYPE = 0x7e_7e7en;

/** reflectcall(nil, fn, arg, size, retoffset): fn reads every byte and writes every byte. */
const reflected = (size: number, retoffset: number): Scenario => ({
  name: 'reflected',
  why: 'a call with a block of arguments',
  stubs: [],
  stacks: ['curg'],
  globals: {},
  overlay: FILE,
  situations: [{ name: 'one call', fail: [], ends: { kind: 'done' } }],
  main: () => ({
    name: 'main.main',
    convention: 'ABIInternal',
    frame: BLOCK + 0x500,
    nosplit: true,
    sites: sites('reflectcall'),
    *body(f) {
      for (let i = -8; i < size + 8; i++) f.set(BLOCK + i, before(i), 1);
      f.set(0, ARGTYPE);
      f.set(8, f.world.funcval('main.fn'));
      f.set(16, f.slot(BLOCK));
      f.set(24, BigInt(size), 4);
      f.set(28, BigInt(retoffset), 4);
      yield { site: 'reflectcall', target: 'runtime.reflectcall', convention: 'ABI0' };
      const bytes = Array.from({ length: size + 8 }, (_, i) => f.get(BLOCK + i, 1));
      f.world.note('block', bytes);
      return undefined;
    },
  }),
  models: (): readonly Model[] => [
    reflectcallmove,
    {
      name: 'main.fn',
      convention: 'ABI0',
      frame: 0x10,
      sites: {},
      *body(f) {
        f.world.note(
          'read',
          Array.from({ length: size }, (_, i) => f.arg(i, 1)),
        );
        f.world.note('context', [f.reg(R.dx)]);
        for (let i = 0; i < size; i++) f.setArg(i, 1, after(i));
        return undefined;
      },
    },
  ],
});

/** A thread that C made, and that has no g, calls Go: not with these stubs. */
const withoutG: Scenario = {
  ...msanCallbackResult,
  stacks: ['g0'],
  main: () => ({
    name: 'main.main',
    convention: 'C',
    frame: 0x10,
    sites: sites('crosscall2'),
    *body(f) {
      f.world.currentG = 0n;
      [R.di, R.si, R.dx, R.cx].forEach((n, i) =>
        f.setReg(n, [f.world.addressOf('_cgoexp_GoFn'), f.slot(0), 16n, 0n][i]!),
      );
      yield { site: 'crosscall2', target: 'crosscall2', convention: 'C' };
      return undefined;
    },
  }),
};

/** What went wrong, if anything did. */
function wrong(size: number, retoffset: number, s?: Stubs): unknown {
  const r = run(reflected(size, retoffset), s ? { stubs: s } : {});
  const { world } = r;
  const block = Array.from({ length: size + 8 }, (_, i) => (i >= retoffset && i < size ? after(i) : before(i)));
  const all = [
    r.ending.kind,
    r.findings,
    world.noted('read'),
    world.noted('block'),
    world.noted('context'),
    world.noted('runtime.reflectcallmove')?.[0],
  ];
  const right = [
    'done',
    [],
    Array.from({ length: size }, (_, i) => before(i)),
    block,
    [world.funcval('main.fn')],
    ARGTYPE,
  ];
  return isDeepEqual(all, right) ? undefined : all;
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  try {
    expect(a).toEqual(b);
    return true;
  } catch {
    return false;
  }
}

// biome-ignore format: table
const sizes = [0, 1, 8, 16, 31, 32, 33, 64, 65, 128, 129, 256, 257, 512, 513, 1024] as const;

describe('reflectcall', () => {
  test.each(sizes)('%i bytes: all of them over, and from retoffset on back', (size) => {
    for (const retoffset of new Set([0, size >> 1, size])) expect(wrong(size, retoffset)).toBeUndefined();
  });

  test('more than any frame has room for: it aborts', () => {
    expect(run(reflected(1025, 0)).ending).toMatchObject({ kind: 'signal', signal: 'SIGTRAP' });
  });
});

test('a thread without a g aborts at once', () => {
  const r = run(withoutG);
  expect(r.ending).toMatchObject({ kind: 'signal', signal: 'SIGTRAP' });
  expect(r.endedAt).toMatch(/^runtime\.abort/);
});

describe('with any one instruction deleted', () => {
  const path = `${stubsDir()}/${FILE}`;
  const lines = readFileSync(path, 'utf8').split('\n');

  /** The stubs without a line; undefined where that is no assembly any more. */
  function without(n: number): Stubs | undefined {
    const changed = lines.toSpliced(n, 1).join('\n');
    const sources = { read: (p: string) => (p === path ? changed : library.sources.read(p)) };
    const object = assemble(path, sources, { ...library.options, includeDirs: [`${stubsDir()}/include`] });
    return object.diagnostics.length ? undefined : stubs({ ...library, overlays: new Map([[FILE, object]]) });
  }

  const callback = (s: Stubs): Ran => run(msanCallbackResult, { stubs: s, residue: 0 });
  const isNoticed = (s: Stubs): boolean => {
    const r = callback(s);
    if (r.findings.length || r.ending.kind !== 'done') return true;
    if (sizes.some((size) => wrong(size, size >> 1, s) !== undefined)) return true;
    const aborts = (scenario: Scenario): boolean => {
      const { ending } = run(scenario, { stubs: s });
      return ending.kind === 'signal' && ending.signal === 'SIGTRAP';
    };
    return !aborts(reflected(1025, 0)) || !aborts(withoutG);
  };

  /** Those that nobody notices, by their text, and why that is no wonder. */
  const larger = 'the next larger frame does as well';
  const equivalent: Readonly<Record<string, string>> = {
    'DISPATCH(runtime·call32, 32)': larger,
    'DISPATCH(runtime·call64, 64)': larger,
    'DISPATCH(runtime·call128, 128)': larger,
    'DISPATCH(runtime·call256, 256)': larger,
    'DISPATCH(runtime·call512, 512)': larger,
    'MOVLQZX argsize+24(FP), CX': 'CX has it from reflectcall, as long as the stack has not grown in between',
  };

  test('some check speaks, and none does before', () => {
    expect(isNoticed(stubs(library))).toBe(false);
    let mutants = 0;
    const survivors = lines.flatMap((text, n) => {
      if (!/^\t[A-Z]/.test(text) || /NO_LOCAL_POINTERS/.test(text)) return [];
      const s = without(n);
      if (!s) return [];
      mutants++;
      return isNoticed(s) ? [] : [`${text.trim().replace(/ *\/\/.*| *\\$/, '')}`];
    });
    expect(new Set(survivors)).toEqual(new Set(Object.keys(equivalent)));
    expect(mutants).toBeGreaterThan(80);
  }, 120_000);
});
