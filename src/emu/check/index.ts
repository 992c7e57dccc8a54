/** Every machine-level checker, and how they watch a run together. */
import type { Machine } from '../machine.ts';
import { balancedReturn } from './balanced-return.ts';
import { cCallAlignment } from './c-call-alignment.ts';
import { calleeSaved } from './callee-saved.ts';
import type { Checker, Finding } from './checker.ts';
import { directionFlag } from './direction-flag.ts';
import { Provenance } from './provenance.ts';
import { rspOnStack } from './rsp-on-stack.ts';

export const checkers: readonly Checker[] = [cCallAlignment, rspOnStack, balancedReturn, calleeSaved, directionFlag];

/** Watch a machine from now on. The findings list grows as the run goes. */
export function watch(machine: Machine, which: readonly Checker[] = checkers): readonly Finding[] {
  const findings: Finding[] = [];
  const provenance = new Provenance(machine.symbols);
  const evidence = { machine, provenance, where: (a: bigint) => provenance.where(a) };
  const watchers = which.map((c) => ({ name: c.name, see: c.start(evidence) }));
  machine.observe((e) => {
    for (const { name, see } of watchers) {
      const finding = see(e);
      if (finding) findings.push({ check: name, ...finding });
    }
    // After the checkers: they ask who changed a register before this event.
    provenance.observe(e);
  });
  return findings;
}
