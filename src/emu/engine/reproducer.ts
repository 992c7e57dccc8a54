/** A mismatch in one small file: what it starts from, and what either engine made of it. Runs again anywhere. */
import { Cpu } from '../cpu/cpu.ts';
import { type NameOf, print } from '../decode/print.ts';
import type { Access } from '../mem/fault.ts';
import { PAGE_BITS, PAGE_SIZE, pageDown } from '../mem/layout.ts';
import { Memory } from '../mem/memory.ts';
import type { EngineParts } from './engine.ts';
import { Interpreter } from './interp/interp.ts';
import { type Difference, lockstep, Mismatch, type NamedEngine, type Snapshot } from './lockstep.ts';
import { registerTable } from './register-table.ts';

/** As JSON. Numbers that may need 64 bits are hexadecimal text. */
export interface Reproducer {
  readonly format: 'callgate lockstep 1';
  readonly engines: readonly [first: string, second: string];
  /** For people. */
  readonly code: readonly string[];
  readonly instructions: number;
  /** Those that are not zero. */
  readonly registers: Readonly<Record<string, string>>;
  /** Address → protection (as in mmap(2)), and the rows of 32 bytes that are not all zero, by offset. */
  readonly pages: Readonly<Record<string, { readonly prot: number; readonly bytes: Readonly<Record<string, string>> }>>;
  /** Place → before, first, second. */
  readonly expected: Readonly<Record<string, readonly [before: string, first: string, second: string]>>;
}

export class BadReproducer extends Error {}

const ROW = 32;
const hex = (v: bigint | number): string => `0x${v.toString(16)}`;

export function reproducer(m: Mismatch): Reproducer {
  const registers = registerTable.flatMap(({ name }, i) =>
    m.before.registers[i] ? [[name, hex(m.before.registers[i]!)]] : [],
  );
  const expected = m.differences.map((d) => [d.place, [d.before, ...d.results]]);
  return {
    format: 'callgate lockstep 1',
    engines: m.engines,
    code: m.insns.map((i) => `${hex(i.address)}  ${[...i.bytes].map(byte).join(' ')}  ${print(i)}`),
    instructions: Math.max(1, m.insns.length),
    registers: Object.fromEntries(registers),
    pages: Object.fromEntries([...neededPages(m)].sort((a, b) => a - b).flatMap((page) => pageJson(m.before, page))),
    expected: Object.fromEntries(expected),
  };
}

const byte = (b: number): string => b.toString(16).padStart(2, '0');

/** Pages of the code, those that the two hold differently, and those that the interpreter looks at. */
function neededPages({ insns, before, differences }: Mismatch): Set<number> {
  const pages = new Set<number>();
  const note = (address: bigint, size = 1): void => {
    for (let a = pageDown(address); a < address + BigInt(size); a += BigInt(PAGE_SIZE))
      pages.add(Number(a >> PAGE_BITS));
  };
  const rip = before.registers[0]!;
  note(rip, 15);
  for (const i of insns) note(i.address, i.length);
  for (const d of differences) if (d.place.startsWith('[')) note(BigInt(d.place.slice(1, -1)), 8);
  const mem = new NotingMemory(note);
  const parts = partsOf(mem, before.registers);
  for (const r of before.regions) mem.map(r.start, r.end - r.start, r.prot, r.name);
  for (const [page, bytes] of before.pages) mem.pokeBytes(BigInt(page) << PAGE_BITS, bytes);
  new Interpreter(parts).run(Math.max(1, insns.length));
  return pages;
}

/** Tells which bytes are looked at. */
class NotingMemory extends Memory {
  readonly #note: (address: bigint, size: number) => void;
  constructor(note: (address: bigint, size: number) => void) {
    super();
    this.#note = note;
  }
  override check(address: bigint, size: number, access: Access): void {
    this.#note(address, size);
    super.check(address, size, access);
  }
}

function pageJson({ pages, regions }: Snapshot, page: number): [string, Reproducer['pages'][string]][] {
  const start = BigInt(page) << PAGE_BITS;
  const region = regions.find((r) => r.start <= start && start < r.end);
  if (!region) return [];
  const held = pages.get(page);
  const rows: [string, string][] = [];
  for (let at = 0; held && at < PAGE_SIZE; at += ROW) {
    const row = held.subarray(at, at + ROW);
    if (row.some((b) => b !== 0)) rows.push([hex(at), [...row].map(byte).join('')]);
  }
  return [[hex(start), { prot: region.prot, bytes: Object.fromEntries(rows) }]];
}

