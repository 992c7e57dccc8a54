/** Wires memory, registers, engine, Linux and gates together, and runs them until something ends the run. */
import { Cpu } from './cpu/cpu.ts';
import { R } from './cpu/layout.ts';
import { type CpuModel, models } from './cpu/models.ts';
import type { Engine, MakeEngine, Recorder, Step, Stop } from './engine/engine.ts';
import type { DecodedCode } from './engine/interp/interp.ts';
import { Jit } from './engine/jit/jit.ts';
import { Gates } from './gates.ts';
import { Clock } from './linux/clock.ts';
import { Kernel, type Task } from './linux/kernel.ts';
import type { FaultRule } from './linux/rules.ts';
import { strace } from './linux/strace.ts';
import type { Fault } from './mem/fault.ts';
import { Memory } from './mem/memory.ts';
import { Symbols } from './symbols.ts';
import type { Ending, Event, Observer, Signal } from './trace/event.ts';

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
  readonly task: Task;
  readonly model: CpuModel;
  readonly #engine: Engine;
  readonly #output: MachineOptions['output'];
  readonly #observers: Observer[] = [];
  readonly #recorder: Recorder = { retired: (step) => this.#retired(step) };
  #taker: Recorder | undefined;
  #ending: Ending | undefined;
  #stack = '';
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
    this.task = this.kernel.task(this.cpu);
    this.model = options.cpu ?? models.v3;
    const parts = { cpu: this.cpu, mem: this.mem, clock: () => clock.nowNs, model: this.model };
    this.#engine = options.engine?.(parts) ?? new Jit(parts, {}, options.decoded);
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

  #serve(stop: Stop): void {
    switch (stop.why) {
      case 'budget':
        return;
      case 'syscall':
        return this.#syscall();
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

  #syscall(): void {
    const { cpu } = this;
    const number = Number(BigInt.asIntN(32, cpu.gpr(R.ax)));
    const args = [R.di, R.si, R.dx, R.r10, R.r8, R.r9].map((n) => cpu.gpr(n));
    const value = this.syscall(number, args);
    if (!this.#ending) cpu.setGpr(R.ax, value);
  }

  /** Make a system call, for machine code or for a host function: its 64-bit result, −errno included. */
  syscall(number: number, args: readonly bigint[]): bigint {
    const outcome = this.kernel.call(this.task, number, args);
    if (outcome.kind === 'unknown') {
      this.end({ kind: 'unknown-syscall', number: outcome.number, name: outcome.name });
      return 0n;
    }
    const { record } = outcome;
    this.emit({ kind: 'syscall', number, name: record.name, args, text: strace(record), injected: record.injected });
    if (outcome.kind === 'return') return BigInt.asUintN(64, outcome.value);
    if (outcome.kind === 'exit') this.end({ kind: 'exit', status: outcome.status });
    else this.end({ kind: 'blocked', on: strace(record) });
    return 0n;
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
