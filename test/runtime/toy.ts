/** A machine small enough to explore by brute force: a few words, a clock, threads of a few instructions. */
import { canGoOn } from '#emu/sched/go-on.ts';
import type { Turn } from '#emu/sched/scheduler.ts';
import { Ledger } from '#runtime/explore/ledger.ts';
import { CLOCK, type Outcome, type Trial, type TurnTaken } from '#runtime/trial.ts';

export type Instruction =
  | { readonly op: 'local' | 'yield' | 'now' }
  /** Into the thread's only register, mixed with what it holds. */
  | { readonly op: 'read' | 'write' | 'add' | 'lock' | 'unlock'; readonly word: number }
  | { readonly op: 'sleep'; readonly ns: number }
  /** Sleep and look again while the word is zero. */
  | { readonly op: 'poll'; readonly word: number; readonly ns: number }
  | { readonly op: 'start'; readonly thread: number }
  /** Fails when the word is that. */
  | { readonly op: 'refuse'; readonly word: number; readonly value: number }
  | { readonly op: 'fail' };

export type Program = readonly (readonly Instruction[])[];

interface Thread {
  readonly id: number;
  readonly code: readonly Instruction[];
  pc: number;
  register: number;
  wakes: number;
  state: 'can move' | 'asleep' | 'waits' | 'unborn';
  /** The lock it waits for. */
  lock: number;
}

/** Threads that some `start` names begin with it; the others at once. */
export function toy(program: Program, name = 'toy'): Trial {
  return {
    name,
    run: (scheduler, { footprints = false } = {}) => new Toy(program).run(scheduler.next.bind(scheduler), footprints),
  };
}

const MOST_STEPS = 60;
const ENDLESS = 'too many steps';

class Toy {
  readonly #memory = new Map<number, number>();
  readonly #threads: Thread[];
  #now = 0;
  #failure: string | undefined;
  #yielded = false;
  #reads: number[] = [];
  #writes: number[] = [];

