/** Go calls C calls Go calls C calls Go: each level finds the M and the goroutine as the one before has left them. */
import { R } from '#emu/cpu/layout.ts';
import { callsBack } from '../c/callsback.ts';
import type { Frame } from '../frame.ts';
import { type Body, type Model, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { expectAccount, leavingFor, type Place } from './account.ts';

/** More than a goroutine begins with. */
const LARGE = 0x5000;

/** A call of C from Go, from site `cgocall`, with the account looked at before and after. */
function* callC(f: Frame, name: string, place: Place): Body<void> {
  expectAccount(f, `in Go, before ${name}`, place);
  leavingFor(f, place.calls + 1);
  f.setReg(R.ax, f.world.addressOf(name));
  f.setReg(R.bx, 0n);
  yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
  expectAccount(f, `in Go, after ${name}`, place);
}

/** C that calls `target`, with the account looked at before and after. */
function inC(name: string, target: string, place: Place): Model {
  const model = callsBack({ times: 1, target });
  return {
    ...model,
    name,
    *body(f) {
      expectAccount(f, `in ${name}, before ${target}`, place);
      const result = yield* model.body(f);
      expectAccount(f, `in ${name}, after ${target}`, place);
      return result;
    },
  };
}

/** func main() { C.outer() } */
const main: Model = {
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('cgocall'),
  *body(f) {
    yield* callC(f, 'outer', { calls: 0, callbacks: 0 });
    f.world.expect(f.g._defer === 0n, 'account', 'a deferred call is left over');
    return undefined;
  },
};

const middle: Model = {
  ...main,
  name: '_cgoexp_middle',
  spills: 'p',
  *body(f) {
    yield* callC(f, 'inner', { calls: 1, callbacks: 1 });
    return undefined;
  },
};

const innermost = (grows: boolean): Model => ({
  name: '_cgoexp_innermost',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: sites('deep'),
  *body(f) {
    const place = { calls: 2, callbacks: 2 };
    expectAccount(f, 'in the innermost Go', place);
    if (grows) yield { site: 'deep', target: 'main.deep', convention: 'ABIInternal' };
    expectAccount(f, 'in the innermost Go, at its end', place);
    return undefined;
  },
});

/** All it needs is its frame. */
export const deep: Model = {
  name: 'main.deep',
  convention: 'ABIInternal',
  frame: LARGE,
  sites: {},
  // biome-ignore lint/correctness/useYield: it calls nothing
  *body() {
    return undefined;
  },
};

const GROWS = 'the innermost callback grows the stack';

export const nestedCallbacks: Scenario = {
  name: 'nested-callbacks',
  why: 'Go calls C calls Go calls C calls Go: the M keeps account of how deep it is, level by level',
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback', 'crosscall2'],
  stacks: ['curg'],
  globals: {},
  situations: ['two levels', GROWS].map((name): Situation => ({ name, fail: [], ends: { kind: 'done' } })),
  main: () => main,
  models: ({ name }) => [
    inC('outer', '_cgoexp_middle', { calls: 1, callbacks: 0 }),
    middle,
    inC('inner', '_cgoexp_innermost', { calls: 2, callbacks: 1 }),
    innermost(name === GROWS),
    deep,
  ],
};
