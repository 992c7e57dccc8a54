/** The results as tables in Markdown, which is also what the terminal shows. */
import { find, type Measured, type Results, ratio } from './results.ts';
import { geometricMean } from './statistics.ts';
import type { Role } from './subject.ts';
import { targets } from './targets.ts';

const mega = (v: number | undefined): string =>
  v === undefined
    ? '–'
    : v >= 1e8
      ? Math.round(v / 1e6).toLocaleString('en')
      : v >= 1e7
        ? (v / 1e6).toFixed(0)
        : (v / 1e6).toFixed(1);
const times = (v: number | undefined): string => (v === undefined ? '–' : v >= 10 ? v.toFixed(0) : v.toFixed(2));
const mib = (kib: number | undefined): string => (kib === undefined ? '–' : (kib / 1024).toFixed(0));

export function markdown(rows: readonly (readonly string[])[]): string {
  const columns = rows[0]!.map((_, i) => rows.map((r) => r[i]!));
  const widths = columns.map((c) => Math.max(...c.map((text) => [...text].length), 3));
  // Columns of figures are flush right.
  const isRight = columns.map((c) => c.slice(1).every((text) => /^([\d.,]+×?|–)$/.test(text)));
  const cell = (text: string, i: number): string => {
    const space = ' '.repeat(widths[i]! - [...text].length);
    return isRight[i] ? space + text : text + space;
  };
  const line = (r: readonly string[]): string => `| ${r.map(cell).join(' | ')} |`;
  const rule = `|${widths.map((w, i) => `${'-'.repeat(w + 1)}${isRight[i] ? ':' : '-'}`).join('|')}|`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join('\n');
}

/** Subjects down, loads across. */
function byLoad(r: Results, names: readonly string[], cell: (m: Measured | undefined) => string): string {
  const loads = r.loads.map((l) => l.name);
  return markdown([['', ...loads], ...names.map((s) => [s, ...loads.map((l) => cell(find(r, s, l)))])]);
}

/** How many times as fast `a` is as each of `others`, with the geometric mean over the loads both have. */
function ratios(r: Results, a: string, others: readonly string[]): string {
  const loads = r.loads.map((l) => l.name);
  const rows = others.map((b) => {
    const values = loads.map((l) => ratio(r, a, b, l));
    const known = values.filter((v) => v !== undefined);
    return [`${a} / ${b}`, ...values.map(times), times(known.length ? geometricMean(known) : undefined)];
  });
  return markdown([['', ...loads, 'geometric mean'], ...rows]);
}

function targetTable(r: Results): string {
  const rows = targets.map((t) => {
    const found = t.found(r);
    return [t.what, t.aim, found?.text ?? 'not measured', found ? (found.reached ? 'yes' : 'no') : '–'];
  });
  return markdown([['target', 'aim', 'found', 'reached'], ...rows]);
}

function failures(r: Results): string[] {
  const all = r.measured.filter((m) => m.failed !== undefined);
  return all.length ? ['No figure:', '', ...all.map((m) => `- ${m.subject} on ${m.load}: ${m.failed}`)] : [];
}

/** A heading with what belongs under it; nothing at all where nothing was measured. */
const section = (title: string, names: readonly string[], ...tables: readonly string[]): string[] =>
  names.length ? [`## ${title}`, '', ...tables.flatMap((t) => [t, ''])] : [];

export function report(r: Results): string {
  const having = (test: (m: Measured) => boolean): string[] =>
    r.subjects.map((s) => s.name).filter((s) => r.measured.some((m) => m.subject === s && test(m)));
  const warm = having((m) => m.warm !== undefined);
  const names = (role: Role, ours?: boolean): string[] =>
    r.subjects
      .filter((s) => s.role === role && warm.includes(s.name) && s.ours === (ours ?? s.ours))
      .map((s) => s.name);
  const whole = having((m) => m.whole !== undefined);
  const { host } = r;
  const rates = (all: readonly string[]): string => byLoad(r, all, (m) => mega(m?.warm));
  const against = (ours: string, role: Role): string[] =>
    warm.includes(ours) && names(role, false).length ? [ratios(r, ours, names(role, false))] : [];
  return [
    `${host.cpu}, ${host.cores} cores, ${host.system}; node ${host.node}, ${host.gcc}; ${host.peers.join(', ')}; ${host.date}.`,
    `Medians of ${r.runs} runs in turn, each of about ${r.secondsASample} s.${r.missing.length ? ` Not here: ${r.missing.join(', ')}.` : ''}`,
    '',
    ...section('Targets', ['all'], targetTable(r)),
    ...section(
      'Plain, million guest instructions a second, warm',
      names('plain'),
      rates(names('plain')),
      ...against('jit', 'plain'),
    ),
    ...section(
      'Recording every instruction, the same',
      names('traced'),
      rates(names('traced')),
      ...against('jit traced', 'traced'),
    ),
    ...section(
      'Whole processes, start-up included, million instructions a second',
      whole,
      byLoad(r, whole, (m) => mega(m?.whole)),
    ),
    ...section(
      'Peak memory of those processes, MiB',
      whole,
      byLoad(r, whole, (m) => mib(m?.rss)),
    ),
    ...section(
      'Starting: time, and memory at rest',
      ['all'],
      markdown([['', 'ms', 'MiB'], ...r.start.map((s) => [s.what, (s.seconds * 1000).toFixed(1), mib(s.rss)])]),
    ),
    ...section(
      'Single steps through the API, million a second',
      ['all'],
      markdown([['', 'M/s'], ...r.stepping.map((s) => [s.engine, (s.perSecond / 1e6).toFixed(2)])]),
    ),
    ...section(
      'Loads',
      ['all'],
      markdown([
        ['', 'what', 'instructions a repeat'],
        ...r.loads.map((l) => [l.name, l.what, l.instructionsARepeat.toLocaleString('en')]),
      ]),
    ),
    ...failures(r),
  ]
    .join('\n')
    .trimEnd();
}

/** docs/PERFORMANCE.md. */
export const page = (r: Results): string => `# Performance

What \`npm run bench\` found, which also writes this page; nothing here is typed by hand. Absolute figures are the
machine's; ratios are what counts. How it is measured:

- Every load is a static freestanding program in C or assembly (\`bench/loads\`, \`test/emu/programs\`), and everybody runs
  the same file. It does the same work over again as often as its argument says; what it prints must be what it prints
  natively.
- Instructions are counted once, by the interpreter. The same number stands for everybody, whoever counts \`REP\` otherwise.
- Subjects take turns: A B C A B C. Each is given as much work as fills a sample.
- *Warm* is without start-up: from native and qemu-user the time of the same program with nothing to do is taken off;
  Unicorn is timed around \`uc_emu_start\`; our engines run in the measuring process, in slices, after a slice that is not
  counted.
- *Traced* is, for ours, the tape: a record for every instruction with its address, flags, new register values and stores,
  copied into a buffer of 64 MiB. *Steps* is an observer in TypeScript that is told about every instruction. Beside them
  stand Unicorn's hooks written in C.

${report(r)}
`;
