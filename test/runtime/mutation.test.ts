/**
 * Every instruction of our stubs matters: with any one of them deleted, the stub alone no longer does what Go's does, and
 * where scenarios run it, some check speaks.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { type Stubs, stubs } from '#runtime/stubs.ts';
import { runCase } from '#runtime/verdict.ts';
import { stubsDir } from '../../src/cli/files.ts';
import { own, ownStubs } from './fixture.ts';
import { futex, schedYield, thread, usleep } from './parity/c.ts';
import { observeAll, rows } from './parity/index.ts';
import { Program } from './parity/program.ts';
import type { Row } from './parity/row.ts';

/** An instruction, in a file that an object is made of: the object's own, or one it includes. */
interface Line {
  readonly file: string;
  readonly number: number;
  readonly text: string;
  /** The function it stands in; empty for a macro's. */
  readonly stub: string;
}

/** get_tls assembles to nothing on Linux: the access that follows it is FS-relative. */
const isInstruction = (text: string): boolean => /^\t[A-Z]/.test(text) && !/NO_LOCAL_POINTERS/.test(text);

/** Indented lines that are neither comment nor directive. */
function instructions(file: string): Line[] {
  let stub = '';
  return readFileSync(`${stubsDir()}/${file}`, 'utf8')
    .split('\n')
    .flatMap((text, i) => {
      const head = /^TEXT ([^(<]+)/.exec(text);
      if (head) stub = head[1]!.replace(/^·/, 'runtime.').replace('·', '.');
      return isInstruction(text) ? [{ file, number: i + 1, text, stub }] : [];
    });
}

/** Our stubs without a line; undefined where that is no assembly any more. */
function without({ file, number }: Line): Stubs | undefined {
  const path = `${stubsDir()}/${file}`;
  const changed = readFileSync(path, 'utf8')
    .split('\n')
    .toSpliced(number - 1, 1)
    .join('\n');
  const sources = { read: (p: string) => (p === path ? changed : own.sources.read(p)) };
  const uses = (p: string): boolean =>
    p === path || readFileSync(p, 'utf8').includes(`"${file.replace('include/', '')}"`);
  const objects = own.objects.map((o) => (uses(o.path) ? assemble(o.path, sources, own.options) : o));
  return objects.some((o) => o.diagnostics.length) ? undefined : stubs({ ...own, objects });
}

/** Nobody noticed that these are missing. `equivalent`: those where that is no wonder, by their text, and why. */
function expectNoticed(
  lines: readonly Line[],
  equivalent: Readonly<Record<string, string>>,
  isNoticed: (s: Stubs, l: Line) => boolean,
): void {
  const survivors = lines.filter((l) => {
    const s = without(l);
    return s && !isNoticed(s, l);
  });
  const nameOf = (l: Line): string => `${l.file}: ${l.text.trim().replace(/ *\/\/.*| *\\$/, '')}`;
  const unexpected = survivors.filter((l) => !(nameOf(l) in equivalent)).map((l) => `${l.file}:${l.number}:${l.text}`);
  expect(unexpected).toEqual([]);
  const named = new Set(survivors.map(nameOf));
  expect(
    Object.keys(equivalent).filter((n) => !named.has(n)),
    'no longer equivalent',
  ).toEqual([]);
}

describe('alone', () => {
  const files = [...own.objects.map((o) => o.path.slice(stubsDir().length + 1)), 'include/c_abi.h'];
  const all = [...rows, thread, usleep, schedYield, futex];
  const program = new Program(ownStubs());
  const before = new Map(all.map((r) => [r, observeAll(program, r)]));
  const fileOf = new Map(
    own.objects.flatMap((o) => o.functions.map((f) => [f.symbol.name.replace(/^\./, 'runtime.'), o.path])),
  );

  /** What stands in its file, the function itself first; for a macro, everything. */
  const concerned = ({ file, stub }: Line): Row[] =>
    all
      .filter((r) => stub === '' || fileOf.get(r.stub)?.endsWith(`/${file}`))
      .sort((a, b) => Number(b.stub === stub) - Number(a.stub === stub));

  // biome-ignore format: table
  const equivalent: Readonly<Record<string, string>> = {
    'stack.s: INT  $3':     'behind it lies the padding between functions, which is INT3 as well',
    'sigtramp.s: INT  $3':  'as above',
    'sigtramp.s: LOCK':     'one thread sees no difference',
  };

  test('each deleted instruction changes what is seen of a stub', () => {
    const lines = files.flatMap(instructions);
    expect(lines.length).toBeGreaterThan(500);
    expectNoticed(lines, equivalent, (s, line) => {
      const mutant = new Program(s);
      return concerned(line).some((r) => observeAll(mutant, r).join('\n') !== before.get(r)!.join('\n'));
    });
  });
});

describe('in scenarios', () => {
  const files = ['mmap.s', 'sigaction.s', 'stack.s', 'cgo.s', 'crosscall.s'] as const;

  /** Left to the test above: scenarios may need these, none is about them. */
  const unused: readonly string[] = [
    'runtime.morestack',
    'runtime.morestack_noctxt',
    'runtime.goexit',
    'runtime.mstart',
    'runtime.setg',
    'runtime.stackcheck',
    'runtime.asmcgocall_no_g',
    '_cgo_topofstack',
    'setg_gcc',
  ];

  /** Deleted, these change nothing that any run can see, and why. */
  const equivalent: Readonly<Record<string, string>> = {
    'stack.s: INT  $3': 'behind it lies the padding between functions, which is INT3 as well',
    'stack.s: JMP again': 'an INT3 that comes back is for debuggers',
    'stack.s: MOVQ $0, CGOCALL_G(SP)': 'for debuggers',
    'stack.s: POPQ AX': 'mcall throws then, from wherever RSP is',
    'cgo.s: MOVQ BX, savedm-8(SP)': 'any stale word but zero does',
    'crosscall.s: LEAQ 40(SP), BP': 'only those who walk frame pointers see it',
  };

  /** Does any check speak, in any scenario, from any stack? Two alignments are enough here. */
  const isNoticed = (s: Stubs): boolean =>
    scenarios.some((scenario) =>
      scenario.situations.some((situation) =>
        scenario.stacks.some((stack) =>
          [0, 8].some(
            (residue) =>
              runCase({ scenario, situation, stack, residue, seed: 3n, fail: [] }, s, 5000).findings.length > 0,
          ),
        ),
      ),
    );

  test('each deleted instruction is noticed', () => {
    expect(isNoticed(ownStubs()), 'a check speaks of the stubs as they are').toBe(false);
    const lines = files.flatMap(instructions).filter((l) => !unused.includes(l.stub));
    expect(lines.length).toBeGreaterThan(120);
    expectNoticed(lines, equivalent, isNoticed);
  });
});
