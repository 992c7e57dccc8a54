/**
 * The guest's address space: sparse, 48 bits wide, with a protection per region.
 *
 * Regions say what is mapped; frames hold bytes. A frame is made when its page is first written, so a 600 MB
 * PROT_NONE reservation costs one region. All frames live in one WebAssembly.Memory, behind the CPU's registers.
 */

import { type Access, Trap } from './fault.ts';
import { Frames } from './frames.ts';
import { isCanonical, PAGE_BITS, PAGE_SIZE, PROT, pageDown, pageUp } from './layout.ts';

/** A run of pages with one protection and one name. `end` is exclusive. */
export interface Region {
  readonly start: bigint;
  readonly end: bigint;
  readonly prot: number;
  /** What it is, for people: a stack, an image section, "[anon]". */
  readonly name: string;
}

/** Told when what an engine keeps about pages [first, end) no longer holds. */
export interface PageListener {
  /** Mapping, protection or frame are others now. */
  remapped(first: number, end: number): void;
  /** Bytes changed that `watchCode` was called for. */
  codeChanged(first: number, end: number): void;
  /** `watchCode` was called for a page for the first time: writes to it must come through here. */
  codeWatched(page: number): void;
}

/** Told about every byte that is read or written, by instructions and host functions alike. */
export type Toucher = (address: bigint, size: number, write: boolean) => void;

const needs: Record<Access, number> = { read: PROT.read, write: PROT.write, execute: PROT.exec };

export class Memory {
  readonly frames = new Frames();
  #regions: Region[] = [];
  /** Page number → byte offset of its frame. Pages without one read as zero. */
  readonly #pages = new Map<number, number>();
  #last: Region | undefined;
  /** Pages that engines hold decoded or translated code of. */
  readonly #code = new Set<number>();
  /** Page sets of those who mirror this memory elsewhere. */
  readonly #watchers: Set<number>[] = [];
  readonly #listeners: PageListener[] = [];
  /** Who wants to know of every access; only engines that come through here for each are seen (the interpreter). */
  toucher: Toucher | undefined;
  /** Goes up whenever code that an engine may have kept could have changed. */
  codeEpoch = 0;

  /** Every region, lowest first: another array after every change. */
  get regions(): readonly Region[] {
    return this.#regions;
  }

  /** Page number → byte offset of its frame in `frames`; pages that were never written have none. */
  get pages(): ReadonlyMap<number, number> {
    return this.#pages;
  }

  /** A set that is told the number of every page whose bytes change from now on; whoever asked empties it. */
  watchPages(): Set<number> {
    const changed = new Set<number>();
    this.#watchers.push(changed);
    return changed;
  }

  /** Map [start, start+size), zero-filled, in place of whatever was there. Rounds out to whole pages. */
  map(start: bigint, size: bigint, prot: number, name: string): void {
    this.unmap(start, size);
    this.#insert({ start: pageDown(start), end: pageUp(start + size), prot, name });
  }

  /** Remove every page that [start, start+size) touches; holes are fine, as for munmap(2). */
  unmap(start: bigint, size: bigint): void {
    const from = pageDown(start);
    const to = pageUp(start + size);
    this.#carve(from, to, () => undefined);
    this.#dropFrames(from, to);
  }

  /** Change protection. False, and nothing changed, when part of the range is not mapped (mprotect's ENOMEM). */
  protect(start: bigint, size: bigint, prot: number): boolean {
    const from = pageDown(start);
    const to = pageUp(start + size);
    if (!this.isMapped(from, to - from)) return false;
    this.#carve(from, to, (r) => ({ ...r, prot }));
    return true;
  }

  /** Give the pages' contents back: they read as zero again (MADV_DONTNEED on anonymous memory). */
  discard(start: bigint, size: bigint): void {
    this.#dropFrames(pageDown(start), pageUp(start + size));
    this.#remapped(pageDown(start), pageUp(start + size));
  }

  find(address: bigint): Region | undefined {
    if (this.#last && address >= this.#last.start && address < this.#last.end) return this.#last;
    let lo = 0;
    let hi = this.#regions.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      const r = this.#regions[mid]!;
      if (address < r.start) hi = mid;
      else if (address >= r.end) lo = mid + 1;
      else {
        this.#last = r;
        return r;
      }
    }
    return undefined;
  }

  isMapped(start: bigint, size: bigint): boolean {
    return this.#covers(start, size, PROT.none);
  }

