/** Stacks of goroutines: given out, taken back, and never given out again. runtime/stack.go */
import { PROT } from '#emu/mem/layout.ts';
import type { Memory } from '#emu/mem/memory.ts';
import type { Heap } from '../heap.ts';

/** A stack that a goroutine has left. Its bytes say so, and an address in it is one of the past. */
export interface RetiredStack {
  readonly lo: bigint;
  readonly hi: bigint;
  /** Whose it was. */
  readonly goid: bigint;
  /** How much higher the stack is that took its place. */
  readonly delta: bigint;
}

/** Stacks from this size on are spans of their own: _StackCacheSize (runtime/malloc.go). */
const LARGE = 0x8000n;
/** What a stack is filled with that has been left: stackPoisonCopy's byte. */
const POISON = 0xfc;

export class Stacks {
  /** In the order in which they were left. */
  readonly retired: RetiredStack[] = [];
  readonly #mem: Memory;
  readonly #heap: Heap;
  /** gcphase (runtime/mgc.go), in guest memory like all that threads share. */
  readonly #gcphase: bigint;

  constructor(mem: Memory, heap: Heap) {
    this.#mem = mem;
    this.#heap = heap;
    this.#gcphase = heap.persistent(8);
  }

  /** A collection is under way: what it may have seen stays what it is until its end. */
  get marking(): boolean {
    return this.#mem.peek(this.#gcphase, 8) !== 0n;
  }
  set marking(on: boolean) {
    this.#mem.poke(this.#gcphase, 8, on ? 1n : 0n);
  }

  /** stackfree: small stacks wait in a cache for the end of a collection, large ones only if there is one. */
  free(stack: RetiredStack): void {
    const { lo, hi } = stack;
    const span = this.#heap.spanOf(lo);
    if (!span) throw new Error(`no stack lies at 0x${lo.toString(16)}`);
    // Nobody's stack from now on: RSP must not come back to it.
    this.#mem.map(span.base, span.size, PROT.read | PROT.write, '[left by a goroutine]');
    this.#mem.pokeBytes(lo, new Uint8Array(Number(hi - lo)).fill(POISON));
    this.retired.push(stack);
    if (hi - lo >= LARGE && !this.marking) span.state = 'free';
  }

  /** freeStackSpans, at the end of a collection: what is left of stacks goes back to the heap. */
  freeSpans(): void {
    for (const { lo } of this.retired) {
      const span = this.#heap.spanOf(lo);
      if (span?.state === 'manual') span.state = 'free';
    }
  }

  retiredAt(address: bigint): RetiredStack | undefined {
    return this.retired.find(({ lo, hi }) => address >= lo && address < hi);
  }
}
