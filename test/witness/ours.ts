/** The cases given to silicon, given to one of our engines; and how the two are compared. */
import { Cpu } from '#emu/cpu/cpu.ts';
import type { Engine, MakeEngine } from '#emu/engine/engine.ts';
import type { Fault } from '#emu/mem/fault.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { CODE, type CpuState, DATA, DATA_SIZE, type SiliconCase, type SiliconResult } from './silicon.ts';

/** The signal that Linux makes of our fault. */
const signalOf = (fault: Fault): number =>
  ({ page: 11, protection: 11, stack: 7, undefined: 4, divide: 8, simd: 8, x87: 8, 'no-meaning': -1 })[fault.kind];

export interface OurResult {
  /** 0, a signal, or −1 when we cannot execute it. */
  readonly signal: number;
  readonly fault: Fault | undefined;
  readonly after: CpuState;
}

/** A machine with the witness's two pages, run one instruction at a time. */
export class Bench {
  readonly #mem = new Memory();
  readonly #cpu = new Cpu(this.#mem.frames);
  readonly #engine: Engine;

  constructor(make: MakeEngine) {
    this.#mem.map(CODE, 4096n, PROT.read | PROT.exec, 'code');
    this.#mem.map(DATA, 4096n, PROT.read | PROT.write, 'data');
    this.#engine = make({ cpu: this.#cpu, mem: this.#mem, clock: () => 0n });
  }

  run({ code, before }: SiliconCase, budget = 1): OurResult {
    this.#mem.pokeBytes(CODE, code);
    this.#mem.pokeBytes(DATA, before.data);
    const cpu = this.#cpu;
    before.gprs.forEach((v, n) => cpu.setGpr(n, v));
    before.vectors.forEach((v, n) => cpu.setXmm(n & 15, v, n < 16 ? 0 : 1));
    const { registers, ...control } = before.x87;
    Object.assign(cpu, control, { mxcsr: before.mxcsr, rflags: before.flags, rip: CODE, fop: 0, fip: 0n, fdp: 0n });
    registers.forEach((v, n) => cpu.setX87(n, v));
    const stop = this.#engine.run(budget);
    const fault = stop.why === 'fault' ? stop.fault : undefined;
    return {
      signal: fault ? signalOf(fault) : stop.why === 'trap' ? 5 : 0,
      fault,
      after: {
        gprs: before.gprs.map((_, n) => cpu.gpr(n)),
        flags: cpu.rflags,
        vectors: before.vectors.map((_, n) => cpu.xmm(n & 15, n < 16 ? 0 : 1)),
        mxcsr: cpu.mxcsr,
        x87: { fcw: cpu.fcw, fsw: cpu.fsw, tags: cpu.tags, registers: registers.map((_, n) => cpu.x87(n)) },
        data: this.#mem.peekBytes(DATA, DATA_SIZE),
      },
    };
  }
}

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
