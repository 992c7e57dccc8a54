/** mmap(2): what is asked for, and where it goes. */
import { PROT, pageDown, pageUp, USER_END } from '../mem/layout.ts';
import type { Region } from '../mem/memory.ts';
import type { Arg } from './argument.ts';
import { EBADF, EEXIST, EINVAL, ENOMEM, EPERM } from './errno.ts';
import { type Bits, hex, showBits } from './show.ts';
import type { Result, System } from './system.ts';

// biome-ignore format: table
const MAP = {
  MAP_FIXED:               0x10,
  MAP_ANONYMOUS:           0x20,
  MAP_32BIT:               0x40,
  MAP_NORESERVE:         0x4000,
  MAP_POPULATE:          0x8000,
  MAP_NONBLOCK:        0x1_0000,
  MAP_GROWSDOWN:          0x100,
  MAP_DENYWRITE:          0x800,
  MAP_EXECUTABLE:        0x1000,
  MAP_LOCKED:            0x2000,
  MAP_STACK:           0x2_0000,
  MAP_HUGETLB:         0x4_0000,
  MAP_SYNC:            0x8_0000,
  MAP_FIXED_NOREPLACE: 0x10_0000,
} as const satisfies Bits;

const SHARED = 1;
const PRIVATE = 2;
const TYPES: readonly string[] = ['MAP_FILE', 'MAP_SHARED', 'MAP_PRIVATE', 'MAP_SHARED_VALIDATE'];
const TYPE_BITS = 0xf;
const HUGE_SHIFT = 26;

export const mapFlags: Arg<number> = {
  decode: (raw) => Number(BigInt.asUintN(32, raw)),
  show(v) {
    const type = TYPES[v & TYPE_BITS] ?? `${hex(v & TYPE_BITS)} /* MAP_??? */`;
    const rest = BigInt(v) & 0x03ff_fff0n;
    const size = v >>> HUGE_SHIFT;
    const parts = [type];
    if (rest) parts.push(showBits(rest, MAP, 'MAP_???'));
    if (size) parts.push(`${size}<<MAP_HUGE_SHIFT`);
    return parts.join('|');
  },
};

/** Nothing below may be mapped by an ordinary process (/proc/sys/vm/mmap_min_addr). */
export const MIN_ADDRESS = 0x1_0000n;

/** Where the search starts upwards when nothing is left below the base (TASK_UNMAPPED_BASE). */
const BOTTOM_UP = pageUp(USER_END / 3n);

/** As /proc/PID/maps shows them. */
export const ANONYMOUS = '[anon]';
const SHARED_ANONYMOUS = '/dev/zero (deleted)';

export const isShared = (r: Region): boolean => r.name === SHARED_ANONYMOUS;

/** An x86 page that may be written or executed may also be read, whatever was asked for (measured). */
export function effectiveProt(prot: bigint): number {
  const bits = Number(prot & 7n);
  return bits & (PROT.write | PROT.exec) ? bits | PROT.read : bits;
}

/**
 * Map anonymous memory; DESCRIPTION and ERRORS of mmap(2).
 *
 * EINVAL: length 0, an offset that is no multiple of the page size, an address that is none with MAP_FIXED, neither
 * MAP_SHARED nor MAP_PRIVATE, or MAP_SHARED with MAP_GROWSDOWN. EBADF: a file is asked for; there are none.
 * ENOMEM: no room, beyond TASK_SIZE, or huge pages. EPERM: MAP_FIXED below mmap_min_addr.
 * EEXIST: MAP_FIXED_NOREPLACE over a mapping. Unknown bits of prot and flags are ignored, as Linux does.
 */
export function mmap(
  k: System,
  a: { addr: bigint; length: bigint; prot: bigint; flags: number; offset: bigint },
): Result {
  if (a.offset & 0xfffn) return -EINVAL;
  if (!(a.flags & MAP.MAP_ANONYMOUS)) return -EBADF;
  if (a.length === 0n) return -EINVAL;
  if (a.flags & MAP.MAP_HUGETLB) return -ENOMEM;
  const length = pageUp(a.length);
  if (length > USER_END) return -ENOMEM;
  const fixed = a.flags & (MAP.MAP_FIXED | MAP.MAP_FIXED_NOREPLACE);
  const at = fixed ? checkFixed(k, a.addr, length, a.flags) : place(k, a.addr, length, a.flags);
  if (at < 0n) return at;
  const type = a.flags & TYPE_BITS;
  if (type !== PRIVATE && type !== SHARED) return -EINVAL;
  if (type === SHARED && a.flags & MAP.MAP_GROWSDOWN) return -EINVAL;
  k.memory.map(at, length, effectiveProt(a.prot), type === SHARED ? SHARED_ANONYMOUS : ANONYMOUS);
  return at;
}

/** The address itself, or -errno. */
function checkFixed(k: System, addr: bigint, length: bigint, flags: number): bigint {
  if (addr > USER_END - length) return BigInt(-ENOMEM);
  if (addr & 0xfffn) return BigInt(-EINVAL);
  if (addr < MIN_ADDRESS) return BigInt(-EPERM);
  if (flags & MAP.MAP_FIXED_NOREPLACE && !isFree(k, addr, length)) return BigInt(-EEXIST);
  return addr;
}

/** The hint when it is free, else the highest gap below the base, else the lowest above it; or -ENOMEM. */
function place(k: System, hint: bigint, length: bigint, flags: number): bigint {
  const low = (flags & MAP.MAP_32BIT) !== 0;
  const end = low ? 0x8000_0000n : USER_END;
  if (hint >= 0x1000n) {
    const at = pageDown(hint) < MIN_ADDRESS ? MIN_ADDRESS : pageDown(hint);
    if (at + length <= end && isFree(k, at, length)) return at;
  }
  // MAP_32BIT searches upwards in the second gigabyte (arch/x86/kernel/sys_x86_64.c).
  const found = low ? undefined : highestGap(k, length);
  return found ?? k.memory.gap(low ? 0x4000_0000n : BOTTOM_UP, end, length) ?? BigInt(-ENOMEM);
}

function highestGap(k: System, length: bigint): bigint | undefined {
  let end = k.mmapBase;
  const { regions } = k.memory;
  for (let i = regions.length - 1; i >= 0; i--) {
    const r = regions[i]!;
    if (r.start >= end) continue;
    if (r.end + length <= end) break;
    end = r.start;
  }
  return end - length >= MIN_ADDRESS ? end - length : undefined;
}

export function isFree(k: System, start: bigint, length: bigint): boolean {
  return !k.memory.regions.some((r) => r.start < start + length && r.end > start);
}
