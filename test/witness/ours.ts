/** The cases given to silicon, given to one of our engines; and how the two are compared. */
import { Cpu } from '#emu/cpu/cpu.ts';
import type { Engine, MakeEngine } from '#emu/engine/engine.ts';
import type { Fault } from '#emu/mem/fault.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import {
  CODE,
  CODE_SIZE,
  type CpuState,
  DATA,
  DATA_SIZE,
  landing,
  type Outcome,
  READ_ONLY,
  SIGSEGV,
  SIGTRAP,
  type SiliconCase,
  type SiliconResult,
} from './silicon.ts';

const PAGE = 4096n;
const INT3 = 0xcc;
const [SIGILL, SIGBUS, SIGFPE] = [4, 7, 8];
/** The signal that Linux makes of our fault. */
// biome-ignore format: table
const signals: Readonly<Record<Fault['kind'], number>> = {
  page: SIGSEGV, protection: SIGSEGV, stack: SIGBUS, undefined: SIGILL, divide: SIGFPE, simd: SIGFPE, x87: SIGFPE, 'no-meaning': -1,
};
const OVERFLOW = 4;

export interface OurResult extends Outcome {
  readonly fault: Fault | undefined;
}

/** A machine with the witness's pages. */
export class Bench {
  readonly #mem = new Memory();
  readonly #cpu = new Cpu(this.#mem.frames);
  readonly #engine: Engine;
  /** As the data page is before every case: zeros behind what is given. */
  readonly #page = new Uint8Array(Number(PAGE));
  #code = '';

  constructor(make: MakeEngine) {
    this.#mem.map(CODE - PAGE, 2n * PAGE, PROT.read | PROT.exec, 'code');
    this.#mem.map(DATA, PAGE, PROT.read | PROT.write, 'data');
    this.#mem.map(READ_ONLY, PAGE, PROT.read, 'read-only');
    this.#mem.pokeBytes(CODE - PAGE, new Uint8Array(2 * Number(PAGE)).fill(INT3));
    this.#engine = make({ cpu: this.#cpu, mem: this.#mem, clock: () => 0n });
  }

  /** Retires at most `budget` instructions. */
  run(c: SiliconCase, budget = 1): OurResult {
    this.#setCode(c.code);
    this.#page.set(c.before.data);
    for (const at of [DATA, READ_ONLY]) this.#mem.pokeBytes(at, this.#page);
    this.#setRegisters(c.before);
    const cpu = this.#cpu;
    const stop = this.#engine.run(budget);
    const fault = stop.why === 'fault' ? stop.fault : undefined;
    // INTO's vector reaches a program as a fault does.
    const trapped = stop.why === 'trap' ? (stop.vector === OVERFLOW ? SIGSEGV : SIGTRAP) : 0;
    const signal = fault ? signals[fault.kind] : trapped;
    return {
      ...landing(c, { signal, page: fault?.kind === 'page' ? fault : undefined, rip: cpu.rip }),
      fault,
      selectors: [0, 1, 2, 3, 4, 5].map((n) => cpu.selector(n)),
      after: {
        gprs: c.before.gprs.map((_, n) => cpu.gpr(n)),
        flags: cpu.rflags,
        fsBase: cpu.fsBase,
        gsBase: cpu.gsBase,
        vectors: c.before.vectors.map((_, n) => cpu.xmm(n & 15, n < 16 ? 0 : 1)),
        mxcsr: cpu.mxcsr,
        x87: {
          fcw: cpu.fcw,
          fsw: cpu.fsw,
          tags: cpu.tags,
          registers: c.before.x87.registers.map((_, n) => cpu.x87(n)),
        },
        data: this.#mem.peekBytes(DATA, DATA_SIZE),
      },
    };
  }

  /** Only when it is another: what an engine has made of the code stays good. */
  #setCode(code: Uint8Array): void {
    const text = Buffer.from(code).toString('hex');
    if (text === this.#code) return;
    this.#code = text;
    const page = new Uint8Array(CODE_SIZE).fill(INT3);
    page.set(code);
    this.#mem.pokeBytes(CODE, page);
  }

  #setRegisters({ gprs, vectors, x87: { registers, ...control }, ...s }: CpuState): void {
    const cpu = this.#cpu;
    gprs.forEach((v, n) => cpu.setGpr(n, v));
    vectors.forEach((v, n) => cpu.setXmm(n & 15, v, n < 16 ? 0 : 1));
    registers.forEach((v, n) => cpu.setX87(n, v));
    userSelectors.forEach((v, n) => cpu.setSelector(n, v));
    const { mxcsr, fsBase, gsBase } = s;
    Object.assign(cpu, control, { mxcsr, fsBase, gsBase, rflags: s.flags, rip: CODE, fop: 0, fip: 0n, fdp: 0n });
  }
}

/** ES CS SS DS FS GS of a 64-bit program on Linux. */
export const userSelectors = [0, 0x33, 0x2b, 0, 0, 0] as const;

const hex = (v: bigint | number): string => v.toString(16);

/** A state as lines of text, each with its name: flags under a mask. */
function lines(s: CpuState, flagMask: bigint, x87Mask: number): string[] {
  return [
    ...s.gprs.map((v, n) => `gpr${n} ${hex(v)}`),
    `flags ${hex(s.flags & flagMask)}`,
    ...s.vectors.map((v, n) => `${n < 16 ? 'xmm' : 'ymm-high'}${n & 15} ${hex(v)}`),
    `mxcsr ${hex(s.mxcsr)}`,
    `x87 ${hex(s.x87.fcw)} ${hex(s.x87.fsw & x87Mask)} ${hex(s.x87.tags)}`,
    ...s.x87.registers.map((v, n) => `x87-${n} ${hex(v)}`),
    `data ${Buffer.from(s.data).toString('hex')}`,
  ];
}

/** Everything the two disagree on, or nothing. `x87Mask`: bits of the status word that are defined. */
export function differences(
  silicon: SiliconResult,
  ours: OurResult,
  flagMask: bigint,
  x87Mask = 0xffff,
): string | undefined {
  if (ours.signal !== silicon.signal)
    return `silicon signal ${silicon.signal}, ours ${ours.signal} ${JSON.stringify(ours.fault, (_, v) => (typeof v === 'bigint' ? hex(v) : v))}`;
  if (ours.fault?.kind === 'page' && ours.fault.address !== silicon.address)
    return `silicon faults at ${hex(silicon.address)}, we at ${hex(ours.fault.address)}`;
  const [a, b] = [lines(silicon.after, flagMask, x87Mask), lines(ours.after, flagMask, x87Mask)];
  const out = a.flatMap((l, n) => (l === b[n] ? [] : [`silicon ${l}, ours ${b[n]}`]));
  return out.length ? out.join('; ').slice(0, 400) : undefined;
}
