/**
 * Gates: addresses where machine code reaches a function of the host.
 *
 * A gate is 16 bytes of real, executable memory holding UD2, so that every engine stops there by itself, with RIP at
 * the gate and nothing retired. No engine knows what a gate is.
 */

import { PROT } from './mem/layout.ts';
import type { Memory } from './mem/memory.ts';
import type { Symbols } from './symbols.ts';

const SLOT = 16n;
const UD2 = Uint8Array.of(0x0f, 0x0b);

/** What happens when RIP reaches a slot. `index` 0 is the entry, the others are return points inside. */
export type OnReach = (index: number) => void;

export class Gates {
  readonly #mem: Memory;
  readonly #symbols: Symbols;
  readonly #start: bigint;
  readonly #end: bigint;
  #next: bigint;
  readonly #bySlot = new Map<bigint, { index: number; onReach: OnReach }>();

  /** `start` should lie within 2 GiB of the code that calls through it. */
  constructor(mem: Memory, symbols: Symbols, start: bigint, size = 0x10000n) {
    this.#mem = mem;
    this.#symbols = symbols;
    this.#start = start;
    this.#end = start + size;
    this.#next = start;
    mem.map(start, size, PROT.read | PROT.exec, '[gates]');
  }

  /**
   * Reserve one entry and a point for each of `depths` under a name. Returns the entry's address. Depths are bytes
   * between RSP at a point and the function's own return address, for backtraces.
   */
  add(name: string, depths: readonly number[], onReach: OnReach): bigint {
    const entry = this.#next;
    const points = depths.length;
    const size = SLOT * BigInt(points + 1);
    if (entry + size > this.#end) throw new Error(`no room for the gate of ${name}`);
    this.#next += size;
    for (let index = 0; index <= points; index++) {
      const at = entry + SLOT * BigInt(index);
      this.#mem.pokeBytes(at, UD2);
      this.#bySlot.set(at, { index, onReach });
    }
    const pcsp = [0, ...depths].map((value, i) => ({ offset: Number(SLOT) * i, value }));
    this.#symbols.add([{ name, address: entry, size: Number(size), lines: [], pcsp }]);
    return entry;
  }

  /** Address of return point `index` (1, 2, …) of the gate at `entry`. */
  point(entry: bigint, index: number): bigint {
    return entry + SLOT * BigInt(index);
  }

  contains(address: bigint): boolean {
    return address >= this.#start && address < this.#end;
  }

  /** True when a host function took over. */
  reach(address: bigint): boolean {
    const slot = this.#bySlot.get(address);
    if (!slot) return false;
    slot.onReach(slot.index);
    return true;
  }
}
