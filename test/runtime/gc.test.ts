/** Walks over stacks, stacks that move, and scans of them. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { roundRobin } from '#emu/sched/round-robin.ts';
import type { Turn } from '#emu/sched/scheduler.ts';
import { underway } from '#runtime/boot.ts';
import type { FixName } from '#runtime/fixes.ts';
import type { Frame } from '#runtime/frame.ts';
import { scanstack } from '#runtime/gc/scan.ts';
import { goroutineheader, traceback } from '#runtime/gc/traceback.ts';
import { gentraceback, type Start } from '#runtime/gc/unwind.ts';
import { G, SCAN, stack } from '#runtime/layout/go1.19.ts';
import { view } from '#runtime/layout/view.ts';
import { type Model, sites } from '#runtime/model.ts';
import type { World } from '#runtime/world.ts';
import { callback, growStack, runOf, watched } from './callback.ts';

const names = (w: World, start?: Start): string[] => [...gentraceback(w, w.curg, 'quiet', start)].map((f) => f.fn.name);

/** The frames of a goroutine that C has called back, the innermost first. */
const CHAIN = [
  '_cgoexp_GoF',
  'runtime.cgocallbackg1',
  'runtime.cgocallbackg',
  'runtime.cgocallbackg',
  'runtime.cgocallback',
  'runtime.systemstack_switch',
  'runtime.cgocall',
  'main._Cfunc_f',
  'main.main',
];

/** Hold a goroutine, as suspendG does, and look at it as the collector would. */
function scan(w: World): void {
  w.curg.atomicstatus |= SCAN;
  scanstack(w, w.curg);
  w.curg.atomicstatus &= ~SCAN;
}

describe('walks', () => {
  test('from the callback to the first function', () => {
    let seen: string[] = [];
    const told = callback({
      inGo: ({ world }) => {
        seen = names(world, world.bridge.running);
        return undefined;
      },
    });
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(seen).toEqual(CHAIN);
  });

  test('after every instruction that leaves RSP on the goroutine, up to the first function', () => {
    const { world, main } = callback({});
    const { mem, cpu } = world.machine;
    let walks = 0;
    const cut = new Set<string>();
    const look = (): void => {
      const sp = cpu.gpr(R.sp);
      const { lo, hi } = view(mem, stack, world.curg.stack);
      if (sp < lo || sp >= hi || cpu.rip === world.addressOf('callgate.exit')) return;
      const last = [...gentraceback(world, world.curg, 'quiet', { pc: cpu.rip, sp })].at(-1)!.fn;
      // Functions that set SP say so, and end a walk that is not made to move or scan a stack.
      if (last.writesSp) cut.add(last.name);
      else expect(last.name).toBe('main.main');
      walks++;
    };
    expect(world.run(main, 'curg', 0, 10_000, watched(look))).toEqual({ kind: 'done' });
    expect(walks).toBeGreaterThan(60);
    expect([...cut]).toEqual(['runtime.asmcgocall']);
  });

  test('of a goroutine in C begin at its system call; after a callback as before', () => {
    const seen: string[][] = [];
    const told = callback({
      inC: ({ world }) => seen.push(names(world)),
      backInC: ({ world }) => {
        seen.push(names(world));
      },
    });
    runOf(told);
    const inC = ['runtime.cgocall', 'main._Cfunc_f', 'main.main'];
    expect(seen).toEqual([inC, inC]);
  });

  test('without reentersyscall they begin in frames that are gone', () => {
    let seen: string[] = [];
    const told = callback(
      {
        backInC: ({ world }) => {
          seen = names(world);
        },
      },
      { without: ['reentersyscall'] },
    );
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(seen.slice(0, 2)).toEqual(['runtime.cgocallbackg', 'runtime.cgocallbackg']);
    expect(told.world.thrown).toBe('exitsyscall: syscall frame is no longer valid');
  });

  test('of a call of nil begin with whoever made it', () => {
    let seen: string[] = [];
    const told = callback({
      inGo: ({ world, sp, mem }) => {
        mem.write(sp - 8n, 8, world.bridge.siteAddress('_cgoexp_GoF', 'call'));
        seen = names(world, { pc: 0n, sp: sp - 8n });
        return undefined;
      },
    });
    runOf(told);
    expect(seen).toEqual(CHAIN);
  });

  test.each([
    [
      'a return address that is none',
      0x1234n,
      'unknown caller pc',
      /unexpected return pc for main\._Cfunc_f called from 0x1234\n/,
    ],
    ['a goroutine that is nowhere', undefined, 'unknown pc', /runtime: g 1: unknown pc 0x77\n/],
  ])('%s ends a scan', (_, lr, thrown, prints) => {
    const told = callback({
      inC: ({ world, mem }) => {
        const frames = [...gentraceback(world, world.curg, 'quiet')];
        if (lr === undefined) world.curg.syscallpc = 0x77n;
        else mem.poke(frames.find((f) => f.fn.name === 'main._Cfunc_f')!.fp - 8n, 8, lr);
        scan(world);
      },
    });
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.world.thrown).toBe(thrown);
    expect(told.output()).toMatch(prints);
  });

  test('a function that sets SP must not stand in the middle of a stack that is scanned', () => {
    const told = callback({
      inC: ({ world, mem }) => {
        const [cgocall] = [...gentraceback(world, world.curg, 'quiet')];
        mem.poke(cgocall!.fp - 8n, 8, world.addressOf('runtime.asmcgocall') + 1n);
        scan(world);
      },
    });
    runOf(told);
    expect(told.output()).toMatch(
      /^traceback: unexpected SPWRITE function runtime\.asmcgocall\nfatal error: traceback\n/,
    );
  });

  test('nobody walks over the stack it runs on to move or scan it', () => {
    const told = callback({
      inGo: ({ world }) => {
        scan(world);
        return undefined;
      },
    });
    runOf(told);
    expect(told.world.thrown).toBe('scanstack: goroutine not stopped');
  });
});

