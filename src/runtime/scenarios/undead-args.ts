/** R2: the stack grows in a callback, and the collector comes while C still runs. */
import { R } from '#emu/cpu/layout.ts';
import { underway } from '../boot.ts';
import { callsBack } from '../c/callsback.ts';
import { hex } from '../go/show.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { collect } from './collect.ts';
import { moveBefore } from './move-before.ts';

/**
 * Frames larger than the stack at that time. A stack of 32 KiB or more is given back as soon as it is left, a smaller one
 * waits for the end of a collection (stackfree, runtime/stack.go): so the stack that C is called on is a large one.
 */
const LARGE = { prepare: 0x9000, deep: 0x1_2000 } as const;
/** What main hands to C lies in its own frame, as cgo's &p0 does. */
const ARGUMENT = 0x10;

/** Where the stack grows, and whether a collector that comes while C runs may find what was there. */
interface Growth extends Situation {
  /** The function whose prologue finds too little stack; `main.deep` because its frame is large. */
  readonly before: string;
  readonly callbacks: number;
}

const ends = { kind: 'done' } as const;
// biome-ignore format: table
const growths: readonly Growth[] = [
  { name: 'in what the callback calls',        before: 'main.deep',             callbacks: 1, fail: [], ends },
  { name: 'in the callback',                   before: '_cgoexp_callback',      callbacks: 1, fail: [], ends },
  { name: 'before the callback has begun',     before: 'runtime.cgocallbackg1', callbacks: 1, fail: [], ends },
  { name: 'in each of two callbacks',          before: 'main.deep',             callbacks: 2, fail: [], ends },
  // Before C has been called nothing is dead: this holds without the fix as well.
  { name: 'only before C is called',           before: 'main.prepare',          callbacks: 1, fail: [], ends },
];

/** func main() { prepare(); C.callsBack(&a) } */
const main = ({ before }: Growth): Model => ({
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x28,
  nosplit: true,
  sites: sites('prepare', 'cgocall'),
  *body(f) {
    const { world } = f;
    underway(world, 1, 'main.collect');
    if (before !== 'main.deep' && before !== 'main.prepare') moveBefore(world, [before]);
    f.set(ARGUMENT, 0x5afen);
    yield { site: 'prepare', target: 'main.prepare', convention: 'ABIInternal' };
    f.setReg(R.ax, world.addressOf('callsBack'));
    f.setReg(R.bx, f.slot(ARGUMENT));
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    world.expect(f.get(ARGUMENT) === 0x5afen, 'stack-copy', "main's frame has lost a word on the way");
    return undefined;
  },
});

/** A Go function without anything to do. */
const idle = (name: string, frame: number): Model => ({
  name,
  convention: 'ABIInternal',
  frame,
  sites: {},
  // biome-ignore lint/correctness/useYield: all that matters is its frame
  *body() {
    return undefined;
  },
});

/** The exported Go function; its callee, if it has one, needs more stack than there is. */
const callback = (large: boolean): Model => ({
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('deep'),
  show: (f) => hex(f.reg(R.ax)),
  *body() {
    if (large) yield { site: 'deep', target: 'main.deep', convention: 'ABIInternal' };
    return undefined;
  },
});

export const undeadArgs: Scenario = {
  name: 'undead-args',
  why: 'the stack grows in a callback while cgocall waits for C; then the collector reads what cgocall was called with',
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback', 'runtime.morestack'],
  stacks: ['curg'],
  globals: {},
  situations: growths,
  world: { procs: 2 },
  shows: 'keepalive',
  threads: true,
  main: (s) => main(s as Growth),
  models: (s) => {
    const { before, callbacks } = s as Growth;
    return [
      callsBack({ times: callbacks, naps: true }),
      callback(before === 'main.deep'),
      idle('main.deep', LARGE.deep),
      idle('main.prepare', LARGE.prepare),
      collect('markroot'),
    ];
  },
};
