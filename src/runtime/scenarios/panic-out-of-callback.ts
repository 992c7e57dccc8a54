/** A panic leaves a callback over C's frames: what they held is gone, what the M and g0 kept for them has to go with it. */
import { R } from '#emu/cpu/layout.ts';
import { callsBack } from '../c/callsback.ts';
import type { Frame } from '../frame.ts';
import { deferCall, deferreturn } from '../go/defer.ts';
import { panicWith } from '../go/gopanic.ts';
import { gorecover } from '../go/recover.ts';
import { hex } from '../go/show.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { type Body, type Model, Recovered, sites } from '../model.ts';
import type { Expected, Scenario, Situation } from '../scenario.ts';
import { expectAccount, leavingFor, type Place } from './account.ts';

interface What extends Situation {
  /** Calls of C, each calling back, between main and the panic. */
  readonly levels: 1 | 2;
  /** Who recovers. */
  readonly recovers: 'main' | 'middle' | 'nobody';
  /** The stack grows right before the panic. */
  readonly grows?: boolean;
  /** Main's deferred function panics itself once it has recovered. */
  readonly again?: boolean;
}

const DONE: Expected = { kind: 'done' };
const exits = (...messages: string[]): Expected => ({
  kind: 'exit',
  status: 2,
  // As Go prints it: of the frames, those of the program.
  prints: new RegExp(
    `^${messages.map((m) => `${m}\n`).join('')}\ngoroutine 1 \\[running\\]:\n(main\\.\\w+\\(\\)\n\t.*\n|panic\\(.*\\)\n\t.*\n)+$`,
  ),
});

// biome-ignore format: table
const situations: readonly What[] = [
  { name: 'recovered by who called C',            levels: 1, recovers: 'main',   fail: [], ends: DONE },
  { name: 'recovered two levels up',              levels: 2, recovers: 'main',   fail: [], ends: DONE },
  { name: 'recovered one of two levels up',       levels: 2, recovers: 'middle', fail: [], ends: DONE },
  { name: 'recovered after the stack has grown',  levels: 2, recovers: 'main',   fail: [], ends: DONE, grows: true },
  { name: 'not recovered',                        levels: 1, recovers: 'nobody', fail: [], ends: exits('panic: main.boom') },
  { name: 'not recovered, two levels',            levels: 2, recovers: 'nobody', fail: [], ends: exits('panic: main.boom') },
  { name: 'recovered, and panics again',          levels: 1, recovers: 'main',   fail: [], ends: exits('panic: main.boom \\[recovered\\]', '\tpanic: main.again'), again: true },
];

const ZERO: Place = { calls: 0, callbacks: 0 };

function* callC(f: Frame, name: string, place: Place): Body<void> {
  leavingFor(f, place.calls + 1);
  f.setReg(R.ax, f.world.addressOf(name));
  f.setReg(R.bx, 0n);
  yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
}

const g0Sched = (f: Frame): bigint => view(f.mem, gobuf, f.world.g(f.m.g0).sched).sp;

/** What is left of a panic that has been recovered from: nothing. */
function expectNothingLeft(f: Frame, where: string, sp: bigint, defers: bigint, place: Place): void {
  const { world, g } = f;
  expectAccount(f, where, place);
  world.expect(g._panic === 0n, 'panic-over', `${where}: g._panic still names a panic`);
  world.expect(g._defer === defers, 'panic-over', `${where}: a deferred call of a frame that is gone is left over`);
  const now = g0Sched(f);
  world.expect(now === sp, 'g0-sched', `${where}: g0.sched.sp is ${hex(now)}, it was ${hex(sp)} before C was called`);
}