/** In C, the callback's frames gone: what the collector finds on the goroutine. */
const scanAfterwards = (without: readonly FixName[], freed: boolean) =>
  callback(
    {
      *inGo(f) {
        yield* growStack(f, 8);
      },
      backInC: ({ world }) => {
        if (freed) world.stacks.freeSpans();
        scan(world);
      },
    },
    { without },
  );

describe('scans', () => {
  test('find nothing where cgocall keeps its arguments alive', () => {
    for (const freed of [false, true]) {
      const told = scanAfterwards([], freed);
      expect(runOf(told)).toEqual({ kind: 'done' });
      expect(told.world.stacks.retired.length).toBeGreaterThan(0);
      expect(told.world.stale).toEqual([]);
      expect(told.world.findings).toEqual([]);
    }
  });

  test('without KeepAlive find the argument that nobody moved, and throw once its stack is free', () => {
    const told = scanAfterwards(['keepalive'], true);
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.world.thrown).toBe('found bad pointer in Go heap (incorrect use of unsafe or cgo?)');
    const [left] = told.world.stacks.retired;
    const [stale] = told.world.stale;
    expect(stale).toMatchObject({ goid: 1n, frame: 'runtime.cgocall', site: 'entersyscall', retired: left });
    // &p0 in _Cfunc_f's arguments: in the old stack as far from the high bound as it is in the new one.
    const { hi } = view(told.world.machine.mem, stack, told.world.curg.stack);
    const cgocall = [...gentraceback(told.world, told.world.curg, 'quiet')][0]!;
    expect(left!.hi - stale!.value).toBe(hi - (cgocall.fp + 0x28n));
    expect(told.output()).toMatch(
      /^runtime: pointer 0x[0-9a-f]+ to unallocated span span\.base\(\)=0x[0-9a-f]+ span\.limit=0x[0-9a-f]+ span\.state=0\nruntime: found in object at \*\(0x[0-9a-f]+\+0x8\)\nfatal error: found bad pointer/,
    );
  });

  test('without KeepAlive Go notices nothing while the old stack is still a stack; we do', () => {
    const told = scanAfterwards(['keepalive'], false);
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(told.world.stale).toHaveLength(1);
    expect(told.world.findings.map((f) => f.check)).toEqual(['stale-pointer']);
  });

  test('shrink a stack of which less than a quarter is in use, but not in a system call', () => {
    const sizes: bigint[] = [];
    const told = callback(
      {
        *before(f) {
          const { world } = f;
          const size = (): bigint => view(f.mem, stack, world.curg.stack).hi - view(f.mem, stack, world.curg.stack).lo;
          sizes.push(size());
          yield { site: 'before', target: 'main.waits', convention: 'ABIInternal' };
          sizes.push(size());
        },
        inC: ({ world }) => {
          scan(world);
          sizes.push(world.curg.preemptShrink);
        },
      },
      { more: [waits, looks] },
    );
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(sizes).toEqual([0x2000n, 0x1000n, 1n]);
    expect(told.world.stacks.retired).toHaveLength(1);
  });
});

