/** A trace as any two engines must give it: without the flags that the manual leaves undefined. */
import { FLAGS } from '#emu/cpu/layout.ts';
import { flagsOf } from '#emu/engine/engine.ts';
import { undefinedFlags } from '#emu/engine/undefined-flags.ts';
import type { Symbols } from '#emu/symbols.ts';
import type { Event } from '#emu/trace/event.ts';
import { traceJson } from '#emu/trace/ndjson.ts';

export function definedTrace(e: Event, symbols: Symbols): string {
  const line = traceJson(e, symbols);
  const undefinedBits = e.kind === 'insn' ? undefinedFlags(e.step.insn, 1) : 0;
  if (e.kind !== 'insn' || !undefinedBits) return line;
  const record = JSON.parse(line);
  for (const [flag] of flagsOf(e.step)) if ((undefinedBits >> FLAGS[flag]) & 1) delete record.flags[flag];
  return JSON.stringify(record);
}
