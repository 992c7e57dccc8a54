/**
 * Two engines as one: each does every step on a state of its own, and the first step after which the two differ is thrown
 * as a `Mismatch`. Whoever drives the engine sees the first one's state; what is changed from outside between two runs
 * (system calls, host functions) is given to the second.
 */
import { Cpu } from '../cpu/cpu.ts';
import { FLAGS } from '../cpu/layout.ts';
import type { Instruction } from '../decode/instruction.ts';
import { PAGE_BITS, PAGE_SIZE } from '../mem/layout.ts';
import { Memory } from '../mem/memory.ts';
import type { Engine, EngineParts, MakeEngine, Recorder, Stop } from './engine.ts';
import { registerTable } from './register-table.ts';
import { straightLine } from './straight-line.ts';
import { undefinedFlags } from './undefined-flags.ts';

export interface NamedEngine {
  readonly name: string;
  readonly make: MakeEngine;
}

export interface Pace {
  /** What is compared after: every instruction, or every straight line of them. */
  readonly by: 'step' | 'block';
}

/** One place that holds different things. `before`: what it held before the step. */
export interface Difference {
  readonly place: string;
  readonly before: string;
  readonly results: readonly [first: string, second: string];
}

/** Everything a step starts from. */
export interface Snapshot {
  /** In the order of `registerTable`. */
  readonly registers: readonly bigint[];
  readonly pages: ReadonlyMap<number, Uint8Array>;
  readonly regions: Memory['regions'];
}

export class Mismatch {
  readonly engines: readonly [first: string, second: string];
  /** Instructions that the two agreed on before. */
  readonly agreed: number;
  /** What the step consists of: one instruction, or a line of them. None where nothing can be decoded. */
  readonly insns: readonly Instruction[];
  readonly before: Snapshot;
  readonly differences: readonly Difference[];

  constructor(m: Omit<Mismatch, never>) {
    this.engines = m.engines;
    this.agreed = m.agreed;
    this.insns = m.insns;
    this.before = m.before;
    this.differences = m.differences;
  }
}

const MAX_BLOCK = 64;
const ZEROS = new Uint8Array(PAGE_SIZE);
const NO_FLAGS = 0;

export const lockstep =
  (first: NamedEngine, second: NamedEngine, pace: Pace): MakeEngine =>
  (parts) =>
    new Lockstep(parts, first, second, pace);

class Lockstep implements Engine {
  readonly #names: readonly [string, string];
  readonly #parts: readonly [EngineParts, EngineParts];
  readonly #engines: readonly [Engine, Engine];
  readonly #pace: Pace;
  /** What both memories held after the last step that was compared. */
  readonly #pages = new Map<number, Uint8Array>();
  #agreed = 0;

  constructor(parts: EngineParts, first: NamedEngine, second: NamedEngine, pace: Pace) {
    const mem = new Memory();
    const shadow = { ...parts, cpu: new Cpu(mem.frames), mem };
    this.#names = [first.name, second.name];
    this.#parts = [parts, shadow];
    this.#engines = [first.make(parts), second.make(shadow)];
    this.#pace = pace;
  }

  run(budget: number, recorder?: Recorder): Stop {
    this.#adopt();
    let retired = 0;
    while (retired < budget) {
      const stop = this.#step(budget - retired, recorder);
      retired += stop.retired;
      if (stop.why !== 'budget') return { ...stop, retired };
    }
    return { why: 'budget', retired };
  }

