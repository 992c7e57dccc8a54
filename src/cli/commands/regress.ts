/** callgate regress: the five historic bugs, each without its fix and with it. */
import { formatSchedule } from '#emu/sched/schedule.ts';
import { type Regression, regressions, type Shown, show } from '#runtime/regress/regressions.ts';
import { stubs } from '#runtime/stubs.ts';
import { AssemblyErrors, library } from '../assembly.ts';
import { count } from '../count.ts';
import { again } from '../explore-report.ts';
import { fail } from '../fail.ts';
import { integer } from '../integer.ts';
import { output } from '../output.ts';
import { progress, progressDone } from '../progress.ts';
import { paint } from '../style.ts';

export interface RegressOptions {
  readonly goroot?: string;
  readonly seed: string;
  readonly json?: boolean;
}

/** Exit code: 0 when each fails without its fix and holds with it, 1 otherwise. */
export async function regress(names: readonly string[], options: RegressOptions): Promise<number> {
  const chosen = names.length ? names.map(named) : regressions;
  const linked = stubs(library(options));
  if (linked.diagnostics.length) throw new AssemblyErrors(linked.diagnostics, {});
  const how = { stubs: linked, seed: integer('--seed', options.seed) };
  const all: Shown[] = [];
  const print = output();
  for (const r of chosen) {
    progress(`${r.id} ${r.scenario.name}`);
    const shown = await show(r, how);
    progressDone();
    all.push(shown);
    if (options.json) continue;
    print(text(shown, options));
    print.flush();
  }
  const good = all.filter(reproduced).length;
  if (options.json) print(JSON.stringify({ regressions: all.map(record) }, undefined, 2));
  else {
    const verdict = `${good} of ${all.length} ${all.length === 1 ? 'fails without its' : 'fail without their'} fix and ${all.length === 1 ? 'holds' : 'hold'} with it`;
    print(paint(good === all.length ? 'green' : 'red', verdict));
  }
  print.flush();
  return good === all.length ? 0 : 1;
}

const reproduced = ({ without, with: w }: Shown): boolean => without.failure !== undefined && w.failure === undefined;

function named(name: string): Regression {
  const found = regressions.find((r) => [r.id.toLowerCase(), r.fix.name, r.scenario.name].includes(name.toLowerCase()));
  const known = regressions.map((r) => `${r.id} (${r.fix.name})`).join(', ');
  return found ?? fail(`no regression is called '${name}'; there are ${known}`);
}

function text(shown: Shown, { goroot, seed }: RegressOptions): string {
  const { regression: r, without, with: w } = shown;
  const { fix, scenario } = r;
  const lines = [paint('bold', `${r.id}  ${fix.what}  [${fix.name}: Go ${fix.since}, ${fix.commit}]`)];
  const row = (label: string, value: string): number => lines.push(`      ${label.padEnd(10)}${value}`);
  if (without.failure === undefined) {
    lines.push(
      `    without  ${paint('red', 'HOLDS')}  ${count(without.tried, 'schedule')} of ${scenario.name} tried, none fails`,
    );
  } else {
    lines.push(`    without  ${paint('green', 'fails')}  ${without.failure}`);
    const line = formatSchedule(without.schedule);
    const how = without.schedule.length ? line : 'as it goes by itself';
    row('schedule', scenario.threads ? `${how}  (${count(without.tried, 'schedule')} tried)` : 'one thread');
    const asked = { scenario: scenario.name, without: [fix.name], strategy: 'exhaustive', seed };
    row('again', again({ ...asked, ...(goroot !== undefined && { goroot }) }, line));
    for (const [i, c] of without.result.story.entries()) {
      row(i ? '' : 'story', `${String(c.at).padStart(5)} ${c.thread}  ${c.text}`);
    }
    row('ends', `in ${without.result.endedAt}`);
    const told = without.result.findings.filter((f) => f.check !== 'ending');
    told.forEach((f, i) => row(i ? '' : 'findings', `${f.check}: ${f.message}${f.at ? `, at ${f.at}` : ''}`));
    without.result.output
      .trimEnd()
      .split('\n')
      .filter((l) => l)
      .forEach((l, i) => row(i ? '' : 'prints', l));
  }
  const tried = count(w.schedules, 'schedule');
  const all = w.schedules === 1 ? 'the only schedule there is' : `all ${tried} with at most one preemption`;
  const how = w.exhausted ? all : `the first ${tried} with at most one preemption`;
  const holds = w.failure === undefined ? paint('green', 'holds') : paint('red', 'FAILS');
  lines.push(`    with     ${holds}  ${w.failure ?? how}`, '');
  return lines.join('\n');
}

function record(shown: Shown): object {
  const { regression: r, without, with: w } = shown;
  return {
    id: r.id,
    fix: r.fix.name,
    commit: r.fix.commit,
    scenario: r.scenario.name,
    reproduced: reproduced(shown),
    without: {
      failure: without.failure ?? null,
      schedule: formatSchedule(without.schedule),
      tried: without.tried,
      story: without.result.story,
      output: without.result.output,
    },
    with: { failure: w.failure ?? null, schedules: w.schedules, exhausted: w.exhausted },
  };
}
