/** The reference engine: decode, evaluate, commit, one instruction at a time. */
import type { Cpu } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import { decode, type Features } from '../../decode/decode.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Meaning } from '../../isa/ops.ts';
import { type Fault, Trap } from '../../mem/fault.ts';
import type { Memory } from '../../mem/memory.ts';
import type { Engine, EngineParts, Recorder, Step, Stop, Store, Why } from '../engine.ts';
import { layoutOf } from '../tape/format.ts';
import { TapeWriter } from '../tape/writer.ts';
import { Evaluator } from './eval.ts';

const MAX_LENGTH = 15;

/** Decoded instructions by address, shared by machines that run the same image on the same CPU model. */
export type DecodedCode = Map<bigint, Instruction>;

/** An instruction ready to run: its meaning is there, and the address behind it known. */
interface Bound {
  readonly insn: Instruction;
  readonly meaning: Meaning;
  readonly next: bigint;
}

export class Interpreter implements Engine {
  readonly #mem: Memory;
  readonly #eval: Evaluator;
  readonly #features: Features;
  /** Instructions whose bytes are known not to have changed. */
  readonly #bound = new Map<bigint, Bound>();
  /** Instructions decoded by anyone before, good where the bytes are the same. */
  readonly #kept: DecodedCode;
  #codeEpoch = -1;
  /** Made when a tape is first wanted. */
  #tape: TapeWriter | undefined;

  constructor(parts: EngineParts, kept: DecodedCode = new Map()) {
    this.#mem = parts.mem;
    this.#features = parts.model?.features;
    this.#kept = kept;
    this.#eval = new Evaluator(parts);
  }

  /** Given a `TapeWriter`, it appends to that and leaves it to others to hand it on. */
  run(budget: number, recorder?: Recorder): Stop {
    if (!recorder?.tape) return this.#run(budget, recorder);
    this.#tape ??= new TapeWriter(this.#eval.cpu, this.#mem.frames);
    this.#tape.open((bytes, code) => recorder.tape!(bytes, code));
    const stop = this.#run(budget, this.#tape);
    this.#tape.flush();
    return stop;
  }

