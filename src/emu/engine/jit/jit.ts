/**
 * The translating engine: x86-64 to WebAssembly, region by region, once code has turned warm.
 *
 * Translated code does the plain cases. Whatever is rare (a page the TLB does not know, a fault, an instruction without
 * a translation) it leaves to the interpreter with the state before that instruction, so there is one place where
 * faults are made.
 */
import type { Engine, EngineParts, MakeEngine, Recorder, Step, Stop } from '../engine.ts';
import { type DecodedCode, Interpreter } from '../interp/interp.ts';
import { TapeReader } from '../tape/reader.ts';
import { TapeWriter } from '../tape/writer.ts';
import type { Limits } from './region.ts';
import { Runner, type RunnerOptions } from './runner.ts';

export interface JitOptions {
  readonly limits?: Limits;
  /** How often an address is branched to before it is translated. */
  readonly warm?: number;
  /** Bytes of WebAssembly kept at most; beyond that everything is translated afresh. */
  readonly capacity?: number;
  /** Runs of fewer instructions are interpreted. */
  readonly few?: number;
  /** So many instructions are recorded by the interpreter before code is translated for recording. */
  readonly patience?: number;
  /** Bytes of tape that are handed to a recorder at once, at most. */
  readonly tape?: number;
}

const LIMITS: Limits = { instructions: 1200, inlined: 800, depth: 6 };
/** Translating takes milliseconds: fewer, and a C library's start is translated that runs only once; more, and loops wait. */
const WARM = 30;
const CAPACITY = 16 << 20;
const FEW = 32;
/** Instructions that are told step by step before a tape is worth its making. */
const PATIENCE = 50_000;

export class Jit implements Engine {
  readonly #parts: EngineParts;
  readonly #interp: Interpreter;
  readonly #options: RunnerOptions;
  readonly #few: number;
  readonly #patience: number;
  #told = 0;
  readonly #plain: Runner;
  /** Code that records is translated apart. Made when a recorder is first given. */
  #traced: { readonly tape: TapeWriter; readonly runner: Runner } | undefined;
  readonly #tapeSize: number | undefined;

  constructor(
    parts: EngineParts,
    { limits = LIMITS, warm = WARM, capacity = CAPACITY, few = FEW, patience = PATIENCE, tape }: JitOptions = {},
    kept?: DecodedCode,
  ) {
    this.#parts = parts;
    this.#few = few;
    this.#patience = patience;
    this.#tapeSize = tape;
    this.#options = { limits, warm, capacity };
    this.#interp = new Interpreter(parts, kept);
    this.#plain = new Runner(parts, this.#interp, this.#options);
  }

  /** How many regions were translated, and how often all were thrown away for room. */
  get translated(): number {
    return this.#plain.translated + (this.#traced?.runner.translated ?? 0);
  }
  get evictions(): number {
    return this.#plain.evictions + (this.#traced?.runner.evictions ?? 0);
  }

  run(budget: number, recorder?: Recorder): Stop {
    if (recorder?.tape) return this.#record(budget, (bytes, code) => recorder.tape!(bytes, code));
    if (budget < this.#few) return this.#interp.run(budget, recorder);
    return recorder ? this.#tell(budget, (step) => recorder.retired(step)) : this.#plain.run(budget);
  }

  #record(budget: number, sink: NonNullable<Recorder['tape']>): Stop {
    if (!this.#traced) {
      const tape = new TapeWriter(this.#parts.cpu, this.#parts.mem.frames, this.#tapeSize);
      this.#traced = { tape, runner: new Runner(this.#parts, this.#interp, this.#options, tape) };
    }
    const { tape, runner } = this.#traced;
    tape.open(sink);
    const stop = runner.run(budget);
    tape.flush();
    return stop;
  }

  /** Steps are read back from the tape; in short runs the interpreter tells them itself. */
  #tell(budget: number, told: (step: Step) => void): Stop {
    if (!this.#traced && this.#told < this.#patience) {
      const stop = this.#interp.run(Math.min(budget, this.#patience - this.#told), { retired: told });
      this.#told += stop.retired;
      return stop.why === 'budget' && stop.retired < budget ? this.#more(stop.retired, budget, told) : stop;
    }
    const { cpu } = this.#parts;
    const reader = new TapeReader(cpu);
    const stop = this.#record(budget, (bytes, code) => reader.read(bytes, code, told));
    reader.finish(cpu.rip, told);
    return stop;
  }

  #more(retired: number, budget: number, told: (step: Step) => void): Stop {
    const stop = this.#tell(budget - retired, told);
    return { ...stop, retired: retired + stop.retired };
  }
}

export const jit =
  (options: JitOptions = {}): MakeEngine =>
  (parts) =>
    new Jit(parts, options);
