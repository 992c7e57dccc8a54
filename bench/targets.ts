/** What is aimed at, one line each, and how it is read from the results. */
import { find, type Results, ratio } from './results.ts';
import { geometricMean } from './statistics.ts';

export interface Target {
  readonly what: string;
  readonly aim: string;
  /** As text, and whether it is reached; undefined where something was not measured. */
  readonly found: (r: Results) => { readonly text: string; readonly reached: boolean } | undefined;
}

const PLAIN = 'jit';
const TRACED = 'jit traced';
const times = (n: number): string => `${n < 10 ? n.toFixed(2) : n.toFixed(0)}×`;

const atLeast = (value: number | undefined, aim: number) =>
  value === undefined ? undefined : { text: times(value), reached: value >= aim };

const onOne = (what: string, load: string, aim: number, a: string, b: string): Target => ({
  what,
  aim: `≥ ${aim}×`,
  found: (r) => atLeast(ratio(r, a, b, load), aim),
});

/** The lowest ratio over all loads that both have run, and where it is. */
const onEach = (what: string, aim: number, a: string, b: string): Target => ({
  what,
  aim: `≥ ${aim}×`,
  found: (r) => {
    const all = r.loads.flatMap(({ name }) => {
      const value = ratio(r, a, b, name);
      return value === undefined ? [] : [{ name, value }];
    });
    if (!all.length) return undefined;
    const worst = all.reduce((w, x) => (x.value < w.value ? x : w));
    return { text: `${times(worst.value)} (${worst.name})`, reached: worst.value >= aim };
  },
});

const onAverage = (what: string, aim: number, a: string, b: string): Target => ({
  what,
  aim: `≥ ${aim}×`,
  found: (r) => {
    // A load that we cannot run must not make the mean look better.
    const wanted = r.loads.filter(({ name }) => find(r, b, name)?.warm !== undefined);
    const all = wanted.map(({ name }) => ratio(r, a, b, name)).filter((v) => v !== undefined);
    return all.length && all.length === wanted.length ? atLeast(geometricMean(all), aim) : undefined;
  },
});

/** Half as much again as node's own start, and this. */
const START_ALLOWANCE = 0.08;

const coldStart: Target = {
  what: '`callgate run mmap`, cold, against `node -e 0`',
  aim: '≤ 1.5× + 80 ms',
  found: (r) => {
    const node = r.start.find((s) => s.what === 'node -e 0')?.seconds;
    const ours = r.start.find((s) => s.what.startsWith('callgate run'))?.seconds;
    if (node === undefined || ours === undefined) return undefined;
    const text = `${(ours * 1000).toFixed(0)} ms against ${(node * 1000).toFixed(0)} ms`;
    return { text, reached: ours <= 1.5 * node + START_ALLOWANCE };
  },
};

const steps: Target = {
  what: 'single steps a second through the API, the faster engine',
  aim: '≥ 1 M/s',
  found: (r) => {
    if (!r.stepping.length) return undefined;
    const best = Math.max(...r.stepping.map((s) => s.perSecond));
    return { text: `${(best / 1e6).toFixed(2)} M/s`, reached: best >= 1e6 };
  },
};

export const targets: readonly Target[] = [
  onOne('W1, plain, against Unicorn without hooks', 'W1', 1.2, PLAIN, 'unicorn'),
  onOne('W2, plain, against Unicorn without hooks', 'W2', 10, PLAIN, 'unicorn'),
  onAverage('all loads, plain, against qemu-user (geometric mean)', 0.5, PLAIN, 'qemu-user'),
  onEach('each load, traced, against Unicorn reading 16 registers', 10, TRACED, 'unicorn registers'),
  onEach('each load, plain, against unicorn.js', 20, PLAIN, 'unicorn.js'),
  coldStart,
  steps,
];
