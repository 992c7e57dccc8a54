/**
 * Code snippets on the host's CPU, many of them, each from a full state to a full state: for recording vectors and for
 * comparing engines with silicon. Any bytes may be tried; a system call among them stops, and is not made.
 *
 * Pages are mapped once. Their bytes are shared with the traced process, so that putting code and data there and reading
 * results costs no call; a snippet of one instruction costs six.
 */
import type { Registers } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import { PAGE_SIZE, pageDown } from '../../mem/layout.ts';
import { Memory } from '../../mem/memory.ts';
import { SIG, SYSCALL_STOP } from './kernel.ts';
import { USER } from './registers.ts';
import type { Raised } from './signals.ts';
import { openSilicon, type Silicon, TRAP_FLAG } from './silicon.ts';

/** Whole pages with one protection, PROT_* of mmap(2). */
export interface Area {
  readonly address: bigint;
  readonly size: number;
  readonly prot: number;
}

export interface Observation {
  readonly retired: number;
  /** What ended it: the asked number of instructions, a system call (RIP is behind it), or a fault's signal. */
  readonly end: 'retired' | 'syscall' | Raised;
  readonly after: Registers;
}

const PUSHF = 0x9c;
const MAX_LENGTH = 15;

export class Probe {
  readonly #silicon: Silicon;

  /** At least one area must be executable. */
  constructor(silicon: Silicon, areas: readonly Area[]) {
    this.#silicon = silicon;
    const mem = new Memory();
    for (const { address, size, prot } of areas) mem.map(address, BigInt(size), prot, 'probe');
    silicon.mirror.push(mem);
    for (const { start, end } of mem.regions) {
      for (let at = start; at < end; at += BigInt(PAGE_SIZE)) silicon.mirror.admit(at);
    }
  }

  write(address: bigint, bytes: Uint8Array): void {
    for (const { page, within, done, n } of this.#pieces(address, bytes.length)) {
      page.set(bytes.subarray(done, done + n), within);
    }
  }

  read(address: bigint, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (const { page, within, done, n } of this.#pieces(address, length)) {
      out.set(page.subarray(within, within + n), done);
    }
    return out;
  }

  /** Retire up to `limit` instructions from this state on; a repeated one counts once. */
  run(before: Registers, limit = 1): Observation {
    this.#silicon.pushRegisters(before);
    let retired = 0;
    let end: Observation['end'] = 'retired';
    while (retired < limit && end === 'retired') {
      end = this.#one();
      if (end === 'retired') retired++;
    }
    return { retired, end, after: this.#silicon.pullRegisters() };
  }

  #one(): Observation['end'] {
    const { tracee, mirror } = this.#silicon;
    const rip = tracee.register(USER.rip);
    const { opcode, repeated } = glance(mirror.code(rip, MAX_LENGTH));
    for (;;) {
      const signal = tracee.step();
      if (signal === SYSCALL_STOP) return this.#syscall();
      if (signal !== SIG.TRAP) return { signal, ...tracee.siginfo() };
      if (repeated && tracee.register(USER.rip) === rip) continue;
      if (opcode === PUSHF) this.#silicon.hideTrapFlag();
      return 'retired';
    }
  }

  /** As the CPU entered the kernel, but for what Linux and the trap flag by which we step have left in it. */
  #syscall(): 'syscall' {
    const { tracee } = this.#silicon;
    tracee.setRegister(USER.gpr[R.ax], tracee.register(USER.orig_rax));
    tracee.setRegister(USER.gpr[R.r11], tracee.register(USER.gpr[R.r11]) & ~TRAP_FLAG);
    return 'syscall';
  }

  *#pieces(address: bigint, length: number): Generator<{ page: Uint8Array; within: number; done: number; n: number }> {
    for (let done = 0; done < length; ) {
      const at = address + BigInt(done);
      const page = this.#silicon.mirror.at(at);
      if (!page) throw new Error(`the probe has no page at 0x${pageDown(at).toString(16)}`);
      const n = Math.min(PAGE_SIZE - page.within, length - done);
      yield { page: page.bytes, within: page.within, done, n };
      done += n;
    }
  }

  /** End the traced process. */
  dispose(): void {
    this.#silicon.dispose();
  }
}

/** Just enough of an instruction to count it: its first opcode byte, and whether it is a string instruction behind REP. */
function glance(bytes: Uint8Array = new Uint8Array()): { opcode: number | undefined; repeated: boolean } {
  let rep = false;
  for (const b of bytes) {
    if (b === 0xf2 || b === 0xf3) rep = true;
    else if ((b & 0xf0) === 0x40 || [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67].includes(b)) continue;
    else return { opcode: b, repeated: rep && ((b >= 0xa4 && b <= 0xa7) || (b >= 0xaa && b <= 0xaf)) };
  }
  return { opcode: undefined, repeated: false };
}

/** A probe with a traced process of its own. Throws HardwareUnavailable where the host does not allow one. */
export async function openProbe(areas: readonly Area[]): Promise<Probe> {
  return new Probe(await openSilicon(), areas);
}
