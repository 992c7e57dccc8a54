/** A collection by another goroutine, begun at every step of a callback in turn, and a world that stops while C runs. */
import { R } from '#emu/cpu/layout.ts';
import { underway } from '../boot.ts';
import { callsBack } from '../c/callsback.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario } from '../scenario.ts';
import { expectAccount, leavingFor } from './account.ts';
import { collect } from './collect.ts';
import { expectKept, KEPT, keepPointer } from './kept-pointer.ts';
import { deep } from './nested-callbacks.ts';
import { interruptions, REST } from './sweep.ts';

/** The thread that collects: the second one made. */
const COLLECTOR = 1;
/** Steps of the first thread: in all, when nobody comes in between; and until it sleeps in C, after its callback. */
const STEPS = { all: 269, inC: 210 } as const;
/** Steps of the collector: it has stopped the world by then, started it again, and waits for it to stop once more. */
const COLLECTION = 381;
/** What main hands to C lies in its own frame, as cgo's &p0 does. */
const ARGUMENT = 0x10;
const WORD = 0x5afen;

/** func main() { C.callsBack(&a) } */
const main: Model = {
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x28,
  nosplit: true,
  sites: sites('cgocall'),
  *body(f) {
    const { world } = f;
    underway(world, 1, 'main.collect');
    f.set(ARGUMENT, WORD);
    leavingFor(f, 1);
    f.setReg(R.ax, world.addressOf('callsBack'));
    f.setReg(R.bx, f.slot(ARGUMENT));
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    expectAccount(f, 'in Go, after C', { calls: 0, callbacks: 0 });
    world.expect(f.get(ARGUMENT) === WORD, 'stack-copy', "main's frame has lost a word on the way");
    return undefined;
  },
};

/** The exported Go function: before its stack grows and afterwards it points into its own frame. */
const callback: Model = {
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('deep'),
  live: KEPT,
  *body(f) {
    expectAccount(f, 'in the callback', { calls: 1, callbacks: 1 });
    keepPointer(f);
    yield { site: 'deep', target: 'main.deep', convention: 'ABIInternal' };
    expectKept(f, '_cgoexp_callback');
    return undefined;
  },
};

export const gcAtEverySite: Scenario = {
  name: 'gc-at-every-site',
  why: 'a collection begins at every step of a call of C and its callback: it finds every frame there is, and no other',
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback', 'crosscall2', 'runtime.morestack'],
  stacks: ['curg'],
  globals: {},
  situations: [
    {
      name: 'a collection, at each step',
      fail: [],
      ends: { kind: 'done' },
      schedules: interruptions({ from: 1, to: STEPS.all - 1, next: [[COLLECTOR, 1]] }),
    },
  ],
  world: { procs: 2 },
  threads: true,
  main: () => main,
  models: () => [callsBack({ times: 1, naps: true }), callback, deep, collect('GC')],
};

export const stwDuringC: Scenario = {
  ...gcAtEverySite,
  name: 'stw-during-c',
  why: 'the world is stopped while C runs: the goroutine comes back at each step of that, and has to wait for a P',
  stubs: ['runtime.mcall', 'runtime.gogo', 'runtime.futex'],
  situations: [
    {
      name: 'C returns, at each step of a collection',
      fail: [],
      ends: { kind: 'done' },
      schedules: Array.from({ length: COLLECTION }, (_, i) => [
        [0, STEPS.inC],
        [COLLECTOR, i + 1],
        [0, REST],
      ]),
    },
  ],
};
