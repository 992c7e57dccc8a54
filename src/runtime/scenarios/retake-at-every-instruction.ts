/** sysmon takes the P of a goroutine on its way to C and back, at each step of that way. */

import { R } from '#emu/cpu/layout.ts';
import type { Schedule } from '#emu/sched/schedule.ts';
import { callsBack } from '../c/callsback.ts';
import { call } from '../go/call.ts';
import { onSystemStack } from '../go/reentersyscall.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { expectAccount, leavingFor } from './account.ts';
import { interruptions, REST } from './sweep.ts';

/** The threads that sysmon makes its rounds on, and who gets the P that it takes: the second and the third one made. */
const [SYSMON, HEIR] = [1, 2];
/** Steps of the heir's: the other goroutine is under way on it. */
const UNDER_WAY = 60;

/** Steps of the first thread: those before it calls cgocall, and all, when nobody comes in between. */
const STEPS = { alone: { before: 69, all: 227 }, others: { before: 112, all: 270 } } as const;

const OTHERS = 'another goroutine takes it';

/** func main() { go other(); C.callsBack() }, with or without the other. */
const main = (others: boolean): Model => ({
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x18,
  nosplit: true,
  sites: sites('sysmon', 'newproc', 'cgocall'),
  *body(f) {
    const { world } = f;
    yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
    if (others) yield* call(f, 'newproc', 'runtime.newproc', world.funcval('main.other'));
    leavingFor(f, 1);
    f.setReg(R.ax, world.addressOf('callsBack'));
    f.setReg(R.bx, 0n);
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    expectAccount(f, 'in Go, after C', { calls: 0, callbacks: 0 });
    return undefined;
  },
});

const callback: Model = {
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: {},
  // biome-ignore lint/correctness/useYield: being called is all
  *body(f) {
    expectAccount(f, 'in the callback', { calls: 1, callbacks: 1 });
    return undefined;
  },
};

/** func other() { runtime.Gosched() } */
const other: Model = {
  name: 'main.other',
  convention: 'ABIInternal',
  frame: 8,
  sites: sites('Gosched'),
  *body() {
    yield { site: 'Gosched', target: 'runtime.Gosched', convention: 'ABIInternal' };
    return undefined;
  },
};

const situation = (name: string, { before, all }: { before: number; all: number }, next: Schedule): Situation => ({
  name,
  fail: [],
  ends: { kind: 'done' },
  schedules: interruptions({ from: before, to: all - 1, next }),
});

export const retakeAtEveryInstruction: Scenario = {
  name: 'retake-at-every-instruction',
  why: 'sysmon takes the P at each instruction on the way to C and back: whoever comes back finds one, or waits for one',
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback', 'crosscall2', 'runtime.futex'],
  stacks: ['curg'],
  globals: {},
  situations: [
    situation('nobody else wants it', STEPS.alone, [[SYSMON, REST]]),
    // The goroutine comes back when its P is in use: it has to stand in line.
    situation(OTHERS, STEPS.others, [
      [SYSMON, REST],
      [HEIR, UNDER_WAY],
      [0, REST],
    ]),
  ],
  world: { sysmonRounds: 4 },
  threads: true,
  main: ({ name }) => main(name === OTHERS),
  models: () => [callsBack({ times: 1 }), callback, other],
};

/** Go before 1.12: in a system call m.p still names the P, whoever may have it. */
export const retakeAtEveryInstructionBefore: Scenario = {
  ...retakeAtEveryInstruction,
  name: 'retake-at-every-instruction-before-oldp',
  why: 'the same when m.p still named the P that may have been lost',
  lacks: ['clear-m-p'],
};
