/** Tables by code address, as the runtime looks things up while it unwinds (cmd/internal/obj/pcln.go). */
import type { Instr } from './instr.ts';
import type { Span } from './object.ts';
import type { Position, SymbolName } from './syntax.ts';

/**
 * What `valueAt` says of each instruction in turn, noted where it changes: at the first that has bytes, and at the very end
 * whether there are any; undefined is not. Instructions without bytes are asked too: some are there to change a table.
 */
function spans<T>(
  code: readonly Instr[],
  valueAt: (i: Instr) => T | undefined,
  same: (a: T, b: T) => boolean,
): Span<T>[] {
  const out: Span<T>[] = [];
  let last: Span<T> | undefined;
  for (let n = 0; n < code.length; n++) {
    const i = code[n]!;
    const value = valueAt(i);
    if (value === undefined || code[n + 1]?.offset === i.offset || (last !== undefined && same(last.value, value)))
      continue;
    last = { offset: last === undefined ? 0 : i.offset, value };
    out.push(last);
  }
  return out;
}

const isEqual = (a: number, b: number): boolean => a === b;
const isSameLine = (a: Position, b: Position): boolean => a.line === b.line && a.file === b.file;

/** Bytes between RSP and the return address: a push counts from the next instruction on. */
export function pcsp(code: readonly Instr[]): Span<number>[] {
  let next = 0;
  const depth = (i: Instr): number => {
    const now = next;
    next += i.spadj;
    return now;
  };
  return spans(code, depth, isEqual);
}

/** Source positions. What the assembler dropped belongs to the instruction before it. */
export function lines(code: readonly Instr[]): Span<Position>[] {
  let at: Position | undefined;
  const position = (i: Instr): Position | undefined => {
    if (i.name !== 'NOP') at = i.at;
    return at;
  };
  return spans(code, position, isSameLine);
}

/** One table for each number that PCDATA gives a value other than −1, and for those below it: empty when not used. */
export function pcdata(code: readonly Instr[]): Span<number>[][] {
  const used = new Set<number>();
  for (const i of code) {
    const given = pcdataOf(i);
    if (given && given.value !== -1) used.add(given.table);
  }
  return Array.from({ length: Math.max(-1, ...used) + 1 }, (_, table) => {
    if (!used.has(table)) return [];
    let next = -1;
    const value = (i: Instr): number => {
      const now = next;
      const given = pcdataOf(i);
      if (given?.table === table) next = given.value;
      return now;
    };
    return spans(code, value, isEqual);
  });
}

function pcdataOf(i: Instr): { table: number; value: number } | undefined {
  if (i.name !== 'PCDATA') return undefined;
  const [table, value] = i.operands;
  if (table?.kind !== 'immediate' || value?.kind !== 'immediate') return undefined;
  return { table: Number(table.value), value: Number(value.value) };
}

/** By number: the symbol that FUNCDATA names. */
export function funcdata(code: readonly Instr[]): (SymbolName | undefined)[] {
  const out: (SymbolName | undefined)[] = [];
  for (const { name, operands } of code) {
    if (name !== 'FUNCDATA') continue;
    const [number, to] = operands;
    if (number?.kind === 'immediate' && to?.kind === 'memory') out[Number(number.value)] = to.symbol;
  }
  return Array.from(out);
}
