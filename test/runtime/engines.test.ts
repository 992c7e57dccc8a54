/** Scenarios give the same trace on every engine that can run here. */
import { describe, expect, test } from 'vitest';
import { scenarios } from '#runtime/scenarios/index.ts';
import { BUDGET, type Case, runCase } from '#runtime/verdict.ts';
import { engineNames } from '../../src/cli/choices.ts';
import { type LoadedEngine, loadEngine } from '../../src/cli/engines.ts';
import { definedTrace } from '../witness/defined-trace.ts';
import { ownStubs, scenarioNamed } from './fixture.ts';

function trace(name: string, engine: Case['engine'], situation: number): string[] {
  const scenario = scenarioNamed(name);
  const lines: string[] = [];
  const c = {
    scenario,
    situation: scenario.situations[situation]!,
    stack: scenario.stacks.at(-1)!,
    residue: 8,
    seed: 3n,
    fail: [],
    ...(engine && { engine }),
  };
  runCase(c, ownStubs(), BUDGET, ({ machine }) => (e) => {
    lines.push(definedTrace(e, machine.symbols));
  });
  return lines;
}

const interp = (await loadEngine({ engine: 'interp' })).make;

for (const name of engineNames.filter((n) => n !== 'interp')) {
  let loaded: LoadedEngine | undefined;
  let missing = '';
  try {
    loaded = await loadEngine({ engine: name, eager: true });
  } catch (e) {
    missing = ` (${(e as Error).message})`;
  }
  describe.skipIf(!loaded)(`${name}${missing}`, () => {
    test.each(scenarios.map((s) => s.name))('%s', (scenario) => {
      scenarioNamed(scenario).situations.forEach((_, i) => {
        expect(trace(scenario, loaded!.make, i)).toEqual(trace(scenario, interp, i));
      });
    });
  });
}
