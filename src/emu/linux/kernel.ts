/** The fake Linux: serves one call at a time, keeps what Linux would keep. */
import type { Cpu } from '../cpu/cpu.ts';
import type { Memory } from '../mem/memory.ts';
import type { Seen } from './argument.ts';
import type { Clock } from './clock.ts';
import { ETIMEDOUT, errnoOf } from './errno.ts';
import { nameOf } from './names.ts';
import type { Row } from './row.ts';
import { applies, type FaultRule } from './rules.ts';
import { hex } from './show.ts';
import type { CallRecord } from './strace.ts';
import type { SigAction } from './structs.ts';
import type { Result, System, Task, WaitCondition, Waiter } from './system.ts';
import { rowOf } from './table.ts';

export type { Task, WaitCondition } from './system.ts';

export interface KernelOptions {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly rules?: readonly FaultRule[];
  readonly pid?: number;
  /** New mappings lie below it. */
  readonly mmapBase?: bigint;
  /** Where the program break starts: the end of the image, page-aligned. */
  readonly heapStart?: bigint;
  readonly output?: (fd: number, bytes: Uint8Array) => void;
}

/** How a call ended. `value` is a 64-bit pattern for RAX, -errno included. */
export type Outcome =
  /** `wakes`: tasks whose blocked call returns 0 now. */
  | { readonly kind: 'return'; readonly value: bigint; readonly wakes: readonly number[]; readonly record: CallRecord }
  /** `status` is what a parent would see: 0..255. */
  | { readonly kind: 'exit'; readonly status: number; readonly group: boolean; readonly record: CallRecord }
  | { readonly kind: 'block'; readonly on: WaitCondition; readonly record: CallRecord }
  /** No row: the machine stops. Nothing has happened. */
  | { readonly kind: 'unknown'; readonly number: number; readonly name: string };

/** Everything that calls change outside guest memory and registers, for checkpoints. */
export interface KernelState {
  readonly nowNs: bigint;
  readonly heapEnd: bigint;
  readonly sigactions: ReadonlyMap<number, SigAction>;
  readonly waiters: readonly Waiter[];
  readonly served: ReadonlyMap<string, number>;
  readonly tasks: readonly Task[];
}

export class Kernel implements System {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly pid: number;
  readonly mmapBase: bigint;
  readonly heap: { readonly start: bigint; end: bigint };
  sigactions = new Map<number, SigAction>();
  waiters: readonly Waiter[] = [];
  readonly output: (fd: number, bytes: Uint8Array) => void;
  readonly #rules: readonly FaultRule[];
  /** How often each call has been made, by name: what fault rules count. */
  #served = new Map<string, number>();
  #tasks: Task[] = [];

  constructor(options: KernelOptions) {
    this.memory = options.memory;
    this.clock = options.clock;
    this.pid = options.pid ?? 1000;
    // Where Linux puts both without address space randomisation.
    this.mmapBase = options.mmapBase ?? 0x7fff_f7ff_f000n;
    const start = options.heapStart ?? 0x5555_5555_9000n;
    this.heap = { start, end: start };
    this.output = options.output ?? (() => {});
    this.#rules = options.rules ?? [];
  }

  get tasks(): readonly Task[] {
    return this.#tasks;
  }

  get isAlone(): boolean {
    return this.#tasks.filter((t) => t.exited === undefined).length <= 1;
  }

  /** A new task. The first has the process's number, as on Linux; the others count on. */
  task(cpu: Cpu): Task {
    const tid = this.pid + this.#tasks.length;
    const task: Task = { tid, cpu, altStack: { sp: 0n, flags: 0, size: 0n }, sigmask: 0n };
    this.#tasks.push(task);
    return task;
  }

