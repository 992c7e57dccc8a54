/** Tables by code address, as the runtime looks things up while it unwinds (cmd/internal/obj/pcln.go). */
import type { Span } from './object.ts';
import type { Instr } from './program.ts';
import type { Position, SymbolName } from './syntax.ts';

/** An instruction and where its bytes are. Those without bytes count too: some of them change a table. */
export interface Placed {
  readonly instr: Instr;
  readonly offset: number;
}

interface Column<T> {
  readonly first: T;
  /** What holds at the instruction, and what it leaves behind. */
  readonly at?: (value: T, i: Instr) => T;
  readonly after?: (value: T, i: Instr) => T;
  readonly same?: (a: T, b: T) => boolean;
}

/** A value is noted where it first holds for an instruction that has bytes; and at the very end, whether there are any. */
function spans<T>(code: readonly Placed[], { first, at, after, same = Object.is }: Column<T>): Span<T>[] {
  const out: Span<T>[] = [];
  let value = first;
  code.forEach(({ instr, offset }, i) => {
    value = at?.(value, instr) ?? value;
    const hasBytes = code[i + 1]?.offset !== offset;
    const last = out.at(-1);
    if (hasBytes && !(last && same(last.value, value))) out.push({ offset: last ? offset : 0, value });
    value = after?.(value, instr) ?? value;
  });
  return out;
}

/** Bytes between RSP and the return address: a push counts from the next instruction on. */
export const pcsp = (code: readonly Placed[]): Span<number>[] =>
  spans(code, { first: 0, after: (depth, i) => depth + i.spadj });

/** Source positions. What the assembler dropped belongs to the instruction before it. */
export function lines(code: readonly Placed[]): Span<Position>[] {
  const all = spans<Position | undefined>(code, {
    first: undefined,
    at: (position, i) => (i.mnemonic === 'NOP' ? position : i.at),
    same: (a, b) => a?.line === b?.line && a?.file === b?.file,
  });
  return all.filter((span): span is Span<Position> => span.value !== undefined);
}

/** One table for each number that PCDATA gives a value other than −1, and for those below it: empty when not used. */
export function pcdata(code: readonly Placed[]): Span<number>[][] {
  const used = new Set<number>();
  for (const { instr } of code) {
    const given = pcdataOf(instr);
    if (given && given.value !== -1) used.add(given.table);
  }
  return Array.from({ length: Math.max(-1, ...used) + 1 }, (_, table) => {
    if (!used.has(table)) return [];
    const after = (value: number, i: Instr): number => {
      const given = pcdataOf(i);
      return given?.table === table ? given.value : value;
    };
    return spans(code, { first: -1, after });
  });
}

function pcdataOf(i: Instr): { table: number; value: number } | undefined {
  if (i.mnemonic !== 'PCDATA') return undefined;
  const [table, value] = i.operands;
  if (table?.kind !== 'immediate' || value?.kind !== 'immediate') return undefined;
  return { table: Number(table.value), value: Number(value.value) };
}

/** By number: the symbol that FUNCDATA names. */
export function funcdata(code: readonly Placed[]): (SymbolName | undefined)[] {
  const out: (SymbolName | undefined)[] = [];
  for (const { instr } of code) {
    if (instr.mnemonic !== 'FUNCDATA') continue;
    const [number, to] = instr.operands;
    if (number?.kind === 'immediate' && to?.kind === 'memory') out[Number(number.value)] = to.symbol;
  }
  return Array.from(out);
}
