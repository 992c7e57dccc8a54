/** R4: mmap and munmap are intercepted, and Go's munmap goes by the interceptor. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { xCgoMmap } from '#runtime/c/mmap.ts';
import { type Model, sites } from '#runtime/model.ts';
import { interposerOf } from '#runtime/sanitizer/interpose.ts';
import type { Scenario, Situation } from '#runtime/scenario.ts';
import { munmapScenario, munmapSyscall } from '#runtime/scenarios/memory.ts';
import { munmapIntercepted } from '#runtime/scenarios/munmap-intercepted.ts';
import { stackNames } from '#runtime/world.ts';
import { atEveryResidue, found, run } from './run.ts';

const without = { without: ['munmap-intercept'] } as const;
const RANGE = '[0x7ffff7fde000, 0x7ffff7fff000)';

describe('without the interception of munmap', () => {
  test.each(stackNames)('the interposer believes in memory that is gone, from %s at any alignment', (stack) => {
    for (const r of atEveryResidue(munmapIntercepted, { ...without, stack })) {
      expect(found(r).map((line) => line.replace(/:\d+/, ''))).toEqual([
        `interposer: ${RANGE} is on record as rw- since mmap 1, was unmapped by a raw munmap at runtime.sysMunmap mmap.s, and is mapped as r-- now; it saw 1 mmap, 0 munmap`,
        'interposer: saw 1 mmap and 0 munmap of memory that is all freed',
      ]);
      expect(r.ending).toEqual({ kind: 'done' });
    }
  });

  test('the line it names is that of the system call', () => {
    const r = run(munmapIntercepted, without);
    const line = /mmap\.s:(\d+)/.exec(found(r)[0]!)![1];
    const { symbols } = r.world.machine;
    const { address, size } = symbols.named('runtime.sysMunmap')!;
    const bytes = r.world.machine.mem.peekBytes(address, size);
    const syscall = bytes.findIndex((b, i) => b === 0x0f && bytes[i + 1] === 0x05);
    expect(String(symbols.lineOf(address + BigInt(syscall))!.line)).toBe(line);
  });
});

describe('with it', () => {
  test.each(stackNames)('record and truth agree, from %s at any alignment', (stack) => {
    for (const r of atEveryResidue(munmapIntercepted, { stack })) {
      expect([found(r), r.ending.kind]).toEqual([[], 'done']);
      expect(r.world.noted('saw')).toEqual([1n, 1n]);
      expect(interposerOf(r.world).intervals).toEqual([]);
    }
  });
});

describe('the cause is the raw system call', () => {
  test('with the fix, but without a munmap of C, the interposer is as wrong', () => {
    const noMunmap: Scenario = { ...munmapIntercepted, globals: { ...munmapIntercepted.globals, _cgo_munmap: 0n } };
    expect(found(run(noMunmap))[0]).toMatch(/was unmapped by a raw munmap at runtime\.sysMunmap/);
  });

  test('without the fix, but with a munmap that goes through C, it is right', () => {
    const munmap: Model = {
      name: 'runtime.munmap',
      convention: 'ABIInternal',
      frame: 0x18,
      sites: sites('asmcgocall'),
      *body(f) {
        f.set(0, f.world.addressOf('unmap'));
        f.set(8, f.reg(R.ax));
        yield { site: 'asmcgocall', target: 'runtime.asmcgocall', convention: 'ABI0' };
        return undefined;
      },
    };
    const unmap: Model = {
      name: 'unmap',
      convention: 'C',
      frame: 0x10,
      sites: sites('munmap'),
      resultBits: 32,
      *body(f) {
        f.setReg(R.si, 0x2_1000n);
        yield { site: 'munmap', target: 'munmap', convention: 'C' };
        return undefined;
      },
    };
    const models = (s: Situation): readonly Model[] => [munmap, unmap, ...munmapIntercepted.models!(s)];
    expect(found(run({ ...munmapIntercepted, models }, without))).toEqual([]);
  });

  test('without the fix and without an interposer, nobody is wrong', () => {
    const r = run(munmapSyscall, without);
    expect([found(r), r.ending.kind]).toEqual([[], 'done']);
  });
});

/** What mmap hands on to C, and what becomes of what C returns. */
const ARGS = [0x7123_4567_8000n, 0x2_1000n, 3n, 0x22n, 0xffff_ffffn, 0xffff_f000n] as const;

