/** Something that runs loads, and how one run of it is timed. */
import type { Load } from './loads.ts';

/** A load, compiled, with what is known about it. */
export interface Program {
  readonly load: Load;
  readonly path: string;
  /** Instructions that it takes for `n` repeats: `fixed + n * each`. */
  readonly fixed: number;
  readonly each: number;
}

export interface Sample {
  /** Guest instructions a second, warm: without start-up; undefined where that is measured otherwise. */
  readonly warm?: number;
  /** The same of the whole process, start-up included; undefined where there is no process of its own. */
  readonly whole?: number;
  /** Peak resident memory of that process, KiB. */
  readonly rss?: number;
}

/** Ready to be sampled, again and again. */
export type Sampler = () => Sample;

export type Role =
  /** Runs the program and records nothing. */
  | 'plain'
  /** Tells somebody about each instruction. */
  | 'traced';

export interface Subject {
  readonly name: string;
  readonly ours: boolean;
  readonly role: Role;
  /** `seconds`: about how long one sample shall take. Throws, with the reason, where the load cannot be run. */
  prepare(program: Program, seconds: number): Sampler;
}

/**
 * The number of repeats that takes about this long, given a way to time some, start-up taken off. `noise`: what a time
 * must exceed to mean anything.
 */
export function calibrate(seconds: number, time: (repeats: number) => number, noise = 0): number {
  const scaled = (n: number, took: number): number => Math.max(1, Math.round((n * seconds) / took));
  for (let n = 1; ; n *= 4) {
    const took = time(n);
    if (took < Math.max(seconds / 4, noise) && n < 1e12) continue;
    // Once more at full length: what translates code is faster by then.
    const first = scaled(n, took);
    return scaled(first, Math.max(time(first), seconds / 10));
  }
}
