/**
 * What code made of a state, as one line of text that names only what changed:
 *
 *   RAX=7 RFLAGS=44          registers, with what they hold afterwards; RFLAGS without the bits that mean nothing
 *   [40]=0011 RIP=20000010   bytes of the data page, by offset; where it went on to, when that is not behind the code
 *   SIGSEGV:30001000:write   a signal; of a page fault the address and the access
 *   -                        nothing
 */

import { SEGMENTS } from '#emu/cpu/layout.ts';
import { decode } from '#emu/decode/decode.ts';
import { registerTable } from '#emu/engine/register-table.ts';
import { undefinedFlags } from '#emu/engine/undefined-flags.ts';
import type { Form } from '#emu/isa/form.ts';
import type { Access } from '#emu/mem/fault.ts';
import { userSelectors } from './ours.ts';
import { CODE, type CpuState, type Outcome, type SiliconCase } from './silicon.ts';
import { withFreedom } from './x87.ts';

/** CF PF AF ZF SF DF OF AC ID. */
export const FLAG_MASK = 0x24_0cd5n;
// biome-ignore format: table
const signalNames: Readonly<Record<number, string>> = { [-1]: 'NO-MEANING', 4: 'SIGILL', 5: 'SIGTRAP', 7: 'SIGBUS', 8: 'SIGFPE', 11: 'SIGSEGV' };
const signalNumbers = new Map(Object.entries(signalNames).map(([n, name]) => [name, Number(n)]));

/** In the order of `registerTable`, without RIP and RFLAGS. */
const names = registerTable.map((r) => r.name).filter((n) => n !== 'RIP' && n !== 'RFLAGS');
const values = (s: CpuState): bigint[] => [
  ...s.gprs,
  s.fsBase,
  s.gsBase,
  BigInt(s.mxcsr),
  ...s.vectors,
  ...[s.x87.fcw, s.x87.fsw, s.x87.tags].map(BigInt),
  ...s.x87.registers,
];

const hex = (v: bigint | number): string => v.toString(16);
const behind = ({ code }: SiliconCase): bigint => CODE + BigInt(code.length);

/** What the manual leaves open after this code: flags, and which byte of an area faults first. */
export interface Loose {
  readonly flags: number;
  readonly area: boolean;
}

export function outcomeText(c: SiliconCase, o: Outcome, { flags: loose, area }: Loose): string {
  const parts: string[] = [];
  if (o.signal) {
    const page = o.page ? `:${hex(area ? (o.page.address >> 12n) << 12n : o.page.address)}:${o.page.access}` : '';
    parts.push(`${signalNames[o.signal] ?? `SIGNAL-${o.signal}`}${page}`);
  }
  if (o.rip !== (o.signal ? CODE : behind(c))) parts.push(`RIP=${hex(o.rip)}`);
  const [was, is] = [values(c.before), values(o.after)];
  is.forEach((v, i) => v !== was[i] && parts.push(`${names[i]}=${hex(v)}`));
  const mask = FLAG_MASK & ~BigInt(loose);
  if ((o.after.flags & mask) !== (c.before.flags & mask)) parts.push(`RFLAGS=${hex(o.after.flags & mask)}`);
  o.selectors.map(seen).forEach((v, n) => v !== userSelectors[n] && parts.push(`${SEGMENTS[n]}=${hex(v)}`));
  for (const [at, end] of changedRuns(c.before.data, o.after.data)) {
    parts.push(`[${hex(at)}]=${Buffer.from(o.after.data.subarray(at, end)).toString('hex')}`);
  }
  return parts.join(' ') || '-';
}

/** A null selector's privilege bits are gone when the kernel has been between: IRET clears it (SDM vol. 2, IRET). */
const seen = (selector: number): number => (selector < 4 ? 0 : selector);

/** Stretches of bytes that changed. A few that did not may lie between. */
function changedRuns(a: Uint8Array, b: Uint8Array): [at: number, end: number][] {
  const runs: [number, number][] = [];
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue;
    const last = runs.at(-1);
    if (last && i - last[1] < NEAR) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}
const NEAR = 4;

/** The text read back. */
export function parseOutcome(c: SiliconCase, text: string): Outcome {
  const all = values(c.before);
  const data = c.before.data.slice();
  const selectors: number[] = [...userSelectors];
  let [signal, flags] = [0, c.before.flags];
  let page: Outcome['page'];
  let rip: bigint | undefined;
  for (const part of text === '-' ? [] : text.split(' ')) {
    const [name, v] = part.split('=') as [string, string?];
    if (v === undefined) {
      const [which, address, access] = name.split(':') as [string, string?, Access?];
      signal = signalNumbers.get(which) ?? Number(which.replace('SIGNAL-', ''));
      if (address !== undefined) page = { address: BigInt(`0x${address}`), access: access! };
    } else if (name.startsWith('[')) data.set(Buffer.from(v, 'hex'), Number.parseInt(name.slice(1), 16));
    else if (name === 'RFLAGS') flags = (flags & ~FLAG_MASK) | BigInt(`0x${v}`);
    else if (name === 'RIP') rip = BigInt(`0x${v}`);
    else if ((SEGMENTS as readonly string[]).includes(name)) {
      selectors[(SEGMENTS as readonly string[]).indexOf(name)] = Number.parseInt(v, 16);
    } else if (names.includes(name)) all[names.indexOf(name)] = BigInt(`0x${v}`);
    else throw new Error(`what is '${part}' in an outcome?`);
  }
  return { signal, page, rip: rip ?? (signal ? CODE : behind(c)), selectors, after: { ...stateOf(all), flags, data } };
}

function stateOf(all: readonly bigint[]): Omit<CpuState, 'flags' | 'data'> {
  const [fsBase, gsBase, mxcsr] = all.slice(16) as [bigint, bigint, bigint];
  const [fcw, fsw, tags] = all.slice(51, 54).map(Number) as [number, number, number];
  const x87 = { fcw, fsw, tags, registers: all.slice(54, 62) };
  return { gprs: all.slice(0, 16), fsBase, gsBase, mxcsr: Number(mxcsr), vectors: all.slice(19, 51), x87 };
}

/** Of a case of one instruction. */
export function looseOf({ code, before }: SiliconCase): Loose {
  const insn = decode(code, CODE);
  if (!insn || insn === 'short') return { flags: 0, area: false };
  const area = /^(FX|X)(SAVE|RSTOR)/.test(insn.form.name);
  return { flags: undefinedFlags(insn, Number(before.gprs[1]! & 0xffn)), area };
}

/** What an engine made of a case, as text: as recorded where the difference is one that processors are free to make. */
export function ourText(c: SiliconCase, ours: Outcome, recorded: string, loose: Loose, f: Form): string {
  const text = outcomeText(c, ours, loose);
  if (text === recorded) return text;
  const silicon = parseOutcome(c, recorded);
  const after = withFreedom(f, c.before, silicon.after, ours.after);
  // AMD's processors turn to MMX before they find that they cannot store.
  const early = f.name === 'MASKMOVQ' && silicon.signal !== 0;
  return outcomeText(c, { ...ours, after: early ? { ...after, x87: silicon.after.x87 } : after }, loose);
}