const returning = (value: bigint): Scenario => ({
  name: 'mmap-returning',
  why: 'C returns what it is told to',
  stubs: [],
  stacks: stackNames,
  globals: { _cgo_mmap: 'x_cgo_mmap', _cgo_munmap: 'x_cgo_munmap' },
  situations: [{ name: 'one call', fail: [], ends: { kind: 'done' } }],
  main: () => ({
    name: 'main.main',
    convention: 'ABIInternal',
    frame: 0x20,
    sites: sites('mmap'),
    *body(f) {
      // Ints of 32 bits: compiled Go leaves anything in the upper halves.
      const junk = [0n, 0n, ...Array<bigint>(4).fill(0xdead_beefn << 32n)];
      [R.ax, R.bx, R.cx, R.di, R.si, R.r8].forEach((n, i) => f.setReg(n, ARGS[i]! | junk[i]!));
      yield { site: 'mmap', target: 'runtime.mmap', convention: 'ABIInternal' };
      f.world.note('returned', [f.reg(R.ax), f.reg(R.bx)]);
      f.world.note('kept', [f.cpu.gpr(R.sp) - f.sp, f.reg(R.bp) - (f.entry - 8n)]);
      return undefined;
    },
  }),
  models: () => [
    {
      ...xCgoMmap,
      *body(f) {
        f.world.note('entry', [f.entry, f.world.currentG]);
        f.world.note(
          'arguments',
          [R.di, R.si, R.dx, R.cx, R.r8, R.r9].map((n) => f.reg(n)),
        );
        f.setReg(R.ax, value);
        return undefined;
      },
    },
  ],
});

describe('callCgoMmap', () => {
  test.each(stackNames)('from %s: aligned, on a system stack, all six arguments whole, RSP and BP back', (stack) => {
    for (const residue of [0, 8]) {
      const { world, findings } = run(returning(0x7f00_0000_1000n), { stack, residue });
      expect(findings).toEqual([]);
      const [rsp, g] = world.noted('entry')!;
      expect(rsp! % 16n).toBe(8n);
      // From curg systemstack switches to g0; from gsignal it does not.
      const on = stack === 'gsignal' ? 'gsignal' : 'g0';
      expect([world.machine.stackAt(rsp!), g]).toEqual([`${on} stack`, world[on].at]);
      expect(world.noted('arguments')).toEqual(ARGS);
      expect(world.noted('returned')).toEqual([0x7f00_0000_1000n, 0n]);
      expect(world.noted('kept')).toEqual([0n, 0n]);
    }
  });

  test.each([
    [1n, [0n, 1n]],
    [12n, [0n, 12n]],
    [4095n, [0n, 4095n]],
    [4096n, [4096n, 0n]],
    [0x7f00_0000_1000n, [0x7f00_0000_1000n, 0n]],
    [0xffff_ffff_ffff_f000n, [0xffff_ffff_ffff_f000n, 0n]],
  ] as const)('C returns %s: an address or an errno', (value, expected) => {
    for (const stack of stackNames) expect(run(returning(value), { stack }).world.noted('returned')).toEqual(expected);
  });
});

describe('a munmap that fails', () => {
  const failing = (s: Scenario): Scenario => ({ ...s, situations: s.situations.filter((x) => x.fail.length) });

  test('through C: abort', () => {
    for (const stack of stackNames) {
      expect(run(failing(munmapScenario), { stack }).ending).toMatchObject({ kind: 'signal', signal: 'SIGABRT' });
    }
  });

  test('without C, or before C was asked: a fault at 0xf1', () => {
    const fault = { kind: 'signal', signal: 'SIGSEGV', fault: { kind: 'page', address: 0xf1n } };
    for (const stack of stackNames) {
      expect(run(failing(munmapSyscall), { stack }).ending).toMatchObject(fault);
      expect(run(failing(munmapScenario), { stack, ...without }).ending).toMatchObject(fault);
    }
  });

  test('with an interposer, which hands the error on', () => {
    const [situation] = munmapIntercepted.situations;
    const refused: Scenario = { ...munmapIntercepted, situations: [{ ...situation!, fail: ['munmap:EINVAL'] }] };
    const r = run(refused);
    expect(r.ending).toMatchObject({ kind: 'signal', signal: 'SIGABRT' });
    expect(interposerOf(r.world).saw).toEqual({ mmap: 1, munmap: 0 });
  });
});
