/**
 * Where the instruction budget is looked at, so that a run stops exactly: at the entry and once in every loop, for the
 * longest way to the next such place. In a loop the place is behind an instruction that writes all flags, if there is
 * one early on: flags of the turn before need not be kept then. Traced code keeps no flags for later (`lazy` is false).
 */
import type { Lowered } from '../ir.ts';
import { mayLeave } from './liveness.ts';
import { type Shape, successors } from './shape.ts';

export interface Checks {
  /** For each block: after how many of its instructions, and how many must be left then. */
  readonly after: readonly (number | undefined)[];
  readonly need: readonly number[];
  /** How many must be left when the region is entered. */
  readonly entry: number;
}

export function budgetChecks({ blocks, order, place, isLoop }: Shape, lazy: boolean): Checks {
  const after = blocks.map((b, i) => (isLoop[i] ? (lazy ? placeFor(b.insns) : 0) : undefined));
  // The longest way from a block's start to the next check.
  const toCheck = blocks.map(() => 0);
  const need = blocks.map(() => 0);
  for (const b of [...order].reverse()) {
    const { insns } = blocks[b]!;
    const onwards = successors(blocks[b]!).map((t) =>
      place[t]! > place[b]! && !isLoop[t] ? toCheck[t]! : (after[t] ?? toCheck[t]!),
    );
    const rest = Math.max(0, ...onwards);
    const at = after[b];
    if (at === undefined) toCheck[b] = insns.length + rest;
    else {
      toCheck[b] = at;
      need[b] = insns.length - at + rest;
    }
  }
  return { after, need, entry: toCheck[0]! };
}

function placeFor(insns: readonly Lowered[]): number {
  for (let i = 0; i < insns.length; i++) {
    const l = insns[i]!;
    if (mayLeave(l)) return 0;
    const whole = (['C', 'R'] as const).every((g) => l.flags.some((f) => f.group === g && !f.when));
    // Behind a jump there is no place.
    if (whole) return l.jump ? 0 : i + 1;
  }
  return 0;
}
