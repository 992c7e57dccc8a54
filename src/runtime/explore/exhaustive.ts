/** Every schedule with at most so many preemptions, or one that amounts to it; those with fewer first. */
import type { Branch } from './branches.ts';
import { Found } from './found.ts';
import { type ExhaustivePlan, type Explored, inTasks, ROUND, type Shard } from './plan.ts';
import type { Deviation } from './steered.ts';
import type { Item, Ran, Task } from './task.ts';
import { type SharedWords, Words } from './words.ts';

export async function exhaustive(plan: ExhaustivePlan): Promise<Explored> {
  const words = new Words(plan.known);
  const found = new Found();
  let runs = 0;
  let before: Pass | undefined;
  for (let passes = 1; ; passes++) {
    const pass = new Pass(plan, words, found, runs);
    const end = await pass.run();
    runs += pass.runs;
    // Where the budget ended with a pass, that one is the last.
    const { schedules, byCost } = pass.runs || !before ? pass : before;
    before = pass;
    if (end === 'grown') continue;
    return { runs, schedules, byCost, passes, exhausted: end === 'done', failures: found.all, uses: [...words.uses()] };
  }
}

/** A schedule still to run: a branch off another one. */
interface Waiting {
  readonly from: Waiting | undefined;
  readonly at: Deviation | undefined;
  readonly cost: number;
}

class Pass {
  readonly #plan: ExhaustivePlan;
  readonly #words: Words;
  readonly #found: Found;
  /** The words it goes by, though more may become known on the way. */
  readonly #shared: SharedWords;
  readonly #version: number;
  readonly #before: number;
  /** By cost; the newest first, which keeps them few. */
  readonly #waiting: Waiting[][];
  /** What was gone into, at what cost. */
  readonly #seen = new Map<string, number>();
  runs = 0;
  schedules = 0;
  readonly byCost: number[] = [];

  constructor(plan: ExhaustivePlan, words: Words, found: Found, before: number) {
    this.#plan = plan;
    this.#words = words;
    this.#found = found;
    this.#before = before;
    this.#shared = new Map(words.shared);
    this.#version = words.version;
    this.#waiting = Array.from({ length: plan.bound + 1 }, () => []);
    this.#waiting[0]!.push({ from: undefined, at: undefined, cost: 0 });
  }

  async run(): Promise<'done' | 'stopped' | 'grown'> {
    for (let cost = 0; cost <= this.#plan.bound; ) {
      const round = this.#take(cost);
      if (!round.length) {
        if (this.#grown) return 'grown';
        cost++;
        continue;
      }
      const left = this.#plan.budget - this.#before - this.runs;
      if (left <= 0) return 'stopped';
      // What is over the budget is left undone: there is nothing after it.
      await this.#round(round.slice(0, left), cost);
      if (left < round.length || (this.#found.all.length && !this.#plan.all)) return 'stopped';
      // It has to be begun anew in any case: at once, unless most of it is done and may show more.
      if (this.#grown && this.runs <= this.#open) return 'grown';
    }
    return 'done';
  }

  get #open(): number {
    return this.#waiting.reduce((n, w) => n + w.length, 0);
  }

  get #grown(): boolean {
    return this.#words.version > this.#version;
  }

  #take(cost: number): Waiting[] {
    const stack = this.#waiting[cost]!;
    return stack.splice(Math.max(0, stack.length - ROUND)).reverse();
  }

  async #round(round: readonly Waiting[], cost: number): Promise<void> {
    const { bound, patience, perform, progress } = this.#plan;
    const tasks = inTasks(round).map((part): Task => {
      return { kind: 'items', items: part.map(item), shared: this.#shared, limits: { bound, patience } };
    });
    const done = await perform(tasks);
    for (const { uses } of done) this.#words.merge(uses);
    done.flatMap((d) => d.ran).forEach((ran, i) => this.#ran(round[i]!, ran));
    progress?.({ runs: this.#before + this.runs, waiting: this.#open, cost });
  }

  #ran(waiting: Waiting, { branches, taken, failed }: Ran): void {
    const isRoot = waiting.from === undefined;
    this.runs++;
    // Every shard has to run the first one; the first shard counts it.
    if (!isRoot || this.#plan.shard.index === 1) {
      this.schedules++;
      this.byCost[waiting.cost] = (this.byCost[waiting.cost] ?? 0) + 1;
    }
    if (failed) this.#found.add(failed);
    for (const key of taken) this.#isNew(key, waiting.cost);
    for (const branch of branches) {
      if (isRoot && !isMine(branch, this.#plan.shard)) continue;
      if (!this.#isNew(branch.key, branch.cost)) continue;
      this.#waiting[branch.cost]!.push({ from: waiting, at: branch.at, cost: branch.cost });
    }
  }

  #isNew(key: string, cost: number): boolean {
    const known = this.#seen.get(key);
    if (known !== undefined && known <= cost) return false;
    this.#seen.set(key, cost);
    return true;
  }
}

function item(waiting: Waiting): Item {
  const deviations: Deviation[] = [];
  for (let w: Waiting | undefined = waiting; w?.at; w = w.from) deviations.push(w.at);
  return { deviations: deviations.reverse(), cost: waiting.cost };
}

/** By where it branches off alone: shards need not know of each other, nor of the same shared words. */
function isMine({ at: [step, thread] }: Branch, { index, of }: Shard): boolean {
  return (Math.imul(step * 8 + thread + 1, 0x9e37_79b1) >>> 8) % of === index - 1;
}
