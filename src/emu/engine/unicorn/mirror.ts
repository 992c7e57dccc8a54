/**
 * Guest memory inside Unicorn: windows of regions, brought there when first touched.
 *
 * Our Memory is the truth at every moment: each store that Unicorn does is done to it too (`Mirror.store`), and pages
 * that anybody else writes are sent again before Unicorn runs next.
 */
import { PROT, pageDown } from '../../mem/layout.ts';
import type { Memory } from '../../mem/memory.ts';
import type { Store } from '../engine.ts';
import type { UnicornInstance } from './surface.ts';

/** A window is the part of one region inside an aligned block of this size: a huge region is not copied whole. */
const BLOCK = 0x10_0000n;
const PAGE = 4096n;

interface Window {
  readonly start: bigint;
  readonly end: bigint;
  readonly prot: number;
}

export class Mirror {
  readonly #uc: UnicornInstance;
  readonly #mem: Memory;
  #windows: Window[] = [];
  /** Pages that hold other bytes than Unicorn's copy. */
  readonly #changed: Set<number>;
  #epoch = -1;
  /** Where stores are written down, when somebody wants them. */
  log: Store[] | undefined;
  /** The latest store, with what was there before. */
  #last: Store | undefined;

  constructor(uc: UnicornInstance, mem: Memory) {
    this.#uc = uc;
    this.#mem = mem;
    this.#changed = mem.watchPages();
  }

  /** Take over what others changed: mappings and bytes. */
  refresh(): void {
    this.#last = undefined;
    // Whenever code has run, the epoch also tells of every change to the mappings (Memory forgets code then).
    if (this.#epoch !== this.#mem.codeEpoch) {
      for (const w of [...this.#windows]) if (!this.#isCurrent(w)) this.#drop(w);
      this.#epoch = this.#mem.codeEpoch;
    }
    for (const page of this.#changed) this.#send(page);
    this.#changed.clear();
  }

  /** Map what holds `address`. False when nothing is mapped there, or Unicorn has it already. */
  bring(address: bigint): boolean {
    const r = this.#mem.find(address);
    if (!r || r.prot === PROT.none || this.#windows.some((w) => w.start <= address && address < w.end)) return false;
    const block = address - (address % BLOCK);
    const start = r.start > block ? r.start : block;
    const end = r.end < block + BLOCK ? r.end : block + BLOCK;
    for (const w of this.#windows.filter((w) => w.start < end && start < w.end)) this.#drop(w);
    // PROT_READ, PROT_WRITE and PROT_EXEC are the same bits for mmap(2) and for Unicorn.
    this.#uc.mem_map(start, Number(end - start), r.prot);
    this.#windows.push({ start, end, prot: r.prot });
    for (let at = start; at < end; at += PAGE) {
      if (this.#mem.pages.has(Number(at / PAGE))) this.#uc.mem_write(at, this.#mem.peekBytes(at, Number(PAGE)));
    }
    return true;
  }

  /** A store that Unicorn is about to do. When it is going to fault, it is not one. */
  store(address: bigint, size: number, v: bigint): void {
    if (!this.#mem.allows(address, BigInt(size), 'write')) return;
    const value = BigInt.asUintN(8 * size, v);
    this.#last = { address, size, value: this.#mem.peek(address, size) };
    this.log?.push({ address, size, value });
    this.#mem.poke(address, size, value);
    this.#known(address);
    this.#known(address + BigInt(size - 1));
  }

  /** Unicorn has these bytes already. What it has translated of them is stale, though: pages of code are sent again. */
  #known(address: bigint): void {
    if (((this.#mem.find(address)?.prot ?? 0) & PROT.exec) === 0) this.#changed.delete(Number(address / PAGE));
  }

  /**
   * The store of `size` bytes at `start` has faulted at `fault`. Unicorn may have done a part of it, as a 16-byte store is
   * two to it, and one across pages is many: Memory keeps none of that, and the page is sent again.
   */
  undo(start: bigint, size: number, fault: bigint): void {
    const firstHalfDone = size === 16 && start + 8n <= pageDown(fault);
    if (firstHalfDone && this.#last?.address === start) this.undoLast();
    this.#changed.add(Number(start / PAGE));
  }

  /** The latest store was not to be. */
  undoLast(): void {
    if (!this.#last) return;
    const { address, size, value } = this.#last;
    this.#mem.poke(address, size, value);
    this.#last = undefined;
  }

  /** Give every window back. */
  clear(): void {
    for (const w of [...this.#windows]) this.#drop(w);
  }

  #isCurrent({ start, end, prot }: Window): boolean {
    const r = this.#mem.find(start);
    return r !== undefined && r.prot === prot && r.end >= end;
  }

  #drop(w: Window): void {
    this.#forgetCode(w, w.start, w.end);
    this.#uc.mem_unmap(w.start, Number(w.end - w.start));
    this.#windows = this.#windows.filter((x) => x !== w);
  }

  #send(page: number): void {
    const at = BigInt(page) * PAGE;
    const w = this.#windows.find((x) => x.start <= at && at < x.end);
    if (!w) return;
    this.#forgetCode(w, at, at + PAGE);
    this.#uc.mem_write(at, this.#mem.peekBytes(at, Number(PAGE)));
  }

  /** Neither mem_write nor mem_unmap makes Unicorn forget what it has translated. */
  #forgetCode({ prot }: Window, start: bigint, end: bigint): void {
    if (prot & PROT.exec) this.#uc.ctl_remove_cache(start, end);
  }
}
