/** The main job: scenarios run from every stack at every alignment of RSP, and what came of it. */

import type { Finding } from '#emu/check/checker.ts';
import { watch } from '#emu/check/index.ts';
import type { CpuModel } from '#emu/cpu/models.ts';
import { parseRules } from '#emu/linux/rules.ts';
import type { MachineOptions } from '#emu/machine.ts';
import { goOn } from '#emu/sched/go-on.ts';
import type { Schedule } from '#emu/sched/schedule.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { script } from '#emu/sched/script.ts';
import type { Ending, Observer } from '#emu/trace/event.ts';
import { stopReport } from '#emu/trace/report.ts';
import { watchRuntime } from './check/index.ts';
import type { FixName } from './fixes.ts';
import { models } from './models.ts';
import { type Scenario, type Situation, unexpected } from './scenario.ts';
import type { Stubs } from './stubs.ts';
import { type StackName, World } from './world.ts';
import type { Chapter } from './world-options.ts';

/** Every value RSP mod 16 can have. */
export const RESIDUES: readonly number[] = Array.from({ length: 16 }, (_, i) => i);
/** No scenario needs a hundredth of it; a stub that loops is stopped here. */
export const BUDGET = 20_000;

/** What assembly reads when runtime/cgo is not linked in: no C function to call. */
const withoutCgo = { _cgo_mmap: 0n, _cgo_munmap: 0n, _cgo_sigaction: 0n } as const;

export interface Case {
  readonly scenario: Scenario;
  readonly situation: Situation;
  readonly stack: StackName;
  /** Bytes taken off every stack. */
  readonly residue: number;
  readonly seed: bigint;
  /** Fault rules besides the situation's. */
  readonly fail: readonly string[];
  /** What executes the instructions, where that is not the default. */
  readonly engine?: NonNullable<MachineOptions['engine']>;
  /** The processor, where that is not the default. */
  readonly cpu?: CpuModel;
  /** Historic fixes that this Go does not have. */
  readonly without?: readonly FixName[];
  /** Whose turn it is, where there are several threads; one after the other when left out. */
  readonly scheduler?: Scheduler;
  /** The same as a wish: one of the situation's schedules, its first when left out. */
  readonly schedule?: Schedule;
}

export interface CaseFinding extends Finding {
  /** RSP mod 16 when the function at fault was entered. */
  readonly entryResidue: number | undefined;
}

export interface CaseResult {
  readonly case: Case;
  readonly ending: Ending;
  /** The stop explained, unless the run returned or exited. */
  readonly report: string | undefined;
  /** System calls that a rule made fail. */
  readonly injected: number;
  /** What it wrote to standard output and standard error. */
  readonly output: string;
  /** Result words of a plain call, as the trace shows them. */
  readonly returned: string | undefined;
  /** What happened on the way, for people. */
  readonly story: readonly Chapter[];
  /** Where it ended. */
  readonly endedAt: string;
  /** What throw said, if it did. */
  readonly thrown: string | undefined;
  readonly findings: readonly CaseFinding[];
}

