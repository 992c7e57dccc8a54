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

/** Watch a machine from now on; what is found is appended to `findings`, in the order of time. */
export function watch(machine: Machine, findings: Finding[]): void {
  const provenance = new Provenance(machine.symbols);
  const evidence = {
    machine,
    provenance,
    where: (a: bigint) => provenance.where(a),
    whereCall: (a: bigint) => provenance.whereCall(a),
  };
  const watchers = checkers.map((c) => ({ name: c.name, see: c.start(evidence) }));
  machine.observe((e) => {
    for (const { name, see } of watchers) {
      const finding = see(e);
      if (finding) findings.push({ check: name, ...finding });
    }
    // After the checkers: they ask who changed a register before this event.
    provenance.observe(e);
  });
}