  #step(budget: number, recorder: Recorder | undefined): Stop {
    const [{ cpu, mem, model }, other] = this.#parts;
    const max = Math.min(budget, this.#pace.by === 'step' ? 1 : MAX_BLOCK);
    const insns = straightLine(mem, cpu.rip, max, () => true, model?.features);
    const count = Math.max(1, insns.length);
    const before = registerTable.map((r) => r.get(cpu));
    const cl = Number(cpu.gpr(1) & 0xffn);
    const stop = this.#engines[0].run(count, recorder);
    const stops = [stop, this.#engines[1].run(count)] as const;
    // On flags that mean nothing the first engine is followed.
    const loose = insns.reduce((m, i) => m | undefinedFlags(i, cl), NO_FLAGS);
    if (loose) other.cpu.rflags = (other.cpu.rflags & ~BigInt(loose)) | (cpu.rflags & BigInt(loose));
    const differences = [...this.#stops(stops), ...this.#registers(before), ...this.#memory()];
    if (differences.length) {
      const snapshot = { registers: before, pages: this.#pages, regions: mem.regions };
      throw new Mismatch({ engines: this.#names, agreed: this.#agreed, insns, before: snapshot, differences });
    }
    for (const page of mem.pages.keys()) this.#remember(page);
    this.#agreed += stop.retired;
    return stop;
  }

  *#stops([a, b]: readonly [Stop, Stop]): Generator<Difference> {
    const results = [stopText(a), stopText(b)] as const;
    if (results[0] !== results[1]) yield { place: 'stop', before: '', results };
  }

  *#registers(before: readonly bigint[]): Generator<Difference> {
    const [{ cpu: a }, { cpu: b }] = this.#parts;
    for (const [i, { name, get }] of registerTable.entries()) {
      const [x, y] = [get(a), get(b)];
      if (x === y) continue;
      const text = name === 'RFLAGS' ? flagText : hex;
      yield { place: name, before: text(before[i]!), results: [text(x), text(y)] };
    }
  }

  /** Words of memory that differ, lowest first, of every page that either has written. */
  *#memory(): Generator<Difference> {
    const [{ mem: a }, { mem: b }] = this.#parts;
    for (const page of new Set([...a.pages.keys(), ...b.pages.keys()])) {
      const [x, y] = [pageOf(a, page), pageOf(b, page)];
      if (sameBytes(x, y)) continue;
      const old = this.#pages.get(page) ?? ZEROS;
      for (let at = 0; at < PAGE_SIZE; at += 8) {
        const [v, w] = [word(x, at), word(y, at)];
        const address = (BigInt(page) << PAGE_BITS) + BigInt(at);
        if (v !== w) yield { place: `[${hex(address)}]`, before: hex(word(old, at)), results: [hex(v), hex(w)] };
      }
    }
  }

  #remember(page: number): void {
    const [{ mem }] = this.#parts;
    const now = pageOf(mem, page);
    const known = this.#pages.get(page);
    if (!known) this.#pages.set(page, now.slice());
    else if (!sameBytes(known, now)) known.set(now);
  }

  /** The second state becomes the first: registers, mappings, and bytes that are not the same. */
  #adopt(): void {
    const [a, b] = this.#parts;
    b.cpu.restore(a.cpu.save());
    if (!sameRegions(a.mem, b.mem)) {
      for (const r of [...b.mem.regions]) b.mem.unmap(r.start, r.end - r.start);
      for (const r of a.mem.regions) b.mem.map(r.start, r.end - r.start, r.prot, r.name);
    }
    for (const page of new Set([...a.mem.pages.keys(), ...b.mem.pages.keys()])) {
      const bytes = pageOf(a.mem, page);
      if (!sameBytes(bytes, pageOf(b.mem, page))) b.mem.pokeBytes(BigInt(page) << PAGE_BITS, bytes.slice());
    }
    for (const page of [...this.#pages.keys()]) if (!a.mem.pages.has(page)) this.#pages.delete(page);
    for (const page of a.mem.pages.keys()) this.#remember(page);
  }
}

const hex = (v: bigint): string => `0x${v.toString(16)}`;
/** The flags that are set, by name. */
const flagText = (v: bigint): string => {
  const set = Object.entries(FLAGS).filter(([, bit]) => (v >> BigInt(bit)) & 1n);
  return set.length ? set.map(([name]) => name).join(' ') : 'none';
};

/** Why an engine stopped, without what only one of them may know. */
export function stopText(stop: Stop): string {
  const after = `after ${stop.retired}`;
  if (stop.why === 'trap') return `trap ${stop.vector} ${after}`;
  if (stop.why !== 'fault') return `${stop.why} ${after}`;
  const { fault } = stop;
  const page = fault.kind === 'page' ? ` ${fault.access} at ${hex(fault.address)}` : '';
  return `${fault.kind} fault${page} ${after}`;
}

const sameRegions = (a: Memory, b: Memory): boolean =>
  a.regions.length === b.regions.length &&
  a.regions.every(({ start, end, prot }, i) => {
    const r = b.regions[i]!;
    return r.start === start && r.end === end && r.prot === prot;
  });

const pageOf = (mem: Memory, page: number): Uint8Array => {
  const at = mem.pages.get(page);
  return at === undefined ? ZEROS : mem.frames.bytes.subarray(at, at + PAGE_SIZE);
};
const word = (b: Uint8Array, at: number): bigint => new DataView(b.buffer, b.byteOffset).getBigUint64(at, true);

/** Pages only: their length and alignment are those of a page. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  const [x, y] = [a, b].map((p) => new Uint32Array(p.buffer, p.byteOffset, PAGE_SIZE / 4)) as [
    Uint32Array,
    Uint32Array,
  ];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}
