/**
 * The engine that is no emulator: the host's own CPU retires the instructions, one PTRACE_SINGLESTEP each.
 *
 * What must not or cannot come from silicon is done by our own rows: system calls and traps, CPUID and the time (vet.ts).
 * The instruction at RIP is looked at before it may run, so the host's kernel is never entered on the guest's behalf.
 */
import type { Cpu } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import { decode, type Features } from '../../decode/decode.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Fault } from '../../mem/fault.ts';
import type { Memory } from '../../mem/memory.ts';
import type { Engine, EngineParts, MakeEngine, Recorder, Stop, Store, Why } from '../engine.ts';
import { Foresight } from '../foresight.ts';
import { Interpreter } from '../interp/interp.ts';
import { SIG, SYSCALL_STOP, TRAP_TRACE } from './kernel.ts';
import { stepBetween } from './recorded.ts';
import { USER } from './registers.ts';
import { faultOf, isPageFault, type Raised } from './signals.ts';
import { openSilicon, type Silicon, TRAP_FLAG } from './silicon.ts';
import { type Verdict, vet } from './vet.ts';

const MAX_LENGTH = 15;

interface Known extends Verdict {
  readonly insn: Instruction;
}

export class HardwareEngine implements Engine {
  readonly #cpu: Cpu;
  readonly #mem: Memory;
  readonly #silicon: Silicon;
  readonly #features: Features;
  /** For what must not run on silicon. */
  readonly #interpreter: Interpreter;
  readonly #foresight: Foresight;
  readonly #known = new Map<bigint, Known>();
  /** The newest registers and bytes are the tracee's; else they are in `#cpu` and `#mem`. */
  #away = false;

  constructor(parts: EngineParts, silicon: Silicon) {
    this.#cpu = parts.cpu;
    this.#mem = parts.mem;
    this.#features = parts.model?.features;
    this.#silicon = silicon;
    this.#interpreter = new Interpreter(parts);
    this.#foresight = new Foresight(parts);
  }

  run(budget: number, recorder?: Recorder): Stop {
    const stop = this.#run(budget, recorder);
    this.#bringBack();
    return stop;
  }

  /**
   * Run at full speed until something stops it. Nothing is counted, and a loop without end does not come back. Where
   * CPUID cannot be made to fault it answers for the host; bytes without a row are executed too.
   */
  runFree(): Why {
    const why = this.#runFree();
    this.#bringBack();
    return why;
  }

  #run(budget: number, recorder: Recorder | undefined): Stop {
    let retired = 0;
    while (retired < budget) {
      this.#send();
      const known = this.#fetch();
      if (!known || known.ours) {
        const stop = this.#interpret(recorder);
        retired += stop.retired;
        if (stop.why !== 'budget') return { ...stop, retired };
        continue;
      }
      const raised = recorder ? this.#record(known, recorder) : this.#retire(known);
      if (raised) return { why: 'fault', fault: this.#explain(raised, known.insn), retired };
      retired++;
    }
    return { why: 'budget', retired };
  }

  #send(): void {
    if (!this.#away) this.#silicon.push(this.#cpu, this.#mem);
    this.#away = true;
  }
  #bringBack(): void {
    if (this.#away) this.#silicon.pull(this.#cpu, this.#mem);
    this.#away = false;
  }

