/** callgate run: verdicts for every stub, stack and alignment. */
import { performance } from 'node:perf_hooks';
import { type Row, verdicts } from '#runtime/verdict.ts';
import { job, type RunOptions } from '../context.ts';
import { progress, progressDone } from '../progress.ts';
import { paint } from '../style.ts';
import { failures, failureText, rowJson, verdictTable } from '../verdict-report.ts';

/** Exit code: 0 when all held, 1 when something did not. */
export function run(target: string | undefined, options: RunOptions): number {
  const begun = performance.now();
  const { scenarios, stubs, seed, fail, budget } = job(target, options);
  const total = scenarios.reduce((n, s) => n + s.situations.length, 0);
  const rows: Row[] = [];
  for (const row of verdicts(scenarios, stubs, seed, fail, budget)) {
    rows.push(row);
    progress(`${rows.length}/${total} ${row.scenario.name}: ${row.situation.name}`);
  }
  progressDone();
  const runs = rows.flatMap((r) => [...r.results.values()].flat());
  const bad = failures(rows);
  const failed = runs.filter((r) => r.findings.length).length;

  if (options.json) {
    console.log(JSON.stringify({ runs: runs.length, failed, rows: rows.map(rowJson) }, undefined, 2));
    return failed ? 1 : 0;
  }
  console.log(verdictTable(rows));
  const returned = new Set(runs.flatMap((r) => (r.returned === undefined ? [] : [r.returned])));
  const printed = new Set(
    runs
      .filter((r) => !r.findings.length && r.case.scenario.name === scenarios[0]!.name && r.output)
      .map((r) => r.output),
  );
  if (target !== undefined) for (const text of printed) console.log(`\nprinted: ${JSON.stringify(text)}`);
  if (target !== undefined && returned.size) console.log(`\nreturned: ${[...returned].join('\n      or: ')}`);
  for (const f of bad) {
    const { scenario, situation, stack, residue } = f.first.case;
    const where =
      target !== undefined && target !== scenario.name ? `${target} --scenario ${scenario.name}` : scenario.name;
    const situationFlag = situation === scenario.situations[0] ? '' : ` --situation '${situation.name}'`;
    console.log(
      `\n${failureText(f, `callgate trace ${where}${situationFlag} --on ${stack} --residue ${residue}${repeated(options)}`)}`,
    );
  }
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const verdict = failed
    ? paint('red', `${failed} of ${runs.length} runs failed`)
    : paint('green', `all ${runs.length} runs held`);
  console.log(`\n${verdict}: every cell is 16 runs, one for each value of RSP mod 16 (${seconds} s)`);
  return failed ? 1 : 0;
}

/** The options that change what a run does, for a line that repeats it. */
function repeated({ goroot, seed, fail, arg }: RunOptions): string {
  return [
    goroot === undefined ? '' : ` --goroot ${goroot}`,
    seed === '0' ? '' : ` --seed ${seed}`,
    ...fail.map((r) => ` --fail ${r}`),
    ...arg.map((a) => ` --arg ${a}`),
  ].join('');
}
