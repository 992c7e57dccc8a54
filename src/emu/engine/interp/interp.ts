/** The reference engine: decode, evaluate, commit, one instruction at a time. */
import type { Cpu } from '../../cpu/cpu.ts';
import { R } from '../../cpu/layout.ts';
import { decode } from '../../decode/decode.ts';
import type { Instruction } from '../../decode/instruction.ts';
import { type Fault, Trap } from '../../mem/fault.ts';
import type { Memory } from '../../mem/memory.ts';
import type { Engine, EngineParts, Recorder, Stop, Store, Why } from '../engine.ts';
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

  constructor({ cpu, mem, clock }: EngineParts, kept: DecodedCode = new Map()) {
    this.#mem = mem;
    this.#kept = kept;
    this.#eval = new Evaluator(cpu, mem, clock);
  }

  run(budget: number, recorder?: Recorder): Stop {
    const { cpu } = this.#eval;
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
    this.#mem.watchCode(address, insn.length);
    this.#decoded.set(address, insn);
    if (insn !== kept) this.#kept.set(address, insn);
    return insn;
  }

  #step(cpu: Cpu, insn: Instruction, recorder: Recorder | undefined): Why | undefined {
    const e = this.#eval;
    const { meaning, name } = insn.form;
    if (!meaning) throw new Trap({ kind: 'no-meaning', what: name });
    this.#checkModified(insn);
    e.begin(insn.address + BigInt(insn.length));
    meaning(e, ...insn.operands);
    e.finish();
    if (!recorder) {
      e.commit();
      return e.stop;
    }
    const gprs: [number, bigint][] = [];
    for (const [n, v] of e.gprs) if (cpu.gpr(n) !== v) gprs.push([n, v]);
    if (gprs.length > 1) gprs.sort(([a], [b]) => a - b);
    const vectors: [number, bigint][] = [];
    for (const [n, v] of e.vectors) if (cpu.xmm(n & 15, n < 16 ? 0 : 1) !== v) vectors.push([n, v]);
    const others = e.others();
    const { flagsWritten, flagValues } = e;
    e.commit();
    recorder.retired({ insn, gprs, vectors, others, flagsWritten, flagValues, stores: [...e.stores] });
    return e.stop;
  }

  /** A destination that is read and written faults as a write, although it is read first. */
  #checkModified({ form, operands: [dst] }: Instruction): void {
    if (form.modifies && dst?.in === 'mem') this.#mem.check(this.#eval.linear(dst), dst.w / 8, 'write');
  }

  /**
   * REP and REPN: one retired instruction, each turn committed on its own. A fault in a later turn leaves RCX, RSI and
   * RDI at that turn and RIP at the instruction, as on silicon, so that it can be resumed.
   */
  #repeat(cpu: Cpu, insn: Instruction, recorder: Recorder | undefined): Why | undefined {
    const e = this.#eval;
    const { meaning, name } = insn.form;
    if (!meaning) throw new Trap({ kind: 'no-meaning', what: name });
    const next = insn.address + BigInt(insn.length);
    let flagsWritten = 0;
    let flagValues = 0;
    const gprsBefore = [R.ax, R.cx, R.si, R.di].map((n) => [n, cpu.gpr(n)] as const);
    const stores: Store[] = [];
    while (cpu.gpr(R.cx) !== 0n) {
      e.begin(insn.address);
      meaning(e, ...insn.operands);
      e.put({ in: 'gpr', n: R.cx, w: 64, high: false }, cpu.gpr(R.cx) - 1n);
      ({ flagsWritten, flagValues } = e);
      e.commit();
      if (recorder) stores.push(...e.stores);
      if (insn.form.rep === 'compare' && cpu.flag('ZF') !== (insn.repeat === 'REP')) break;
    }
    cpu.rip = next;
    if (recorder) {
      const gprs = gprsBefore.filter(([n, was]) => cpu.gpr(n) !== was).map(([n]) => [n, cpu.gpr(n)] as const);
      recorder.retired({ insn, gprs, vectors: [], others: [], flagsWritten, flagValues, stores });
    }
    return undefined;
  }
}

const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean => prefix.every((b, i) => bytes[i] === b);

/** Opcodes that 64-bit mode does not have (SDM vol. 2, appendix A: i64). Of all others we merely may lack the row. */
const INVALID = new Set([
  0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x27, 0x2f, 0x37, 0x3f, 0x60, 0x61, 0x82, 0x9a, 0xce, 0xd4, 0xd5, 0xd6,
  0xea,
]);
const LOCK = 0xf0;

function unknownOpcode(bytes: Uint8Array): Fault {
  const shown = [...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  const first = bytes[0]!;
  if (INVALID.has(first)) return { kind: 'undefined', detail: `no instruction begins with ${shown}` };
  if (first === LOCK) return { kind: 'undefined', detail: `LOCK is not allowed on ${shown}` };
  return { kind: 'no-meaning', what: `the instruction that begins with ${shown}` };
}
