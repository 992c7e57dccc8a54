/** futex(2): wait and wake. */
import type { Arg, Seen } from './argument.ts';
import { showStruct } from './argument.ts';
import { BOOT_NS } from './clock.ts';
import { EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT } from './errno.ts';
import { showPointer, showUnknown } from './show.ts';
import { timespec } from './structs.ts';
import type { Result, System, Task, Waiter } from './system.ts';
import { readNs, saturate } from './time.ts';

const PRIVATE = 128;
const CLOCK_REALTIME = 256;

/** Operations by number: name, and which arguments each uses (strace leaves the others out). */
// biome-ignore format: table
const operations: readonly (readonly [name: string, uses: string])[] = [
  /*  0 */ ['WAIT',            'val timeout'],
  /*  1 */ ['WAKE',            'val'],
  /*  2 */ ['FD',              'val'],
  /*  3 */ ['REQUEUE',         'val val2 uaddr2'],
  /*  4 */ ['CMP_REQUEUE',     'val val2 uaddr2 val3'],
  /*  5 */ ['WAKE_OP',         'val val2 uaddr2 val3'],
  /*  6 */ ['LOCK_PI',         'timeout'],
  /*  7 */ ['UNLOCK_PI',       ''],
  /*  8 */ ['TRYLOCK_PI',      ''],
  /*  9 */ ['WAIT_BITSET',     'val timeout bitset'],
  /* 10 */ ['WAKE_BITSET',     'val bitset'],
  /* 11 */ ['WAIT_REQUEUE_PI', 'val timeout uaddr2'],
  /* 12 */ ['CMP_REQUEUE_PI',  'val val2 uaddr2 val3'],
  /* 13 */ ['LOCK_PI2',        'timeout'],
];

const WAIT = 0;
const WAKE = 1;
const REQUEUE = 3;
const CMP_REQUEUE = 4;
const WAIT_BITSET = 9;
const WAKE_BITSET = 10;
const WAIT_REQUEUE_PI = 11;
const MATCH_ANY = 0xffff_ffff;

const u32 = (raw: bigint): number => Number(BigInt.asUintN(32, raw));
const i32 = (raw: bigint): number => Number(BigInt.asIntN(32, raw));
const uses = ({ args }: Seen, argument: string): boolean =>
  (operations[(args.op as number) & 127]?.[1] ?? 'val timeout-pointer uaddr2 val3').split(' ').includes(argument);

export const futexOp: Arg<number> = {
  decode: i32,
  show(op) {
    const number = op & ~(PRIVATE | CLOCK_REALTIME);
    const name = operations[number]?.[0];
    const timed = number === WAIT || number === WAIT_BITSET || number === WAIT_REQUEUE_PI;
    if (!name || (op & CLOCK_REALTIME && !timed)) return showUnknown(BigInt(op >>> 0), 'FUTEX_???');
    return `FUTEX_${name}${op & PRIVATE ? '_PRIVATE' : ''}${op & CLOCK_REALTIME ? '|FUTEX_CLOCK_REALTIME' : ''}`;
  },
};

export const futexVal: Arg<number> = {
  decode: u32,
  show: (v, seen) => (uses(seen, 'val') ? String(v) : undefined),
};

/** A pointer to a timespec, or the number `val2`. */
export const futexTimeout: Arg<bigint> = {
  decode: (raw) => raw,
  show(v, seen) {
    if (uses(seen, 'val2')) return String(u32(v));
    if (uses(seen, 'timeout-pointer')) return showPointer(v);
    return uses(seen, 'timeout') ? showStruct(seen.memory, timespec, v) : undefined;
  },
};

export const futexAddress2: Arg<bigint> = {
  decode: (raw) => raw,
  show: (v, seen) => (uses(seen, 'uaddr2') ? showPointer(v) : undefined),
};

export const futexVal3: Arg<number> = {
  decode: u32,
  show(v, seen) {
    if (uses(seen, 'val3')) return String(v);
    if (!uses(seen, 'bitset')) return undefined;
    return v === MATCH_ANY ? 'FUTEX_BITSET_MATCH_ANY' : v === 0 ? '0' : `0x${v.toString(16)}`;
  },
};

interface FutexArgs {
  readonly uaddr: bigint;
  readonly op: number;
  readonly val: number;
  readonly timeout: bigint;
  readonly uaddr2: bigint;
  readonly val3: number;
}

/**
 * Wait at, or wake, an address; futex(2).
 * EINVAL: misaligned address, bad timeout, empty bitset, negative count for a requeue. EFAULT: an address or the
 * timeout. EAGAIN: the word has another value. ETIMEDOUT. ENOSYS: other operations, or FUTEX_CLOCK_REALTIME where
 * it does not belong.
 */
