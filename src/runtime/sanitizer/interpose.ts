/**
 * An interposer of mmap and munmap, as LD_PRELOAD brings one, or a sanitizer's runtime: it keeps a record of who has
 * mapped what. What it does not see it cannot know: `audit` compares its record with the truth.
 */
import { R } from '#emu/cpu/layout.ts';
import { FAILED } from '../c/interposed.ts';
import { libc } from '../c/libc.ts';
import type { Frame } from '../frame.ts';
import { hex, showMmap } from '../go/show.ts';
import type { Model } from '../model.ts';
import type { World } from '../world.ts';
import { where } from './frames.ts';

const SYS_mmap = 9;
const SYS_munmap = 11;
const PAGE = 0x1000n;

/** A run of pages on record. `end` is exclusive. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
  readonly prot: number;
  /** Which of the mmap calls it saw made it, counted from 1. */
  readonly by: number;
}

const ledgers = new WeakMap<World, Ledger>();

/** The interposer of a world; it is there from the first call on. */
export function interposerOf(world: World): Ledger {
  const known = ledgers.get(world) ?? new Ledger(world);
  ledgers.set(world, known);
  return known;
}

export class Ledger {
  readonly #world: World;
  #intervals: Interval[] = [];
  /** Calls that succeeded. */
  readonly saw = { mmap: 0, munmap: 0 };
  /** The interposer itself is making a system call. */
  #own = false;
  /** What went by it, latest first: for the report, the interposer does not know. */
  readonly #raw: { readonly start: bigint; readonly end: bigint; readonly text: string }[] = [];

  constructor(world: World) {
    this.#world = world;
    world.machine.observe((e) => {
      if (e.kind !== 'syscall' || e.injected || this.#own) return;
      if (e.number === SYS_munmap) this.#passedBy(e.args[0]!, e.args[1]!);
    });
  }

  get intervals(): readonly Interval[] {
    return this.#intervals;
  }

  mapped(start: bigint, length: bigint, prot: number): void {
    this.saw.mmap++;
    this.#carve(start, pageUp(start + length));
    const end = pageUp(start + length);
    this.#intervals.push({ start, end, prot, by: this.saw.mmap });
    this.#world.tell(`the interposer puts [${hex(start)}, ${hex(end)}) on record as ${protText(prot)}`);
  }

  unmapped(start: bigint, length: bigint): void {
    this.saw.munmap++;
    this.#carve(start, pageUp(start + length));
  }

  /** What is on record about an address. */
  find(address: bigint): Interval | undefined {
    return this.#intervals.find((i) => address >= i.start && address < i.end);
  }

  /** Make a system call that is no news to the interposer. */
  quietly<T>(call: () => T): T {
    this.#own = true;
    const result = call();
    this.#own = false;
    return result;
  }

  /** Is its record of an address true? A sentence if not. */
  audit(address: bigint): string | undefined {
    const record = this.find(address);
    if (!record) return undefined;
    const now = this.#world.machine.mem.find(address);
    const gone = this.#raw.find((r) => address >= r.start && address < r.end);
    if (now && !gone && now.prot === record.prot) return undefined;
    const range = `[${hex(record.start)}, ${hex(record.end)})`;
    const then = gone ? `, was unmapped by a raw munmap at ${gone.text}` : '';
    const state = now ? `is mapped as ${protText(now.prot)} now` : 'is not mapped now';
    return `${range} is on record as ${protText(record.prot)} since mmap ${record.by}${then}, and ${state}; it saw ${this.saw.mmap} mmap, ${this.saw.munmap} munmap`;
  }

  #passedBy(start: bigint, length: bigint): void {
    const { cpu, symbols } = this.#world.machine;
    // Machine code stands behind its SYSCALL by now, two bytes long; C functions of ours stand where they stood.
    const at = symbols.lineOf(cpu.rip) ? cpu.rip - 2n : cpu.rip;
    const raw = { start, end: pageUp(start + length), text: where(this.#world, at) };
    this.#raw.unshift(raw);
    this.#world.tell(
      `a raw munmap at ${raw.text} takes [${hex(raw.start)}, ${hex(raw.end)}): the interposer is not asked`,
    );
  }

  #carve(start: bigint, end: bigint): void {
    this.#intervals = this.#intervals.flatMap((i) => {
      if (i.end <= start || i.start >= end) return [i];
      const below = i.start < start ? [{ ...i, end: start }] : [];
      const above = i.end > end ? [{ ...i, start: end }] : [];
      return [...below, ...above];
    });
  }
}

/** void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) */
const mmap: Model = {
  name: 'mmap',
  convention: 'C',
  frame: 0x10,
  sites: {},
  resultBits: 64,
  show: (f) => showMmap(registers(f)),
  *body(f) {
    const ledger = interposerOf(f.world);
    const args = registers(f);
    const { errno, value } = ledger.quietly(() => libc(f, SYS_mmap, args));
    if (errno) return failed(f, errno);
    ledger.mapped(value, args[1]!, Number(args[2]! & 7n));
    f.setReg(R.ax, value);
    return hex(value);
  },
};

/** int munmap(void *addr, size_t length) */
const munmap: Model = {
  name: 'munmap',
  convention: 'C',
  frame: 0x10,
  sites: {},
  // 64 although it is an int: −1 is told from success by all of RAX.
  resultBits: 64,
  show: (f) => `${hex(f.reg(R.di))}, ${hex(f.reg(R.si))}`,
  *body(f) {
    const ledger = interposerOf(f.world);
    const [start, length] = [f.reg(R.di), f.reg(R.si)];
    const { errno } = ledger.quietly(() => libc(f, SYS_munmap, [start, length]));
    if (errno) return failed(f, errno);
    ledger.unmapped(start, length);
    f.setReg(R.ax, 0n);
    return '0';
  },
};

export const interposer: readonly Model[] = [mmap, munmap];
/** The variables it needs. */
export const interposerGlobals = { errno: 0n } as const;

function failed(f: Frame, errno: number): string {
  f.mem.poke(f.world.addressOf('errno'), 8, BigInt(errno));
  f.setReg(R.ax, FAILED);
  return `-1 (errno ${errno})`;
}

const registers = (f: Frame): bigint[] => [R.di, R.si, R.dx, R.cx, R.r8, R.r9].map((n) => f.reg(n));
const pageUp = (address: bigint): bigint => (address + PAGE - 1n) & -PAGE;
const protText = (prot: number): string => [...'rwx'].map((c, i) => (prot & (1 << i) ? c : '-')).join('');
