/** npm run bench: measures, prints the tables, keeps the figures. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import { parseArgs } from 'node:util';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { hasGcc, missingGcc } from '../test/emu/programs/compile.ts';
import { ASSEMBLING, assemblerReport, measureAssembler, NoToolchain } from './assembler.ts';
import { buildLoad } from './build.ts';
import { retiredBy } from './inside.ts';
import { type Load, loads, nothing } from './loads.ts';
import { sectionOf, withSection } from './page.ts';
import { firstLine } from './process.ts';
import { page, report } from './report.ts';
import type { Host, Measured, Results } from './results.ts';
import { startUp, stepping } from './startup.ts';
import { median } from './statistics.ts';
import type { Program, Sample, Sampler, Subject } from './subject.ts';
import { allSubjects } from './subjects.ts';

const USAGE = `usage: npm run bench -- [--only W1,W2] [--subjects native,jit] [--runs N] [--quick] [--date YYYY-MM-DD]
       npm run bench -- asm [--runs N] [--quick] [--date YYYY-MM-DD]
--quick, --only and --subjects print the figures; without them docs/PERFORMANCE.md is written
loads: ${loads.map((l) => l.name).join(', ')}`;

/** Samples this long, s: short ones are noise, and there are many. */
const SECONDS = 0.25;
const QUICK_SECONDS = 0.1;

class Usage extends Error {}

function chosen<T extends { readonly name: string }>(all: readonly T[], names: string | undefined): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const hit = all.find((x) => x.name === name.trim());
    if (!hit) throw new Usage(`there is no ${name.trim()}: give some of ${all.map((x) => x.name).join(', ')}`);
    return hit;
  });
}

function program(load: Load): Program {
  const path = buildLoad(load);
  const [one, two, three] = [1, 2, 3].map((n) => retiredBy(path, n, (parts) => new Interpreter(parts)));
  const each = two! - one!;
  if (three! - two! !== each) throw new Error(`${load.name}: repeats differ: ${one}, ${two}, ${three} instructions`);
  return { load, path, fixed: one! - each, each };
}

const say = (text: string): void => void process.stderr.write(`${text}\n`);
const reason = (e: unknown): string => (e instanceof Error ? e.message : String(e)).split('\n')[0]!;

/** All subjects on one load, in turn. */
function measure(p: Program, subjects: readonly Subject[], runs: number, seconds: number): Measured[] {
  const ready: { subject: string; sample: Sampler; samples: Sample[] }[] = [];
  const failed: Measured[] = [];
  for (const s of subjects) {
    try {
      ready.push({ subject: s.name, sample: s.prepare(p, seconds), samples: [] });
    } catch (e) {
      failed.push({ subject: s.name, load: p.load.name, failed: reason(e) });
    }
  }
  for (let i = 0; i < runs; i++) for (const r of ready) r.samples.push(r.sample());
  const middle = (values: readonly (number | undefined)[]): number | undefined => {
    const known = values.filter((v) => v !== undefined);
    return known.length ? median(known) : undefined;
  };
  const found = ready.map(({ subject, samples }): Measured => {
    const rates = samples.map((s) => s.warm).filter((v) => v !== undefined);
    const warm = middle(rates);
    const whole = middle(samples.map((s) => s.whole));
    const rss = middle(samples.map((s) => s.rss));
    return {
      subject,
      load: p.load.name,
      ...(warm !== undefined && { warm, spread: [Math.min(...rates), Math.max(...rates)] }),
      ...(whole !== undefined && { whole }),
      ...(rss !== undefined && { rss }),
    };
  });
  return [...found, ...failed];
}

const host = (date: string, peers: readonly string[]): Host => ({
  date,
  cpu: cpus()[0]?.model ?? 'an unknown CPU',
  cores: cpus().length,
  system: `${type()} ${release()}`,
  node: process.versions.node,
  gcc: firstLine('gcc', '--version') ?? 'no gcc',
  peers,
});

const PAGE = 'docs/PERFORMANCE.md';

const today = (): string => new Date().toISOString().slice(0, 10);

/** The assembler's part: it needs no gcc but for the clock, and no engines. */
function benchAssembler(runs: number, quick: boolean, date: string): void {
  const machine = host(date, []);
  const { cpu, cores, system, node } = machine;
  const goroot = process.env['CALLGATE_GOROOT'] ?? '/usr/lib/go-1.19';
  const results = measureAssembler(goroot, runs, say);
  const go = existsSync(`${goroot}/VERSION`) ? readFileSync(`${goroot}/VERSION`, 'utf8').split('\n')[0] : 'Go';
  const section = assemblerReport(results, `${cpu}, ${cores} cores, ${system}; node ${node}, ${go}; ${date}.`);
  console.log(section);
  if (quick) return;
  const file = `bench/results/asm-${date}.json`;
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(file, `${JSON.stringify({ host: { ...machine, peers: [go] }, ...results }, undefined, 2)}\n`);
  writeFileSync(PAGE, withSection(readFileSync(PAGE, 'utf8'), ASSEMBLING, section));
  say(`written: ${file}, ${PAGE}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      subjects: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      date: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  if (!hasGcc) throw new Usage(missingGcc);
  const runs = Number(values.runs ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(runs) || runs < 1) throw new Usage(`--runs ${values.runs}: give a whole number from 1`);
  const [what] = positionals;
  if (what === 'asm') return benchAssembler(runs, values.quick, values.date ?? today());
  if (what !== undefined) throw new Usage(`there is no ${what}`);
  const seconds = values.quick ? QUICK_SECONDS : SECONDS;
  const wanted = chosen(loads, values.only);
  const known = await allSubjects();
  const subjects = chosen(known.subjects, values.subjects);
  const measured: Measured[] = [];
  const described: Results['loads'][number][] = [];
  for (const load of wanted) {
    say(`${load.name}: ${load.what}`);
    const p = program(load);
    described.push({ name: load.name, what: load.what, instructionsARepeat: p.each });
    measured.push(...measure(p, subjects, runs, seconds));
  }
  say('start-up and steps');
  const results: Results = {
    host: host(values.date ?? today(), known.versions),
    runs,
    secondsASample: seconds,
    loads: described,
    subjects: subjects.map(({ name, ours, role }) => ({ name, ours, role })),
    missing: known.missing,
    measured,
    start: startUp(buildLoad(nothing), Math.max(runs, 5)),
    stepping: stepping(buildLoad(loads[0]!), runs, seconds),
  };
  console.log(report(results));
  // Half the figures, or hasty ones, are no page.
  if (values.quick || values.only !== undefined || values.subjects !== undefined) return;
  mkdirSync('bench/results', { recursive: true });
  writeFileSync(`bench/results/${results.host.date}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  const before = existsSync(PAGE) ? sectionOf(readFileSync(PAGE, 'utf8'), ASSEMBLING) : '';
  writeFileSync(PAGE, withSection(page(results), ASSEMBLING, before));
  say(`written: bench/results/${results.host.date}.json, docs/PERFORMANCE.md`);
}

try {
  await main();
} catch (e) {
  const isBad = e instanceof Usage || e instanceof NoToolchain || (e instanceof TypeError && 'code' in e);
  say(isBad ? `bench: ${reason(e)}\n${USAGE}` : `bench: ${e instanceof Error ? e.stack : String(e)}`);
  process.exitCode = isBad ? 2 : 1;
}