  /** One instruction as the reference engine does it; also for saying what is wrong where there is none. */
  #interpret(recorder?: Recorder): Stop {
    this.#bringBack();
    return this.#interpreter.run(1, recorder);
  }

  /** The instruction at RIP. Undefined when there is none, or none we know. */
  #fetch(): Known | undefined {
    const { tracee, mirror } = this.#silicon;
    const rip = tracee.register(USER.rip);
    const bytes = mirror.code(rip, MAX_LENGTH);
    if (!bytes) return undefined;
    const known = this.#known.get(rip);
    if (known?.insn.bytes.every((b, i) => bytes[i] === b)) return known;
    // A copy: the guest may write to its code.
    const insn = decode(bytes.slice(), rip, this.#features);
    if (!insn || insn === 'short') return undefined;
    const found = { insn, ...vet(insn) };
    this.#known.set(rip, found);
    return found;
  }

  /** Let it retire, all turns of a repeated one. What it raised, if it did not. */
  #retire({ insn, pushesFlags }: Known, turned?: () => void): Raised | undefined {
    const { tracee } = this.#silicon;
    for (;;) {
      const signal = tracee.step();
      if (signal === SIG.TRAP) {
        if (pushesFlags) this.#silicon.hideTrapFlag();
        turned?.();
        if (!insn.repeat || tracee.register(USER.rip) !== insn.address) return undefined;
      } else {
        const raised = this.#raised(signal);
        if (raised) return raised;
      }
    }
  }

  /** Nothing when it was a page that the tracee lacked and has now: try again. */
  #raised(signal: number): Raised | undefined {
    const { tracee, mirror } = this.#silicon;
    if (signal === SYSCALL_STOP) throw new Error('an instruction that was thought harmless is a system call');
    const raised = { signal, ...tracee.siginfo() };
    return isPageFault(raised) && mirror.admit(raised.address) ? undefined : raised;
  }

  #record(known: Known, recorder: Recorder): Raised | undefined {
    const { insn } = known;
    const before = this.#cpu.save();
    let foreseen = this.#foresight.of(insn);
    let flagsWritten = 0;
    const stores: Store[] = [];
    const turned = (): void => {
      const count = this.#cpu.gpr(R.cx);
      this.#silicon.pull(this.#cpu, this.#mem);
      // A repetition of no times does nothing.
      if (insn.repeat && this.#cpu.gpr(R.cx) === count) return;
      ({ flagsWritten } = foreseen);
      for (const { address, size } of foreseen.stores) {
        stores.push({ address, size, value: this.#mem.peek(address, size) });
      }
      if (insn.repeat) foreseen = this.#foresight.of(insn);
    };
    const raised = this.#retire(known, turned);
    if (raised) return raised;
    this.#away = false;
    recorder.retired(stepBetween(insn, before, this.#cpu.save(), flagsWritten, stores));
    return undefined;
  }

  #explain(raised: Raised, insn: Instruction): Fault {
    this.#bringBack();
    // What silicon left stays: MXCSR's flags are written even by an exception that is raised.
    const left = this.#cpu.save();
    const { fault } = this.#foresight.of(insn);
    this.#cpu.restore(left);
    return faultOf(raised, insn, this.#cpu, this.#mem, fault);
  }

  #runFree(): Why {
    for (;;) {
      this.#send();
      const known = this.#fetch();
      if (!known || known.ours) {
        const { retired: _, ...why } = this.#interpret();
        if (why.why !== 'budget') return why;
        continue;
      }
      const raised = this.#goOn();
      // It was another instruction than the one we began with.
      const at = raised && this.#fetch();
      if (at && !at.ours) return { why: 'fault', fault: this.#explain(raised, at.insn) };
    }
  }

  /** Run until a fault. What must be ours is turned back to: RIP is at it again, and nothing is returned. */
  #goOn(): Raised | undefined {
    const { tracee } = this.#silicon;
    const signal = tracee.continue();
    if (signal === SYSCALL_STOP) {
      // Linux has put −ENOSYS into RAX. RCX and R11, which SYSCALL destroys, it will destroy again.
      tracee.setRegister(USER.gpr[R.ax], tracee.register(USER.orig_rax));
      this.#stepBack(2n);
      return undefined;
    }
    if (signal === SIG.TRAP && tracee.siginfo().code === TRAP_TRACE) {
      // What the trap flag does when the guest sets it is nothing, here as elsewhere.
      tracee.setRegister(USER.eflags, tracee.register(USER.eflags) & ~TRAP_FLAG);
      return undefined;
    }
    // Before anybody looks at the code, which may be on that page: then the tracee would have it already.
    const raised = this.#raised(signal);
    if (!raised) return undefined;
    // INT3 and INT n leave RIP behind themselves, unless they are refused.
    const trap = traps.find((t) => t.signal === signal && this.#isBehind(t.code));
    if (!trap) return raised;
    this.#stepBack(BigInt(trap.code.length));
    return undefined;
  }

  #stepBack(length: bigint): void {
    const { tracee } = this.#silicon;
    tracee.setRegister(USER.rip, tracee.register(USER.rip) - length);
  }
  #isBehind(code: readonly number[]): boolean {
    const { tracee, mirror } = this.#silicon;
    const bytes = mirror.code(tracee.register(USER.rip) - BigInt(code.length), code.length);
    return bytes !== undefined && code.every((b, i) => bytes[i] === b);
  }
}

/** What the traps that are open to user code become (arch/x86/kernel/traps.c). */
const traps = [
  { signal: SIG.TRAP, code: [0xcc] },
  { signal: SIG.TRAP, code: [0xcd, 0x03] },
  { signal: SIG.TRAP, code: [0xf1] },
  { signal: SIG.SEGV, code: [0xcd, 0x04] },
] as const;

/** The host's CPU as an engine. All machines share one traced process, which serves them one at a time. */
export interface Hardware {
  readonly engine: (parts: EngineParts) => HardwareEngine;
  /** End the traced process. It ends with this process in any case. */
  dispose(): void;
}

/** Throws HardwareUnavailable, with one line that says why and what to do, where the host does not allow it. */
export async function hardware(): Promise<Hardware> {
  const silicon = await openSilicon();
  const engine: (parts: EngineParts) => HardwareEngine = (parts) => new HardwareEngine(parts, silicon);
  return { engine: engine satisfies MakeEngine, dispose: () => silicon.dispose() };
}
