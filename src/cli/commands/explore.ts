/** callgate explore: a scenario under one schedule after another. */
import { availableParallelism } from 'node:os';
import { performance } from 'node:perf_hooks';
import { goOn } from '#emu/sched/go-on.ts';
import { formatSchedule, type Schedule } from '#emu/sched/schedule.ts';
import { replay, ScheduleMismatch } from '#emu/sched/script.ts';
import type { Explored, Shard } from '#runtime/explore/plan.ts';
import {
  type Asked,
  BadRecords,
  type ExploreRecord,
  parseRecords,
  type RecordedFailure,
} from '#runtime/explore/record.ts';
import { shrink } from '#runtime/explore/shrink.ts';
import { Unrepeatable } from '#runtime/explore/steered.ts';
import { type Strategy, strategies } from '#runtime/explore/strategies.ts';
import { performHere } from '#runtime/explore/task.ts';
import { DEFAULTS, explore } from '#runtime/explore.ts';
import type { Trial } from '#runtime/trial.ts';
import { count } from '../count.ts';
import { pool } from '../explore-pool.ts';
import { again, exploredText, failureText, subject } from '../explore-report.ts';
import { type TrialSpec, trialFrom } from '../explore-trial.ts';
import { fail } from '../fail.ts';
import { readText } from '../files.ts';
import { integer } from '../integer.ts';
import { output } from '../output.ts';
import { progress, progressDone } from '../progress.ts';
import { scheduleFrom } from '../schedule.ts';
import { paint } from '../style.ts';

