/** Which kind of lazy flags holds at the start of each block, where all ways there agree. */
import type { FlagEffect, FlagGroup, Lowered } from '../ir.ts';
import type { Captured } from '../kinds.ts';
import type { FlagState, Known } from './resolve.ts';
import { type Shape, successors } from './shape.ts';

/** Nothing has come here yet; or what came differs. */
type Entry = Known | 'any' | undefined;
type Entries = Record<FlagGroup, Entry>;

/** Stand for two comparisons that met: the groups no longer come from one instruction for certain. */
const apart: Readonly<Record<FlagGroup, Lowered>> = { C: {} as Lowered, R: {} as Lowered };

export function kindFlow(shape: Shape, captured: ReadonlyMap<FlagEffect, Captured>): FlagState[] {
  const { blocks, order } = shape;
  const entry: Entries[] = blocks.map(() => ({ C: undefined, R: undefined }));
  entry[0] = { C: 'any', R: 'any' };
  for (let changed = true; changed; ) {
    changed = false;
    for (const b of order) {
      const state = { ...entry[b]! };
      for (const l of blocks[b]!.insns) through(l, state, captured);
      for (const t of successors(blocks[b]!)) {
        for (const g of ['C', 'R'] as const) {
          const met = meet(entry[t]![g], state[g], g);
          if (same(met, entry[t]![g])) continue;
          entry[t]![g] = met;
          changed = true;
        }
      }
    }
  }
  const known = (e: Entry): Known | undefined => (e === 'any' ? undefined : e);
  return entry.map((e) => ({ C: known(e.C), R: known(e.R) }));
}

function through(l: Lowered, state: Entries, captured: ReadonlyMap<FlagEffect, Captured>): void {
  for (const f of l.flags) {
    const c = captured.get(f);
    if (c) state[f.group] = f.when ? 'any' : { kind: c.kind, by: l };
  }
}

function meet(a: Entry, b: Entry, g: FlagGroup): Entry {
  if (a === undefined || b === undefined) return a ?? b;
  if (a === 'any' || b === 'any' || a.kind !== b.kind) return 'any';
  return a.by === b.by ? a : { kind: a.kind, by: apart[g] };
}

const same = (a: Entry, b: Entry): boolean =>
  a === b || (typeof a === 'object' && typeof b === 'object' && a.kind === b.kind && a.by === b.by);
