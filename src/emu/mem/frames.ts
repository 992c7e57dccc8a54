/** Page frames inside one WebAssembly.Memory: taken when first touched, given back when unmapped. */
import { PAGE_SIZE } from './layout.ts';

const WASM_PAGE = 65536;
/** 4 GiB: what a 32-bit index reaches. */
const MAX_PAGES = 65536;

/** Bytes at the bottom that belong to the CPU's registers (cpu/layout.ts), not to guest pages. */
const RESERVED = WASM_PAGE;

export class Frames {
  readonly memory = new WebAssembly.Memory({ initial: 4 });
  /** Both views are replaced when the memory grows: read them afresh, never keep them. */
  bytes = new Uint8Array(this.memory.buffer);
  view = new DataView(this.memory.buffer);
  #next = RESERVED;
  readonly #free: number[] = [];

  /** Byte offset of a zeroed frame. */
  take(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) {
      this.bytes.fill(0, reused, reused + PAGE_SIZE);
      return reused;
    }
    if (this.#next + PAGE_SIZE > this.bytes.length) this.#grow();
    const at = this.#next;
    this.#next += PAGE_SIZE;
    return at;
  }

  /** Byte offset of `size` zeroed bytes in a row that are never given back: an engine's tables. */
  reserve(size: number): number {
    const pages = Math.ceil(size / PAGE_SIZE);
    while (this.#next + pages * PAGE_SIZE > this.bytes.length) this.#grow();
    const at = this.#next;
    this.#next += pages * PAGE_SIZE;
    return at;
  }

  release(at: number): void {
    this.#free.push(at);
  }

  #grow(): void {
    // Half as much again, so that growing stays rare and small runs stay small.
    const pages = this.bytes.length / WASM_PAGE;
    this.memory.grow(Math.min(Math.max(4, pages >> 1), MAX_PAGES - pages));
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }
}
