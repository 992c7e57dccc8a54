/** Translated regions: the function table, the words direct branches go through, the cache of indirect branches. */
import type { Frames } from '../../mem/frames.ts';
import { AREA, JUMP_ENTRIES, jumpSlot, LINKS } from './layout.ts';
import type { RegionFunction } from './module.ts';
import type { Region } from './region.ts';

interface Entry {
  readonly address: bigint;
  readonly index: number;
  readonly pages: readonly number[];
  readonly run: RegionFunction;
}

/** Index 0 of the table: the function for "nothing translated there". */
const NONE = 0;

export class RegionCache {
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 1024 });
  readonly #frames: Frames;
  readonly #base: number;
  #lookup: RegionFunction | undefined;
  readonly #byAddress = new Map<bigint, Entry>();
  readonly #byPage = new Map<number, Set<Entry>>();
  /** Number of the link word of each address that some region branches to. */
  readonly #links = new Map<bigint, number>();
  readonly #free: number[] = [];
  #next = NONE + 1;

  constructor(frames: Frames, base: number) {
    this.#frames = frames;
    this.#base = base;
    this.#clearJumps();
  }

  /** What stands where there is no region. */
  setLookup(f: RegionFunction): void {
    this.#lookup = f;
    this.table.set(NONE, f);
  }

  get size(): number {
    return this.#byAddress.size;
  }
  /** No more addresses can be branched to: everything has to go. */
  get isFull(): boolean {
    return this.#links.size > LINKS - 4096;
  }

  find(address: bigint): RegionFunction | undefined {
    return this.#byAddress.get(address)?.run;
  }
  has(address: bigint): boolean {
    return this.#byAddress.has(address);
  }

  add(region: Region, run: RegionFunction): void {
    const index = this.#free.pop() ?? this.#next++;
    if (index >= this.table.length) this.table.grow(this.table.length);
    this.table.set(index, run);
    const entry = { address: region.entry, index, pages: region.pages, run };
    this.#byAddress.set(region.entry, entry);
    for (const p of region.pages) {
      const on = this.#byPage.get(p) ?? new Set();
      this.#byPage.set(p, on.add(entry));
    }
    this.#setLink(region.entry, index);
  }

  /** Byte offset of the word that says which function translates this address. */
  link(address: bigint): number {
    let n = this.#links.get(address);
    if (n === undefined) {
      n = this.#links.size;
      this.#links.set(address, n);
      this.#frames.view.setInt32(this.#linkAt(n), this.#byAddress.get(address)?.index ?? NONE, true);
    }
    return this.#linkAt(n);
  }
  #linkAt(n: number): number {
    return this.#base + AREA.links + 4 * n;
  }
  #setLink(address: bigint, index: number): void {
    const n = this.#links.get(address);
    if (n !== undefined) this.#frames.view.setInt32(this.#linkAt(n), index, true);
  }

  /** An indirect branch went there: find it without help next time. */
  rememberJump(address: bigint): void {
    const entry = this.#byAddress.get(address);
    if (!entry) return;
    const at = this.#base + AREA.jumps + 16 * jumpSlot(address);
    this.#frames.view.setBigUint64(at, address, true);
    this.#frames.view.setInt32(at + 8, entry.index, true);
  }
  #clearJumps(): void {
    const at = this.#base + AREA.jumps;
    this.#frames.bytes.fill(0xff, at, at + 16 * JUMP_ENTRIES);
  }

  /** Forget regions with code on pages [first, end). */
  drop(first: number, end: number): void {
    const gone = new Set<Entry>();
    if (end - first <= this.#byPage.size) {
      for (let p = first; p < end; p++) for (const e of this.#byPage.get(p) ?? []) gone.add(e);
    } else {
      for (const [p, entries] of this.#byPage) if (p >= first && p < end) for (const e of entries) gone.add(e);
    }
    if (gone.size === 0) return;
    for (const e of gone) this.#remove(e);
    this.#clearJumps();
  }
  #remove(e: Entry): void {
    this.#byAddress.delete(e.address);
    for (const p of e.pages) {
      const on = this.#byPage.get(p);
      on?.delete(e);
      if (on?.size === 0) this.#byPage.delete(p);
    }
    this.table.set(e.index, this.#lookup);
    this.#free.push(e.index);
    this.#setLink(e.address, NONE);
  }
}
