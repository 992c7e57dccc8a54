/**
 * The guest's pages in the tracee's address space, at their own addresses and with their own protection.
 *
 * A page is mapped when the guest first touches it and its region exists, as a TLB takes in a translation. What the tracee has
 * mapped are frames of an anonymous file that we have mapped too, so that copying a page either way is a memcpy. Nothing
 * of our own stays mapped there while the guest runs: for the moment in which the tracee makes a call for us, two bytes
 * of a code page of the guest are borrowed for it.
 */
import { PAGE_SIZE, PROT, USER_END } from '../../mem/layout.ts';
import type { Memory, Region } from '../../mem/memory.ts';
import type { Block, Host } from './host.ts';
import { MAP, NR } from './kernel.ts';
import type { Tracee } from './tracee.ts';

/** Frames come in mappings of this many. */
const CHUNK = 256;
const END = Number(USER_END);
/** Of our own: mapped while no code page of the guest is, so that there is always one to borrow from. */
const HOME_FRAME = 0;
/** Below is vm.mmap_min_addr on most hosts. */
const LOWEST_HOME = 0x1_0000;

interface Held {
  readonly address: number;
  readonly frame: number;
  readonly prot: number;
  readonly bytes: Uint8Array;
}

const ZEROS = new Uint8Array(PAGE_SIZE);
/** A page of Memory; those without a frame read as zero. */
function bytesIn(mem: Memory, address: number): Uint8Array {
  const at = mem.pages.get(address / PAGE_SIZE);
  return at === undefined ? ZEROS : mem.frames.bytes.subarray(at, at + PAGE_SIZE);
}
const pageOf = (address: number): number => address - (address % PAGE_SIZE);

export class Mirror {
  readonly #host: Host;
  readonly #tracee: Tracee;
  readonly #file: number;
  readonly #chunks: Block[] = [];
  readonly #free: number[] = [];
  #next = HOME_FRAME + 1;
  /** What the tracee has mapped, by address. */
  readonly #held = new Map<number, Held>();
  /** Where our own page is mapped; undefined while the guest's code serves. */
  #home: number | undefined;
  #mem: Memory | undefined;
  #regions: readonly Region[] = [];

  /** `file` is open in the tracee too, under the same number. */
  constructor(host: Host, tracee: Tracee, file: number) {
    this.#host = host;
    this.#tracee = tracee;
    this.#file = file;
    this.#settle(LOWEST_HOME);
  }

