/** A run for people: one line per instruction in aligned columns, what happens in between indented under it. */
import { goRegister, print } from '../decode/print.ts';
import { flagsOf, type Step, vectorName } from '../engine/engine.ts';
import type { Symbols } from '../symbols.ts';
import { endingText } from './ending.ts';
import type { Event } from './event.ts';

export const hex = (v: bigint): string => `0x${v.toString(16)}`;
export const hexBytes = (b: Uint8Array, between = ' '): string =>
  [...b].map((x) => x.toString(16).padStart(2, '0')).join(between);

/** The last path element: enough to find the line, the same on every machine. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const columns = { n: 6, sp: 3, where: 36, line: 24, bytes: 31, insn: 40 } as const;

export function traceHeader(): string {
  const { n, sp, where, line, bytes, insn } = columns;
  return [
    '#'.padStart(n),
    'SP%16'.padStart(sp + 2),
    'ADDRESS'.padEnd(where),
    'SOURCE'.padEnd(line),
    'BYTES'.padEnd(bytes),
    'INSTRUCTION'.padEnd(insn),
    'CHANGES',
  ].join('  ');
}

/** The line, or lines, of an event; undefined for events the text leaves out. */
export function traceText(e: Event, symbols: Symbols): string | undefined {
  const note = (mark: string, text: string): string => `${' '.repeat(columns.n + columns.sp + 6)}${mark} ${text}`;
  switch (e.kind) {
    case 'insn':
      return instruction(e, symbols);
    case 'syscall':
      return note('~', e.text);
    case 'enter':
      return note('>', `${e.name}(${e.args})   [${e.convention}, RSP=${hex(e.rsp)}, ${e.rsp % 16n} mod 16]`);
    case 'leave':
      return note(
        '<',
        `${e.name}${e.result ? ` = ${e.result}` : ''}${e.junk.length ? `   [junk in ${e.junk.map((j) => j.register).join(' ')}]` : ''}`,
      );
    case 'call':
      return note(
        '>',
        `${e.from} calls ${symbols.nameOf(e.to) ?? hex(e.to)}   [${e.convention}, RSP=${hex(e.slot)}, ${e.slot % 16n} mod 16]`,
      );
    case 'return':
      return note('<', `back in ${e.to}`);
    case 'output':
      return note('"', `${e.fd === 2 ? 'stderr' : 'stdout'}: ${quoted(e.bytes)}`);
    case 'moved':
      return note('=', `the stack at ${hex(e.from)} has moved by ${hex(e.delta)}`);
    case 'thread':
      return note('=', `thread ${e.to} (tid ${e.tid}) runs`);
    case 'stack':
      return note('=', `${e.from || 'no stack'} → ${e.to}   [RSP=${hex(e.rsp)}]`);
    case 'end':
      return note('.', endingText(e.ending));
  }
}

function instruction(e: Event & { kind: 'insn' }, symbols: Symbols): string {
  const { insn } = e.step;
  const line = symbols.lineOf(insn.address);
  return [
    String(e.n).padStart(columns.n),
    String(e.rsp % 16n).padStart(columns.sp + 2),
    where(symbols, insn.address).padEnd(columns.where),
    (line ? `${baseName(line.file)}:${line.line}` : '').padEnd(columns.line),
    hexBytes(insn.bytes).padEnd(columns.bytes),
    print(insn, symbols.nameOf).padEnd(columns.insn),
    `${changes(e.step)}${e.step.unfinished ? ' (unfinished)' : ''}`,
  ]
    .join('  ')
    .trimEnd();
}

/** Bytes as text on one line. */
const quoted = (bytes: Uint8Array): string => JSON.stringify(new TextDecoder().decode(bytes));

function where(symbols: Symbols, address: bigint): string {
  const s = symbols.at(address);
  return s ? `${s.name}+0x${(address - s.address).toString(16).padStart(2, '0')}` : hex(address);
}

function changes(step: Step): string {
  const out = step.gprs.map(([n, v]) => `${goRegister(n)}=${hex(v)}`);
  for (const [n, v] of step.vectors) out.push(`${vectorName(n)}=${hex(v)}`);
  for (const [name, v] of step.others) out.push(`${name}=${hex(v)}`);
  for (const s of step.stores) out.push(`[${hex(s.address)}]${s.size === 8 ? '' : `:${s.size}`}=${hex(s.value)}`);
  if (step.flagsWritten) out.push(flagText(step));
  return out.join(' ');
}

/** The flags written: those now set by name, those now clear in lower case. */
const flagText = (step: Step): string =>
  flagsOf(step)
    .map(([f, on]) => (on ? f[0]! : f[0]!.toLowerCase()))
    .join('');
