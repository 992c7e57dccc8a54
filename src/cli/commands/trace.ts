/** callgate trace: one run, instruction by instruction. */
import type { MakeEngine } from '#emu/engine/engine.ts';
import type { Schedule } from '#emu/sched/schedule.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { script } from '#emu/sched/script.ts';
import { traceJson } from '#emu/trace/ndjson.ts';
import { traceHeader, traceText } from '#emu/trace/text.ts';
import type { Scenario, Situation } from '#runtime/scenario.ts';
import type { Stubs } from '#runtime/stubs.ts';
import { type Case, runCase } from '#runtime/verdict.ts';
import { type StackName, stackNames } from '#runtime/world.ts';
import { job, type RunOptions } from '../context.ts';
import { fail } from '../fail.ts';
import { integer } from '../integer.ts';
import { output } from '../output.ts';
import { scheduleFrom } from '../schedule.ts';
import { paint } from '../style.ts';

export interface TraceOptions extends RunOptions {
  readonly on: string;
  readonly residue: string;
  readonly situation?: string;
  readonly schedule?: string;
  readonly scenario?: string;
}

/** Exit code: 0 when the run is without findings. `engine` executes it, where that is not the default. */
export function trace(target: string, options: TraceOptions, engine?: MakeEngine): number {
  const { c, stubs, budget, absent } = oneCase(target, options);
  const print = output();
  if (!options.json) print(paint('bold', traceHeader()));
  const result = runCase({ ...c, ...(engine && { engine }) }, stubs, budget, ({ machine }) => (e) => {
    const line = options.json ? traceJson(e, machine.symbols) : traceText(e, machine.symbols);
    if (line !== undefined) print(line);
  });
  for (const f of result.findings) {
    if (options.json)
      print(JSON.stringify({ kind: 'finding', check: f.check, message: f.message, at: f.at, cause: f.cause ?? null }));
    else print(`\n${paint('red', '✗')} ${f.check}: ${f.message}\n    at ${f.at}${f.cause ? `\n    ${f.cause}` : ''}`);
  }
  if (!options.json && result.report) print(`\n${result.report}`);
  if (!options.json) for (const note of absent()) print(`\n${note}`);
  print.flush();
  return result.findings.length ? 1 : 0;
}

/** The one run that the options name. */
export function oneCase(
  target: string,
  options: TraceOptions,
): { c: Case; stubs: Stubs; budget: number; absent: () => string[] } {
  const { scenarios, stubs, seed, fail: rules, budget, cpu, without } = job(target, options);
  const scenario = pickScenario(scenarios, options.scenario, target);
  const situation = pickSituation(scenario, options.situation);
  const stack = pickStack(scenario, options.on);
  const residue = Number(integer('--residue', options.residue));
  if (residue < 0 || residue > 15) fail(`--residue ${options.residue}: give a number from 0 to 15`);
  const wish = options.schedule === undefined ? undefined : followed(scheduleFrom(options.schedule));
  const c = { scenario, situation, stack, residue, seed, fail: rules, cpu, without, ...(wish && { scheduler: wish }) };
  return { c, stubs, budget, absent: () => wish?.absent() ?? [] };
}

/** What the schedule says, as far as it can be done; afterwards, a note for each thread of it that there never was. */
function followed(schedule: Schedule): Scheduler & { readonly absent: () => string[] } {
  const wish = script(schedule);
  const met = new Set<number>();
  return {
    next(turn) {
      for (const thread of [...turn.awake, ...turn.asleep]) met.add(thread);
      return wish.next(turn);
    },
    absent: () =>
      [...new Set(schedule.map(([thread]) => thread))]
        .filter((thread) => !met.has(thread))
        .map((thread) => `note: --schedule names thread ${thread}, and there was none: its turns were passed over`),
  };
}

function pickScenario(all: readonly Scenario[], wanted: string | undefined, target: string): Scenario {
  if (wanted === undefined) return all[0]!;
  if (target === all[0]!.name) fail('--scenario goes with FILE.s: a scenario is named by itself');
  return (
    all.find((s) => s.name === wanted) ??
    fail(`--scenario ${wanted}: this file takes part in ${all.map((s) => s.name).join(', ')}`)
  );
}

function pickSituation(scenario: Scenario, wanted: string | undefined): Situation {
  if (wanted === undefined) return scenario.situations[0]!;
  const hit = scenario.situations.find((s) => s.name === wanted || s.name.startsWith(wanted));
  return (
    hit ??
    fail(`--situation '${wanted}': ${scenario.name} has ${scenario.situations.map((s) => `'${s.name}'`).join(', ')}`)
  );
}

function pickStack(scenario: Scenario, wanted: string): StackName {
  const stack = stackNames.find((s) => s === wanted) ?? fail(`--on ${wanted}: give one of ${stackNames.join(', ')}`);
  if (!scenario.stacks.includes(stack))
    fail(`--on ${stack}: ${scenario.name} may only run on ${scenario.stacks.join(', ')}`);
  return stack;
}
