/** Every instruction of our stubs matters: with any one of them deleted, some check speaks. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scenarios } from '#runtime/scenarios/index.ts';
import type { Stubs } from '#runtime/stubs.ts';
import { runCase } from '#runtime/verdict.ts';
import { stubsDir } from '../../src/cli/files.ts';
import { mutant } from './fixture.ts';

const files = ['mmap.s', 'sigaction.s', 'stack.s', 'cgo.s', 'crosscall.s'] as const;

/** Deleted, these change nothing that any run can see, and why. */
const equivalent: Readonly<Record<string, string>> = {
  'stack.s: get_tls(CX)': 'assembles to nothing on Linux: the access that follows is FS-relative',
  'cgo.s: get_tls(CX)': 'as above',
  'stack.s: RET': 'systemstack_switch is an address, and never runs',
  'stack.s: INT  $3': 'behind it lies the padding between functions, which is INT3 as well',
  'stack.s: JMP again': 'an INT3 that comes back is for debuggers',
  'stack.s: MOVQ $0, CGOCALL_G(SP)': 'for debuggers',
  'cgo.s: MOVQ BX, savedm-8(SP)': 'any stale word but zero does',
  'crosscall.s: LEAQ 40(SP), BP': 'only those who walk frame pointers see it',
};

interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
}

/** Lines that hold an instruction: indented, and neither comment nor directive. */
function instructions(file: string): Line[] {
  const lines = readFileSync(`${stubsDir()}/${file}`, 'utf8').split('\n');
  return lines.flatMap((text, i) =>
    /^\t[A-Zg]/.test(text) && !/NO_LOCAL_POINTERS/.test(text) ? [{ file, number: i + 1, text }] : [],
  );
}

function without({ file, number }: Line): Stubs | undefined {
  const text = readFileSync(`${stubsDir()}/${file}`, 'utf8');
  const changed = text
    .split('\n')
    .toSpliced(number - 1, 1, '')
    .join('\n');
  try {
    return mutant(file, [text, changed]);
  } catch {
    return undefined;
  }
}

/** Does any check speak, in any scenario, from any stack? Two alignments are enough here. */
const isNoticed = (stubs: Stubs): boolean =>
  scenarios.some((scenario) =>
    scenario.situations.some((situation) =>
      scenario.stacks.some((stack) =>
        [0, 8].some(
          (residue) =>
            runCase({ scenario, situation, stack, residue, seed: 3n, fail: [] }, stubs, 5000).findings.length > 0,
        ),
      ),
    ),
  );

test('each deleted instruction is noticed', () => {
  const lines = files.flatMap(instructions);
  expect(lines.length).toBeGreaterThan(120);
  const survivors = lines.filter((l) => {
    const stubs = without(l);
    return stubs && !isNoticed(stubs);
  });
  const named = survivors.map((l) => `${l.file}: ${l.text.trim().replace(/ *\/\/.*/, '')}`);
  expect(survivors.filter((_, i) => !(named[i]! in equivalent)).map((l) => `${l.file}:${l.number}:${l.text}`)).toEqual(
    [],
  );
  expect(
    Object.keys(equivalent).filter((n) => !named.includes(n)),
    'no longer equivalent',
  ).toEqual([]);
});