describe('runtime.GC', () => {
  /** A callback that needs much stack for a while, and then collects. */
  const collecting = (without: readonly FixName[], backInC?: (f: Frame) => void) =>
    callback(
      {
        *inGo(f) {
          yield* growStack(f, 8);
          yield { site: 'call', target: 'runtime.GC', convention: 'ABIInternal' };
        },
        ...(backInC && { backInC }),
      },
      { without },
    );

  test('scans whoever calls it, shrinks its stack and gives the spans of old ones back', () => {
    const told = collecting([]);
    const { world } = told;
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(told.output()).toBe('');
    const { lo, hi } = view(world.machine.mem, stack, world.curg.stack);
    // To 0x4000 for main.grow; back to 0x2000 in the first collection.
    expect([hi - lo, ...world.stacks.retired.map((r) => r.hi - r.lo)]).toEqual([0x2000n, 0x2000n, 0x4000n]);
    expect(world.stacks.retired.map((r) => world.heap.spanOf(r.lo)?.state)).toEqual(['free', 'free']);
    expect([world.curg.gcscandone, world.stacks.marking, world.stale]).toEqual([1n, false, []]);
    expect(world.findings).toEqual([]);
  });

  test('makes what was luck a throw for the next scan, without KeepAlive', () => {
    const told = collecting(['keepalive'], ({ world }) => scan(world));
    expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
    expect(told.world.thrown).toBe('found bad pointer in Go heap (incorrect use of unsafe or cgo?)');
    const [stale] = told.world.stale;
    expect(stale).toMatchObject({
      frame: 'runtime.cgocall',
      site: 'entersyscall',
      retired: told.world.stacks.retired[0],
    });
  });

  test('has a goroutine on another thread stop at its next prologue, and go on afterwards', () => {
    const told = callback(
      {
        *before(f) {
          const { world } = f;
          yield { site: 'before', target: 'runtime.GC', convention: 'ABIInternal' };
          world.note('collected', []);
          // Ready again, but perhaps not yet among those that run.
          for (let i = 0; i < 100 && !world.noted('stopped'); i++) {
            yield { site: 'before', target: 'runtime.Gosched', convention: 'ABIInternal' };
          }
        },
      },
      { procs: 2, more: [spins, leaf] },
    );
    const { world } = told;
    const { g } = underway(world, 1, 'main.spins');
    const statuses = new Set<bigint>();
    const others = roundRobin(1);
    const scheduler = {
      next: (turn: Turn): number => {
        statuses.add(g.atomicstatus);
        // Time passes for those who sleep, although somebody is always awake.
        return turn.step % 200 === 0 && turn.asleep.length ? turn.asleep[0]! : others.next(turn);
      },
    };
    expect(world.run(told.main, 'curg', 0, 20_000, scheduler)).toEqual({ kind: 'done' });
    expect(told.output()).toBe('');
    const held = BigInt(G.waiting) | SCAN;
    expect([...statuses]).toEqual(
      expect.arrayContaining([BigInt(G.running), BigInt(G.preempted), held, BigInt(G.runnable)]),
    );
    expect([g.gcscandone, world.noted('stopped')]).toEqual([1n, []]);
  });

  test('with KeepAlive finds nothing there', () => {
    const told = collecting([], ({ world }) => scan(world));
    expect(runOf(told)).toEqual({ kind: 'done' });
    expect(told.world.stale).toEqual([]);
  });
});

/** Goes to g0, and is scanned there as a goroutine that waits. */
const waits: Model = {
  name: 'main.waits',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('systemstack'),
  *body(f) {
    f.set(0, f.world.funcval('main.looks'));
    yield { site: 'systemstack', target: 'runtime.systemstack', convention: 'ABI0' };
    return undefined;
  },
};

const leaf: Model = {
  name: 'main.leaf',
  convention: 'ABIInternal',
  frame: 0x10,
  sites: {},
  // biome-ignore lint/correctness/useYield: a leaf
  *body() {
    return undefined;
  },
};

/** Calls functions until somebody has collected. */
const spins: Model = {
  name: 'main.spins',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('leaf'),
  *body(f) {
    while (!f.world.noted('collected')) yield { site: 'leaf', target: 'main.leaf', convention: 'ABIInternal' };
    f.world.note('stopped', []);
    return undefined;
  },
};

const looks: Model = {
  name: 'main.looks',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: {},
  // biome-ignore lint/correctness/useYield: a leaf
  *body({ world }) {
    world.curg.atomicstatus = BigInt(G.waiting);
    scan(world);
    world.curg.atomicstatus = BigInt(G.running);
    return undefined;
  },
};

test('a throw ends with the traces of all goroutines', () => {
  const told = callback({
    inGo: ({ world }) => {
      world.throw('so be it');
      return undefined;
    },
  });
  expect(runOf(told)).toEqual({ kind: 'exit', status: 2 });
  const text = told.output();
  expect(text).toMatch(
    /^fatal error: so be it\n\ngoroutine 1 \[running, locked to thread\]:\n_cgoexp_GoF\(\)\n\t\?:0 fp=0x/,
  );
  expect(text).toMatch(
    /\nruntime\.cgocall\(0x[0-9a-f]+, 0x[0-9a-f]+\)\n\truntime\/cgocall\.go:asmcgocall \+0x30 fp=0x/,
  );
  expect(text).toMatch(/\nruntime\.cgocallbackg\(0x[0-9a-f]+, 0x[0-9a-f]+, 0x0\)\n\t<autogenerated>:1 \+0x/);
  expect([...text.matchAll(/^([\w./]+)\(/gm)].map(([, name]) => name)).toEqual(CHAIN);
});

test('a goroutine in C is in a system call', () => {
  const told = callback({
    inC: ({ world }) => {
      world.print(goroutineheader(world.curg));
      traceback(world, world.curg);
    },
  });
  runOf(told);
  expect(told.output()).toMatch(
    /^goroutine 1 \[syscall\]:\nruntime\.cgocall\(0x[0-9a-f]+, 0x[0-9a-f]+\)\n\truntime\/cgocall\.go:entersyscall \+0x20 /,
  );
});
