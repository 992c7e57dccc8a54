/** The sanitizers: what they keep, what they say, and that they are entered as C functions must be. */
import { describe, expect, test } from 'vitest';
import { Trap } from '#emu/mem/fault.ts';
import type { Frame } from '#runtime/frame.ts';
import { view } from '#runtime/layout/view.ts';
import { type Body, type Model, sites } from '#runtime/model.ts';
import { Checked, known } from '#runtime/sanitizer/checked.ts';
import { acquire, enter, read, release, releaseMerge, write } from '#runtime/sanitizer/happens-before.ts';
import { interposer, interposerGlobals, interposerOf } from '#runtime/sanitizer/interpose.ts';
import { msanModels, shadowOf } from '#runtime/sanitizer/msan.ts';
import { tsanModels } from '#runtime/sanitizer/tsan.ts';
import { newThreadState, processor, raceinit, THREADS, type ThreadState } from '#runtime/sanitizer/tsan-memory.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { stackNames, type World } from '#runtime/world.ts';
import { mutant } from './fixture.ts';
import { atEveryResidue, found, run } from './regressions/run.ts';

/** A world in which `body` is all that happens. */
const alone = (body: (f: Frame) => Body, more: Partial<Scenario> = {}): Scenario => ({
  name: 'alone',
  why: 'one function',
  stubs: [],
  stacks: stackNames,
  globals: {},
  situations: [{ name: 'runs', fail: [], ends: { kind: 'done' } }],
  main: () => ({ name: 'main.main', convention: 'ABIInternal', frame: 0x48, sites: sites('call', 'c'), body }),
  models: () => [...msanModels, ...tsanModels],
  ...more,
});

/** A world in which nothing has happened but `setup`. */
function worldAfter(setup: (w: World) => void, more: Partial<Scenario> = {}): World {
  // biome-ignore lint/correctness/useYield: it calls nobody
  const scenario = alone(function* (f) {
    setup(f.world);
    return undefined;
  }, more);
  return run(scenario).world;
}

/** Call an msan stub with these words. */
function* thunk(f: Frame, name: string, ...args: readonly bigint[]): Body<void> {
  args.forEach((v, i) => f.set(8 * i, v));
  yield { site: 'call', target: `runtime.${name}`, convention: 'ABI0' };
}