  constructor(program: Program) {
    const born = new Set(program.flat().flatMap((i) => (i.op === 'start' ? [i.thread] : [])));
    this.#threads = program.map((code, id): Thread => {
      return {
        id,
        code,
        pc: 0,
        register: 0,
        wakes: 0,
        lock: -1,
        state: born.has(id) && id > 0 ? 'unborn' : 'can move',
      };
    });
  }

  run(next: (turn: Turn) => number, footprints: boolean): Outcome {
    const turns: TurnTaken[] = [];
    let last: number | undefined;
    for (let step = 0; this.#failure === undefined; step++) {
      const { awake, asleep } = this.#movable();
      if (!awake.length && !asleep.length) break;
      if (step === MOST_STEPS) {
        this.#failure = ENDLESS;
        break;
      }
      const thread = next({ awake, asleep, last, yielded: this.#yielded, step });
      [this.#yielded, this.#reads, this.#writes] = [false, [], []];
      this.#step(this.#threads[thread]!);
      turns.push({ thread, awake, asleep, reads: this.#reads, writes: this.#writes });
      last = thread;
    }
    if (this.#failure === undefined && this.#threads.some((t) => t.state === 'waits')) this.#failure = 'deadlock';
    return { failure: this.#failure, steps: turns.length, digest: this.#digest(), ...(footprints && { turns }) };
  }

  /** Of a run that failed only how: what unrelated threads had done by then is nobody's business. */
  #digest(): string {
    const memory = [...this.#memory].sort(([a], [b]) => a - b);
    return this.#failure ?? JSON.stringify([memory, this.#threads.map((t) => t.register), this.#now]);
  }

  #movable(): { awake: number[]; asleep: number[] } {
    const alive = this.#threads.filter((t) => t.pc < t.code.length);
    const asleep = alive.filter((t) => t.state === 'asleep' && t.wakes > this.#now);
    return {
      awake: alive
        .filter((t) => t.state === 'can move' || (t.state === 'asleep' && t.wakes <= this.#now))
        .map((t) => t.id),
      asleep: asleep.sort((a, b) => a.wakes - b.wakes || a.id - b.id).map((t) => t.id),
    };
  }

  #step(t: Thread): void {
    if (t.state === 'asleep') {
      this.#now = Math.max(this.#now, t.wakes);
      t.state = 'can move';
    }
    const i = t.code[t.pc]!;
    if (this.#mustWait(t, i)) return;
    t.pc++;
    this.#do(t, i);
  }

  #mustWait(t: Thread, i: Instruction): boolean {
    if (i.op === 'lock' && this.#memory.get(i.word)) {
      this.#writes.push(i.word);
      [t.state, t.lock] = ['waits', i.word];
      return true;
    }
    if (i.op !== 'poll' || this.#read(i.word)) return false;
    this.#sleep(t, i.ns);
    return true;
  }

  #do(t: Thread, i: Instruction): void {
    if (i.op === 'read') t.register = mixed(t.register, this.#read(i.word));
    else if (i.op === 'write') this.#write(i.word, mixed(t.register, t.id + 1));
    else if (i.op === 'add') this.#write(i.word, this.#read(i.word) + t.id + 1);
    else if (i.op === 'lock') this.#write(i.word, 1);
    else if (i.op === 'unlock') this.#unlock(i.word);
    else if (i.op === 'sleep') this.#sleep(t, i.ns);
    else if (i.op === 'yield') this.#yielded = true;
    else if (i.op === 'now') {
      this.#reads.push(CLOCK);
      t.register = mixed(t.register, this.#now);
    } else if (i.op === 'start') {
      const other = this.#threads[i.thread]!;
      if (other.state === 'unborn') other.state = 'can move';
    } else if (i.op === 'refuse' && this.#read(i.word) === i.value) this.#failure = `${i.word} is ${i.value}`;
    else if (i.op === 'fail') this.#failure = `thread ${t.id} fails`;
    else t.register = mixed(t.register, 7);
  }

  #unlock(word: number): void {
    this.#write(word, 0);
    for (const t of this.#threads) if (t.state === 'waits' && t.lock === word) t.state = 'can move';
  }

  #sleep(t: Thread, ns: number): void {
    t.state = 'asleep';
    t.wakes = this.#now + ns;
  }

  #read(word: number): number {
    this.#reads.push(word);
    return this.#memory.get(word) ?? 0;
  }

  #write(word: number, value: number): void {
    this.#writes.push(word);
    this.#memory.set(word, value);
  }
}

const mixed = (a: number, b: number): number => (a * 31 + b * 7 + 1) % 9973;

/** How every schedule within the bound ends, by trying them all. Undefined when they are too many to try, or endless. */
export function bruteForce(trial: Trial, bound: number, patience: number, most = 20_000): Set<string> | undefined {
  const endings = new Set<string>();
  const waiting: { choices: readonly number[]; cost: number }[] = [{ choices: [], cost: 0 }];
  for (let runs = 0; waiting.length; runs++) {
    if (runs === most) return undefined;
    const { choices, cost } = waiting.pop()!;
    const ledger = new Ledger(patience);
    const done: number[] = [];
    const { digest } = trial.run({
      next(turn) {
        const thread = choices[done.length] ?? ledger.byDefault(turn);
        if (done.length >= choices.length) {
          for (const choice of ledger.choices(turn)) {
            const price = patience === Infinity ? preemption(turn, choice.thread) : choice.cost;
            if (choice.thread === thread || cost + price > bound) continue;
            waiting.push({ choices: [...done, choice.thread], cost: cost + price });
          }
        }
        ledger.took(turn, thread);
        done.push(thread);
        return thread;
      },
    });
    if (digest === ENDLESS) return undefined;
    endings.add(digest);
  }
  return endings;
}

/** The cost without patience, said once more. */
const preemption = (turn: Turn, thread: number): number => (canGoOn(turn) && thread !== turn.last ? 1 : 0);
