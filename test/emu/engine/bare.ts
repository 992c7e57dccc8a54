/** A machine without Linux: a page of code, a page of data, registers. */
import { Cpu } from '#emu/cpu/cpu.ts';
import type { EngineParts } from '#emu/engine/engine.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { CODE, DATA, DATA_SIZE, type SiliconCase } from '../../witness/silicon.ts';

export function bare(): EngineParts {
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.map(DATA, 0x1000n, PROT.read | PROT.write, 'data');
  return { cpu, mem, clock: () => 1234n };
}

export function load({ cpu, mem }: EngineParts, { code, before }: SiliconCase): void {
  mem.pokeBytes(CODE, code);
  mem.pokeBytes(DATA, before.data);
  before.gprs.forEach((v, n) => cpu.setGpr(n, v));
  before.vectors.forEach((v, n) => cpu.setXmm(n & 15, v, n < 16 ? 0 : 1));
  before.x87.registers.forEach((v, n) => cpu.setX87(n, v));
  cpu.fcw = before.x87.fcw;
  cpu.fsw = before.x87.fsw;
  cpu.tags = before.x87.tags;
  cpu.mxcsr = before.mxcsr;
  cpu.rflags = before.flags;
  cpu.rip = CODE;
}

/** Every register, and the data, as lines that compare. */
export function state({ cpu, mem }: EngineParts, flagMask: number): string[] {
  return [
    `rip ${cpu.rip.toString(16)}`,
    `flags ${(cpu.rflags & BigInt(flagMask)).toString(16)}`,
    `mxcsr ${cpu.mxcsr.toString(16)} fcw ${cpu.fcw.toString(16)} fsw ${cpu.fsw.toString(16)} tags ${cpu.tags}`,
    ...Array.from({ length: 16 }, (_, n) => `gpr${n} ${cpu.gpr(n).toString(16)}`),
    ...Array.from({ length: 16 }, (_, n) => `xmm${n} ${cpu.xmm(n).toString(16)} ${cpu.xmm(n, 1).toString(16)}`),
    ...Array.from({ length: 8 }, (_, n) => `fpr${n} ${cpu.x87(n).toString(16)}`),
    `data ${Buffer.from(mem.peekBytes(DATA, DATA_SIZE)).toString('hex')}`,
  ];
}
