/**
 * Unicorn as an engine: a second opinion that knows nothing of our rows.
 *
 * Straight lines of instructions run in Unicorn, one call each, so that the count is exact whatever follows. What
 * Unicorn must not see is done by the interpreter instead, one instruction at a time: whatever stops the machine or asks
 * our side (SYSCALL, INT, UD2, HLT, CPUID, RDTSC), what cannot be fetched or decoded, and the rows of divergences.ts.
 */
import { R } from '../../cpu/layout.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Fault } from '../../mem/fault.ts';
import { isCanonical, PROT } from '../../mem/layout.ts';
import type { Engine, EngineParts, MakeEngine, Recorder, Stop } from '../engine.ts';
import { Foresight } from '../foresight.ts';
import { Interpreter } from '../interp/interp.ts';
import { instructionAt, leavesLine, stopsMachine, straightLine } from '../straight-line.ts';
import { type Divergence, divergences } from './divergences.ts';
import { type Guest, Host, type Trouble } from './host.ts';
import { Mirror } from './mirror.ts';
import { Recording } from './recording.ts';
import { Registers } from './registers.ts';
import type { UnicornModule } from './surface.ts';

export interface UnicornOptions {
  /**
   * What becomes of an instruction that Unicorn gets wrong: 'hand-over' gives it to the interpreter, 'stop' ends the run
   * with a `no-meaning` fault that names it, 'trust' lets Unicorn have its way.
   */
  readonly divergent?: 'hand-over' | 'stop' | 'trust';
  /** Told of every instruction that was handed over, with the reason. */
  readonly onHandOver?: (insn: Instruction, why: string) => void;
}

/** One Unicorn serves all engines made by the result: they take turns. */
export function unicorn(module: UnicornModule, options: UnicornOptions = {}): MakeEngine {
  const host = new Host(module);
  return (parts) => new UnicornEngine(host, parts, options);
}

/** Answered by our side: time and identity are the machine's, not Unicorn's. */
const ASKS_US = new Set(['CPUID', 'RDTSC', 'RDTSCP']);
/** Unicorn translates on to the next branch, and aborts the process over long blocks with many memory accesses. */
const MAX_BLOCK = 32;
const UNKNOWN: Divergence = { concerns: () => true, unicorn: 'does not know it', silicon: 'executes it' };
/** By vector (SDM vol. 3, 6.3.1). */
const EXCEPTIONS: Readonly<Record<number, Fault>> = {
  0: { kind: 'divide' },
  6: { kind: 'undefined', detail: 'an instruction that Unicorn calls invalid' },
  16: { kind: 'x87' },
  19: { kind: 'simd' },
};

interface Line {
  readonly insns: readonly Instruction[];
  /** Where Unicorn must stop translating; 0 where a branch does that anyway. */
  readonly until: bigint;
  /** A divergence that depends on the registers; the line is then one instruction long. */
  readonly maybe: Divergence | undefined;
  /** Why there is no instruction here for Unicorn; undefined when it is simply ours. */
  readonly refused: Divergence | undefined;
}

/** How a line ended. A trouble is that of the instruction behind the retired ones. */
interface End {
  readonly retired: number;
  readonly trouble: Trouble | undefined;
}

class UnicornEngine implements Engine, Guest {
  readonly #parts: EngineParts;
  readonly #options: UnicornOptions;
  readonly #host: Host;
  readonly #mirror: Mirror;
  readonly #registers: Registers;
  readonly #interpreter: Interpreter;
  readonly #foresight: Foresight;
  readonly #lines = new Map<bigint, Line>();
  #epoch = -1;
  /** As a repeated instruction found them. */
  #flagsBefore = 0n;

  constructor(host: Host, parts: EngineParts, options: UnicornOptions) {
    this.#host = host;
    this.#parts = parts;
    this.#options = options;
    this.#mirror = new Mirror(host.uc, parts.mem);
    this.#registers = new Registers(host.module, host.uc, parts.cpu);
    this.#interpreter = new Interpreter(parts);
    this.#foresight = new Foresight(parts);
  }

  run(budget: number, recorder?: Recorder): Stop {
    this.#host.turn(this);
    this.#registers.push();
    let retired = 0;
    while (retired < budget) {
      const stop = this.#advance(budget - retired, recorder);
      retired += stop.retired;
      if (stop.why !== 'budget') return { ...stop, retired };
    }
    this.#registers.pull(true);
    return { why: 'budget', retired };
  }

  /** Somebody else's turn in Unicorn: it holds nothing of ours from now on. */
  leave(): void {
    this.#mirror.clear();
    this.#lines.clear();
    this.#registers.forget();
  }