export function futex(k: System, a: FutexArgs, task: Task): Result {
  const operation = a.op & ~(PRIVATE | CLOCK_REALTIME);
  const timed = operation === WAIT || operation === WAIT_BITSET;
  const timeoutNs = timed && a.timeout ? readNs(k.memory, a.timeout) : undefined;
  if (timeoutNs !== undefined && timeoutNs < 0n) return timeoutNs;
  if (a.op & CLOCK_REALTIME && operation !== WAIT_BITSET) return -ENOSYS;
  switch (operation) {
    case WAIT:
      return wait(k, a, task, MATCH_ANY, timeoutNs === undefined ? undefined : saturate(k.clock.nowNs + timeoutNs));
    case WAIT_BITSET:
      return wait(k, a, task, a.val3, deadline(timeoutNs, a.op));
    case WAKE:
      return wake(k, a, MATCH_ANY);
    case WAKE_BITSET:
      return wake(k, a, a.val3);
    case REQUEUE:
      return requeue(k, a);
    case CMP_REQUEUE:
      return requeue(k, a, a.val3);
    default:
      return -ENOSYS;
  }
}

/** FUTEX_WAIT_BITSET's timeout is a point in time, on either clock. */
function deadline(ns: bigint | undefined, op: number): bigint | undefined {
  return ns !== undefined && op & CLOCK_REALTIME ? ns - BOOT_NS : ns;
}

/** The compare and the enqueue are one step: nothing else runs between them. */
function wait(k: System, a: FutexArgs, task: Task, bitset: number, untilNs: bigint | undefined): Result {
  if (bitset === 0) return -EINVAL;
  const bad = checkAddress(k, a.uaddr, a.op) || (k.memory.allows(a.uaddr, 4n, 'read') ? 0 : -EFAULT);
  if (bad) return bad;
  if (Number(k.memory.peek(a.uaddr, 4)) !== a.val) return -EAGAIN;
  if (k.isAlone && untilNs !== undefined) {
    k.clock.advanceTo(untilNs);
    return -ETIMEDOUT;
  }
  const waiter: Waiter = { tid: task.tid, address: a.uaddr, isPrivate: isPrivate(a.op), bitset };
  k.waiters = [...k.waiters, waiter];
  return { block: untilNs === undefined ? { futex: a.uaddr } : { futex: a.uaddr, untilNs } };
}

function wake(k: System, a: FutexArgs, bitset: number): Result {
  if (bitset === 0) return -EINVAL;
  const bad = checkAddress(k, a.uaddr, a.op);
  if (bad) return bad;
  // A count of zero, or a negative one, wakes one waiter: the kernel counts after waking (measured).
  const count = Math.max(1, a.val | 0);
  const chosen = waitersAt(k, a.uaddr, a.op)
    .filter((w) => w.bitset & bitset)
    .slice(0, count);
  k.waiters = k.waiters.filter((w) => !chosen.includes(w));
  return { value: chosen.length, wakes: chosen.map((w) => w.tid) };
}

/** Wake `val` waiters and move `val2` more to `uaddr2`; answers how many of both together (measured). */
function requeue(k: System, a: FutexArgs, expected?: number): Result {
  const moves = i32(a.timeout);
  if ((a.val | 0) < 0 || moves < 0) return -EINVAL;
  const bad = checkAddress(k, a.uaddr, a.op) || checkAddress(k, a.uaddr2, a.op);
  if (bad) return bad;
  if (expected !== undefined) {
    if (!k.memory.allows(a.uaddr, 4n, 'read')) return -EFAULT;
    if (Number(k.memory.peek(a.uaddr, 4)) !== expected) return -EAGAIN;
  }
  const queue = waitersAt(k, a.uaddr, a.op);
  const woken = queue.slice(0, a.val);
  const moved = queue.slice(a.val, a.val + moves);
  const stay = k.waiters.filter((w) => !woken.includes(w) && !moved.includes(w));
  k.waiters = [...stay, ...moved.map((w) => ({ ...w, address: a.uaddr2 }))];
  return { value: woken.length + moved.length, wakes: woken.map((w) => w.tid) };
}

const isPrivate = (op: number): boolean => (op & PRIVATE) !== 0;

const waitersAt = (k: System, address: bigint, op: number): Waiter[] =>
  k.waiters.filter((w) => w.address === address && w.isPrivate === isPrivate(op));

/** get_futex_key: 0 or -errno. A private futex needs no memory behind its address, a shared one does (measured). */
function checkAddress(k: System, address: bigint, op: number): number {
  if (address & 3n) return -EINVAL;
  if (address >= 1n << 47n) return -EFAULT;
  return isPrivate(op) || k.memory.allows(address, 4n, 'read') ? 0 : -EFAULT;
}