  /** May the guest do this to all of [start, start+size)? System calls answer EFAULT when it may not. */
  allows(start: bigint, size: bigint, access: Access): boolean {
    return this.#covers(start, size, needs[access]);
  }

  /** Lowest gap of `size` bytes at or above `from`, or undefined when there is none below `to`. */
  gap(from: bigint, to: bigint, size: bigint): bigint | undefined {
    let at = pageUp(from);
    for (const r of this.#regions) {
      if (r.end <= at) continue;
      if (r.start >= at + size) break;
      at = r.end;
    }
    return at + size <= to ? at : undefined;
  }

  /** Little-endian load of 1, 2, 4, 8, 16 or 32 bytes, as the guest would. Throws Trap. */
  read(address: bigint, size: number): bigint {
    this.check(address, size, 'read');
    return this.#load(address, size);
  }

  /** Little-endian store, as the guest would. Throws Trap before any byte changes. */
  write(address: bigint, size: number, value: bigint): void {
    this.check(address, size, 'write');
    this.poke(address, size, value);
  }

  /** The bytes an instruction fetch at `address` sees: up to `max`, fewer where executable memory ends. */
  fetch(address: bigint, max: number): Uint8Array {
    this.check(address, 1, 'execute');
    let n = max;
    if (pageDown(address) !== pageDown(address + BigInt(max - 1)) && !this.allows(address, BigInt(max), 'execute')) {
      n = Number(pageUp(address + 1n) - address);
    }
    return this.#bytes(address, n);
  }

  /** Throws the Trap that this access would raise, or returns. */
  check(address: bigint, size: number, access: Access): void {
    const last = address + BigInt(size - 1);
    if (!isCanonical(address) || !isCanonical(last)) {
      throw new Trap({ kind: 'protection', detail: `non-canonical address 0x${address.toString(16)}` });
    }
    for (let at = address; at <= last; ) {
      const r = this.find(at);
      if (!r || (r.prot & needs[access]) === 0) {
        throw new Trap({ kind: 'page', address: at, access, size, mapped: r !== undefined });
      }
      at = r.end;
    }
  }

  /** An engine keeps code of these bytes: tell it, through `codeEpoch`, when they change. */
  watchCode(address: bigint, length: number): void {
    this.#watch(Number(address >> PAGE_BITS));
    this.#watch(Number((address + BigInt(length - 1)) >> PAGE_BITS));
  }

  #watch(page: number): void {
    if (this.#code.has(page)) return;
    this.#code.add(page);
    for (const l of this.#listeners) l.codeWatched(page);
  }

  /** Does an engine keep code of this page? */
  isCode(page: number): boolean {
    return this.#code.has(page);
  }

  listen(l: PageListener): void {
    this.#listeners.push(l);
  }

  /** Byte offset of the frame of a page that allows this access, made if there is none; undefined where it is not allowed. */
  frameFor(page: number, access: Access): number | undefined {
    const address = BigInt(page) << PAGE_BITS;
    if (!isCanonical(address) || !this.allows(address, 1n, access)) return undefined;
    return this.#pages.get(page) ?? this.#frame(address);
  }

  /** Read without regard to protection; unmapped bytes are an error of the caller. */
  peek(address: bigint, size: number): bigint {
    return this.#load(address, size);
  }

  /** Write without regard to protection. */
  poke(address: bigint, size: number, value: bigint): void {
    this.toucher?.(address, size, true);
    const within = Number(address & 0xfffn);
    if (within + size <= PAGE_SIZE) {
      const at = this.#frame(address) + within;
      const { view } = this.frames;
      if (size === 8) return view.setBigUint64(at, value, true);
      if (size === 4) return view.setUint32(at, Number(value & 0xffff_ffffn), true);
      if (size === 2) return view.setUint16(at, Number(value & 0xffffn), true);
      if (size === 1) return view.setUint8(at, Number(value & 0xffn));
    }
    for (let i = 0; i < size; i++) {
      const a = address + BigInt(i);
      const at = this.#frame(a) + Number(a & 0xfffn);
      this.frames.bytes[at] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
  }

  peekBytes(address: bigint, length: number): Uint8Array {
    this.toucher?.(address, length, false);
    return this.#bytes(address, length);
  }

  #bytes(address: bigint, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const a = address + BigInt(done);
      const within = Number(a & 0xfffn);
      const n = Math.min(PAGE_SIZE - within, length - done);
      const at = this.#pages.get(Number(a >> PAGE_BITS));
      if (at !== undefined) out.set(this.frames.bytes.subarray(at + within, at + within + n), done);
      done += n;
    }
    return out;
  }

