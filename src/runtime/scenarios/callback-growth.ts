/** R2: the stack grows in a callback, and the collector comes while C still runs. */
import { R } from '#emu/cpu/layout.ts';
import { underway } from '../boot.ts';
import { callsBack } from '../c/callsback.ts';
import { hex } from '../go/show.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario } from '../scenario.ts';

/** More than a 2 KiB stack and the next sizes hold. */
const LARGE = 0x5000;
/** What main hands to C lies in its own frame, as cgo's &p0 does. */
const ARGUMENT = 0x10;

/** func main() { C.callsBack(&a) } */
const main: Model = {
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x28,
  nosplit: true,
  sites: sites('cgocall'),
  *body(f) {
    underway(f.world, 1, 'main.collect');
    f.set(ARGUMENT, 0x5afen);
    f.setReg(R.ax, f.world.addressOf('callsBack'));
    f.setReg(R.bx, f.slot(ARGUMENT));
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    f.world.expect(f.get(ARGUMENT) === 0x5afen, 'stack-copy', "main's frame has lost a word on the way");
    return undefined;
  },
};

/** The exported Go function: its callee needs more stack than there is. */
const callback: Model = {
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('deep'),
  show: (f) => hex(f.reg(R.ax)),
  *body() {
    yield { site: 'deep', target: 'main.deep', convention: 'ABIInternal' };
    return undefined;
  },
};

const deep: Model = {
  name: 'main.deep',
  convention: 'ABIInternal',
  frame: LARGE,
  sites: {},
  // biome-ignore lint/correctness/useYield: all it needs is its frame
  *body() {
    return undefined;
  },
};

/** Collections, until one meets the goroutine in C: the first frees the span of the old stack, the next looks again. */
const collect: Model = {
  name: 'main.collect',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('first', 'second'),
  *body() {
    yield { site: 'first', target: 'runtime.GC', convention: 'ABIInternal' };
    yield { site: 'second', target: 'runtime.GC', convention: 'ABIInternal' };
    return undefined;
  },
};

export const callbackGrowth: Scenario = {
  name: 'undead-args',
  why: 'the stack grows in a callback while cgocall waits for C; then the collector reads what cgocall was called with',
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback', 'runtime.morestack'],
  stacks: ['curg'],
  globals: {},
  situations: [{ name: 'one callback', fail: [], ends: { kind: 'done' } }],
  world: { procs: 2 },
  shows: 'keepalive',
  threads: true,
  main: () => main,
  models: () => [callsBack({ times: 1, naps: true }), callback, deep, collect],
};
