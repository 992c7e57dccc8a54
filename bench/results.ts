/** What a benchmark run has found: everything the tables, the targets and the page are made from. */

import type { Start, Stepping } from './startup.ts';
import type { Role } from './subject.ts';

export interface Measured {
  readonly subject: string;
  readonly load: string;
  /** Instructions a second: medians. */
  readonly warm?: number;
  readonly whole?: number;
  /** Peak resident memory, KiB. */
  readonly rss?: number;
  /** Lowest and highest warm rate, to see how steady it was. */
  readonly spread?: readonly [number, number];
  /** Why there is no figure. */
  readonly failed?: string;
}

export interface Host {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  readonly gcc: string;
  readonly peers: readonly string[];
}

export interface Results {
  readonly host: Host;
  readonly runs: number;
  readonly secondsASample: number;
  readonly loads: readonly { readonly name: string; readonly what: string; readonly instructionsARepeat: number }[];
  readonly subjects: readonly { readonly name: string; readonly ours: boolean; readonly role: Role }[];
  readonly missing: readonly string[];
  readonly measured: readonly Measured[];
  readonly start: readonly Start[];
  readonly stepping: readonly Stepping[];
}

export const find = (r: Results, subject: string, load: string): Measured | undefined =>
  r.measured.find((m) => m.subject === subject && m.load === load);

/** How many times as fast; undefined where either has no figure. */
export function ratio(r: Results, a: string, b: string, load: string): number | undefined {
  const [x, y] = [find(r, a, load)?.warm, find(r, b, load)?.warm];
  return x !== undefined && y !== undefined ? x / y : undefined;
}
