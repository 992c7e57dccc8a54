/** The host's CPU, through one traced process: our registers and memory go there, and what it made of them comes back. */
import type { Cpu, Registers } from '../../cpu/cpu.ts';
import { AT, FLAGS } from '../../cpu/layout.ts';
import type { Memory } from '../../mem/memory.ts';
import { HardwareUnavailable, openHost } from './host.ts';
import { ARCH_SET_CPUID, NR, PR, SECCOMP_SET_MODE_FILTER } from './kernel.ts';
import { Mirror } from './mirror.ts';
import { fromUser, fromXsave, toUser, toXsave, USER } from './registers.ts';
import { filterAt } from './seccomp.ts';
import { Tracee } from './tracee.ts';

/** The flag by which a CPU is single-stepped. Linux hides it from ptrace, but the guest's own instructions see it. */
export const TRAP_FLAG = 0x100n;
const ID = 1n << BigInt(FLAGS.ID);

export class Silicon {
  readonly #tracee: Tracee;
  readonly #mirror: Mirror;
  #open = true;
  /** What the tracee's registers hold, in our layout; of no use before the first push. */
  readonly #held: Registers = new Uint8Array(AT.end);
  #fresh = true;

  constructor(tracee: Tracee, mirror: Mirror) {
    this.#tracee = tracee;
    this.#mirror = mirror;
  }

  get tracee(): Tracee {
    this.#check();
    return this.#tracee;
  }
  get mirror(): Mirror {
    this.#check();
    return this.#mirror;
  }
  /** What both work with is no longer mapped after `dispose`. */
  #check(): void {
    if (!this.#open) throw new Error('the hardware engine has been disposed of: open another');
  }

  /** The tracee's registers and memory are these from now on. Only what differs is moved. */
  push(cpu: Cpu, mem: Memory): void {
    this.mirror.push(mem);
    this.pushRegisters(cpu.save());
  }

  pushRegisters(file: Registers): void {
    const { tracee } = this;
    const held = this.#held;
    if (this.#fresh || !same(file, held, 0, AT.mxcsr)) {
      const id = tracee.register(USER.eflags) & ID;
      toUser(file, tracee.user);
      tracee.changed();
      if ((tracee.register(USER.eflags) & ID) !== id) tracee.popFlags(tracee.register(USER.eflags));
    }
    if (this.#fresh || !same(file, held, AT.mxcsr, AT.end)) {
      toXsave(file, tracee.xsave);
      if (!tracee.writeXsave()) throw new Error('this CPU does not take the MXCSR it is given: a reserved bit is set');
    }
    this.#fresh = false;
    held.set(file);
  }

  /** The guest's state is as the tracee has left it. */
  pull(cpu: Cpu, mem: Memory): void {
    this.mirror.pull(mem);
    this.pullRegisters();
    cpu.restore(this.#held);
  }

  /** A copy; the next pull writes another. */
  pullRegisters(): Registers {
    const held = this.#held;
    fromUser(this.tracee.user, held);
    this.tracee.readXsave();
    fromXsave(this.tracee.xsave, held);
    return held.slice();
  }

  /** PUSHF has just stored the trap flag: it must not have. */
  hideTrapFlag(): void {
    const pushed = this.mirror.at(this.tracee.register(USER.rsp) + 1n);
    if (pushed) pushed.bytes[pushed.within]! &= ~Number(TRAP_FLAG >> 8n);
  }

  /** End the traced process; a second time does nothing. */
  dispose(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#tracee.kill();
    this.#mirror.dispose();
  }
}

const same = (a: Registers, b: Registers, from: number, to: number): boolean =>
  Buffer.compare(a.subarray(from, to), b.subarray(from, to)) === 0;

/** Start a traced process. Throws HardwareUnavailable, with one line that says why, where that cannot be. */
export async function openSilicon(): Promise<Silicon> {
  const host = await openHost();
  const file = host.file('callgate-memory');
  const tracee = new Tracee(host, file);
  try {
    const mirror = new Mirror(host, tracee, file);
    lockUp(tracee, file);
    return new Silicon(tracee, mirror);
  } catch (e) {
    tracee.kill();
    throw new HardwareUnavailable(`the hardware engine does not start: ${(e as Error).message}; use another engine`);
  }
}

/** Take from it all that it will not need. The order is that of need: the filter allows none of these calls. */
function lockUp(tracee: Tracee, file: number): void {
  const { address, bytes } = tracee.site;
  const filter = 64;
  bytes!.set(filterAt(address + filter), filter);
  if (file > 0) tracee.syscall(NR.close_range, 0, file - 1, 0);
  tracee.syscall(NR.close_range, file + 1, 0xffff_ffff, 0);
  // For `runFree`: RDTSC and, where the CPU can do that, CPUID stop as faults.
  tracee.syscall(NR.prctl, PR.SET_TSC, PR.TSC_SIGSEGV);
  tracee.syscall(NR.arch_prctl, ARCH_SET_CPUID, 0);
  tracee.syscall(NR.prctl, PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  const error = tracee.syscall(NR.seccomp, SECCOMP_SET_MODE_FILTER, 0, address + filter);
  if (error < 0) throw new Error(`the host refuses a seccomp filter (errno ${-error})`);
}
