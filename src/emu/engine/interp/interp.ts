/** The reference engine: decode, evaluate, commit, one instruction at a time. */
import type { Cpu } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import { decode } from '../../decode/decode.ts';
import type { Instruction } from '../../decode/instruction.ts';
import { type Fault, Trap } from '../../mem/fault.ts';
import type { Memory } from '../../mem/memory.ts';
import type { Engine, Recorder, Stop, Store, Why } from '../engine.ts';
import { Evaluator } from './eval.ts';

const MAX_LENGTH = 15;

/** Decoded instructions by address, shared by machines that run the same image. */
export type DecodedCode = Map<bigint, Instruction>;

export class Interpreter implements Engine {
  readonly #mem: Memory;
  readonly #eval: Evaluator;
  /** Instructions whose bytes are known not to have changed. */
  readonly #decoded = new Map<bigint, Instruction>();
  /** Instructions decoded by anyone before, good where the bytes are the same. */
  readonly #kept: DecodedCode;
  #codeEpoch = -1;

  /** `clock` gives RDTSC its virtual time. */
  constructor(cpu: Cpu, mem: Memory, clock: () => bigint, kept: DecodedCode = new Map()) {
    this.#mem = mem;
    this.#kept = kept;
    this.#eval = new Evaluator(cpu, mem, clock);
  }

  run(cpu: Cpu, budget: number, recorder?: Recorder): Stop {
    let retired = 0;
    while (retired < budget) {
      let why: Why | undefined;
      try {
        const insn = this.#fetch(cpu.rip);
        why = insn.repeat ? this.#repeat(cpu, insn, recorder) : this.#step(cpu, insn, recorder);
      } catch (e) {
        if (!(e instanceof Trap)) throw e;
        return { why: 'fault', fault: e.fault, retired };
      }
      retired++;
      if (why) return { ...why, retired };
    }
    return { why: 'budget', retired };
  }

  #fetch(address: bigint): Instruction {
    if (this.#codeEpoch !== this.#mem.codeEpoch) {
      this.#decoded.clear();
      this.#codeEpoch = this.#mem.codeEpoch;
    }
    const known = this.#decoded.get(address);
    if (known) return known;
    const bytes = this.#mem.fetch(address, MAX_LENGTH);
    const kept = this.#kept.get(address);
    const insn = kept && startsWith(bytes, kept.bytes) ? kept : decode(bytes, address);
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
    if (!insn) throw new Trap(undefinedOpcode(bytes));
    this.#mem.watchCode(address, insn.length);
    this.#decoded.set(address, insn);
    if (insn !== kept) this.#kept.set(address, insn);
    return insn;
  }

  #step(cpu: Cpu, insn: Instruction, recorder: Recorder | undefined): Why | undefined {
    const e = this.#eval;
    const { meaning, name } = insn.form;
    if (!meaning) throw new Trap({ kind: 'no-meaning', mnemonic: name });
    e.begin(insn.address + BigInt(insn.length));
    meaning(e, ...insn.operands);
    if (!recorder) {
      e.commit();
      return e.stop;
    }
    const gprs: [number, bigint][] = [];
    for (const [n, v] of e.gprs) if (cpu.gpr(n) !== v) gprs.push([n, v]);
    if (gprs.length > 1) gprs.sort(([a], [b]) => a - b);
    const xmms: [number, bigint][] = [];
    for (const [n, v] of e.xmms) if (cpu.xmm(n) !== v) xmms.push([n, v]);
    const { flagsWritten, flagValues } = e;
    e.commit();
    recorder.retired({ insn, gprs, xmms, flagsWritten, flagValues, stores: [...e.stores] });
    return e.stop;
  }

  /**
   * REP and REPN: one retired instruction, each turn committed on its own. A fault in a later turn leaves RCX, RSI and
   * RDI at that turn and RIP at the instruction, as on silicon, so that it can be resumed.
   */
  #repeat(cpu: Cpu, insn: Instruction, recorder: Recorder | undefined): Why | undefined {
    const e = this.#eval;
    const next = insn.address + BigInt(insn.length);
    let flagsWritten = 0;
    let flagValues = 0;
    const gprsBefore = [R.ax, R.cx, R.si, R.di].map((n) => [n, cpu.gpr(n)] as const);
    const stores: Store[] = [];
    while (cpu.gpr(R.cx) !== 0n) {
      e.begin(insn.address);
      insn.form.meaning!(e, ...insn.operands);
      e.put({ in: 'gpr', n: R.cx, w: 64, high: false }, cpu.gpr(R.cx) - 1n);
      ({ flagsWritten, flagValues } = e);
      e.commit();
      stores.push(...e.stores);
      if (insn.form.rep === 'compare' && cpu.flag('ZF') !== (insn.repeat === 'REP')) break;
    }
    cpu.rip = next;
    if (recorder) {
      const gprs = gprsBefore.filter(([n, was]) => cpu.gpr(n) !== was).map(([n]) => [n, cpu.gpr(n)] as const);
      recorder.retired({ insn, gprs, xmms: [], flagsWritten, flagValues, stores });
    }
    return undefined;
  }
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean => prefix.every((b, i) => bytes[i] === b);

function undefinedOpcode(bytes: Uint8Array): Fault {
  const shown = [...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return { kind: 'undefined', detail: `no instruction begins with ${shown}` };
}