describe("MSan's shadow", () => {
  const world = worldAfter(() => {});
  const shadow = shadowOf(world);
  const at = world.curg.at + 0x40n;

  test.each([
    ['[gates]', 0x1000_0000n, 0x5000_1000_0000n],
    ['[go heap]', 0xc0_0000_0000n, 0x50c0_0000_0000n],
    ['the program break', 0x5555_5555_9000n, 0x0555_5555_9000n],
    ['mappings', 0x7fff_f7ff_e000n, 0x2fff_f7ff_e000n],
  ])('of %s', (_, address, expected) => {
    shadow.poison(address, 1);
    expect(world.machine.mem.peek(expected, 2)).toBe(0xffn);
    shadow.unpoison(address, 1);
  });

  test('there is none between the ranges, nor for more than there can be', () => {
    const fault = (address: bigint, size: number): unknown => {
      try {
        return shadow.poison(address, size);
      } catch (e) {
        return e instanceof Trap && e.fault.kind;
      }
    };
    expect(fault(0x100_0000_0000n, 1)).toBe('page');
    expect(fault(0x1234_0000_0000_0000n, 1)).toBe('protection');
    expect(fault(at, 2 ** 62)).toBe('protection');
    expect(fault(at, 2 ** 31)).toBe('page');
  });

  test('good until it is poisoned, and then byte for byte', () => {
    expect(shadow.unwritten(at, 16)).toEqual([]);
    shadow.poison(at + 2n, 5);
    expect(shadow.unwritten(at, 16)).toEqual([2, 3, 4, 5, 6]);
    shadow.unpoison(at + 4n, 1);
    expect(shadow.unwritten(at, 16)).toEqual([2, 3, 5, 6]);
    shadow.store(at + 2n, 1, 0x80n);
    expect([shadow.load(at + 2n, 2), shadow.unwritten(at, 4)]).toEqual([0xff80n, [2, 3]]);
  });

  test('moves with the bytes, also onto itself', () => {
    shadow.unpoison(at, 32);
    shadow.poison(at, 4);
    shadow.move(at + 2n, at, 8);
    expect(shadow.unwritten(at, 16)).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("MSan's functions, through Go's thunks", () => {
  const cases = [
    ['domsanread', '__msan_read_go', 2],
    ['msanwrite', '__msan_write_go', 2],
    ['msanmalloc', '__msan_malloc_go', 2],
    ['msanfree', '__msan_free_go', 2],
    ['msanmove', '__msan_memmove', 3],
  ] as const;

  test.each(cases)('%s: the arguments, on an aligned stack of g0, and TLS as it was', (stub, inC, n) => {
    for (const stack of stackNames) {
      const scenario = alone(function* (f) {
        const g = f.world.currentG;
        const args = [f.world.curg.at, 8n, 8n].slice(0, n);
        if (stub === 'msanmove') args[1] = f.world.curg.at + 8n;
        yield* thunk(f, stub, ...args);
        const [got0, got1, got2, entry, tls] = f.world.noted(inC)!;
        expect([got0, got1, got2].slice(0, n)).toEqual(args);
        expect([f.world.machine.stackAt(entry!), entry! % 16n, tls]).toEqual(['g0 stack', 8n, g]);
        return undefined;
      });
      for (const r of atEveryResidue(scenario, { stack })) expect([found(r), r.ending.kind]).toEqual([[], 'done']);
    }
  });

  test('free poisons, malloc and write unpoison, move takes along what is known', () => {
    const scenario = alone(function* (f) {
      const [a, b] = [f.world.curg.at, f.world.gsignal.at];
      const shadow = shadowOf(f.world);
      f.mem.poke(b + 0x100n, 8, 0x1122_3344n);
      yield* thunk(f, 'msanfree', a + 0x100n, 24n);
      yield* thunk(f, 'msanmalloc', a + 0x100n, 8n);
      yield* thunk(f, 'msanwrite', a + 0x109n, 1n);
      expect(shadow.unwritten(a + 0x100n, 32)).toEqual([8, ...Array.from({ length: 14 }, (_, i) => 10 + i)]);
      yield* thunk(f, 'msanmove', a + 0x108n, b + 0x100n, 8n);
      expect(shadow.unwritten(a + 0x100n, 32)).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
      expect(f.mem.peek(a + 0x108n, 8)).toBe(0x1122_3344n);
      return undefined;
    });
    expect(found(run(scenario))).toEqual([]);
  });

  test('a read of what nobody has written is reported, with the offset, and exits with 1', () => {
    const r = run(
      alone(function* (f) {
        const at = f.world.curg.at;
        shadowOf(f.world).poison(at + 3n, 2);
        yield* thunk(f, 'domsanread', at, 8n);
        return undefined;
      }),
      { stack: 'curg' },
    );
    const at = `0x${r.world.curg.at.toString(16)}`;
    const [first, title, ...frames] = r.output.split('\n');
    expect(first).toBe(`Uninitialized bytes in __msan_check_mem_is_initialized at offset 3 inside [${at}, 8)`);
    expect(title).toBe('==1000==WARNING: MemorySanitizer: use-of-uninitialized-value');
    expect(frames[0]).toMatch(/^ {4}#0 0x[0-9a-f]+ in __msan_read_go$/);
    expect(r.ending).toEqual({ kind: 'exit', status: 1 });
    expect(found(r)).toEqual([
      `msan: MemorySanitizer: use-of-uninitialized-value in __msan_read_go: 2 of the 8 bytes at ${at} (+3…+4) were never written`,
    ]);
  });

  test.each([
    ['the stack is not changed', ['MOVQ (g_sched+gobuf_sp)(R13), SP', 'NOP'], 'system-stack'],
    ['the stack is not aligned', ['ANDQ $~15, SP', 'NOP'], 'c-call-alignment'],
    ['TLS is changed as well', ['MOVQ m_g0(R13), R13\n', 'MOVQ m_g0(R13), R13\n\tMOVQ R13, (TLS)\n'], 'g'],
  ] as const)('a thunk that is wrong is found: %s', (_, change, check) => {
    const scenario = alone(function* (f) {
      yield* thunk(f, 'msanwrite', f.world.curg.at, 8n);
      return undefined;
    });
    const stubs = mutant('msan.s', change);
    const checks = atEveryResidue(scenario, { stack: 'curg', stubs }).flatMap((r) => r.findings.map((f) => f.check));
    expect(checks).toContain(check);
  });
});

describe('C code under -fsanitize=memory', () => {
  /** A C function with sixteen bytes of locals, eight of them written. */
  const inC = (body: (c: Checked, f: Frame) => void): Scenario => {
    const c: Model = {
      name: 'c',
      convention: 'C',
      frame: 0x20,
      sites: {},
      resultBits: 0,
      // biome-ignore lint/correctness/useYield: it calls nobody
      *body(f) {
        const checked = new Checked(f, { offset: 0, size: 16 });
        checked.store(f.slot(0), 8, known(0x55n));
        body(checked, f);
        return undefined;
      },
    };
    return alone(
      function* (f) {
        f.set(0, f.world.addressOf('c'));
        yield { site: 'c', target: 'runtime.asmcgocall', convention: 'ABI0' };
        return undefined;
      },
      { models: () => [...msanModels, c] },
    );
  };
  const reports = (body: (c: Checked, f: Frame) => void): string[] => found(run(inC(body)));

  test('a branch on what was written, and a copy of what was not, are fine', () => {
    expect(
      reports((c, f) => {
        expect(c.branch(c.load(f.slot(0), 8))).toBe(true);
        c.store(f.slot(0), 8, c.load(f.slot(8), 8));
      }),
    ).toEqual([]);
  });

  test('a branch on a copy of what was not is reported, by its origin', () => {
    expect(
      reports((c, f) => {
        const v = c.load(f.slot(8), 8);
        c.branch(v);
      }),
    ).toEqual([expect.stringMatching(/^msan: .* in c: 8 of the 8 bytes at 0x[0-9a-f]+ were never written$/)]);
  });

  test('so is the use of one as an address', () => {
    expect(reports((c, f) => void c.load(c.load(f.slot(8), 8), 1)).length).toBe(1);
  });

  test('half of a word is enough; a known bit that differs decides a comparison all the same', () => {
    expect(reports((c, f) => void c.branch(c.equals(c.load(f.slot(4), 8), 0n)))).toEqual([
      expect.stringContaining('4 of the 8 bytes'),
    ]);
    expect(reports((c, f) => void c.branch(c.equals(c.load(f.slot(4), 8), 1n)))).toEqual([]);
  });
});

describe("TSan's Processors", () => {
  test('one each P, one context each goroutine', () => {
    const world = worldAfter(raceinit, { world: { race: true, procs: 3 } });
    const contexts = world.allp.map((at) => view(world.machine.mem, processor, world.pOf(at).raceprocctx));
    expect(contexts.map((c) => c.p)).toEqual(world.allp);
    expect(new Set(contexts.map((c) => c.at)).size).toBe(3);
    expect(world.curg.racectx).not.toBe(0n);
  });
});

describe('happens-before', () => {
  /** A world with three goroutines that know nothing of each other, and a word they share. */
  function three(): { world: World; a: ThreadState; b: ThreadState; c: ThreadState; x: bigint; sync: bigint } {
    const world = worldAfter(raceinit, { world: { race: true } });
    const [a, b, c] = [newThreadState(world), newThreadState(world), newThreadState(world)];
    return { world, a, b, c, x: world.variable('x'), sync: world.variable('runtime.racecgosync') };
  }
  const PC = 0n;
  const races = (w: World): number => w.findings.filter((f) => f.check === 'race').length;

  test('two writes without order between them race, and the report says who and where', () => {
    const { world, a, b, x } = three();
    const pc = world.addressOf('runtime.asmcgocall');
    write(world, a, x, pc);
    enter(world, b, world.addressOf('runtime.mcall') + 1n);
    write(world, b, x, pc);
    const at = `0x${x.toString(16)}`;
    const where = 'in runtime.asmcgocall stack.s';
    expect(world.findings.map((f) => f.message.replace(/:\d+/g, ''))).toEqual([
      `WARNING: DATA RACE: Write at ${at} by goroutine 3 ${where}; previous write at ${at} by goroutine 2 ${where}`,
    ]);
  });

  test('a release and an acquire in between order them', () => {
    const { world, a, b, x, sync } = three();
    write(world, a, x, PC);
    release(world, a, sync);
    acquire(world, b, sync);
    write(world, b, x, PC);
    expect(races(world)).toBe(0);
  });

  test.each(['release', 'acquire'])('without the %s they do not', (missing) => {
    const { world, a, b, x, sync } = three();
    write(world, a, x, PC);
    if (missing !== 'release') release(world, a, sync);
    if (missing !== 'acquire') acquire(world, b, sync);
    write(world, b, x, PC);
    expect(races(world)).toBe(1);
  });

  test('what comes after the release is not covered by it', () => {
    const { world, a, b, x, sync } = three();
    release(world, a, sync);
    write(world, a, x, PC);
    acquire(world, b, sync);
    write(world, b, x, PC);
    expect(races(world)).toBe(1);
  });

  test('reads do not race with reads, but with writes', () => {
    const { world, a, b, c, x } = three();
    read(world, a, x, PC);
    read(world, b, x, PC);
    expect(races(world)).toBe(0);
    write(world, c, x, PC);
    expect(races(world)).toBe(2);
    read(world, a, x, PC);
    expect(races(world)).toBe(3);
  });

  test('a merge keeps what others released, a plain release does not', () => {
    for (const [how, expected] of [
      [releaseMerge, 0],
      [release, 1],
    ] as const) {
      const { world, a, b, c, x, sync } = three();
      write(world, a, x, PC);
      release(world, a, sync);
      how(world, b, sync);
      acquire(world, c, sync);
      write(world, c, x, PC);
      expect(races(world)).toBe(expected);
    }
  });

  test('a goroutine begins after what its creator has done, and goes its own way from there', () => {
    const { world, a, x } = three();
    write(world, a, x, PC);
    const child = newThreadState(world, a);
    write(world, child, x, PC);
    expect(races(world)).toBe(0);
    write(world, a, x, PC);
    expect(races(world)).toBe(1);
  });

  test('there is room for so many goroutines, and that is said', () => {
    const { world } = three();
    const all = (): void => {
      for (let i = 0; i < THREADS; i++) newThreadState(world);
    };
    expect(all).toThrow(`room for ${THREADS} goroutines`);
  });
});

describe('an interposer of mmap and munmap', () => {
  const world = worldAfter(() => {}, { models: () => interposer, globals: interposerGlobals });

  test('keeps what is left of an interval that is unmapped in part', () => {
    const ledger = interposerOf(world);
    ledger.mapped(0x10_0000n, 0x4000n, 3);
    ledger.unmapped(0x10_1000n, 0xfffn);
    expect(ledger.intervals).toEqual([
      { start: 0x10_0000n, end: 0x10_1000n, prot: 3, by: 1 },
      { start: 0x10_2000n, end: 0x10_4000n, prot: 3, by: 1 },
    ]);
    ledger.mapped(0x10_0000n, 0x3000n, 1);
    expect(ledger.find(0x10_2000n)?.by).toBe(2);
    expect(ledger.find(0x10_3000n)?.by).toBe(1);
    expect(ledger.saw).toEqual({ mmap: 2, munmap: 1 });
  });

  test('is told wrong about what is not mapped at all', () => {
    expect(interposerOf(world).audit(0x10_3000n)).toBe(
      '[0x103000, 0x104000) is on record as rw- since mmap 1, and is not mapped now; it saw 2 mmap, 1 munmap',
    );
    expect(interposerOf(world).audit(0x10_1000n)).toBe(
      '[0x100000, 0x103000) is on record as r-- since mmap 2, and is not mapped now; it saw 2 mmap, 1 munmap',
    );
    expect(interposerOf(world).audit(0x20_0000n)).toBeUndefined();
  });
});