  stored(address: bigint, size: number, value: bigint): void {
    this.#mirror.store(address, size, value);
  }

  /** One line, or one instruction of our own. Registers are ours too when it stops for another reason than 'budget'. */
  #advance(budget: number, recorder: Recorder | undefined): Stop {
    const rip = this.#registers.rip;
    const line = this.#lineAt(rip);
    const first = line.insns[0];
    if (first?.repeat) this.#flagsBefore = this.#registers.flags;
    if (!first) return this.#ours(recorder, line.refused);
    if (line.maybe) {
      this.#registers.pullGeneral();
      if (line.maybe.when!(first, this.#parts.cpu)) return this.#ours(recorder, line.maybe);
    }
    if (!recorder) return this.#judge(line.insns, this.#execute(line, Math.min(line.insns.length, budget)), recorder);
    // While every step is recorded, our registers are Unicorn's after each.
    const recording = new Recording(this.#parts, this.#foresight, first);
    this.#mirror.log = recording.log;
    const end = this.#execute(line, 1);
    this.#mirror.log = undefined;
    if (end.trouble) {
      const stop = this.#judge([first], end, recorder);
      const turns = stop.why === 'fault' && recording.unfinished();
      if (turns) recorder.retired(turns);
      return stop;
    }
    this.#registers.pull(first.form.isVector);
    recorder.retired(recording.step());
    return { why: 'budget', retired: 1 };
  }

  /** The first `n` instructions of a line in Unicorn; pages it lacks are brought on the way. */
  #execute({ insns, until }: Line, n: number): End {
    for (let retired = 0; ; ) {
      const trouble = this.#host.start(insns[retired]!, until, n - retired);
      const at = this.#registers.rip;
      // Unicorn looks at the instruction behind the last one: whether that can be fetched is not our affair yet.
      if (!trouble || (trouble.kind === 'access' && trouble.access === 'execute')) {
        const last = insns[n - 1]!;
        if (at === after(last)) return { retired: n, trouble: undefined };
        if (leavesLine(last.form))
          return isCanonical(at) ? { retired: n, trouble: undefined } : this.#takeBack(last, n);
      }
      retired = insns.findIndex((i) => i.address === at);
      if (retired < 0) throw new Error(`Unicorn stopped at 0x${at.toString(16)}, outside of what it was given`);
      if (!trouble) return { retired, trouble: { kind: 'unknown' } };
      if (trouble.kind !== 'access' || !this.#bring(trouble)) return { retired, trouble };
    }
  }

  /** A branch to a non-canonical address faults by itself; Unicorn is already there, and has moved RSP. */
  #takeBack(insn: Instruction, n: number): End {
    const { cpu } = this.#parts;
    this.#registers.pullGeneral();
    const sp = cpu.gpr(R.sp);
    const [operand] = insn.operands;
    if (insn.form.name === 'CALL') {
      cpu.setGpr(R.sp, BigInt.asUintN(64, sp + 8n));
      this.#mirror.undoLast();
    } else if (insn.form.name === 'RET') {
      const extra = operand?.in === 'imm' ? operand.value : 0n;
      cpu.setGpr(R.sp, BigInt.asUintN(64, sp - 8n - extra));
    }
    cpu.rip = insn.address;
    this.#registers.pushGeneral();
    return { retired: n - 1, trouble: { kind: 'exception', vector: 13 } };
  }

  /** What came of a line, as a stop. */
  #judge(insns: readonly Instruction[], { retired, trouble }: End, recorder: Recorder | undefined): Stop {
    if (!trouble || (trouble.kind === 'unknown' && retired > 0)) return { why: 'budget', retired };
    if (trouble.kind === 'unknown') {
      this.#registers.pull(true);
      this.#recover();
      return this.#ours(recorder, UNKNOWN);
    }
    this.#registers.pull(true);
    // The flags of CMPS and SCAS are written at their end only.
    if (insns[retired]!.repeat) this.#parts.cpu.rflags = this.#flagsBefore;
    if (trouble.kind === 'exception') this.#recover();
    return { why: 'fault', fault: this.#explain(insns[retired]!, this.#raw(trouble)), retired };
  }

  /** With the registers ours. */
  #recover(): void {
    this.#host.recover();
    this.#registers.forget();
    this.#registers.push();
  }

