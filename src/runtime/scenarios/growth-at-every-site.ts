/** The stack moves in a callback, at each of the places where it can: a function's prologue, on the goroutine. */
import { R } from '#emu/cpu/layout.ts';
import { callsBack } from '../c/callsback.ts';
import { deferCall, deferreturn } from '../go/defer.ts';
import { panicWith } from '../go/gopanic.ts';
import { gorecover } from '../go/recover.ts';
import { type Model, Recovered, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { expectAccount, leavingFor } from './account.ts';
import { expectKept, KEPT, keepPointer } from './kept-pointer.ts';
import { moveBefore } from './move-before.ts';

/** The functions whose prologues look at the stack, in the order in which a callback comes to them. */
export const places = [
  'runtime.cgocallbackg1',
  '_cgoexp_callback',
  'main.work',
  'main.fails',
  'runtime.gopanic',
  'main.recovers',
  'runtime.cgocallbackg1.func3',
] as const;

const EVERYWHERE = 'before every one of them';

/** Callbacks made by the C function: what the first one moves, the second has to live with. */
const TIMES = 2;

/** What main hands to C lies in its own frame, as cgo's &p0 does. */
const ARGUMENT = 0x10;
const WORD = 0x5afen;

const wantedIn = ({ name }: Situation): readonly string[] =>
  name === EVERYWHERE ? places : places.filter((place) => name === `before ${place}`);

/** func main() { C.callsBack(&a) } */
const main = (s: Situation): Model => ({
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x28,
  nosplit: true,
  sites: sites('cgocall'),
  *body(f) {
    const { world } = f;
    const wanted = wantedIn(s);
    moveBefore(world, wanted);
    f.set(ARGUMENT, WORD);
    expectAccount(f, 'in Go, before C', { calls: 0, callbacks: 0 });
    leavingFor(f, 1);
    f.setReg(R.ax, world.addressOf('callsBack'));
    f.setReg(R.bx, f.slot(ARGUMENT));
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    expectAccount(f, 'in Go, after C', { calls: 0, callbacks: 0 });
    world.expect(f.get(ARGUMENT) === WORD, 'stack-copy', "main's frame has lost a word on the way");
    const moves = world.stacks.retired.length;
    const due = TIMES * wanted.length;
    world.expect(moves === due, 'stack-copy', `the stack has moved ${moves} times, not ${due}`);
    return undefined;
  },
});

/** The exported Go function. What it keeps in its frame across a call has to come along. */
const callback: Model = {
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('work'),
  live: KEPT,
  *body(f) {
    expectAccount(f, 'in the callback', { calls: 1, callbacks: 1 });
    keepPointer(f);
    yield { site: 'work', target: 'main.work', convention: 'ABIInternal' };
    expectKept(f, '_cgoexp_callback');
    return undefined;
  },
};

/** func work() { defer recovers(); fails() } */
const work: Model = {
  name: 'main.work',
  convention: 'ABIInternal',
  frame: 0x18,
  recovers: true,
  sites: sites('fails', 'deferreturn'),
  live: KEPT,
  *body(f) {
    keepPointer(f);
    deferCall(f, 'main.work', f.world.funcval('main.recovers'));
    try {
      yield { site: 'fails', target: 'main.fails', convention: 'ABIInternal' };
      f.world.expect(false, 'panic-over', 'main.fails has returned');
    } catch (e) {
      if (!(e instanceof Recovered)) throw e;
    }
    yield* deferreturn(f);
    expectKept(f, 'main.work');
    return undefined;
  },
};

const fails: Model = {
  name: 'main.fails',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('panic'),
  body: (f) => panicWith(f, 'panic', 'main.fails'),
};

const recovers: Model = {
  name: 'main.recovers',
  convention: 'ABIInternal',
  frame: 8,
  sites: {},
  // biome-ignore lint/correctness/useYield: it calls nothing
  *body(f) {
    f.world.expect(gorecover(f) !== undefined, 'panic-over', 'recover finds no panic');
    return undefined;
  },
};

export const growthAtEverySite: Scenario = {
  name: 'growth-at-every-site',
  why: 'the stack moves at each place where a callback can make it: frames, defers, panics and the system call come along',
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback', 'runtime.morestack', 'runtime.gogo'],
  stacks: ['curg'],
  globals: {},
  situations: [...places.map((place) => `before ${place}`), EVERYWHERE].map((name) => ({
    name,
    fail: [],
    ends: { kind: 'done' },
  })),
  main,
  models: () => [callsBack({ times: TIMES }), callback, work, fails, recovers],
};
