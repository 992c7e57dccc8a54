/**
 * MemorySanitizer's shadow: one bit for every bit of the program's memory, set while nobody has written it.
 *
 * It lies where it lies on x86-64 Linux, in the guest's own memory, found by flipping two bits of the address
 * (compiler-rt/lib/msan/msan.h). Pages come into being when they are first written: what was never poisoned is good.
 */
import { Trap } from '#emu/mem/fault.ts';
import { PROT } from '#emu/mem/layout.ts';
import type { Memory } from '#emu/mem/memory.ts';

const FLIP = 0x5000_0000_0000n;
/** Bytes at a time: nothing here is larger, and a size that is garbage faults. */
const MOST = 2 ** 30;

/** Which shadow belongs to which part of the address space. */
// biome-ignore format: table
const mapping = [
  { app: 0x0000_0000_0000n, end: 0x0100_0000_0000n, shadow: 0x5000_0000_0000n, name: '[msan shadow-1]' },
  { app: 0x5100_0000_0000n, end: 0x6000_0000_0000n, shadow: 0x0100_0000_0000n, name: '[msan shadow-2]' },
  { app: 0x7000_0000_0000n, end: 0x8000_0000_0000n, shadow: 0x2000_0000_0000n, name: '[msan shadow-3]' },
] as const;

/** __msan_retval_tls: a result's shadow is here until the caller takes it. A word for each thread. */
const RETVAL = 0x4000_0000n;

export class Shadow {
  readonly #mem: Memory;
  /** Of those results, by thread: where unknown bits came from, in words. */
  readonly #origins = new Map<number, string | undefined>();

  constructor(mem: Memory) {
    this.#mem = mem;
    for (const { app, end, shadow, name } of mapping) mem.map(shadow, end - app, PROT.read | PROT.write, name);
    mem.map(RETVAL, 0x1000n, PROT.read | PROT.write, '[msan tls]');
  }

  /** Address of the shadow of `size` bytes at `address`. Faults, as the sanitizer would, where none is kept. */
  #of(address: bigint, size: number): bigint {
    const at = address ^ FLIP;
    if (size > 0) this.#mem.check(at, size, 'write');
    if (size > MOST)
      throw new Trap({ kind: 'page', address: at + BigInt(MOST), access: 'write', size: 1, mapped: false });
    return at;
  }

  poison(address: bigint, size: number): void {
    const at = this.#of(address, size);
    this.#mem.pokeBytes(at, new Uint8Array(size).fill(0xff));
  }

  unpoison(address: bigint, size: number): void {
    const at = this.#of(address, size);
    this.#mem.pokeBytes(at, new Uint8Array(size));
  }

  /** The shadow of the value at `address`. */
  load(address: bigint, size: number): bigint {
    return this.#mem.peek(this.#of(address, size), size);
  }

  store(address: bigint, size: number, shadow: bigint): void {
    this.#mem.poke(this.#of(address, size), size, shadow);
  }

  /** What memmove of the program's bytes does to their shadow. */
  move(to: bigint, from: bigint, size: number): void {
    const source = this.#of(from, size);
    this.#mem.pokeBytes(this.#of(to, size), this.#mem.peekBytes(source, size));
  }

  /** Offsets of the bytes that nobody has written, or not whole, in [address, address + size). */
  unwritten(address: bigint, size: number): number[] {
    const bytes = this.#mem.peekBytes(this.#of(address, size), size);
    return [...bytes.keys()].filter((i) => bytes[i] !== 0);
  }

  /** A function on this thread returns a value with this shadow. */
  returns(thread: number, shadow: bigint, origin: string | undefined): void {
    this.#mem.poke(RETVAL + 8n * BigInt(thread), 8, shadow);
    this.#origins.set(thread, origin);
  }

  returned(thread: number): { readonly shadow: bigint; readonly origin: string | undefined } {
    const shadow = this.#mem.peek(RETVAL + 8n * BigInt(thread), 8);
    return { shadow, origin: shadow === 0n ? undefined : this.#origins.get(thread) };
  }
}
