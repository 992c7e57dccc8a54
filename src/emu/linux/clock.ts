/** Virtual time: moves only when a system call is served, when somebody sleeps, or when the machine says so. */

/** What CLOCK_MONOTONIC shows when the machine starts: one second after boot, so that no timestamp is zero. */
export const START_NS = 1_000_000_000n;

/** What every system call takes. Fixed, so that two reads of the clock differ and every run agrees. */
export const NS_PER_CALL = 1_000n;

/** CLOCK_REALTIME minus CLOCK_MONOTONIC: boot was at 2020-01-01T00:00:00Z. */
export const BOOT_NS = 1_577_836_800_000_000_000n;

/** Longest time the kernel can express; a longer sleep is cut to it (KTIME_MAX). */
export const NEVER_NS = 0x7fff_ffff_ffff_ffffn;

export class Clock {
  /** Nanoseconds since boot. */
  nowNs = START_NS;

  get realtimeNs(): bigint {
    return BOOT_NS + this.nowNs;
  }

  /** Time since the machine started; sleeping counts. */
  get elapsedNs(): bigint {
    return this.nowNs - START_NS;
  }

  tick(): void {
    this.nowNs += NS_PER_CALL;
  }

  /** Let time pass until `ns`; never backwards. */
  advanceTo(ns: bigint): void {
    if (ns > this.nowNs) this.nowNs = ns;
  }
}
