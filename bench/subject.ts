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
  const enough = Math.max(seconds / 4, noise);
  let n = 1;
  let took = time(n);
  for (; took < enough && n < 1e12; took = time(n)) n *= 4;
  // Again at greater length: what translates code spends its first time on that, and is faster then.
  for (let tries = 0; took < seconds * 0.7 && tries < MAX_TRIES; tries++) {
    n = Math.ceil((n * seconds) / Math.max(took, seconds / 10));
    took = time(n);
  }
  return Math.max(1, Math.round((n * seconds) / took));
}
const MAX_TRIES = 6;
