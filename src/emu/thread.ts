/** A thread of the guest: a Linux task, its registers while others run, and what it waits for. */
import type { Cpu, Registers } from './cpu/cpu.ts';
import { AT, R } from './cpu/layout.ts';
import type { Task, WaitCondition } from './linux/kernel.ts';

export class Thread {
  /** Counted from 0 in the order in which threads are made: what schedulers know it by. */
  readonly index: number;
  /** For people: "m0", "sysmon". */
  readonly name: string;
  readonly task: Task;
  /** Its registers, but while it is the one that runs. */
  #registers: Registers;
  /** What its system call waits for; undefined when it can move. */
  wait: WaitCondition | undefined;

  constructor(index: number, name: string, task: Task, registers: Registers) {
    this.index = index;
    this.name = name;
    this.task = task;
    this.#registers = registers;
  }

  get exited(): boolean {
    return this.task.exited !== undefined;
  }

  leave(cpu: Cpu): void {
    this.#registers = cpu.save();
  }
  enter(cpu: Cpu): void {
    cpu.restore(this.#registers);
  }

  /** Its call has been waited for: it returns `value`. Not for the thread that runs. */
  wake(value: bigint): void {
    this.wait = undefined;
    const { buffer, byteOffset } = this.#registers;
    new DataView(buffer, byteOffset).setBigUint64(AT.gpr + 8 * R.ax, value, true);
  }

  /** RIP and RSP, for whoever wants to know where it stands. Not for the thread that runs. */
  get at(): { readonly rip: bigint; readonly rsp: bigint } {
    const view = new DataView(this.#registers.buffer, this.#registers.byteOffset);
    return { rip: view.getBigUint64(AT.rip, true), rsp: view.getBigUint64(AT.gpr + 8 * R.sp, true) };
  }
}
