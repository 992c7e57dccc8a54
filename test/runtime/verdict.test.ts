/** The main job: every scenario holds from every stack at every alignment, on our stubs and on Go's. */
import { describe, expect, test } from 'vitest';
import { scenarios } from '#runtime/scenarios/index.ts';
import { goLibrary, stubs } from '#runtime/stubs.ts';
import type { Row } from '#runtime/verdict.ts';
import { hostFiles, stubsDir } from '../../src/cli/files.ts';
import { generate } from '../../src/cli/goroot.ts';
import { goroot, missingGo } from '../witness/go.ts';
import { firstFindings, ownStubs, rowsOf, summary } from './fixture.ts';

/** "mmap/success: g0 16, curg 16, gsignal 16" */
const table = (rows: readonly Row[]): string[] =>
  rows.map(({ scenario, situation, results }) => {
    const cells = [...results].map(
      ([stack, rs]) => `${stack} ${rs.filter((r) => !r.findings.length).length}/${rs.length}`,
    );
    return `${scenario.name}/${situation.name}: ${cells.join(', ')}`;
  });

const rows = rowsOf(ownStubs());

test('every run on our own stubs holds', () => {
  expect(firstFindings(rows).map(summary)).toEqual([]);
  expect(rows.length).toBe(scenarios.reduce((n, s) => n + s.situations.length, 0));
  expect(rows.every((r) => [...r.results.values()].every((rs) => rs.length === 16))).toBe(true);
});

test('the failures on purpose end as Go ends them', () => {
  const endings = (scenario: string, situation: string): string[] => {
    const row = rows.find((r) => r.scenario.name === scenario && r.situation.name.startsWith(situation))!;
    return [
      ...new Set(
        [...row.results.values()]
          .flat()
          .map(({ ending: e }) =>
            e.kind === 'signal'
              ? `${e.signal} ${e.fault?.kind === 'page' ? e.fault.address : ''}`
              : e.kind === 'exit'
                ? `exit ${e.status}`
                : e.kind,
          ),
      ),
    ];
  };
  expect(endings('munmap', 'EINVAL')).toEqual(['SIGABRT ']);
  expect(endings('munmap-syscall', 'EINVAL')).toEqual([`SIGSEGV ${0xf1}`]);
  expect(endings('allocator', 'EACCES')).toEqual(['exit 2']);
  expect(endings('mmap', 'ENOMEM')).toEqual(['done']);
});

describe.skipIf(!goroot)(`Go's own stubs${goroot ? '' : ` (${missingGo})`}`, () => {
  const go = (header: string | undefined): Row[] => rowsOf(stubs(goLibrary(goroot!, header, stubsDir(), hostFiles)));

  test('give the same verdicts, with the layouts of the toolchain', () => {
    expect(table(go(generate(goroot!)))).toEqual(table(rows));
  });

  test('and with ours, where there is no toolchain', () => {
    expect(table(go(undefined))).toEqual(table(rows));
  });
});