  #run(budget: number, recorder: Recorder | undefined): Stop {
    const { cpu } = this.#eval;
    let retired = 0;
    while (retired < budget) {
      let why: Why | undefined;
      try {
        const bound = this.#fetch(cpu.rip);
        why = bound.insn.repeat ? this.#repeat(cpu, bound, recorder) : this.#step(cpu, bound, recorder);
      } catch (e) {
        if (!(e instanceof Trap)) throw e;
        return { why: 'fault', fault: e.fault, retired };
      }
      retired++;
      if (why) return { ...why, retired };
    }
    return { why: 'budget', retired };
  }

  /** The instruction at an address, or undefined where fetching it would fault. */
  instructionAt(address: bigint): Instruction | undefined {
    try {
      return this.#fetch(address).insn;
    } catch (e) {
      if (e instanceof Trap) return undefined;
      throw e;
    }
  }

  #fetch(address: bigint): Bound {
    if (this.#codeEpoch !== this.#mem.codeEpoch) {
      this.#bound.clear();
      this.#codeEpoch = this.#mem.codeEpoch;
    }
    const known = this.#bound.get(address);
    if (known) return known;
    const insn = this.#decode(address);
    const { meaning, name } = insn.form;
    if (!meaning) throw new Trap({ kind: 'no-meaning', what: name });
    const bound = { insn, meaning, next: BigInt.asUintN(64, address + BigInt(insn.length)) };
    this.#mem.watchCode(address, insn.length);
    this.#bound.set(address, bound);
    return bound;
  }

  #decode(address: bigint): Instruction {
    const bytes = this.#mem.fetch(address, MAX_LENGTH);
    const kept = this.#kept.get(address);
    const insn = kept && startsWith(bytes, kept.bytes) ? kept : decode(bytes, address, this.#features);
    if (insn === 'short' && bytes.length === MAX_LENGTH) {
      throw new Trap({ kind: 'protection', detail: 'an instruction has at most 15 bytes' });
    }
    if (insn === 'short') {
      // The instruction runs on into memory that cannot be executed: the fault is on the first byte of that.
      const missing = address + BigInt(bytes.length);
      throw new Trap({
        kind: 'page',
        address: missing,
        access: 'execute',
        size: 1,
        mapped: this.#mem.isMapped(missing, 1n),
      });
    }
    if (!insn) throw new Trap(unknownOpcode(bytes));
    if (insn !== kept) this.#kept.set(address, insn);
    return insn;
  }

  #step(cpu: Cpu, { insn, meaning, next }: Bound, recorder: Recorder | undefined): Why | undefined {
    const e = this.#eval;
    if (insn.form.modifies) this.#checkModified(insn);
    e.begin(next, insn);
    try {
      meaning(e, ...insn.operands);
    } catch (fault) {
      if (insn.form.resumes) this.#keepVectors(cpu, insn, recorder);
      throw fault;
    }
    e.finish();
    if (!recorder) {
      e.commit();
      return e.stop;
    }
    const tape = recorder instanceof TapeWriter ? recorder : undefined;
    const others = e.others();
    const layout = tape && others.length === 0 ? layoutOf(insn) : undefined;
    if (layout) {
      e.commit();
      tape!.plain(insn, layout, e.stores, e.flagsWritten);
      return e.stop;
    }
    const gprs = this.#changedGprs(cpu);
    const vectors = this.#changedVectors(cpu);
    const { flagsWritten, flagValues } = e;
    const beside = tape && e.beside();
    e.commit();
    const step = { insn, next: cpu.rip, gprs, vectors, others, flagsWritten, flagValues, stores: [...e.stores] };
    if (tape) tape.retired(step, beside);
    else recorder.retired(step);
    return e.stop;
  }

  #changedGprs(cpu: Cpu): [number, bigint][] {
    const { gprsWritten, gprValues } = this.#eval;
    const gprs: [number, bigint][] = [];
    for (let n = 0; n < 16; n++) {
      const v = gprValues[n]!;
      if ((gprsWritten >> n) & 1 && cpu.gpr(n) !== v) gprs.push([n, v]);
    }
    return gprs;
  }
  #changedVectors(cpu: Cpu): [number, bigint][] {
    const changed = [...this.#eval.vectors].filter(([n, v]) => cpu.xmm(n & 15, n < 16 ? 0 : 1) !== v);
    return changed.sort(([a], [b]) => a - b);
  }

  /** A gather that faults keeps the elements it has, and can be resumed. */
  #keepVectors(cpu: Cpu, insn: Instruction, recorder: Recorder | undefined): void {
    const vectors = this.#changedVectors(cpu);
    this.#eval.commitVectors();
    if (vectors.length) recorder?.retired({ ...nothing, insn, next: insn.address, vectors, unfinished: true });
  }

  /** A destination that is read and written faults as a write, although it is read first. */
  #checkModified({ operands: [dst] }: Instruction): void {
    if (dst?.in === 'mem') this.#mem.check(this.#eval.linear(dst), dst.w / 8, 'write');
  }

  /**
   * REP and REPN: one retired instruction, each turn committed on its own. A fault in a later turn leaves RCX, RSI and
   * RDI at that turn and RIP at the instruction, as on silicon, so that it can be resumed.
   */
  #repeat(cpu: Cpu, { insn, meaning, next }: Bound, recorder: Recorder | undefined): undefined {
    const e = this.#eval;
    let flagsWritten = 0;
    let flagValues = 0;
    // The last operand: RCX, or ECX behind an address-size prefix.
    const count = insn.operands.at(-1)!;
    const before = [R.ax, R.cx, R.si, R.di].map((n) => [n, cpu.gpr(n)] as const);
    const flagsBefore = cpu.rflags;
    const stores: Store[] = [];
    const changed = (): Step['gprs'] =>
      before.filter(([n, was]) => cpu.gpr(n) !== was).map(([n]) => [n, cpu.gpr(n)] as const);
    while (e.get(count) !== 0n) {
      e.begin(insn.address);
      try {
        meaning(e, ...insn.operands);
      } catch (fault) {
        // CMPS and SCAS then have not touched the flags (SDM vol. 2, REP).
        cpu.rflags = flagsBefore;
        const gprs = changed();
        if (gprs.length) recorder?.retired({ ...nothing, insn, next: insn.address, gprs, stores, unfinished: true });
        throw fault;
      }
      e.put(count, e.get(count) - 1n);
      ({ flagsWritten, flagValues } = e);
      e.commit();
      if (recorder) stores.push(...e.stores);
      if (insn.form.rep === 'compare' && cpu.flag('ZF') !== (insn.repeat === 'REP')) break;
    }
    cpu.rip = next;
    recorder?.retired({ ...nothing, insn, next, gprs: changed(), flagsWritten, flagValues, stores });
    return undefined;
  }
}

const nothing = { gprs: [], vectors: [], others: [], flagsWritten: 0, flagValues: 0, stores: [] } as const;

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean => prefix.every((b, i) => bytes[i] === b);

/** What no row fits is #UD, and what another processor has too; but AVX-512, which no model has yet, is said to be missing. */
function unknownOpcode(bytes: Uint8Array): Fault {
  const shown = [...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  const elsewhere = decode(bytes, 0n);
  if (elsewhere && elsewhere !== 'short') {
    const { name, feature = 'AVX' } = elsewhere.form;
    if (feature.startsWith('AVX512')) return { kind: 'no-meaning', what: `${name} (${feature})` };
    return { kind: 'undefined', detail: `${name} needs ${feature}, which this processor does not have` };
  }
  if (bytes[0] === LOCK) return { kind: 'undefined', detail: `LOCK is not allowed on ${shown}` };
  return { kind: 'undefined', detail: `no instruction begins with ${shown}` };
}
const LOCK = 0xf0;
