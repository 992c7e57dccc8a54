/** nanosleep(2), clock_gettime(2), and reading a struct timespec. */
import type { Memory } from '../mem/memory.ts';
import { NEVER_NS } from './clock.ts';
import { EFAULT, EINVAL } from './errno.ts';
import type { Bits } from './show.ts';
import { copyIn, copyOut, timespec } from './structs.ts';
import type { Result, System } from './system.ts';

const NS_PER_SEC = 1_000_000_000n;

/** Nanoseconds of a timespec in guest memory, at most NEVER_NS; or -EFAULT, or -EINVAL (timespec64_valid). */
export function readNs(memory: Memory, at: bigint): bigint {
  const t = copyIn(memory, timespec, at);
  if (!t) return BigInt(-EFAULT);
  if (t.sec < 0n || t.nsec >= NS_PER_SEC) return BigInt(-EINVAL);
  return saturate(t.sec * NS_PER_SEC + t.nsec);
}

export const saturate = (ns: bigint): bigint => (ns > NEVER_NS ? NEVER_NS : ns);

/**
 * Sleep; nanosleep(2). A task that is alone sleeps at once: the clock jumps. `rem` is never written, for no signal
 * interrupts. EFAULT: `req` cannot be read. EINVAL: negative seconds, or nanoseconds outside 0..999999999.
 */
export function nanosleep(k: System, a: { req: bigint }): Result {
  const ns = readNs(k.memory, a.req);
  if (ns < 0n) return ns;
  const untilNs = saturate(k.clock.nowNs + ns);
  if (!k.isAlone) return { block: { untilNs } };
  k.clock.advanceTo(untilNs);
  return 0;
}

// biome-ignore format: table
export const CLOCKS = {
  CLOCK_REALTIME:           0,
  CLOCK_MONOTONIC:          1,
  CLOCK_PROCESS_CPUTIME_ID: 2,
  CLOCK_THREAD_CPUTIME_ID:  3,
  CLOCK_MONOTONIC_RAW:      4,
  CLOCK_REALTIME_COARSE:    5,
  CLOCK_MONOTONIC_COARSE:   6,
  CLOCK_BOOTTIME:           7,
  CLOCK_REALTIME_ALARM:     8,
  CLOCK_BOOTTIME_ALARM:     9,
  CLOCK_SGI_CYCLE:         10,
  CLOCK_TAI:               11,
} as const satisfies Bits;

/**
 * Read a clock; clock_gettime(2). The coarse and raw clocks are as fine as the others.
 * EINVAL: no such clock; the alarm clocks need a hardware clock that this machine does not have. EFAULT: `tp`.
 */
export function clock_gettime(k: System, a: { clock: number; tp: bigint }): Result {
  const ns = readClock(k, a.clock);
  if (ns === undefined) return -EINVAL;
  const now = { sec: ns / NS_PER_SEC, nsec: ns % NS_PER_SEC };
  return copyOut(k.memory, timespec, a.tp, now) ? 0 : -EFAULT;
}

function readClock({ clock }: System, id: number): bigint | undefined {
  switch (id) {
    case CLOCKS.CLOCK_REALTIME:
    case CLOCKS.CLOCK_REALTIME_COARSE:
    case CLOCKS.CLOCK_TAI: // nobody has told this kernel about leap seconds
      return clock.realtimeNs;
    case CLOCKS.CLOCK_MONOTONIC:
    case CLOCKS.CLOCK_MONOTONIC_RAW:
    case CLOCKS.CLOCK_MONOTONIC_COARSE:
    case CLOCKS.CLOCK_BOOTTIME:
      return clock.nowNs;
    case CLOCKS.CLOCK_PROCESS_CPUTIME_ID:
    case CLOCKS.CLOCK_THREAD_CPUTIME_ID:
      return clock.elapsedNs;
    default:
      return undefined;
  }
}