  /**
   * Serve one call. Registers are read and written by the caller, except what a call itself changes (the FS base).
   * Takes NS_PER_CALL of virtual time, even when a rule makes it fail.
   */
  call(task: Task, number: number, args: readonly bigint[]): Outcome {
    const row = rowOf(number);
    const name = nameOf(number);
    const nth = (this.#served.get(name) ?? 0) + 1;
    const rule = this.#rules.find((r) => applies(r, name, nth));
    if (!row && !rule) return { kind: 'unknown', number, name };
    this.#served.set(name, nth);
    this.clock.tick();
    const values = decode(row, args);
    const seen: Seen = { memory: this.memory, args: values, failed: true };
    const early = row ? show(row, seen, false) : args.map(hex);
    const result = rule ? -rule.errno : row!.serve(this, values, task);
    const value = returned(result);
    const failed = value === undefined || errnoOf(value) !== undefined;
    const late = row ? show(row, { ...seen, failed }, true) : [];
    const record: CallRecord = {
      tid: task.tid,
      number,
      name,
      args: early.map((text, i) => text ?? late[i]).filter((text) => text !== undefined),
      value,
      returns: row?.returns ?? 'number',
      injected: rule !== undefined,
      blocked: typeof result === 'object' && 'block' in result,
    };
    return this.#outcome(task, result, record);
  }

  /** Time runs out for a task blocked until some time: the clock goes there. Answers what its call returns. */
  expire(task: Task, on: WaitCondition): bigint {
    if (on.untilNs === undefined) throw new Error(`task ${task.tid} waits without a time limit`);
    this.clock.advanceTo(on.untilNs);
    if (on.futex === undefined) return 0n;
    this.waiters = this.waiters.filter((w) => w.tid !== task.tid);
    return pattern(-ETIMEDOUT);
  }

  save(): KernelState {
    return {
      nowNs: this.clock.nowNs,
      heapEnd: this.heap.end,
      sigactions: new Map(this.sigactions),
      waiters: this.waiters,
      served: new Map(this.#served),
      tasks: this.#tasks.map((t) => ({ ...t })),
    };
  }

  /** Tasks keep their identity: those made since the save are forgotten, the others get their old state back. */
  restore(state: KernelState): void {
    this.clock.nowNs = state.nowNs;
    this.heap.end = state.heapEnd;
    this.sigactions = new Map(state.sigactions);
    this.waiters = state.waiters;
    this.#served = new Map(state.served);
    this.#tasks = this.#tasks.slice(0, state.tasks.length);
    for (const [i, saved] of state.tasks.entries()) {
      const task = this.#tasks[i]!;
      task.altStack = saved.altStack;
      task.sigmask = saved.sigmask;
      if (saved.exited === undefined) delete task.exited;
      else task.exited = saved.exited;
    }
  }

  #outcome(task: Task, result: Result, record: CallRecord): Outcome {
    if (typeof result === 'object' && 'block' in result) return { kind: 'block', on: result.block, record };
    if (typeof result === 'object' && 'exit' in result) {
      for (const t of result.group ? this.#tasks : [task]) t.exited ??= result.exit;
      return { kind: 'exit', status: result.exit & 0xff, group: result.group, record };
    }
    return { kind: 'return', value: record.value!, wakes: typeof result === 'object' ? result.wakes : [], record };
  }
}

const pattern = (value: number | bigint): bigint => BigInt.asUintN(64, BigInt(value));

function returned(result: Result): bigint | undefined {
  if (typeof result !== 'object') return pattern(result);
  return 'value' in result ? pattern(result.value) : undefined;
}

function decode(row: Row | undefined, raw: readonly bigint[]): Readonly<Record<string, unknown>> {
  if (!row) return {};
  return Object.fromEntries(Object.entries(row.args).map(([name, arg], i) => [name, arg.decode(raw[i] ?? 0n)]));
}

/** The text of each argument that is shown at this time; undefined for the others. */
function show(row: Row, seen: Seen, late: boolean): (string | undefined)[] {
  return Object.entries(row.args).map(([name, arg]) =>
    (arg.late ?? false) === late ? arg.show(seen.args[name], seen) : undefined,
  );
}
