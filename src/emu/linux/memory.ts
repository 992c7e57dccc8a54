/** munmap(2), mprotect(2), madvise(2), brk(2). mmap has a file of its own. */
import { PROT, pageUp, USER_END } from '../mem/layout.ts';
import type { Region } from '../mem/memory.ts';
import { EINVAL, ENOMEM } from './errno.ts';
import { effectiveProt, isFree, isShared } from './mmap.ts';
import type { Bits } from './show.ts';
import type { Result, System } from './system.ts';

// biome-ignore format: table
export const PROTS = {
  PROT_READ:      0x1,
  PROT_WRITE:     0x2,
  PROT_EXEC:      0x4,
  PROT_SEM:       0x8,
  PROT_GROWSDOWN: 0x0100_0000,
  PROT_GROWSUP:   0x0200_0000,
} as const satisfies Bits;

const KNOWN_PROT = 0xfn;
const GROWS = 0x0300_0000n;

/**
 * Remove the mappings of whole pages; munmap(2). Unmapped pages in the range are no error.
 * EINVAL: address not page-aligned, length 0, or any part beyond TASK_SIZE.
 */
export function munmap(k: System, a: { addr: bigint; length: bigint }): Result {
  if (a.addr & 0xfffn || a.addr > USER_END || a.length > USER_END - a.addr) return -EINVAL;
  if (a.length === 0n) return -EINVAL;
  k.memory.unmap(a.addr, a.length);
  return 0;
}

/**
 * Set protection; mprotect(2).
 * EINVAL: address not page-aligned, unknown bits, or PROT_GROWSDOWN/UP on what cannot grow (nothing can, here).
 * ENOMEM: part of the range is not mapped; pages before the hole have changed all the same (measured).
 */
export function mprotect(k: System, a: { addr: bigint; length: bigint; prot: bigint }): Result {
  if ((a.prot & GROWS) === GROWS || a.addr & 0xfffn) return -EINVAL;
  if (a.length === 0n) return 0;
  const end = a.addr + pageUp(a.length);
  if (end > USER_END) return -ENOMEM;
  if (a.prot & ~(KNOWN_PROT | GROWS)) return -EINVAL;
  let at = a.addr;
  for (let r = k.memory.find(at); r && at < end; r = k.memory.find(at)) at = r.end;
  if (at === a.addr) return -ENOMEM;
  if (a.prot & GROWS) return -EINVAL;
  const hole = at < end;
  k.memory.protect(a.addr, (hole ? at : end) - a.addr, effectiveProt(a.prot));
  return hole ? -ENOMEM : 0;
}

// biome-ignore format: table
export const MADV = {
  MADV_NORMAL:          0,  MADV_RANDOM:          1,  MADV_SEQUENTIAL:      2,  MADV_WILLNEED:        3,
  MADV_DONTNEED:        4,  MADV_FREE:            8,  MADV_REMOVE:          9,  MADV_DONTFORK:       10,
  MADV_DOFORK:         11,  MADV_MERGEABLE:      12,  MADV_UNMERGEABLE:    13,  MADV_HUGEPAGE:       14,
  MADV_NOHUGEPAGE:     15,  MADV_DONTDUMP:       16,  MADV_DODUMP:         17,  MADV_WIPEONFORK:     18,
  MADV_KEEPONFORK:     19,  MADV_COLD:           20,  MADV_PAGEOUT:        21,  MADV_POPULATE_READ:  22,
  MADV_POPULATE_WRITE: 23,  MADV_DONTNEED_LOCKED: 24, MADV_COLLAPSE:       25,  MADV_HWPOISON:      100,
  MADV_SOFT_OFFLINE:  101,
} as const satisfies Bits;

const advices: ReadonlySet<number> = new Set(Object.values(MADV));

/**
 * Advise about use; madvise(2). Only MADV_DONTNEED, and MADV_REMOVE on shared memory, change anything: pages read as
 * zero again. The others are accepted; the kernel is free to ignore them.
 * EINVAL: unknown advice, address not page-aligned, a range that wraps around, advice that does not suit the mapping.
 * ENOMEM: part of the range is not mapped; the mapped parts have been served (measured).
 */
export function madvise(k: System, a: { addr: bigint; length: bigint; advice: number }): Result {
  if (!advices.has(a.advice) || a.addr & 0xfffn) return -EINVAL;
  const end = a.addr + pageUp(a.length);
  if (end >= 1n << 64n) return -EINVAL;
  let at = a.addr;
  let holes = false;
  for (const r of k.memory.regions.filter((x) => x.start < end && x.end > a.addr)) {
    if (r.start > at) {
      holes = true;
      at = r.start;
    }
    let to = end;
    if (r.end < end) to = r.end;
    const error = advise(k, a.advice, r, at, to - at);
    if (error) return error;
    at = to;
  }
  return holes || at < end ? -ENOMEM : 0;
}

/** Advice about one piece of one region: 0 or -errno. */
function advise(k: System, advice: number, r: Region, start: bigint, size: bigint): number {
  switch (advice) {
    case MADV.MADV_DONTNEED:
    case MADV.MADV_DONTNEED_LOCKED:
      // Other mappings of a shared object could still see the bytes: they stay.
      if (!isShared(r)) k.memory.discard(start, size);
      return 0;
    case MADV.MADV_REMOVE:
      if (!isShared(r)) return -EINVAL;
      k.memory.discard(start, size);
      return 0;
    case MADV.MADV_FREE:
    case MADV.MADV_WIPEONFORK:
      return isShared(r) ? -EINVAL : 0;
    case MADV.MADV_POPULATE_READ:
      return r.prot & PROT.read ? 0 : -EINVAL;
    case MADV.MADV_POPULATE_WRITE:
      return r.prot & PROT.write ? 0 : -EINVAL;
    case MADV.MADV_COLLAPSE: // no huge pages here
    case MADV.MADV_HWPOISON: // no memory failures either
    case MADV.MADV_SOFT_OFFLINE:
      return -EINVAL;
    default:
      return 0;
  }
}

/**
 * Move the program break; brk(2), "C library/kernel differences": the answer is the break, moved or not. There are no
 * errors: a break that cannot be (below the start, beyond TASK_SIZE, into another mapping) leaves it where it was.
 */
export function brk(k: System, a: { addr: bigint }): Result {
  const { heap, memory } = k;
  if (a.addr < heap.start || a.addr > USER_END - 0x1000n) return heap.end;
  const old = pageUp(heap.end);
  const end = pageUp(a.addr);
  if (end < old) memory.unmap(end, old - end);
  if (end > old) {
    // One page must stay between the heap and what follows (measured).
    if (!isFree(k, old, end - old + 0x1000n)) return heap.end;
    memory.map(old, end - old, PROT.read | PROT.write, '[heap]');
  }
  heap.end = a.addr;
  return a.addr;
}
