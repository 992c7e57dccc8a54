/** Situations with a schedule for every step: all of them, and that they try what they say they try. */
import { describe, expect, test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { goOn } from '#emu/sched/go-on.ts';
import type { Schedule } from '#emu/sched/schedule.ts';
import { script } from '#emu/sched/script.ts';
import type { Scenario, Situation } from '#runtime/scenario.ts';
import { growthAtEverySite, places } from '#runtime/scenarios/growth-at-every-site.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { retakeAtEveryInstruction } from '#runtime/scenarios/retake-at-every-instruction.ts';
import { type CaseResult, runCase } from '#runtime/verdict.ts';
import { ownStubs, scenarioNamed, summary } from './fixture.ts';

const stubs = ownStubs();

interface Ran {
  readonly result: CaseResult;
  /** Steps of the first thread, and where it stood after each. */
  readonly stood: readonly bigint[];
  /** Models that were entered, by any thread. */
  readonly entered: ReadonlySet<string>;
}

/** One run; without a schedule, nobody is interrupted. */
function run(scenario: Scenario, situation: Situation, schedule: Schedule | undefined, residue: number): Ran {
  const stood: bigint[] = [];
  const entered = new Set<string>();
  const scheduler = schedule ? script(schedule) : goOn;
  let rip = (): bigint => 0n;
  const result = runCase(
    {
      scenario,
      situation,
      stack: scenario.stacks[0]!,
      residue,
      seed: 0n,
      fail: [],
      engine: (parts) => new Interpreter(parts, stubs.decoded),
      scheduler: {
        next(turn) {
          const thread = scheduler.next(turn);
          if (turn.last === 0) stood.push(rip());
          return thread;
        },
      },
    },
    stubs,
    undefined,
    ({ machine }) => {
      rip = () => machine.cpu.rip;
      return (e) => {
        if (e.kind === 'enter') entered.add(e.name);
      };
    },
  );
  return { result, stood, entered };
}

const sweeps = scenarios.flatMap((scenario) =>
  scenario.situations.flatMap((situation) =>
    situation.schedules ? [{ scenario, situation, schedules: situation.schedules }] : [],
  ),
);

/** What the other thread's coming in has to lead to in some of the runs: a situation in which it never does tries nothing. */
const leadsTo: Readonly<Record<string, readonly string[]>> = {
  'a collection, at each step': ['runtime.gopreempt_m', 'runtime.suspendG', 'runtime.copystack'],
  'C returns, at each step of a collection': ['runtime.exitsyscall0', 'runtime.stopm'],
  'nobody else wants it': ['runtime.handoffp', 'runtime.exitsyscallfast_pidle'],
  'another goroutine takes it': [
    'runtime.handoffp',
    'runtime.exitsyscall0',
    'runtime.stoplockedm',
    'runtime.startlockedm',
  ],
};

describe.each(sweeps.map((s) => [`${s.scenario.name}: ${s.situation.name}`, s] as const))('%s', (_, sweep) => {
  const { scenario, situation, schedules } = sweep;

  test('ends as it should under every schedule', () => {
    const entered = new Set<string>();
    const wrong = schedules.flatMap((schedule, i) => {
      const ran = run(scenario, situation, schedule, i % 16);
      for (const name of ran.entered) entered.add(name);
      return ran.result.findings.slice(0, 1).map((f) => `${JSON.stringify(schedule)}: ${summary(f)}`);
    });
    expect(wrong).toEqual([]);
    expect(leadsTo[situation.name]?.filter((name) => !entered.has(name))).toEqual([]);
  }, 240_000);

  test('interrupts the first thread within its run, the last time right before its end', () => {
    const steps = schedules.map(([first]) => first![1]);
    const { stood } = run(scenario, situation, undefined, 0);
    const alone = stood.length + 1;
    // Or always at the same place: it is the other one's steps that are gone through.
    const [first, last] = [steps[0]!, steps.at(-1)!];
    if (first === last) expect(first).toBeLessThan(alone);
    else expect([last, ...steps]).toEqual([alone - 1, ...Array.from(steps, (_s, i) => first + i)]);
  });
});

test('there are sweeps', () => expect(sweeps.length).toBeGreaterThan(4));

test('the P is taken at each instruction of asmcgocall, crosscall2 and cgocallback that a callback executes', () => {
  const scenario = scenarioNamed(retakeAtEveryInstruction.name);
  for (const situation of scenario.situations) {
    const { stood } = run(scenario, situation, undefined, 0);
    const executed = new Set(stood);
    const interrupted = new Set(situation.schedules!.map(([first]) => stood[first![1] - 1]!));
    const [before] = situation.schedules![0]!;
    // Before it calls cgocall, another C call may have been made: of the thread that sysmon runs on.
    const later = new Set(stood.slice(before![1] - 1));
    expect([...later].filter((pc) => !interrupted.has(pc))).toEqual([]);
    expect(executed.size).toBeGreaterThan(later.size);
    expect(interrupted.size).toBeGreaterThan(120);
  }
});

test('the stack moves before every prologue that a callback comes to', () => {
  const scenario = scenarioNamed(growthAtEverySite.name);
  const looks = new Set<string>();
  const [situation] = scenario.situations;
  const c = { scenario, situation: situation!, stack: 'curg', residue: 0, seed: 0n, fail: [] } as const;
  runCase(c, stubs, undefined, (world) => (e) => {
    if (e.kind !== 'enter' || e.convention !== 'ABIInternal' || world.currentG !== world.curg.at) return;
    if (!world.bridge.model(e.name)!.nosplit) looks.add(e.name);
  });
  expect([...looks]).toEqual([...places]);
});