/** Calls C with a deferred function; when that has recovered, calls C once more: nothing has come to harm. */
function caller(name: string, c: string, place: Place, recovers: boolean): Model {
  return {
    name,
    convention: 'ABIInternal',
    frame: 0x28,
    spills: place.calls ? 'p' : '',
    recovers: true,
    sites: sites('cgocall', 'deferreturn'),
    *body(f) {
      const { world } = f;
      const [sp, defers] = [g0Sched(f), f.g._defer];
      expectAccount(f, `in ${name}`, place);
      deferCall(f, name, world.funcval(recovers ? 'main.recovers' : 'main.looksOn'));
      let recovered = false;
      try {
        yield* callC(f, c, place);
      } catch (e) {
        if (!(e instanceof Recovered)) throw e;
        recovered = true;
      }
      world.expect(recovered === recovers, 'panic-over', `${name}: C has ${recovered ? 'not ' : ''}returned`);
      yield* deferreturn(f);
      expectNothingLeft(f, `in ${name}, recovered`, sp, defers, place);
      yield* callC(f, 'quiet', place);
      expectNothingLeft(f, `in ${name}, after another call of C`, sp, defers, place);
      return undefined;
    },
  };
}

/** Middle, where the panic only passes through: what comes after its call of C never happens. */
const through: Model = {
  name: '_cgoexp_middle',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('cgocall'),
  *body(f) {
    yield* callC(f, 'inner', { calls: 1, callbacks: 1 });
    f.world.expect(false, 'panic-over', 'C has returned to the middle callback');
    return undefined;
  },
};

/** func() { recover() }, deferred; with `again`: func() { recover(); panic("main.again") } */
const recovers = (again: boolean): Model => ({
  name: 'main.recovers',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('panic'),
  *body(f) {
    const { world } = f;
    const value = gorecover(f);
    world.expect(value !== undefined, 'panic-over', 'recover finds no panic');
    world.expect(gorecover(f) === undefined, 'panic-over', 'the same panic is recovered from a second time');
    if (again) yield* panicWith(f, 'panic', 'main.again');
    return undefined;
  },
});

/** func() { func() { recover() }() }, deferred: not called by the panic itself, so it recovers nothing. */
const looksOn: Model = {
  name: 'main.looksOn',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('indirectly'),
  *body() {
    yield { site: 'indirectly', target: 'main.indirectly', convention: 'ABIInternal' };
    return undefined;
  },
};
const indirectly: Model = {
  name: 'main.indirectly',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: {},
  // biome-ignore lint/correctness/useYield: it calls nothing
  *body(f) {
    f.world.expect(gorecover(f) === undefined, 'panic-over', 'recover works in a function that was not deferred');
    return undefined;
  },
};

const panics: Model = {
  name: '_cgoexp_panics',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('boom'),
  *body(f) {
    yield { site: 'boom', target: 'main.boom', convention: 'ABIInternal' };
    f.world.expect(false, 'panic-over', 'main.boom has returned');
    return undefined;
  },
};

/** The function that panics: with a frame that makes the stack grow, where that is wanted. */
const boom = (frame: number): Model => ({
  name: 'main.boom',
  convention: 'ABIInternal',
  frame,
  sites: sites('panic'),
  body: (f) => panicWith(f, 'panic', 'main.boom'),
});

const quietly: Model = {
  name: '_cgoexp_quietly',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: {},
  // biome-ignore lint/correctness/useYield: being called is all
  *body() {
    return undefined;
  },
};

const cFunction = (name: string, target: string): Model => ({ ...callsBack({ times: 1, target }), name });

const of = ({ name }: Situation): What => situations.find((s) => s.name === name)!;

export const panicOutOfCallback: Scenario = {
  name: 'panic-out-of-callback',
  why: "a panic leaves a callback over C's frames: g0 and the M's account of its calls go back with it",
  stubs: ['runtime.cgocallback', 'runtime.mcall', 'runtime.gogo'],
  stacks: ['curg'],
  globals: {},
  situations,
  main: (s) => {
    const { levels, recovers } = of(s);
    return caller('main.main', levels === 1 ? 'inner' : 'outer', ZERO, recovers === 'main');
  },
  models: (s) => {
    const { recovers: who, grows = false, again = false } = of(s);
    const middle = caller('_cgoexp_middle', 'inner', { calls: 1, callbacks: 1 }, true);
    return [
      cFunction('outer', '_cgoexp_middle'),
      cFunction('inner', '_cgoexp_panics'),
      cFunction('quiet', '_cgoexp_quietly'),
      who === 'middle' ? middle : through,
      panics,
      boom(grows ? 0x5000 : 0x18),
      quietly,
      recovers(again),
      looksOn,
      indirectly,
    ];
  },
};