  dispose(): void {
    for (const c of this.#chunks) this.#host.unmap(c);
    this.#host.call(NR.close, this.#file);
  }

  /** The tracee sees this memory from now on, as it is now. */
  push(mem: Memory): void {
    if (this.#mem !== mem) this.#goHome(mem);
    else if (this.#regions !== mem.regions) this.#dropStale(mem);
    this.#mem = mem;
    this.#regions = mem.regions;
    for (const { address, bytes } of this.#held.values()) {
      const ours = bytesIn(mem, address);
      if (Buffer.compare(bytes, ours) !== 0) bytes.set(ours);
    }
  }

  /** Memory sees what the guest has written. */
  pull(mem: Memory): void {
    for (const { address, prot, bytes } of this.#held.values()) {
      if (prot & PROT.write && Buffer.compare(bytes, bytesIn(mem, address)) !== 0)
        mem.pokeBytes(BigInt(address), bytes);
    }
  }

  /** The guest touched this address, or is about to. True when its page has been mapped by that, and it may try again. */
  admit(address: bigint): boolean {
    if (address < 0n || address >= USER_END) return false;
    const mem = this.#mem!;
    const region = mem.find(address);
    const page = pageOf(Number(address));
    if (!region || this.#held.has(page)) return false;
    this.#hold(mem, page, region.prot);
    return true;
  }

  /** The code bytes at an address, as the guest would fetch them: `max`, or fewer where executable memory ends. */
  code(address: bigint, max: number): Uint8Array | undefined {
    const first = this.#executable(address);
    if (!first) return undefined;
    const within = Number(address) - first.address;
    if (within + max <= PAGE_SIZE) return first.bytes.subarray(within, within + max);
    const head = first.bytes.subarray(within);
    const second = this.#executable(address + BigInt(head.length));
    return second ? Uint8Array.of(...head, ...second.bytes.subarray(0, max - head.length)) : head;
  }

  /** The frame behind a mapped address, and where in it the address is. */
  at(address: bigint): { bytes: Uint8Array; within: number } | undefined {
    const page = this.#held.get(pageOf(Number(address)));
    return page && { bytes: page.bytes, within: Number(address) - page.address };
  }

  #executable(address: bigint): Held | undefined {
    this.admit(address);
    const page = this.#held.get(pageOf(Number(address)));
    return page && page.prot & PROT.exec ? page : undefined;
  }

  #hold(mem: Memory, address: number, prot: number): void {
    const frame = this.#free.pop() ?? this.#next++;
    const bytes = this.#bytesOf(frame);
    bytes.set(bytesIn(mem, address));
    this.#map(address, frame, prot);
    this.#held.set(address, { address, frame, prot, bytes });
    if (this.#home !== undefined && prot & PROT.exec) {
      const home = this.#home;
      this.#home = undefined;
      this.#tracee.site = { address, bytes };
      this.#call(NR.munmap, 'unmap', home, PAGE_SIZE);
    }
  }

  /** Regions have changed: what no longer is as it was mapped goes, and comes back when it is touched. */
  #dropStale(mem: Memory): void {
    for (const page of this.#held.values()) {
      if (mem.find(BigInt(page.address))?.prot === page.prot) continue;
      if (page.address === this.#tracee.site.address) return this.#goHome(mem);
      this.#call(NR.munmap, 'unmap', page.address, PAGE_SIZE);
      this.#held.delete(page.address);
      this.#free.push(page.frame);
    }
    if (this.#home !== undefined && mem.find(BigInt(this.#home))) this.#goHome(mem);
  }

  /** Unmap all of the guest, and map a page of our own where this memory has no region. */
  #goHome(mem: Memory): void {
    for (const { frame } of this.#held.values()) this.#free.push(frame);
    this.#held.clear();
    this.#settle(Number(mem.gap(BigInt(LOWEST_HOME), USER_END, BigInt(PAGE_SIZE))!));
  }

  #settle(home: number): void {
    if (home !== this.#home) this.#map(home, HOME_FRAME, PROT.read | PROT.exec);
    this.#home = home;
    this.#tracee.site = { address: home, bytes: this.#bytesOf(HOME_FRAME) };
    this.#call(NR.munmap, 'unmap', 0, home);
    this.#call(NR.munmap, 'unmap', home + PAGE_SIZE, END - home - PAGE_SIZE);
  }

  #map(address: number, frame: number, prot: number): void {
    this.#call(NR.mmap, 'map', address, PAGE_SIZE, prot, MAP.SHARED | MAP.FIXED, this.#file, frame * PAGE_SIZE);
  }

  #call(nr: number, verb: string, address: number, ...rest: number[]): void {
    const error = this.#tracee.syscall(nr, address, ...rest);
    if (error >= 0) return;
    const low = address < LOWEST_HOME ? ' (see vm.mmap_min_addr)' : '';
    throw new Error(`the host does not ${verb} the page at 0x${address.toString(16)}: errno ${-error}${low}`);
  }

  #bytesOf(frame: number): Uint8Array {
    const n = Math.floor(frame / CHUNK);
    const size = CHUNK * PAGE_SIZE;
    if (n === this.#chunks.length) {
      this.#host.call(NR.ftruncate, this.#file, (n + 1) * size);
      this.#chunks.push(this.#host.map(size, this.#file, n * size));
    }
    const { bytes } = this.#chunks[n]!;
    const at = (frame % CHUNK) * PAGE_SIZE;
    return bytes.subarray(at, at + PAGE_SIZE);
  }
}
