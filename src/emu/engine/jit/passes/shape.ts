/**
 * The region's control flow as WebAssembly can have it: loops and blocks that nest (N. Ramsey, "Beyond Relooper", 2022).
 *
 * A branch back to a block that does not dominate it cannot be had that way; it becomes an exit to that address.
 */
import type { Block, End, Region, Target } from '../region.ts';

export interface Shape {
  /** Blocks in reverse postorder, and each block's place there (−1: not reachable). */
  readonly order: readonly number[];
  readonly place: readonly number[];
  /** The region's blocks, with impossible branches turned into exits. */
  readonly blocks: readonly Block[];
  readonly isLoop: readonly boolean[];
  /** Reached by more than one forward branch. */
  readonly isMerge: readonly boolean[];
  /** Blocks that each block immediately dominates, in reverse postorder. */
  readonly children: readonly (readonly number[])[];
}

export const targetsOf = (end: End): Target[] => {
  switch (end.kind) {
    case 'goto':
      return [end.to];
    case 'branch':
      return [end.taken, end.not];
    case 'dynamic':
      return end.expected ? [end.expected.to] : [];
    case 'leave':
      return [];
  }
};
export const successors = (b: Block): number[] => targetsOf(b.end).flatMap((t) => ('block' in t ? [t.block] : []));

export function shape(region: Region): Shape {
  let blocks = region.blocks;
  for (;;) {
    const order = reversePostorder(blocks);
    const place = blocks.map(() => -1);
    order.forEach((b, i) => {
      place[b] = i;
    });
    const idom = dominators(blocks, order, place);
    const dominates = (a: number, b: number): boolean => {
      let x = b;
      while (place[x]! > place[a]!) x = idom[x]!;
      return x === a;
    };
    const impossible = (from: number, to: number): boolean => place[to]! <= place[from]! && !dominates(to, from);
    const bad = order.filter((b) => successors(blocks[b]!).some((t) => impossible(b, t)));
    if (bad.length === 0) return describe(blocks, order, place, idom);
    const cut = new Set(bad);
    blocks = blocks.map((b, i) => (cut.has(i) ? { ...b, end: withExits(b.end, blocks, (t) => impossible(i, t)) } : b));
  }
}

function withExits(end: End, blocks: readonly Block[], bad: (block: number) => boolean): End {
  const fix = (t: Target): Target => ('block' in t && bad(t.block) ? { exit: blocks[t.block]!.address } : t);
  switch (end.kind) {
    case 'goto':
      return { ...end, to: fix(end.to) };
    case 'branch':
      return { ...end, taken: fix(end.taken), not: fix(end.not) };
    case 'dynamic':
      return end.expected ? { ...end, expected: { ...end.expected, to: fix(end.expected.to) } } : end;
    case 'leave':
      return end;
  }
}

function reversePostorder(blocks: readonly Block[]): number[] {
  const seen = new Set<number>([0]);
  const out: number[] = [];
  const stack: { block: number; next: number }[] = [{ block: 0, next: 0 }];
  while (stack.length) {
    const top = stack.at(-1)!;
    const to = successors(blocks[top.block]!)[top.next++];
    if (to === undefined) {
      out.push(top.block);
      stack.pop();
    } else if (!seen.has(to)) {
      seen.add(to);
      stack.push({ block: to, next: 0 });
    }
  }
  return out.reverse();
}

/** Immediate dominators (Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm"). */
function dominators(blocks: readonly Block[], order: readonly number[], place: readonly number[]): number[] {
  const predecessors = blocks.map((): number[] => []);
  for (const b of order) for (const t of successors(blocks[b]!)) predecessors[t]!.push(b);
  const idom = blocks.map(() => -1);
  idom[0] = 0;
  const common = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      while (place[x]! > place[y]!) x = idom[x]!;
      while (place[y]! > place[x]!) y = idom[y]!;
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const b of order.slice(1)) {
      const known = predecessors[b]!.filter((p) => idom[p] !== -1);
      const dom = known.reduce(common);
      if (idom[b] !== dom) {
        idom[b] = dom;
        changed = true;
      }
    }
  }
  return idom;
}

function describe(
  blocks: readonly Block[],
  order: readonly number[],
  place: readonly number[],
  idom: readonly number[],
): Shape {
  const isLoop = blocks.map(() => false);
  const forward = blocks.map(() => 0);
  for (const b of order) {
    for (const t of successors(blocks[b]!)) {
      if (place[t]! <= place[b]!) isLoop[t] = true;
      else forward[t]!++;
    }
  }
  const children = blocks.map((): number[] => []);
  for (const b of order.slice(1)) children[idom[b]!]!.push(b);
  return { order, place, blocks, isLoop, isMerge: forward.map((n) => n > 1), children };
}
