/** Lockstep finds the first difference, says what it is, and writes it down so that it can be run again. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import type { Engine, EngineParts, MakeEngine, Recorder, Stop } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { lockstep, Mismatch, type NamedEngine } from '#emu/engine/lockstep.ts';
import { mismatchText, narrow, parseReproducer, replay, reproducer } from '#emu/engine/reproducer.ts';
import { instructionAt } from '#emu/engine/straight-line.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { BUDGET, runCase } from '#runtime/verdict.ts';
import { loadEngine } from '../../../src/cli/engines.ts';
import { ownStubs, scenarioNamed } from '../../runtime/fixture.ts';
import { CODE, DATA } from '../../witness/silicon.ts';
import { bare } from './bare.ts';

const interp: NamedEngine = { name: 'interp', make: (parts) => new Interpreter(parts) };

/** The interpreter, but after each instruction of one name something is spoilt. */
const broken = (name: string, spoil: (p: EngineParts) => void): NamedEngine => ({
  name: 'broken',
  make: (parts): Engine => {
    const inner = new Interpreter(parts);
    const one = (recorder?: Recorder): Stop => {
      const insn = instructionAt(parts.mem, parts.cpu.rip);
      const stop = inner.run(1, recorder);
      if (insn?.form.name === name && stop.retired) spoil(parts);
      return stop;
    };
    return {
      run: (budget, recorder) => {
        for (let retired = 0; retired < budget; retired++) {
          const stop = one(recorder);
          if (stop.why !== 'budget') return { ...stop, retired: retired + stop.retired };
        }
        return { why: 'budget', retired: budget };
      },
    };
  },
});
const flipZero = broken('DECQ', ({ cpu }) => cpu.setFlag('ZF', !cpu.flag('ZF')));
const flipByte = broken('ADDQ', ({ mem }) => mem.poke(DATA + 0x123n, 1, 7n));

// MOVQ $3, CX; ADDQ CX, (BX); INCQ AX; DECQ CX; JNE back to the ADDQ; SYSCALL.
const LOOP = '48c7c103000000 48010b 48ffc0 48ffc9 75f5 0f05';

function run(make: MakeEngine, budget = 100): Mismatch | Stop {
  const parts = bare();
  parts.mem.pokeBytes(CODE, Uint8Array.from(Buffer.from(LOOP.replaceAll(' ', ''), 'hex')));
  parts.cpu.rip = CODE;
  parts.cpu.setGpr(R.bx, DATA);
  try {
    return make(parts).run(budget);
  } catch (e) {
    if (e instanceof Mismatch) return e;
    throw e;
  }
}
const mismatch = (m: Mismatch | Stop): Mismatch => {
  expect(m).toBeInstanceOf(Mismatch);
  return m as Mismatch;
};

describe.each(['step', 'block'] as const)('by %s', (by) => {
  test('an engine agrees with itself, to the stop and what it retired', () => {
    expect(run(lockstep(interp, interp, { by }))).toEqual({ why: 'syscall', retired: 14 });
    expect(run(lockstep(interp, interp, { by }), 5)).toEqual({ why: 'budget', retired: 5 });
  });

  test('a wrong flag is found at the instruction that set it', () => {
    const m = narrow(mismatch(run(lockstep(interp, flipZero, { by }))), interp, flipZero);
    expect(m.agreed).toBe(3);
    expect(m.insns.map((i) => i.form.name)).toEqual(['DECQ']);
    expect(m.differences).toEqual([{ place: 'RFLAGS', before: 'none', results: ['none', 'ZF'] }]);
    expect(mismatchText(m, () => undefined)).toBe(
      [
        'interp and broken differ after 3 instructions that they agree on, at',
        '    0x2000000d  48 ff c9  DECQ CX',
        '  with RCX=0x3 RFLAGS=0x202',
        '          before  interp  broken',
        '  RFLAGS  none    none    ZF',
      ].join('\n'),
    );
  });

  test('so is a wrong byte of memory, wherever it is', () => {
    const m = narrow(mismatch(run(lockstep(flipByte, interp, { by }))), flipByte, interp);
    expect(m.insns.map((i) => i.form.name)).toEqual(['ADDQ']);
    expect(m.differences).toEqual([{ place: '[0x30000120]', before: '0x0', results: ['0x7000000', '0x0'] }]);
  });
});

test('a reproducer is small, survives being a file, and shows the same again', () => {
  const m = mismatch(run(lockstep(interp, flipZero, { by: 'step' })));
  const text = JSON.stringify(reproducer(m));
  expect(text.length).toBeLessThan(1000);
  const again = replay(parseReproducer(text), interp, flipZero)!;
  expect(again.differences).toEqual(m.differences);
  expect(reproducer(again)).toEqual(reproducer(m));
  expect(replay(parseReproducer(text), interp, interp)).toBeUndefined();
});

test('what is no reproducer is refused in words', () => {
  expect(() => parseReproducer('{')).toThrow('not JSON');
  expect(() => parseReproducer('{}')).toThrow('no reproducer');
  expect(() => parseReproducer('{"format":"callgate lockstep 1"}')).toThrow('engines, instructions');
});

test('a stop that only one engine makes is a difference', () => {
  const stubborn: NamedEngine = {
    name: 'stubborn',
    make: (parts) => {
      const inner = new Interpreter(parts);
      return {
        run: (budget, recorder) => {
          const stop = inner.run(budget, recorder);
          return stop.why === 'syscall' ? { why: 'budget', retired: stop.retired } : stop;
        },
      };
    },
  };
  const m = mismatch(run(lockstep(interp, stubborn, { by: 'step' })));
  expect(m.differences).toEqual([{ place: 'stop', before: '', results: ['syscall after 1', 'budget after 1'] }]);
});

/** The engines that can run here; the others say in the name of their test why not. */
const others = await Promise.all(
  ['jit', 'unicorn', 'hardware'].map(async (engine) => {
    try {
      return { engine, loaded: await loadEngine({ engine, eager: true }), missing: '' };
    } catch (e) {
      return { engine, loaded: undefined, missing: ` (${(e as Error).message})` };
    }
  }),
);

for (const { engine, loaded, missing } of others) {
  describe.skipIf(!loaded)(`interp and ${engine}${missing}`, () => {
    test.each(scenarios.map((s) => s.name))('%s', (name) => {
      const scenario = scenarioNamed(name);
      const stack = scenario.stacks[0]!;
      for (const situation of scenario.situations) {
        const c = {
          scenario,
          situation,
          stack,
          residue: 8,
          seed: 0n,
          fail: [],
          engine: lockstep(interp, loaded!, { by: 'step' }),
        };
        expect(runCase(c, ownStubs(), BUDGET).findings).toEqual([]);
      }
    });
  });
}

test('differences that were found once stay mended', async () => {
  const folder = 'test/emu/lockstep';
  const byName = new Map([['interp', interp as NamedEngine], ...others.map((o) => [o.engine, o.loaded] as const)]);
  const files = readdirSync(folder).filter((f) => f.endsWith('.json'));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const r = parseReproducer(readFileSync(`${folder}/${file}`, 'utf8'));
    const [first, second] = r.engines.map((n) => byName.get(n));
    if (!first || !second) continue;
    const found = replay(r, first, second);
    expect(
      found && mismatchText(found, () => undefined),
      `callgate lockstep ${r.engines.join(' ')} --replay ${folder}/${file}`,
    ).toBeUndefined();
  }
});
