/**
 * Which flags somebody will read. Flags are live wherever translated code may be left, for the state there must be whole;
 * an effect that is overwritten before any such place is not computed.
 */

import type { StatusFlag } from '../../../isa/ops.ts';
import { type FlagEffect, type FlagGroup, groupOf, type Lowered, type Node, type Temp } from '../ir.ts';
import type { End } from '../region.ts';
import { type Shape, targetsOf } from './shape.ts';

export interface Liveness {
  /** Effects that must be captured. */
  readonly live: ReadonlySet<FlagEffect>;
  /** Groups that are live at the start of each block: 'C', 'R'. */
  readonly atStart: readonly ReadonlySet<FlagGroup>[];
}

/** Which groups reading something, or doing an instruction but for its flags, looks at. */
interface Reads {
  readonly C: boolean;
  readonly R: boolean;
}
interface Summary {
  /** What it reads, or would leave behind if it were given up, whatever becomes of its flags. */
  readonly always: Reads;
  readonly effects: readonly { readonly effect: FlagEffect; readonly reads: Reads }[];
}

/** `checkAfter`: in this block the budget is looked at after so many instructions (undefined: not at all). */
export function liveness(shape: Shape, checkAfter: readonly (number | undefined)[]): Liveness {
  const { blocks, order } = shape;
  const backwards = [...order].reverse();
  const summaries = blocks.map((b) => b.insns.map(summarize));
  const atStart = blocks.map(() => new Set<FlagGroup>());
  const live = new Set<FlagEffect>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const b of backwards) {
      const state = atEnd(blocks[b]!.end, atStart);
      const insns = summaries[b]!;
      for (let i = insns.length - 1; i >= 0; i--) {
        if (checkAfter[b] === i + 1) addAll(state);
        before(insns[i]!, state, live);
      }
      if (checkAfter[b] === 0) addAll(state);
      for (const g of state) {
        if (atStart[b]!.has(g)) continue;
        atStart[b]!.add(g);
        changed = true;
      }
    }
  }
  return { live, atStart };
}

function atEnd(end: End, atStart: readonly ReadonlySet<FlagGroup>[]): Set<FlagGroup> {
  const state = new Set<FlagGroup>();
  if (end.kind === 'leave' || end.kind === 'dynamic') addAll(state);
  for (const t of targetsOf(end)) {
    if ('exit' in t) addAll(state);
    else for (const g of atStart[t.block]!) state.add(g);
  }
  return state;
}

const addAll = (s: Set<FlagGroup>): void => {
  s.add('C');
  s.add('R');
};

/** From the state after an instruction to the one before it. */
function before({ always, effects }: Summary, state: Set<FlagGroup>, live: Set<FlagEffect>): void {
  const kept = effects.filter(({ effect }) => live.has(effect) || state.has(effect.group));
  for (const { effect } of effects) if (!effect.when) state.delete(effect.group);
  for (const { effect, reads } of kept) {
    live.add(effect);
    addReads(state, reads);
  }
  addReads(state, always);
}

function addReads(state: Set<FlagGroup>, { C, R }: Reads): void {
  if (C) state.add('C');
  if (R) state.add('R');
}

function summarize(l: Lowered): Summary {
  const seen = new Set<Temp>();
  const always = mayLeave(l) ? { C: true, R: true } : readsOf(rootsOf(l, []), seen);
  const effects = l.flags.map((effect) => ({
    effect,
    reads: readsOf(effect.when ? [effect.when, ...effect.values.values()] : [...effect.values.values()], new Set(seen)),
  }));
  return { always, effects };
}

/** `seen`: temps that were looked at already, and need not be again. */
function readsOf(roots: readonly Node[], seen: Set<Temp>): Reads {
  const out = { C: false, R: false };
  const look = (n: Node): void => {
    if (n.op === 'flag') out[groupOf(n.name as StatusFlag)] = true;
    else if (n.op === 'temp' && n.temp!.from && !seen.has(n.temp!)) {
      seen.add(n.temp!);
      look(n.temp!.from);
    }
    for (const a of n.args) look(a);
  };
  for (const r of roots) look(r);
  return out;
}

export const mayLeave = (l: Lowered): boolean => l.steps.some((s) => s.kind !== 'let');

/** Every expression that is emitted for an instruction. */
export function rootsOf(l: Lowered, flags: readonly FlagEffect[]): Node[] {
  const out: Node[] = [];
  const add = (n: Node | undefined): void => {
    if (n) out.push(n);
  };
  for (const s of l.steps) {
    if (s.kind === 'load') {
      add(s.address);
      add(s.when);
    } else if (s.kind === 'leave') add(s.when);
  }
  for (const s of l.stores) {
    add(s.address);
    add(s.value);
    add(s.when);
  }
  for (const p of l.puts) add(p.value);
  for (const f of flags) {
    add(f.when);
    for (const v of f.values.values()) add(v);
  }
  add(l.direction);
  add(l.jump?.when);
  add(l.jump?.target);
  return out;
}