  #bring({ address, size }: { address: bigint; size: number }): boolean {
    return this.#mirror.bring(address) || this.#mirror.bring(address + BigInt(size - 1));
  }

  /**
   * Unicorn says that it faults and where; how a fault is worded (its first byte, the whole size, read or write) is our
   * row's. Where our row sees none, Unicorn's own account stands.
   */
  #explain(insn: Instruction, raw: Fault): Fault {
    const foreseen = this.#foresight.of(insn).fault;
    if (raw.kind === 'page' && raw.access === 'write') {
      const [dst] = insn.operands;
      if (dst?.in === 'mem') this.#mirror.undo(this.#foresight.linear(dst), dst.w / 8, raw.address);
      else this.#mirror.undo(raw.address - 1n, 1, raw.address);
    }
    return foreseen ?? raw;
  }

  /** Unicorn's own account of a fault. */
  #raw(trouble: Exclude<Trouble, { kind: 'unknown' }>): Fault {
    if (trouble.kind === 'access') {
      const { address, access, size } = trouble;
      return { kind: 'page', address, access, size, mapped: this.#parts.mem.find(address) !== undefined };
    }
    const { vector } = trouble;
    return EXCEPTIONS[vector] ?? { kind: 'protection', detail: `exception ${vector} in Unicorn` };
  }

  /** One instruction by the interpreter, with registers taken there and back. */
  #ours(recorder: Recorder | undefined, why: Divergence | undefined): Stop {
    this.#registers.pull(true);
    const insn = why && this.#insnAt(this.#parts.cpu.rip);
    if (insn) {
      if (this.#options.divergent === 'stop') {
        const what = `${insn.form.name}, which Unicorn cannot be trusted with (it ${why.unicorn})`;
        return { why: 'fault', fault: { kind: 'no-meaning', what }, retired: 0 };
      }
      this.#options.onHandOver?.(insn, why.unicorn);
    }
    const stop = this.#interpreter.run(1, recorder);
    if (stop.why === 'budget') this.#registers.push();
    return stop;
  }

  #lineAt(address: bigint): Line {
    const { mem } = this.#parts;
    this.#mirror.refresh();
    if (this.#epoch !== mem.codeEpoch) {
      this.#lines.clear();
      this.#epoch = mem.codeEpoch;
    }
    const known = this.#lines.get(address);
    if (known) return known;
    const line = this.#makeLine(address);
    const last = line.insns.at(-1);
    if (last) {
      mem.watchCode(address, Number(last.address - address) + last.length);
      this.#mirror.bring(address);
      this.#mirror.bring(last.address + BigInt(last.length - 1));
    }
    this.#lines.set(address, line);
    return line;
  }

  #divergence(insn: Instruction): Divergence | undefined {
    return this.#options.divergent === 'trust' ? undefined : divergences.find((d) => d.concerns(insn));
  }

  #insnAt(address: bigint): Instruction | undefined {
    return instructionAt(this.#parts.mem, address, this.#parts.model?.features);
  }

  #makeLine(address: bigint): Line {
    const { mem, model } = this.#parts;
    // Code that can be written may change under our feet: then every instruction is looked at anew.
    const max = (mem.find(address)?.prot ?? 0) & PROT.write ? 1 : MAX_BLOCK;
    const insns = straightLine(
      mem,
      address,
      max,
      (i) => isUnicorns(i) && !i.repeat && !this.#divergence(i),
      model?.features,
    );
    if (insns.length) return { insns, until: this.#until(insns), maybe: undefined, refused: undefined };
    const insn = this.#insnAt(address);
    const none = { insns: [], until: 0n, maybe: undefined };
    if (!insn || !isUnicorns(insn)) return { ...none, refused: undefined };
    const divergence = this.#divergence(insn);
    if (divergence && !divergence.when) return { ...none, refused: divergence };
    return {
      insns: [insn],
      until: insn.repeat ? after(insn) : this.#until([insn]),
      maybe: divergence,
      refused: undefined,
    };
  }

  /** Is there an instruction that ends Unicorn's block before that is too long? It translates those behind the line too. */
  #until(insns: readonly Instruction[]): bigint {
    let last = insns.at(-1)!;
    for (let n = insns.length; n < MAX_BLOCK && !leavesLine(last.form) && !stopsMachine(last.form); n++) {
      const next = this.#insnAt(after(last));
      if (!next) return after(insns.at(-1)!);
      last = next;
    }
    return leavesLine(last.form) || stopsMachine(last.form) ? 0n : after(insns.at(-1)!);
  }
}

const after = ({ address, length }: Instruction): bigint => address + BigInt(length);

const isUnicorns = ({ form }: Instruction): boolean =>
  form.meaning !== undefined && !stopsMachine(form) && !ASKS_US.has(form.name);
