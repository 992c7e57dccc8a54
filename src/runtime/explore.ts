/** Looking for a schedule that breaks a trial: all of them within a bound, or many by chance. */
import { goOn } from '#emu/sched/go-on.ts';
import { campaign } from './explore/campaign.ts';
import { exhaustive } from './explore/exhaustive.ts';
import { PATIENCE } from './explore/ledger.ts';
import { type Explored, type Progress, type Shard, WHOLE } from './explore/plan.ts';
import type { Strategy } from './explore/strategies.ts';
import { type Perform, performHere } from './explore/task.ts';
import type { WordUse } from './explore/words.ts';
import type { Trial } from './trial.ts';

export interface ExploreOptions {
  readonly strategy: Strategy;
  /** Exhaustive: how many preemptions, and how often a thread may be passed over (`explore/ledger.ts`). */
  readonly bound?: number;
  readonly patience?: number;
  /** Exhaustive: what is known about shared words from before. */
  readonly known?: readonly WordUse[];
  /** Random and PCT. */
  readonly seed?: bigint;
  /** PCT: how many events in order a failure takes. */
  readonly depth?: number;
  /** At most so many schedules. */
  readonly budget?: number;
  readonly shard?: Shard;
  /** Go on after a failure. */
  readonly all?: boolean;
  /** Who makes the runs; here and now when left out. */
  readonly perform?: Perform;
  readonly progress?: (p: Progress) => void;
}

// biome-ignore format: table
export const DEFAULTS = {
  bound:    1,
  patience: PATIENCE,
  depth:    3,
  seed:     0n,
  samples:  1_000,
} as const;

export async function explore(trial: Trial, options: ExploreOptions): Promise<Explored> {
  const { strategy, bound = DEFAULTS.bound, seed = DEFAULTS.seed, depth = DEFAULTS.depth, progress } = options;
  const common = {
    perform: options.perform ?? performHere(trial),
    shard: options.shard ?? WHOLE,
    all: options.all ?? false,
    ...(progress && { progress }),
  };
  if (strategy === 'exhaustive') {
    const { patience = DEFAULTS.patience, budget = Infinity } = options;
    return exhaustive({ ...common, bound, patience, budget, known: options.known ?? [] });
  }
  // What PCT has to be told beforehand: how long a run is.
  const length = strategy === 'pct' ? trial.run(goOn).steps : 0;
  return campaign({ ...common, strategy, seed, depth, length, budget: options.budget ?? DEFAULTS.samples });
}
