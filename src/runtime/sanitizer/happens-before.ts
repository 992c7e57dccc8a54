/**
 * Happens-before, by vector clocks: what ThreadSanitizer finds races with. (Lamport; the rules are those of tsan_rtl.cpp)
 *
 * A missing acquire or release shows as the race it allows: an access that the clock of its goroutine does not cover.
 */
import { hex } from '../go/show.ts';
import type { World } from '../world.ts';
import { where } from './frames.ts';
import { DEPTH, THREADS, type ThreadState, tick, wordAt } from './tsan-memory.ts';

const slots: readonly bigint[] = Array.from({ length: THREADS }, (_, i) => 8n * BigInt(i));

/** into ← the later of both, goroutine by goroutine. */
function merge({ machine: { mem } }: World, into: bigint, from: bigint): void {
  for (const i of slots) {
    const theirs = mem.peek(from + i, 8);
    if (theirs > mem.peek(into + i, 8)) mem.poke(into + i, 8, theirs);
  }
}

/** What was released at `address` happened before what this goroutine does from now on. */
export function acquire(world: World, thr: ThreadState, address: bigint): void {
  merge(world, thr.clock, wordAt(world, address).sync);
}

/** What this goroutine has done is there for whoever acquires `address`; what others released there no longer is. */
export function release(world: World, thr: ThreadState, address: bigint): void {
  const { mem } = world.machine;
  for (const i of slots) mem.poke(wordAt(world, address).sync + i, 8, mem.peek(thr.clock + i, 8));
  tick(world, thr);
}

/** The same, and what others released there stays. */
export function releaseMerge(world: World, thr: ThreadState, address: bigint): void {
  merge(world, wordAt(world, address).sync, thr.clock);
  tick(world, thr);
}

export function read(world: World, thr: ThreadState, address: bigint, pc: bigint): void {
  const { mem } = world.machine;
  const { writer, writeTick, writePc, readTicks } = wordAt(world, address);
  if (!covers(world, thr, writer, writeTick)) race(world, 'Read', thr, address, pc, ['write', writer, writePc]);
  mem.poke(readTicks + 8n * thr.tid, 8, mem.peek(thr.clock + 8n * thr.tid, 8));
}

export function write(world: World, thr: ThreadState, address: bigint, pc: bigint): void {
  const { mem } = world.machine;
  const at = wordAt(world, address);
  if (!covers(world, thr, at.writer, at.writeTick))
    race(world, 'Write', thr, address, pc, ['write', at.writer, at.writePc]);
  for (const i of slots) {
    if (!covers(world, thr, i / 8n, mem.peek(at.readTicks + i, 8)))
      race(world, 'Write', thr, address, pc, ['read', i / 8n, 0n]);
  }
  [at.writer, at.writePc] = [thr.tid, pc];
  at.writeTick = mem.peek(thr.clock + 8n * thr.tid, 8);
}

/** A function of the goroutine's begins; `caller` is the PC it will come back to. */
export function enter({ machine: { mem } }: World, thr: ThreadState, caller: bigint): void {
  if (thr.depth < BigInt(DEPTH)) mem.poke(thr.calls + 8n * thr.depth, 8, caller);
  thr.depth += 1n;
}

export function exit(_: World, thr: ThreadState): void {
  thr.depth -= 1n;
}

/** The PCs below the one that runs, innermost first. */
function calls({ machine: { mem } }: World, { depth, calls: at }: ThreadState): bigint[] {
  const n = Math.min(Number(depth), DEPTH);
  return Array.from({ length: n }, (_, i) => mem.peek(at + 8n * BigInt(n - 1 - i), 8) - 1n);
}

/** Is that tick of another goroutine's one that this one knows of? A tick of 0 has never been. */
function covers({ machine: { mem } }: World, thr: ThreadState, tid: bigint, at: bigint): boolean {
  return tid === thr.tid || at <= mem.peek(thr.clock + 8n * tid, 8);
}

/** A report; the program goes on, as under TSan. */
function race(
  world: World,
  what: 'Read' | 'Write',
  thr: ThreadState,
  address: bigint,
  pc: bigint,
  [before, tid, beforePc]: readonly [what: string, tid: bigint, pc: bigint],
): void {
  const at = beforePc === 0n ? '' : ` in ${where(world, beforePc)}`;
  const stack = [pc, ...calls(world, thr)].map((at) => `  ${where(world, at)}\n`).join('');
  const now = `${what} at ${hex(address)} by ${goroutine(thr.tid)}`;
  const then = `Previous ${before} at ${hex(address)} by ${goroutine(tid)}${at}`;
  world.print(`==================\nWARNING: DATA RACE\n${now}:\n${stack}\n${then}\n==================\n`);
  world.expect(false, 'race', `WARNING: DATA RACE: ${now} in ${where(world, pc)}; ${then.toLowerCase()}`);
}

/** The detector counts goroutines itself; Go's numbers it does not know. */
const goroutine = (tid: bigint): string => (tid === 0n ? 'main goroutine' : `goroutine ${tid + 1n}`);
