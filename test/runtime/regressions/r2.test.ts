/** R2, undead arguments in cgocall (Go #17785): where the stack grows decides, and two stack maps are the cause. */
import { describe, expect, test } from 'vitest';
import { cgocall } from '#runtime/go/cgocall.ts';
import type { Model } from '#runtime/model.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { type CaseResult, runCase } from '#runtime/verdict.ts';
import { ownStubs, scenarioNamed } from '../fixture.ts';

const scenario = scenarioNamed('undead-args');
const linked = ownStubs();

function run(situation: number, without: readonly 'keepalive'[], models: readonly Model[] = []): CaseResult {
  const changed: Scenario = { ...scenario, models: (s) => [...models, ...scenario.models!(s)] };
  const c = { scenario: changed, situation: scenario.situations[situation]!, stack: 'curg', residue: 0 } as const;
  return runCase({ ...c, seed: 0n, fail: [], without }, linked, 20_000);
}

const BAD = 'found bad pointer in Go heap (incorrect use of unsafe or cgo?)';
const cases = scenario.situations.map((s, i) => [s.name, i] as const);
const control = 'only before C is called';

describe('without keepalive', () => {
  test.each(cases.filter(([name]) => name !== control))(
    'grown %s: the collector meets a pointer into the old stack',
    (_, i) => {
      const { thrown, output, story } = run(i, ['keepalive']);
      expect(thrown).toBe(BAD);
      expect(output).toMatch(
        /^runtime: pointer (0x[0-9a-f]+) to unallocated span span\.base\(\)=0x[0-9a-f]+ span\.limit=0x[0-9a-f]+ span\.state=0\nruntime: found in object at \*\(0x[0-9a-f]+\+0x8\)\nfatal error: found bad pointer/,
      );
      expect(story.map((c) => c.text).join('\n')).toMatch(/frame of runtime\.cgocall \(entersyscall\) has a live slot/);
    },
  );

  test(`grown ${control}: nothing is dead yet, and nothing happens`, () => {
    const { thrown, findings } = run(cases.length - 1, ['keepalive']);
    expect([thrown, findings]).toEqual([undefined, []]);
  });
});

test.each(cases)('with keepalive, grown %s: it holds', (_, i) => {
  const { thrown, findings } = run(i, []);
  expect([thrown, findings]).toEqual([undefined, []]);
});

test('the two maps are the cause: without the fix, but with arguments that live at both, it holds', () => {
  const maps = { args: [0, 8], locals: [0x20] };
  const { thrown, findings } = run(0, ['keepalive'], [{ ...cgocall, live: { '*': maps } }]);
  expect([thrown, findings]).toEqual([undefined, []]);
});

test('and with the fix, but arguments that are dead while C runs, it fails', () => {
  const entersyscall = { args: [0, 8], locals: [0x20] };
  const live = { racereleasemerge: entersyscall, entersyscall, '*': { locals: [0x20] } };
  expect(run(0, [], [{ ...cgocall, live }]).thrown).toBe(BAD);
});
