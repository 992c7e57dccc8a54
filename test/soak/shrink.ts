/** Making a case that disagrees smaller while it still does: fewer instructions, a plainer state. */
import { plainState } from '../witness/found.ts';
import type { CpuState } from '../witness/silicon.ts';
import { assembleBlock, type Block, looseFlags } from './block.ts';
import { type Case, compare, type Finding } from './cpu.ts';

type Wrong = Omit<Finding, 'name'>;

export function shrink(one: Case, wrong: Wrong): Wrong {
  let [best, result] = [one, wrong];
  const attempt = (candidate: Case | undefined): boolean => {
    const [still] = candidate ? compare([candidate]) : [];
    if (candidate && still) [best, result] = [candidate, { found: still.found, ours: still.ours }];
    return still !== undefined;
  };
  for (let again = true; again; ) {
    again = false;
    for (const items of best.block ? shorter(best.block) : []) again = attempt(withBlock(best, items)) || again;
  }
  for (const part of simpler) attempt({ ...best, c: { ...best.c, before: part(best.c.before) } });
  return result;
}

/** Without each group, and without each instruction of its own, in turn; only where flags are still meant. */
function shorter(block: Block): Block[] {
  const groups = [...new Set(block.map((i) => i.group))].filter((g) => g > 0);
  const single = block.flatMap((item, i) => (item.group === 0 ? [block.filter((_, n) => n !== i)] : []));
  return [...groups.map((g) => block.filter((i) => i.group !== g)), ...single].filter(
    (b) => looseFlags(b).reader === undefined,
  );
}

function withBlock(one: Case, block: Block): Case | undefined {
  const code = assembleBlock(block);
  return code && { ...one, block, c: { ...one.c, code } };
}

const set = (values: readonly bigint[], at: number, v: bigint): bigint[] =>
  values.map((old, i) => (i === at ? v : old));
const simpler: readonly ((s: CpuState) => CpuState)[] = [
  (s) => ({ ...s, x87: plainState.x87 }),
  (s) => ({ ...s, vectors: plainState.vectors }),
  (s) => ({ ...s, data: plainState.data }),
  (s) => ({ ...s, mxcsr: plainState.mxcsr }),
  (s) => ({ ...s, flags: plainState.flags }),
  ...plainState.gprs.map(
    (v, n) =>
      (s: CpuState): CpuState => ({ ...s, gprs: set(s.gprs, n, v) }),
  ),
  ...plainState.vectors.map(
    (v, n) =>
      (s: CpuState): CpuState => ({ ...s, vectors: set(s.vectors, n, v) }),
  ),
  ...Array.from({ length: 64 }, (_, n) => (s: CpuState): CpuState => {
    const data = s.data.slice();
    data.fill(0, 16 * n, 16 * n + 16);
    return { ...s, data };
  }),
];
