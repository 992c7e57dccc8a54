/** Verdicts as a person reads them: the table, then every different failure once. */
import { endingText } from '#emu/trace/ending.ts';
import type { CaseFinding, CaseResult, Row } from '#runtime/verdict.ts';
import { stackNames } from '#runtime/world.ts';
import { paint } from './style.ts';
import { type Cell, table } from './table.ts';

const passed = (r: CaseResult): boolean => r.findings.length === 0;

export function verdictTable(rows: readonly Row[]): string {
  const head = ['SCENARIO', 'STUBS', 'SITUATION', ...stackNames.map((s) => `ON ${s}`)].map(
    (text): Cell => ({ text, paint: (t) => paint('bold', t) }),
  );
  return table([head, ...rows.map(rowCells)]);
}

function rowCells({ scenario, situation, results }: Row): (Cell | string)[] {
  const cells = stackNames.map((s): Cell => {
    const rs = results.get(s);
    if (!rs) return { text: '·', paint: (t) => paint('dim', t) };
    const good = rs.filter(passed).length;
    return { text: `${good}/${rs.length}`, paint: (t) => paint(good === rs.length ? 'green' : 'red', t) };
  });
  return [scenario.name, scenario.stubs.map(shortName).join(' '), situation.name, ...cells];
}

/** Nearly all stubs are the runtime's. */
const shortName = (name: string): string => name.replace(/^runtime\./, '');

/** One failure, with all the alignments, stacks and situations it shows in. */
export interface Failure {
  readonly finding: CaseFinding;
  readonly first: CaseResult;
  /** RSP mod 16 at entry of the function at fault, or, where that is not known, the bytes taken off the stack. */
  readonly residues: readonly number[];
  /** Does it fail whatever is taken off the stack, with a function that is always entered at one alignment? */
  readonly always: boolean;
  readonly stacks: readonly string[];
  readonly situations: readonly string[];
}

/** Only what was noticed first in a run: what follows from it is noise. One entry per check and place. */
export function failures(rows: readonly Row[]): Failure[] {
  type Group = {
    finding: CaseFinding;
    first: CaseResult;
    residues: Set<number>;
    taken: Set<number>;
    stacks: Set<string>;
    situations: Set<string>;
  };
  const groups = new Map<string, Group>();
  for (const r of rows.flatMap((row) => [...row.results.values()].flat())) {
    const finding = r.findings[0];
    if (!finding) continue;
    const key = `${finding.check} ${finding.at}`;
    const group = groups.get(key) ?? {
      finding,
      first: r,
      residues: new Set(),
      taken: new Set(),
      stacks: new Set(),
      situations: new Set(),
    };
    groups.set(key, group);
    group.residues.add(finding.entryResidue ?? r.case.residue);
    group.taken.add(r.case.residue);
    group.stacks.add(r.case.stack);
    group.situations.add(`${r.case.scenario.name} (${r.case.situation.name})`);
  }
  return [...groups.values()].map((g) => ({
    finding: g.finding,
    first: g.first,
    residues: [...g.residues].sort((a, b) => a - b),
    always: g.residues.size === 1 && g.taken.size === 16,
    stacks: [...g.stacks],
    situations: [...g.situations],
  }));
}

export function failureText({ finding, first, residues, always, stacks, situations }: Failure, replay: string): string {
  const lines = [
    `${paint('red', '✗')} ${paint('bold', finding.check)}  on ${stacks.join(', ')}`,
    `    ${finding.message}`,
    `    at ${finding.at}`,
  ];
  if (finding.cause) lines.push(`    ${finding.cause}`);
  const said = first.output.trimEnd().split('\n');
  if (first.output) lines.push(`    it printed ${said[0]}`, ...said.slice(1).map((l) => (l ? `        ${l}` : '')));
  const broken = always ? `${residues[0]}, at which it is always entered` : ranges(residues);
  lines.push(`    entry residues (RSP mod 16) that break it: ${broken}`);
  const more = situations.length - MAX_SEEN;
  const shown = more > 1 ? `${situations.slice(0, MAX_SEEN).join(', ')} and ${more} more` : situations.join(', ');
  lines.push(`    seen in ${shown}`);
  lines.push(`    step through it: ${replay}`);
  if (first.report) lines.push('', first.report.replace(/^(?=.)/gm, '    '));
  return lines.join('\n');
}

/** The table says the rest. */
const MAX_SEEN = 4;

/** 0, 1, 2, 5 → "0–2, 5"; all sixteen → "all". */
export function ranges(values: readonly number[]): string {
  if (values.length === 16) return 'all 16';
  const out: string[] = [];
  for (let i = 0; i < values.length; ) {
    let j = i;
    while (values[j + 1] === values[j]! + 1) j++;
    out.push(i === j ? `${values[i]}` : `${values[i]}–${values[j]}`);
    i = j + 1;
  }
  return out.join(', ');
}

export function rowJson({ scenario, situation, results }: Row): object {
  return {
    scenario: scenario.name,
    stubs: scenario.stubs,
    situation: situation.name,
    stacks: Object.fromEntries(
      [...results].map(([stack, rs]) => [
        stack,
        {
          passed: rs.filter(passed).length,
          of: rs.length,
          returned: [...new Set(rs.flatMap((r) => r.returned ?? []))],
          printed: [...new Set(rs.flatMap((r) => r.output || []))],
          endings: [...new Set(rs.map((r) => endingText(r.ending)))],
          failures: rs
            .filter((r) => !passed(r))
            .map((r) => ({ residue: r.case.residue, findings: r.findings.map(findingJson) })),
        },
      ]),
    ),
  };
}

const findingJson = ({ check, message, pc, at, cause, entryResidue }: CaseFinding): object => ({
  check,
  message,
  address: `0x${pc.toString(16)}`,
  at,
  cause: cause ?? null,
  entryResidue: entryResidue ?? null,
});