  pokeBytes(address: bigint, bytes: Uint8Array): void {
    this.toucher?.(address, bytes.length, true);
    for (let done = 0; done < bytes.length; ) {
      const a = address + BigInt(done);
      const within = Number(a & 0xfffn);
      const n = Math.min(PAGE_SIZE - within, bytes.length - done);
      const at = this.#frame(a);
      this.frames.bytes.set(bytes.subarray(done, done + n), at + within);
      done += n;
    }
  }

  #load(address: bigint, size: number): bigint {
    this.toucher?.(address, size, false);
    const within = Number(address & 0xfffn);
    if (within + size <= PAGE_SIZE) {
      const frame = this.#pages.get(Number(address >> PAGE_BITS));
      if (frame === undefined) return 0n;
      const { view } = this.frames;
      const at = frame + within;
      if (size === 8) return view.getBigUint64(at, true);
      if (size === 4) return BigInt(view.getUint32(at, true));
      if (size === 1) return BigInt(view.getUint8(at));
      if (size === 2) return BigInt(view.getUint16(at, true));
    }
    let v = 0n;
    const bytes = this.#bytes(address, size);
    for (let i = size - 1; i >= 0; i--) v = (v << 8n) | BigInt(bytes[i]!);
    return v;
  }

  /** Give back the frames of whole pages [from, to). */
  #dropFrames(from: bigint, to: bigint): void {
    const first = Number(from >> PAGE_BITS);
    const last = Number(to >> PAGE_BITS);
    const drop = (page: number): void => {
      const at = this.#pages.get(page);
      if (at === undefined) return;
      this.#pages.delete(page);
      this.frames.release(at);
      for (const w of this.#watchers) w.add(page);
    };
    // A huge range holds few frames, a small one few pages: walk the shorter list.
    if (last - first <= this.#pages.size) for (let p = first; p < last; p++) drop(p);
    else for (const p of [...this.#pages.keys()]) if (p >= first && p < last) drop(p);
  }

  #remapped(from: bigint, to: bigint): void {
    const [first, end] = [Number(from >> PAGE_BITS), Number(to >> PAGE_BITS)];
    for (const l of this.#listeners) l.remapped(first, end);
    this.#forgetCode(first, end);
  }

  /** Code on these pages is not what it was. */
  #forgetCode(first: number, end: number): void {
    const before = this.#code.size;
    if (end - first === 1) this.#code.delete(first);
    else for (const p of this.#code) if (p >= first && p < end) this.#code.delete(p);
    if (this.#code.size === before) return;
    this.codeEpoch++;
    for (const l of this.#listeners) l.codeChanged(first, end);
  }

  /** The frame behind an address, for writing. */
  #frame(address: bigint): number {
    const page = Number(address >> PAGE_BITS);
    if (this.#code.has(page)) this.#forgetCode(page, page + 1);
    for (const w of this.#watchers) w.add(page);
    let at = this.#pages.get(page);
    if (at === undefined) {
      at = this.frames.take();
      this.#pages.set(page, at);
    }
    return at;
  }

  #covers(start: bigint, size: bigint, bits: number): boolean {
    for (let at = start; at < start + size; ) {
      const r = this.find(at);
      if (!r || (r.prot & bits) !== bits) return false;
      at = r.end;
    }
    return true;
  }

  /** Replace what lies inside [from, to) by `change` of it; undefined removes. */
  #carve(from: bigint, to: bigint, change: (r: Region) => Region | undefined): void {
    const out: Region[] = [];
    for (const r of this.#regions) {
      if (r.end <= from || r.start >= to) {
        out.push(r);
        continue;
      }
      if (r.start < from) out.push({ ...r, end: from });
      const inside = change({ ...r, start: r.start > from ? r.start : from, end: r.end < to ? r.end : to });
      if (inside) out.push(inside);
      if (r.end > to) out.push({ ...r, start: to });
    }
    this.#regions = out;
    this.#last = undefined;
    this.#remapped(from, to);
  }

  #insert(r: Region): void {
    const i = this.#regions.findIndex((x) => x.start >= r.end);
    this.#regions.splice(i < 0 ? this.#regions.length : i, 0, r);
    this.#last = undefined;
  }
}