export interface ExploreOptions {
  readonly situation?: string;
  readonly without: readonly string[];
  readonly goroot?: string;
  readonly seed: string;
  readonly strategy: string;
  readonly bound?: string;
  readonly patience?: string;
  readonly depth?: string;
  readonly budget?: string;
  readonly shard?: string;
  readonly workers?: string;
  readonly known: readonly string[];
  readonly all?: boolean;
  readonly twice?: boolean;
  readonly schedule?: string;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

/** Exit code: 0 when all held, 1 when some schedule broke it. */
export async function exploreCommand(scenario: string, options: ExploreOptions): Promise<number> {
  const asked = ask(scenario, options);
  const { situation, goroot } = options;
  const spec: TrialSpec = {
    scenario,
    without: options.without,
    twice: options.twice ?? false,
    seed: integer('--seed', options.seed),
    ...(situation !== undefined && { situation }),
    ...(goroot !== undefined && { goroot }),
  };
  try {
    if (options.schedule !== undefined)
      return replayed(asked, scheduleFrom(options.schedule), trialFrom(spec), options);
    return await explored(asked, spec, options);
  } catch (e) {
    if (!(e instanceof Unrepeatable)) throw e;
    progressDone();
    const print = output();
    print(
      options.json || options.ndjson
        ? JSON.stringify({ asked, unrepeatable: e.message })
        : `${paint('red', '✗')} ${e.message}`,
    );
    print.flush();
    return 1;
  }
}

async function explored(asked: Asked, spec: TrialSpec, options: ExploreOptions): Promise<number> {
  const begun = performance.now();
  const shard = shardOf(options.shard ?? '1/1');
  const workers = number('--workers', options.workers ?? String(availableParallelism()), 1, 256);
  const known = options.known.flatMap((file) => records(file).flatMap((r) => r.uses ?? []));
  const trial = trialFrom(spec);
  const running = pool(spec, workers, performHere(trial));
  try {
    const { bound, patience, depth, budget } = asked;
    const result = await explore(trial, {
      strategy: asked.strategy as Strategy,
      seed: spec.seed,
      shard,
      all: options.all ?? false,
      known,
      ...(bound !== undefined && { bound }),
      ...(patience !== undefined && { patience }),
      ...(depth !== undefined && { depth }),
      ...(budget !== undefined && { budget }),
      perform: running.perform,
      progress: ({ runs, waiting, cost }) =>
        progress(
          `${count(runs, 'run')}, ${waiting} waiting${cost === undefined ? '' : `, ${count(cost, 'preemption')}`}`,
        ),
    });
    if (result.failures.length) progress('shrinking');
    const failures = result.failures.map((f) => simplest(trial, f.schedule));
    progressDone();
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    report(asked, shard, result, failures, seconds, options);
    return failures.length ? 1 : 0;
  } finally {
    await running.close();
  }
}

function simplest(trial: Trial, failing: Schedule): RecordedFailure {
  const { failure, schedule, preemptions, switches } = shrink(trial, failing);
  return { failure, schedule: formatSchedule(schedule), preemptions, switches };
}

function report(
  asked: Asked,
  shard: Shard,
  result: Explored,
  failures: readonly RecordedFailure[],
  seconds: string,
  { json, ndjson, shard: given }: ExploreOptions,
): void {
  const print = output();
  if (json || ndjson) {
    const { schedules, runs, exhausted, uses } = result;
    // Only a shard has to say what it knew.
    const record: ExploreRecord = {
      callgate: 'explore',
      asked,
      shard,
      schedules,
      runs,
      exhausted,
      failures,
      ...(uses && shard.of > 1 && { uses }),
    };
    print(JSON.stringify(record, undefined, json && !ndjson ? 2 : undefined));
  } else {
    for (const f of failures) print(failureText(asked, f));
    print(exploredText(asked, given, result, seconds));
  }
  print.flush();
}

/** One run, on the schedule given and then as it goes. */
function replayed(asked: Asked, schedule: Schedule, trial: Trial, { json, ndjson }: ExploreOptions): number {
  const { failure, steps, digest } = run(trial, schedule);
  const line = formatSchedule(schedule);
  const print = output();
  if (json || ndjson) print(JSON.stringify({ asked, schedule: line, failure: failure ?? null, steps, digest }));
  else {
    print(failure === undefined ? `${paint('green', 'held')}: ${subject(asked)}` : `${paint('red', '✗')} ${failure}`);
    print(`    on ${line}   ${count(steps, 'step')}, digest ${digest}`);
    if (failure !== undefined) print(`    again: ${again(asked, line)}`);
  }
  print.flush();
  return failure === undefined ? 0 : 1;
}

function run(trial: Trial, schedule: Schedule): ReturnType<Trial['run']> {
  try {
    return trial.run(replay(schedule, goOn));
  } catch (e) {
    if (e instanceof ScheduleMismatch) fail(`--schedule: ${e.message}; it was made on another run`);
    throw e;
  }
}

export function records(file: string): ExploreRecord[] {
  try {
    return parseRecords(file, readText(file));
  } catch (e) {
    if (e instanceof BadRecords) fail(e.message);
    throw e;
  }
}

/** Options that say which of many schedules, or who runs them. */
const MANY = ['bound', 'patience', 'depth', 'budget', 'shard', 'workers', 'all'] as const;

/** What is asked for, with every default in its place. */
function ask(scenario: string, o: ExploreOptions): Asked {
  const { strategy, situation, goroot, schedule } = o;
  if (!strategies.some((s) => s === strategy)) fail(`--strategy ${strategy}: give one of ${strategies.join(', ')}`);
  for (const [option, belongs] of [
    ['bound', 'exhaustive'],
    ['patience', 'exhaustive'],
    ['depth', 'pct'],
  ] as const) {
    if (o[option] !== undefined && strategy !== belongs) fail(`--${option} goes with --strategy ${belongs}`);
  }
  if (schedule !== undefined) {
    const given = MANY.find((name) => o[name] !== undefined);
    if (given) fail(`--schedule is one run: it does not go with --${given}`);
    if (strategy !== 'exhaustive') fail('--schedule is one run: it does not go with --strategy');
    if (o.known.length) fail('--schedule is one run: it does not go with --known');
  }
  if (o.known.length && strategy !== 'exhaustive') fail('--known goes with --strategy exhaustive');
  const exhaustive = strategy === 'exhaustive' && schedule === undefined;
  return {
    scenario,
    without: o.without,
    strategy,
    seed: integer('--seed', o.seed).toString(),
    ...(situation !== undefined && { situation }),
    ...(goroot !== undefined && { goroot }),
    ...(exhaustive && { bound: number('--bound', o.bound ?? String(DEFAULTS.bound), 0, 100) }),
    ...(exhaustive && { patience: number('--patience', o.patience ?? String(DEFAULTS.patience), 1, 1_000_000) }),
    ...(strategy === 'pct' && { depth: number('--depth', o.depth ?? String(DEFAULTS.depth), 1, 100) }),
    ...(o.budget !== undefined && { budget: number('--budget', o.budget, 1, 1_000_000_000) }),
  };
}

function number(option: string, text: string, least: number, most: number): number {
  const n = integer(option, text);
  if (n < least || n > most) fail(`${option} ${text}: give a number from ${least} to ${most}`);
  return Number(n);
}

function shardOf(text: string): Shard {
  const [, index, of] = /^([0-9]{1,6})\/([1-9][0-9]{0,5})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || of === undefined) return fail(`--shard '${text}': write INDEX/COUNT, as in 1/4`);
  if (index < 1 || index > of) fail(`--shard ${text}: there are shards 1/${of} to ${of}/${of}`);
  return { index, of };
}
