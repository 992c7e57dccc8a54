/** Wires memory, registers, engine, Linux and gates together, and runs them until something ends the run. */
import { Cpu, type Registers } from './cpu/cpu.ts';
import { R } from './cpu/layout.ts';
import { type CpuModel, models } from './cpu/models.ts';
import type { Engine, MakeEngine, Recorder, Step, Stop } from './engine/engine.ts';
import type { DecodedCode } from './engine/interp/interp.ts';
import { Jit } from './engine/jit/jit.ts';
import { Gates } from './gates.ts';
import { Clock } from './linux/clock.ts';
import { Kernel, type Outcome, type Task } from './linux/kernel.ts';
import type { FaultRule } from './linux/rules.ts';
import { strace } from './linux/strace.ts';
import type { Fault } from './mem/fault.ts';
import { Memory } from './mem/memory.ts';
import type { Scheduler } from './sched/scheduler.ts';
import { Symbols } from './symbols.ts';
import { Thread } from './thread.ts';
import type { Ending, Event, Observer, Signal } from './trace/event.ts';

const SYS_sched_yield = 24;

export interface MachineOptions {
  readonly rules?: readonly FaultRule[];
  /** Where gates lie: within 2 GiB of the code. */
  readonly gateBase?: bigint;
  /** Decoded instructions to share with other machines that run the same image. */
  readonly decoded?: DecodedCode;
  /** What executes the instructions; the translator when left out. */
  readonly engine?: MakeEngine;
  /** The processor: which instructions there are, and what CPUID says. x86-64-v3 when left out. */
  readonly cpu?: CpuModel;
  /** Where the program break starts: the end of a loaded image. */
  readonly heapStart?: bigint;
  /** Takes what the guest writes, without the cost of observing every event. */
  readonly output?: (fd: number, bytes: Uint8Array) => void;
}

export class Machine {
  readonly mem = new Memory();
  readonly cpu = new Cpu(this.mem.frames);
  readonly symbols = new Symbols();
  readonly gates: Gates;
  readonly kernel: Kernel;
  /** In the order in which they were made; the first is there from the start. */
  readonly threads: Thread[] = [];
  readonly model: CpuModel;
  readonly #engine: Engine;
  readonly #output: MachineOptions['output'];
  readonly #observers: Observer[] = [];
  readonly #recorder: Recorder = { retired: (step) => this.#retired(step) };
  #taker: Recorder | undefined;
  #ending: Ending | undefined;
  #stack = '';
  /** The one whose registers `cpu` holds. */
  #thread: Thread;
  /** The registers a thread begins with. */
  readonly #blank: Registers;
  /** Threads that can move, until one of them begins or ceases to. */
  #canMove: ReturnType<typeof whoCanMove> | undefined;
  /** The running thread has just offered the processor to others. */
  #yielded = false;
  /** RSP as the steps told so far leave it. */
  #rsp = 0n;
  /** Instructions retired so far. */
  retired = 0;