/** Run one case. `observer`, if any, sees every event. */
export function runCase(c: Case, given: Stubs, budget = BUDGET, observer?: (w: World) => Observer): CaseResult {
  const { scenario, situation } = c;
  const stubs = scenario.overlay ? given.over(scenario.overlay) : given;
  const own = scenario.models?.(situation) ?? [];
  const world = new World({
    seed: c.seed,
    rules: parseRules([...situation.fail, ...c.fail]),
    // A scenario's own function comes before the one everybody has.
    models: [...own, ...models.filter((m) => !own.some(({ name }) => name === m.name))],
    globals: { ...withoutCgo, ...scenario.globals },
    link: stubs.link,
    ...scenario.world,
    without: new Set([...(scenario.lacks ?? []), ...(c.without ?? [])]),
    objects: stubs.objects,
    library: stubs.library,
    lenient: stubs.lenient,
    decoded: stubs.decoded,
    ...(c.engine && { engine: c.engine }),
    ...(c.cpu && { cpu: c.cpu }),
  });
  const { machine } = world;
  if (observer) machine.observe(observer(world));
  watch(machine, world.findings);
  watchRuntime(world, scenario.breaks);
  const entries = entryResidues(world);
  const main = scenario.main(situation);
  let returned: string | undefined;
  let output = '';
  let injected = 0;
  machine.observe((e) => {
    if (e.kind === 'leave' && e.name === main.name) returned = e.result || undefined;
    if (e.kind === 'syscall' && e.injected) injected++;
    if (e.kind === 'output') output += new TextDecoder().decode(e.bytes);
  });
  const scheduler = c.scheduler ?? scheduled(c);
  const ending = world.run(main, c.stack, c.residue, budget, scheduler);
  const { findings } = world;
  // A wrong ending is what is left when no checker saw the reason.
  const wrong = unexpected(situation.ends, ending, output);
  const where = machine.symbols.nameOf(machine.cpu.rip) ?? `0x${machine.cpu.rip.toString(16)}`;
  if (wrong && !findings.length)
    findings.push({ check: 'ending', message: wrong, pc: machine.cpu.rip, at: where, cause: undefined });
  const quiet = ending.kind === 'done' || ending.kind === 'exit' || !findings.length;
  const report = quiet ? undefined : stopReport(machine, ending);
  return {
    case: c,
    ending,
    report,
    injected,
    output,
    returned,
    story: world.story,
    endedAt: where,
    thrown: world.thrown,
    findings: findings.map((f) => ({ ...f, entryResidue: entries(f.pc) })),
  };
}

function scheduled({ scenario, situation, schedule = situation.schedules?.[0] }: Case): Scheduler | undefined {
  if (schedule) return script(schedule);
  return scenario.threads ? goOn : undefined;
}

/** Remembers RSP mod 16 at the latest entry of every function; asked with any address inside it. */
function entryResidues({ machine }: World): (pc: bigint) => number | undefined {
  const latest = new Map<bigint, number>();
  machine.observe((e) => {
    if (e.kind === 'call') latest.set(e.to, Number(e.slot % 16n));
    if (e.kind !== 'insn') return;
    const { insn, next } = e.step;
    // Functions are jumped to: what goes straight on is in the middle of one.
    if (next === insn.address + BigInt(insn.length) || machine.symbols.at(next)?.address !== next) return;
    latest.set(next, Number(e.rsp % 16n));
  });
  return (pc) => latest.get(machine.symbols.at(pc)?.address ?? -1n);
}

export interface Row {
  readonly scenario: Scenario;
  readonly situation: Situation;
  /** Results by stack, one per residue, or per schedule of the situation; a stack on which the stubs may not be called is missing. */
  readonly results: ReadonlyMap<StackName, readonly CaseResult[]>;
}

export interface How extends Pick<Case, 'engine' | 'cpu' | 'without'> {
  /** Run a situation under each of its schedules, not only under a few of them. */
  readonly every?: boolean;
}

/** Rows one by one, so that whoever prints them can show progress. */
export function* verdicts(
  scenarios: readonly Scenario[],
  stubs: Stubs,
  seed: bigint,
  fail: readonly string[] = [],
  budget = BUDGET,
  { every = false, ...how }: How = {},
): Generator<Row> {
  for (const scenario of scenarios) {
    for (const situation of scenario.situations) {
      const results = new Map<StackName, readonly CaseResult[]>();
      for (const stack of scenario.stacks) {
        results.set(
          stack,
          runsOf(situation, every).map((run) =>
            runCase({ scenario, situation, stack, seed, fail, ...how, ...run }, stubs, budget),
          ),
        );
      }
      yield { scenario, situation, results };
    }
  }
}

function runsOf({ schedules }: Situation, every: boolean): readonly Pick<Case, 'residue' | 'schedule'>[] {
  if (!schedules) return RESIDUES.map((residue) => ({ residue }));
  if (every) return schedules.map((schedule, i) => ({ schedule, residue: i % RESIDUES.length }));
  // As many as there are alignments, from the first to the last.
  const at = (residue: number): number => Math.floor((residue * (schedules.length - 1)) / (RESIDUES.length - 1));
  return RESIDUES.map((residue) => ({ residue, schedule: schedules[at(residue)]! }));
}