function partsOf(mem: Memory, registers: readonly bigint[]): EngineParts {
  const cpu = new Cpu(mem.frames);
  registerTable.forEach((r, i) => r.set(cpu, registers[i]!));
  return { cpu, mem, clock: () => 0n };
}

/** Run it again, one instruction at a time: the first mismatch, or undefined when the two agree now. */
export function replay(r: Reproducer, first: NamedEngine, second: NamedEngine): Mismatch | undefined {
  const mem = new Memory();
  for (const [address, { prot, bytes }] of Object.entries(r.pages)) {
    mem.map(BigInt(address), BigInt(PAGE_SIZE), prot, 'reproducer');
    for (const [at, row] of Object.entries(bytes)) {
      mem.pokeBytes(
        BigInt(address) + BigInt(at),
        Uint8Array.from(row.match(/../g) ?? [], (b) => Number.parseInt(b, 16)),
      );
    }
  }
  const parts = partsOf(
    mem,
    registerTable.map(({ name }) => BigInt(r.registers[name] ?? 0)),
  );
  try {
    lockstep(first, second, { by: 'step' })(parts).run(r.instructions);
  } catch (e) {
    if (e instanceof Mismatch) return e;
    throw e;
  }
  return undefined;
}

/** Of a line, the instruction in it that makes the difference; the line itself when it takes all of it. */
export function narrow(m: Mismatch, first: NamedEngine, second: NamedEngine): Mismatch {
  if (m.insns.length < 2) return m;
  const found = replay(reproducer(m), first, second);
  return found ? new Mismatch({ ...found, agreed: m.agreed + found.agreed }) : m;
}

/** The file's text back. Throws `BadReproducer` with what is wrong. */
export function parseReproducer(text: string): Reproducer {
  let r: Partial<Reproducer>;
  try {
    r = JSON.parse(text);
  } catch {
    throw new BadReproducer('this is not JSON');
  }
  if (r?.format !== 'callgate lockstep 1')
    throw new BadReproducer("this is no reproducer: it lacks format 'callgate lockstep 1'");
  if (!r.registers || !r.pages || !r.engines || !r.instructions) {
    throw new BadReproducer('a reproducer has engines, instructions, registers and pages');
  }
  return r as Reproducer;
}

/** The report: what ran, from what, and what either made of it. */
export function mismatchText(m: Mismatch, nameOf: NameOf): string {
  const shown = m.insns.map((i) => `    ${hex(i.address)}  ${[...i.bytes].map(byte).join(' ')}  ${print(i, nameOf)}`);
  const width = (pick: (d: Difference) => string, head: string): number =>
    Math.max(head.length, ...m.differences.map((d) => pick(d).length));
  const [first, second] = m.engines;
  const columns: readonly (readonly [pick: (d: Difference) => string, head: string])[] = [
    [(d) => d.place, ''],
    [(d) => d.before, 'before'],
    [(d) => d.results[0], first],
    [(d) => d.results[1], second],
  ];
  const widths = columns.map(([pick, head]) => width(pick, head));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((c, i) => c.padEnd(widths[i]!)).join('  ')}`.trimEnd();
  const inputs = inputsOf(m);
  return [
    `${first} and ${second} differ after ${m.agreed} instructions that they agree on, at`,
    ...(shown.length ? shown : [`    ${hex(m.before.registers[0]!)}, where no instruction can be decoded`]),
    ...(inputs ? [`  with ${inputs}`] : []),
    line(columns.map(([, head]) => head)),
    ...m.differences.map((d) => line(columns.map(([pick]) => pick(d)))),
  ].join('\n');
}

/** The registers that the operands name, before the step. */
function inputsOf({ insns, before }: Mismatch): string {
  const names = new Set<string>();
  for (const p of insns.flatMap((i) => i.operands)) {
    if (p.in === 'gpr') names.add(registerTable[1 + p.n]!.name);
    if (p.in === 'xmm') names.add(`X${p.n}`);
    if (p.in !== 'mem') continue;
    for (const n of [p.base, p.index]) if (n !== undefined) names.add(registerTable[1 + n]!.name);
  }
  names.add('RFLAGS');
  return registerTable
    .flatMap(({ name }, i) => (names.has(name) ? [`${name}=${hex(before.registers[i]!)}`] : []))
    .join(' ');
}