  constructor(options: MachineOptions = {}) {
    const clock = new Clock();
    this.gates = new Gates(this.mem, this.symbols, options.gateBase ?? 0x1000_0000n);
    this.kernel = new Kernel({
      memory: this.mem,
      clock,
      rules: options.rules ?? [],
      ...(options.heapStart === undefined ? {} : { heapStart: options.heapStart }),
      output: (fd, bytes) => this.output(fd, bytes),
    });
    this.#output = options.output;
    this.#blank = this.cpu.save();
    this.#thread = new Thread(0, 'm0', this.kernel.task(this.cpu), this.#blank);
    this.threads.push(this.#thread);
    this.model = options.cpu ?? models.v3;
    const parts = { cpu: this.cpu, mem: this.mem, clock: () => clock.nowNs, model: this.model };
    this.#engine = options.engine?.(parts) ?? new Jit(parts, {}, options.decoded);
  }

  /** The thread that runs. */
  get thread(): Thread {
    return this.#thread;
  }
  get task(): Task {
    return this.#thread.task;
  }

  /** A new thread, with the registers that `start` gives it; it moves when a scheduler says so. */
  spawn(name: string, start: (cpu: Cpu) => void): Thread {
    const now = this.cpu.save();
    this.cpu.restore(this.#blank);
    start(this.cpu);
    const thread = new Thread(this.threads.length, name, this.kernel.task(this.cpu), this.cpu.save());
    this.cpu.restore(now);
    this.threads.push(thread);
    this.#canMove = undefined;
    return thread;
  }

  /** Called for every event from now on, in the order given here. */
  observe(o: Observer): void {
    this.#observers.push(o);
  }

  /**
   * Hand every batch of tape to `take` from now on: all that instructions change, cheaply. For the translator, which
   * writes tapes, and while nobody observes.
   */
  record(take: NonNullable<Recorder['tape']>): void {
    this.#taker = { retired: () => {}, tape: take };
  }

  emit(e: Event): void {
    for (const o of this.#observers) o(e);
  }

  /** What the guest, or a host function on its behalf, writes. */
  output(fd: number, bytes: Uint8Array): void {
    this.#output?.(fd, bytes);
    this.emit({ kind: 'output', fd, bytes });
  }

  /** The run ends here; for host functions. */
  end(ending: Ending): void {
    this.#ending ??= ending;
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** Run until something ends it, or `budget` instructions have retired. */
  run(budget: number): Ending {
    this.#ending = undefined;
    this.#stack = this.stackAt(this.cpu.gpr(R.sp));
    const limit = this.retired + budget;
    const recorder = this.#observers.length ? this.#recorder : this.#taker;
    while (!this.#ending) {
      const left = limit - this.retired;
      if (left <= 0) {
        this.#ending = { kind: 'budget', retired: budget };
        break;
      }
      const before = this.retired;
      this.#rsp = this.cpu.gpr(R.sp);
      const stop = this.#engine.run(left, recorder);
      this.retired = before + stop.retired;
      this.#serve(stop);
    }
    this.emit({ kind: 'end', ending: this.#ending });
    return this.#ending;
  }

  /**
   * Run all threads until something ends the run, or `budget` steps are done: one instruction, or one turn of a host
   * function. Before each, `scheduler` says who moves.
   */
  runThreads(scheduler: Scheduler, budget: number): Ending {
    this.#ending = undefined;
    this.#stack = this.stackAt(this.cpu.gpr(R.sp));
    const recorder = this.#observers.length ? this.#recorder : undefined;
    let last: number | undefined;
    for (let step = 0; !this.#ending; step++) {
      if (step === budget) {
        this.#ending = { kind: 'budget', retired: budget };
        break;
      }
      this.#canMove ??= whoCanMove(this.threads);
      const { awake, asleep } = this.#canMove;
      if (!awake.length && !asleep.length) {
        this.#ending = { kind: 'blocked', on: 'every thread waits for another' };
        break;
      }
      last = scheduler.next({ awake, asleep, last, yielded: this.#yielded, step });
      this.#turnTo(this.threads[last]!);
      this.#yielded = false;
      // What an engine would find out by running into it.
      if (this.gates.reach(this.cpu.rip)) continue;
      const before = this.retired;
      this.#rsp = this.cpu.gpr(R.sp);
      const stop = this.#engine.run(1, recorder);
      this.retired = before + stop.retired;
      this.#serve(stop, true);
    }
    this.emit({ kind: 'end', ending: this.#ending });
    return this.#ending;
  }

  /** Let `thread` be the one that runs; if it sleeps, its time is over. */
  #turnTo(thread: Thread): void {
    const slept = thread.wait !== undefined;
    if (slept) this.#canMove = undefined;
    if (thread.wait) thread.wake(this.kernel.expire(thread.task, thread.wait));
    if (thread === this.#thread) {
      if (slept) thread.enter(this.cpu);
      return;
    }
    this.#thread.leave(this.cpu);
    thread.enter(this.cpu);
    this.emit({ kind: 'thread', from: this.#thread.name, to: thread.name, tid: thread.task.tid });
    this.#thread = thread;
    this.#stack = this.stackAt(this.cpu.gpr(R.sp));
  }

  #serve(stop: Stop, mayBlock = false): void {
    switch (stop.why) {
      case 'budget':
        return;
      case 'syscall':
        return this.#syscall(mayBlock);
      case 'trap':
        // The overflow trap is a segmentation violation to Linux.
        return this.end({
          kind: 'signal',
          signal: stop.vector === 4 ? 'SIGSEGV' : 'SIGTRAP',
          detail: stop.vector === 1 ? 'ICEBP' : `INT $${stop.vector}`,
          fault: undefined,
        });
      case 'fault':
        if (stop.fault.kind === 'undefined' && this.gates.reach(this.cpu.rip)) return;
        return this.end(endingOf(stop.fault));
    }
  }

  #syscall(mayBlock: boolean): void {
    const { cpu } = this;
    const number = Number(BigInt.asIntN(32, cpu.gpr(R.ax)));
    const outcome = this.#call(
      number,
      [R.di, R.si, R.dx, R.r10, R.r8, R.r9].map((n) => cpu.gpr(n)),
    );
    this.#yielded = number === SYS_sched_yield;
    if (outcome.kind === 'return') cpu.setGpr(R.ax, BigInt.asUintN(64, outcome.value));
    else if (outcome.kind === 'block' && mayBlock) {
      this.#thread.wait = outcome.on;
      this.#canMove = undefined;
      this.#thread.leave(cpu);
    } else this.#refuse(outcome);
  }

  /** Make a system call, for a host function: its 64-bit result, −errno included. */
  syscall(number: number, args: readonly bigint[]): bigint {
    const outcome = this.#call(number, args);
    if (outcome.kind === 'return') return BigInt.asUintN(64, outcome.value);
    this.#refuse(outcome);
    return 0n;
  }

  #call(number: number, args: readonly bigint[]): Outcome {
    const outcome = this.kernel.call(this.task, number, args);
    if (outcome.kind === 'unknown') return outcome;
    const { record } = outcome;
    this.emit({ kind: 'syscall', number, name: record.name, args, text: strace(record), injected: record.injected });
    if (outcome.kind === 'return') for (const tid of outcome.wakes) this.#wake(tid);
    if (outcome.kind === 'exit') this.#canMove = undefined;
    return outcome;
  }

  #wake(tid: number): void {
    this.threads.find((t) => t.task.tid === tid)?.wake(0n);
    this.#canMove = undefined;
  }

  /** A call from which nobody comes back. */
  #refuse(outcome: Exclude<Outcome, { kind: 'return' }>): void {
    if (outcome.kind === 'unknown')
      return this.end({ kind: 'unknown-syscall', number: outcome.number, name: outcome.name });
    if (outcome.kind === 'block') return this.end({ kind: 'blocked', on: strace(outcome.record) });
    // exit(2) of one thread among others leaves the others.
    if (outcome.group || this.threads.every((t) => t.exited)) this.end({ kind: 'exit', status: outcome.status });
  }

  #retired(step: Step): void {
    if (!step.unfinished) this.retired++;
    const moved = step.gprs.find(([n]) => n === R.sp);
    if (moved) [, this.#rsp] = moved;
    const rsp = this.#rsp;
    this.emit({ kind: 'insn', n: step.unfinished ? this.retired + 1 : this.retired, step, rsp });
    if (moved) this.#noteStack(rsp);
  }

  /** RSP has moved: say so when it is on another stack now. */
  #noteStack(rsp: bigint): void {
    const name = this.stackAt(rsp);
    if (name === this.#stack || name === '') return;
    this.emit({ kind: 'stack', from: this.#stack, to: name, rsp });
    this.#stack = name;
  }

  /** The stack that RSP is on, by the name of its region; empty when that is none. */
  stackAt(rsp: bigint): string {
    const name = this.mem.find(rsp)?.name ?? '';
    return name.includes('stack') ? name : '';
  }
}

/** Threads by number: those awake, ascending, and those that sleep until some time, soonest first. */
function whoCanMove(threads: readonly Thread[]): { readonly awake: number[]; readonly asleep: number[] } {
  const here = threads.filter((t) => !t.exited);
  const sleepers = here.filter((t) => t.wait?.untilNs !== undefined);
  const soonest = sleepers.sort((a, b) => Number(a.wait!.untilNs! - b.wait!.untilNs!));
  return { awake: here.filter((t) => !t.wait).map((t) => t.index), asleep: soonest.map((t) => t.index) };
}

/** Linux's answer to a CPU fault: which signal it becomes (arch/x86/kernel/traps.c). */
export function endingOf(fault: Fault): Ending {
  if (fault.kind === 'no-meaning') return { kind: 'no-meaning', what: fault.what };
  const [signal, detail] = describe(fault);
  return { kind: 'signal', signal, detail, fault };
}

function describe(fault: Exclude<Fault, { kind: 'no-meaning' }>): readonly [Signal, string] {
  switch (fault.kind) {
    case 'page': {
      const why = fault.mapped ? 'the page does not allow it' : 'nothing is mapped there';
      const verb = { read: 'read of', write: 'write to', execute: 'execution at' }[fault.access];
      return ['SIGSEGV', `${verb} 0x${fault.address.toString(16)}: ${why}`];
    }
    case 'protection':
      return ['SIGSEGV', fault.detail];
    case 'stack':
      return ['SIGBUS', fault.detail];
    case 'undefined':
      return ['SIGILL', fault.detail];
    case 'divide':
      return ['SIGFPE', 'divide error'];
    case 'simd':
      return ['SIGFPE', 'unmasked SSE floating-point exception'];
    case 'x87':
      return ['SIGFPE', 'unmasked x87 floating-point exception'];
  }
}
