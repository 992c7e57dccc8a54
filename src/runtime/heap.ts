/**
 * The Go heap, as far as these paths see it: spans with a state, which is what findObject asks when the collector comes
 * upon a pointer (mbitmap.go), and structs of the runtime, which it never looks at.
 */
import { PROT } from '#emu/mem/layout.ts';
import type { Memory } from '#emu/mem/memory.ts';

export interface Span {
  readonly base: bigint;
  readonly size: bigint;
  /** mspan.state (mheap.go): free, of objects, or manually managed, as stacks are. */
  state: 'free' | 'inUse' | 'manual';
}

/** Where arenas begin on amd64 (malloc.go). */
const ARENA = 0xc0_0000_0000n;
/** What persistentalloc gives the runtime's own structs. */
const PERSISTENT = 0x4_0000n;
const STACKS = ARENA + 0x10_0000n;
const OBJECTS = ARENA + 0x4000_0000n;
const PAGE = 0x2000n;

export class Heap {
  readonly spans: Span[] = [];
  readonly #mem: Memory;
  #persistent = ARENA;
  #stacks = STACKS;
  #objects = OBJECTS;

  constructor(mem: Memory) {
    this.#mem = mem;
    mem.map(ARENA, PERSISTENT, PROT.read | PROT.write, '[go heap]');
  }

  /** Two who allocate cannot change places: each is given what the other has left. As mheap.lock would say. */
  #lock(): void {
    this.#mem.toucher?.(ARENA + PERSISTENT - 8n, 8, true);
  }

  /** Who goes through all goroutines or Ms sees those that others have made so far. */
  look(): void {
    this.#mem.toucher?.(ARENA + PERSISTENT - 8n, 8, false);
  }

  /** Zeroed memory that is never freed, on a cache line of its own: persistentalloc. */
  persistent(size: number): bigint {
    this.#lock();
    const at = this.#persistent;
    this.#persistent += BigInt((size + 63) & ~63);
    if (this.#persistent > ARENA + PERSISTENT) throw new Error('no room for another struct of the runtime');
    return at;
  }

  /** A span for a stack of `size` bytes, a power of two from 2 KiB on; its lowest address. */
  stack(size: bigint, name: string): bigint {
    const at = this.#span(this.#stacks, size, 'manual', name);
    // Room between stacks, so that running off one is seen.
    this.#stacks += align(size) + 8n * PAGE;
    return at;
  }

  /** A zeroed object of `size` bytes in a span of its own. */
  object(size: bigint, name: string): bigint {
    const at = this.#span(this.#objects, size, 'inUse', name);
    this.#objects += align(size);
    return at;
  }

  spanOf(address: bigint): Span | undefined {
    return this.spans.find((s) => address >= s.base && address < s.base + s.size);
  }

  #span(base: bigint, size: bigint, state: Span['state'], name: string): bigint {
    this.#lock();
    this.#mem.map(base, align(size), PROT.read | PROT.write, name);
    this.spans.push({ base, size: align(size), state });
    return base;
  }
}

const align = (size: bigint): bigint => (size + PAGE - 1n) & -PAGE;
