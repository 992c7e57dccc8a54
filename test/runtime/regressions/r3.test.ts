/** R3, syscallsp across callbacks (Go #7978): the saved pair is the cause, and SP has to be saved as a pointer. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import type { FixName } from '#runtime/fixes.ts';
import { cgocallbackg } from '#runtime/go/cgocallbackg.ts';
import type { Model } from '#runtime/model.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { type CaseResult, runCase } from '#runtime/verdict.ts';
import { ownStubs, scenarioNamed } from '../fixture.ts';

const linked = ownStubs();

function run(name: string, without: readonly FixName[], models: readonly Model[] = []): CaseResult {
  const scenario = scenarioNamed(name);
  const changed: Scenario = { ...scenario, models: (s) => [...models, ...(scenario.models?.(s) ?? [])] };
  const c = { scenario: changed, situation: scenario.situations[0]!, stack: 'curg', residue: 0 } as const;
  return runCase({ ...c, seed: 0n, fail: [], without }, linked, 20_000);
}

describe('without reentersyscall', () => {
  test('the system call is left standing in a frame that is popped, and exitsyscall says so', () => {
    const { thrown, output, findings, story } = run('syscall-frame', ['reentersyscall']);
    expect(thrown).toBe('exitsyscall: syscall frame is no longer valid');
    expect(findings[0]!.check).toBe('syscall-frame');
    expect(story.at(-1)!.text).toMatch(
      /^exitsyscall: .* a frame of runtime\.cgocallbackg \(entersyscall\) that has been popped$/,
    );
    // What issue 7978's test looked for: a frame of the callback in a trace of a goroutine that is in C.
    expect(output).toMatch(/^fatal error: .*\n\ngoroutine 1 \[syscall\]:\nruntime\.cgocallbackg\(/);
  });

  test('a collector that comes while C runs starts from there', () => {
    const { findings } = run('syscall-frame-scanned', ['reentersyscall']);
    expect(findings[0]!.check).toBe('syscall-frame');
  });
});

test.each(['syscall-frame', 'syscall-frame-scanned'])('with it %s holds', (name) => {
  const { thrown, findings } = run(name, []);
  expect([thrown, findings]).toEqual([undefined, []]);
});

test('the saved pair is the cause: saved as it stood in the callback, it fails with the fix as well', () => {
  const wrong: Model = {
    ...cgocallbackg,
    *body(f) {
      const steps = cgocallbackg.body(f);
      for (let next = steps.next(); ; next = steps.next()) {
        if (next.done) return next.value;
        // What entersyscall would take: this very frame.
        if (next.value.site === 'reentersyscall') f.setReg(R.bx, f.sp);
        yield next.value;
      }
    },
  };
  expect(run('syscall-frame', [], [wrong]).thrown).toBe('exitsyscall: syscall frame is no longer valid');
});

test('SP saved as a number does not move with the stack', () => {
  const { thrown, output } = run('undead-args', [], [{ ...cgocallbackg, live: { '*': { args: [0, 8] } } }]);
  expect(thrown).toBe('entersyscall');
  expect(output).toMatch(
    /^entersyscall inconsistent 0x[0-9a-f]+ \[0x[0-9a-f]+,0x[0-9a-f]+\]\nfatal error: entersyscall\n/,
  );
});
