/** The software TLBs that translated code looks addresses up in: one for reading, one for writing. */
import { PAGE_SIZE } from '../../mem/layout.ts';
import type { Memory } from '../../mem/memory.ts';
import { AREA, TLB_ENTRIES } from './layout.ts';

const ENTRY = 16;
/** No page begins here. */
const EMPTY = 0xffff_ffff_ffff_ffffn;

export class Tlb {
  readonly #mem: Memory;
  readonly #base: number;

  constructor(mem: Memory, base: number) {
    this.#mem = mem;
    this.#base = base;
    this.clear();
  }

  clear(): void {
    const { bytes } = this.#mem.frames;
    bytes.fill(0xff, this.#base + AREA.tlbRead, this.#base + AREA.tlbRead + ENTRY * TLB_ENTRIES);
    bytes.fill(0xff, this.#base + AREA.tlbWrite, this.#base + AREA.tlbWrite + ENTRY * TLB_ENTRIES);
  }

  /** Enter the page of an address if it may be accessed so. Pages with code are not written past the memory's eyes. */
  fill(address: bigint, write: boolean): void {
    const page = Number(address >> 12n);
    if (!this.#enter(page, write)) return;
    // An access that runs over the end of its page needs neither entry, but the next one may.
    if (Number(address & 0xfffn) > PAGE_SIZE - 32) this.#enter(page + 1, write);
  }

  #enter(page: number, write: boolean): boolean {
    if (write && this.#mem.isCode(page)) return false;
    const frame = this.#mem.frameFor(page, 'read');
    if (frame === undefined || (write && this.#mem.frameFor(page, 'write') === undefined)) return false;
    const { view } = this.#mem.frames;
    const at = this.#at(page, write);
    view.setBigUint64(at, BigInt(page) << 12n, true);
    view.setInt32(at + 8, (frame - page * PAGE_SIZE) | 0, true);
    return true;
  }

  /** Forget pages [first, end). */
  drop(first: number, end: number): void {
    if (end - first >= TLB_ENTRIES) return this.clear();
    for (let p = first; p < end; p++) {
      this.#dropOne(p, false);
      this.dropWrite(p);
    }
  }
  dropWrite(page: number): void {
    this.#dropOne(page, true);
  }
  #dropOne(page: number, write: boolean): void {
    const { view } = this.#mem.frames;
    const at = this.#at(page, write);
    if (view.getBigUint64(at, true) === BigInt(page) << 12n) view.setBigUint64(at, EMPTY, true);
  }

  #at(page: number, write: boolean): number {
    return this.#base + (write ? AREA.tlbWrite : AREA.tlbRead) + ENTRY * (page % TLB_ENTRIES);
  }
}
