/** A kernel with one task and some memory; a call by name answers with strace's text. */
import { Cpu } from '../../../src/emu/cpu/cpu.ts';
import { Clock } from '../../../src/emu/linux/clock.ts';
import { Kernel, type Outcome, type Task } from '../../../src/emu/linux/kernel.ts';
import { parseRules } from '../../../src/emu/linux/rules.ts';
import { strace } from '../../../src/emu/linux/strace.ts';
import { table } from '../../../src/emu/linux/table.ts';
import { PROT } from '../../../src/emu/mem/layout.ts';
import { Memory } from '../../../src/emu/mem/memory.ts';

/** Four writable pages. */
export const DATA = 0x2_0000n;
/** One page that may only be read. */
export const READ_ONLY = 0x3_0000n;
/** Nothing is mapped there. */
export const BAD = 8n;

export class Guest {
  readonly memory = new Memory();
  readonly clock = new Clock();
  readonly written: string[] = [];
  readonly kernel: Kernel;
  readonly task: Task;

  constructor(...rules: string[]) {
    this.memory.map(DATA, 0x4000n, PROT.read | PROT.write, 'data');
    this.memory.map(READ_ONLY, 0x1000n, PROT.read, 'constants');
    this.kernel = new Kernel({
      memory: this.memory,
      clock: this.clock,
      rules: parseRules(rules),
      output: (fd, bytes) => this.written.push(`${fd}:${String.fromCharCode(...bytes)}`),
    });
    this.task = this.addTask();
  }

  addTask(): Task {
    return this.kernel.task(new Cpu(this.memory.frames));
  }

  outcome(name: string, args: readonly (number | bigint)[], task = this.task): Outcome {
    const row = table.find((r) => r.name === name);
    if (!row) throw new Error(`no row is called ${name}`);
    return this.kernel.call(
      task,
      row.number,
      args.map((a) => BigInt.asUintN(64, BigInt(a))),
    );
  }

  /** The call's line. */
  call(name: string, ...args: (number | bigint)[]): string {
    return this.callAs(this.task, name, ...args);
  }

  callAs(task: Task, name: string, ...args: (number | bigint)[]): string {
    const outcome = this.outcome(name, args, task);
    return outcome.kind === 'unknown' ? `no row for ${outcome.name}` : strace(outcome.record);
  }

  /** Only what follows the equals sign. */
  result(name: string, ...args: (number | bigint)[]): string {
    return this.call(name, ...args).replace(/.*\) = /, '');
  }

  poke64(at: bigint, ...values: (number | bigint)[]): void {
    for (const [i, v] of values.entries()) {
      this.memory.poke(at + BigInt(8 * i), 8, BigInt.asUintN(64, BigInt(v)));
    }
  }

  /** Regions from `from` on, as `start-end rwx name`. */
  regions(from = 0x4_0000n): string[] {
    return this.memory.regions
      .filter((r) => r.start >= from)
      .map((r) => `${r.start.toString(16)}-${r.end.toString(16)} ${bits(r.prot)} ${r.name}`);
  }
}

const bits = (prot: number): string => [...'rwx'].map((c, i) => (prot & (1 << i) ? c : '-')).join('');

export const EINVAL = '-1 EINVAL (Invalid argument)';
export const ENOMEM = '-1 ENOMEM (Cannot allocate memory)';
export const EFAULT = '-1 EFAULT (Bad address)';
export const EBADF = '-1 EBADF (Bad file descriptor)';
export const EPERM = '-1 EPERM (Operation not permitted)';
export const ENOSYS = '-1 ENOSYS (Function not implemented)';
export const EAGAIN = '-1 EAGAIN (Resource temporarily unavailable)';
export const ETIMEDOUT = '-1 ETIMEDOUT (Connection timed out)';
