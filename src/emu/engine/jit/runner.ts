/** The way of a run through code: interpreted while it is cold, translated once it is warm. Plain, or onto a tape. */
import type { Cpu } from '../../cpu/cpu.ts';
import type { EngineParts, Stop } from '../engine.ts';
import type { Interpreter } from '../interp/interp.ts';
import type { TapeWriter } from '../tape/writer.ts';
import { bulk } from './bulk.ts';
import { EXIT } from './layout.ts';
import type { RegionFunction } from './module.ts';
import type { Limits } from './region.ts';
import { Translator } from './translator.ts';

export interface RunnerOptions {
  readonly limits: Limits;
  /** How often an address is branched to before it is translated. */
  readonly warm: number;
  /** Bytes of WebAssembly kept at most; beyond that everything is translated afresh. */
  readonly capacity: number;
}

/** Instructions in one go: the budget is an i32. */
const SLICE = 1 << 30;

export class Runner {
  readonly #cpu: Cpu;
  readonly #parts: EngineParts;
  readonly #interp: Interpreter;
  readonly #options: RunnerOptions;
  /** Every instruction leaves a record there. */
  readonly #tape: TapeWriter | undefined;
  readonly #heat = new Map<bigint, number>();
  /** Made when the first code turns warm: short runs never need it. */
  #translator: Translator | undefined;

  constructor(parts: EngineParts, interp: Interpreter, options: RunnerOptions, tape?: TapeWriter) {
    this.#cpu = parts.cpu;
    this.#parts = parts;
    this.#interp = interp;
    this.#options = options;
    this.#tape = tape;
    // What was not worth translating may have become so.
    const changed = (): void => this.#heat.clear();
    parts.mem.listen({ remapped: () => {}, codeChanged: changed, codeWatched: () => {} });
  }

  get translated(): number {
    return this.#translator?.translated ?? 0;
  }
  get evictions(): number {
    return this.#translator?.evictions ?? 0;
  }

  run(budget: number): Stop {
    let retired = 0;
    while (retired < budget) {
      const stop = this.#some(budget - retired);
      retired += stop.retired;
      if (stop.why !== 'budget') return { ...stop, retired };
    }
    return { why: 'budget', retired };
  }

  /** Some of what is asked for: until translated code comes back, or a stretch of interpreted code. */
  #some(budget: number): Stop {
    const { rip } = this.#cpu;
    const region = this.#translator?.find(rip) ?? this.#visit(rip);
    return region ? this.#warm(region, budget) : this.#cold(budget);
  }

  #warm(region: RegionFunction, budget: number): Stop {
    // Translated code does not look for the end of the tape: it is given no more instructions than have room for certain.
    const slice = Math.min(budget, SLICE, this.#tape?.roomAfterFlush() ?? SLICE);
    const { exit, retired } = this.#translator!.run(region, slice);
    if (exit === EXIT.lookup || retired === slice) return { why: 'budget', retired };
    if (exit === EXIT.budget && slice < budget) return retired ? { why: 'budget', retired } : this.#cold(budget);
    let rest = 1;
    if (exit === EXIT.budget) rest = slice - retired;
    else {
      this.#translator!.fill();
      const insn = this.#tape ? undefined : this.#interp.instructionAt(this.#cpu.rip);
      if (insn) bulk(this.#cpu, this.#parts.mem, insn);
    }
    const stop = this.#interp.run(rest, this.#tape);
    return { ...stop, retired: retired + stop.retired };
  }

  /** Interpret up to the next branch that leads away. */
  #cold(budget: number): Stop {
    let retired = 0;
    while (retired < budget) {
      const before = this.#cpu.rip;
      const stop = this.#interp.run(1, this.#tape);
      retired += stop.retired;
      if (stop.why !== 'budget') return { ...stop, retired };
      const moved = this.#cpu.rip - before;
      if (moved <= 0n || moved > 15n) break;
    }
    return { why: 'budget', retired };
  }

  /** Count a visit to an address without translation; translate when there were enough. */
  #visit(address: bigint): RegionFunction | undefined {
    const visits = (this.#heat.get(address) ?? 0) + 1;
    this.#heat.set(address, visits);
    if (visits < this.#options.warm) return undefined;
    const fetch = (a: bigint): ReturnType<Interpreter['instructionAt']> => this.#interp.instructionAt(a);
    this.#translator ??= new Translator(this.#cpu, this.#parts.mem, fetch, this.#options.capacity, this.#tape);
    const region = this.#translator.translate(address, this.#options.limits);
    if (region) this.#heat.delete(address);
    else this.#heat.set(address, Number.NEGATIVE_INFINITY);
    return region;
  }
}
