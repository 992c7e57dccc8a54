/** The tape played back: registers and memory become what they were when it ended. RIP is left at its last instruction. */
import type { Cpu } from '../../cpu/cpu.ts';
import { SEGMENTS } from '../../cpu/layout.ts';
import type { Memory } from '../../mem/memory.ts';
import { OTHERS } from './format.ts';
import { records } from './records.ts';
import type { Code } from './writer.ts';

export function replay(bytes: Uint8Array, code: Code, cpu: Cpu, mem: Memory): void {
  const allFlags = -1;
  for (const r of records(bytes, code)) {
    for (const [n, v] of r.gprs) cpu.setGpr(n, v);
    for (const [n, v] of r.vectors) cpu.setXmm(n & 15, v, n < 16 ? 0 : 1);
    for (const [n, v] of r.others) setters[OTHERS[n]!]!(cpu, v);
    for (const s of r.stores) mem.poke(s.address, s.size, s.value);
    cpu.setFlags(allFlags, r.flags);
    cpu.rip = r.insn.address;
  }
}

type Set = (cpu: Cpu, v: bigint) => void;

// biome-ignore format: table
const setters: Readonly<Record<string, Set>> = {
  ...Object.fromEntries(SEGMENTS.map((name, n): [string, Set] => [name, (c, v) => c.setSelector(n, Number(v))])),
  FSBASE: (c, v) => { c.fsBase = v; },
  GSBASE: (c, v) => { c.gsBase = v; },
  MXCSR:  (c, v) => { c.mxcsr = Number(v); },
  FCW:    (c, v) => { c.fcw = Number(v); },
  FSW:    (c, v) => { c.fsw = Number(v); },
  FTW:    (c, v) => { c.tags = Number(v); },
  FOP:    (c, v) => { c.fop = Number(v); },
  FIP:    (c, v) => { c.fip = v; },
  FDP:    (c, v) => { c.fdp = v; },
  RANDOM: (c, v) => { c.random = v; },
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n): [string, Set] => [`FPR${n}`, (c, v) => c.setX87(n, v)])),
};
