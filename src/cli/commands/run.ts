/** callgate run: verdicts for every stub, stack and alignment. */
import { performance } from 'node:perf_hooks';
import type { MakeEngine } from '#emu/engine/engine.ts';
import type { ElfObject } from '#emu/linux/elf-object.ts';
import { formatSchedule } from '#emu/sched/schedule.ts';
import { models } from '#runtime/models.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { type Row, verdicts } from '#runtime/verdict.ts';
import { job, type RunOptions } from '../context.ts';
import { count } from '../count.ts';
import { output } from '../output.ts';
import { progress, progressDone } from '../progress.ts';
import { quoted } from '../quoted.ts';
import { paint } from '../style.ts';
import { failures, failureText, rowJson, verdictTable } from '../verdict-report.ts';

/** Exit code: 0 when all held, 1 when something did not. `engine` executes it, where that is not the default. */
export function run(target: string | undefined, options: RunOptions, engine?: MakeEngine): number {
  const begun = performance.now();
  const { scenarios, stubs, seed, fail, budget, cpu, without } = job(target, options);
  const total = scenarios.reduce((n, s) => n + s.situations.length, 0);
  const rows: Row[] = [];
  for (const row of verdicts(scenarios, stubs, seed, fail, budget, { cpu, without, ...(engine && { engine }) })) {
    rows.push(row);
    progress(`${rows.length}/${total} ${row.scenario.name}: ${row.situation.name}`);
  }
  progressDone();
  const runs = rows.flatMap((r) => [...r.results.values()].flat());
  const bad = failures(rows);
  const failed = runs.filter((r) => r.findings.length).length;

  const print = output();
  if (options.json) {
    print(JSON.stringify({ runs: runs.length, failed, rows: rows.map(rowJson) }, undefined, 2));
    print.flush();
    return failed ? 1 : 0;
  }
  print(verdictTable(rows));
  if (target !== undefined) {
    const held = runs.filter((r) => !r.findings.length);
    shown(
      'printed',
      held.map((r) => (r.output ? firstLine(r.output) : undefined)),
    ).forEach((l) => print(l));
    shown(
      'returned',
      held.map((r) => r.returned),
    ).forEach((l) => print(l));
  }
  for (const f of bad) {
    const { scenario, situation, stack, residue, schedule } = f.first.case;
    const where =
      target !== undefined && target !== scenario.name
        ? `${quoted(target)} --scenario ${scenario.name}`
        : scenario.name;
    const scheduleFlag = schedule ? ` --schedule '${formatSchedule(schedule)}'` : '';
    const situationFlag = situation === scenario.situations[0] ? '' : ` --situation ${quoted(situation.name)}`;
    print(
      `\n${failureText(f, `callgate trace ${where}${situationFlag} --on ${stack} --residue ${residue}${scheduleFlag}${repeated(options)}`)}`,
    );
  }
  // The situations' own rules do not count: the user's did nothing.
  if (fail.length && !runs.some((r) => r.injected > r.case.situation.fail.length)) {
    print(`\nnote: ${fail.map((r) => `--fail ${r}`).join(' ')} never applied: no run made that call that often`);
  }
  for (const o of scenarios.some((s) => s.name === target) ? idle(scenarios, stubs.objects) : []) {
    print(`\nnote: --c ${quoted(o.path)} takes no part: no function of ${target} has a name that it defines`);
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const verdict = failed
    ? paint('red', `${failed} of ${runs.length} runs failed`)
    : paint('green', `all ${runs.length} runs held`);
  print(`\n${verdict}: every cell is 16 runs, one for each value of RSP mod 16 (${seconds} s)`);
  print.flush();
  return failed ? 1 : 0;
}

/** Objects that define no function of these scenarios, and nothing that another object asks for. */
function idle(scenarios: readonly Scenario[], objects: readonly ElfObject[]): ElfObject[] {
  const own = scenarios.flatMap((s) => s.situations.flatMap((situation) => s.models?.(situation) ?? []));
  const wanted = new Set([...models, ...own].map((m) => m.name));
  for (const s of objects.flatMap((o) => o.symbols)) if (s.place.in === 'undefined') wanted.add(s.name);
  return objects.filter((o) => !o.symbols.some((s) => s.place.in !== 'undefined' && wanted.has(s.name)));
}

/** Different values of one thing over all runs, the first few of them. */
function shown(what: string, values: readonly (string | undefined)[]): string[] {
  const different = [...new Set(values.filter((v) => v !== undefined))];
  const first = different
    .slice(0, MAX_SHOWN)
    .map((v, i) => `${i ? `${' '.repeat(what.length - 2)}or` : `\n${what}`}: ${v}`);
  return different.length > MAX_SHOWN ? [...first, `and ${different.length - MAX_SHOWN} more`] : first;
}
const MAX_SHOWN = 4;

/** Addresses below it differ from run to run; callgate trace shows all of it. */
function firstLine(text: string): string {
  const [first, ...rest] = text.trimEnd().split('\n');
  return rest.length ? `${JSON.stringify(first)} and ${count(rest.length, 'more line')}` : JSON.stringify(first);
}

/** The options that change what a run does, for a line that repeats it. */
function repeated({ goroot, seed, fail, arg, budget, cpu, include, define, c, without }: RunOptions): string {
  const flag = (name: string, values: readonly (string | undefined)[]): string =>
    values.map((v) => (v === undefined ? '' : ` ${name} ${quoted(v)}`)).join('');
  return [
    flag('--goroot', [goroot]),
    flag('--without', without),
    flag('--c', c),
    flag('--seed', [seed === '0' ? undefined : seed]),
    flag('--fail', fail),
    flag('--arg', arg),
    flag('--budget', [budget]),
    flag('--cpu', [cpu === 'v3' ? undefined : cpu]),
    flag('-I', include),
    flag('-D', define),
  ].join('');
}
