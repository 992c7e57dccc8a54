/** One activation of a model: its frame on the guest's stack, and the registers it runs with. */
import type { Cpu } from '#emu/cpu/cpu.ts';
import type { Memory } from '#emu/mem/memory.ts';
import type { GView, MView, World } from './world.ts';

export class Frame {
  readonly world: World;
  /** RSP at entry: where the return address is. */
  entry: bigint;
  /** RSP inside the body: the lowest address of the frame, where outgoing stack arguments begin. */
  sp: bigint;

  constructor(world: World, entry: bigint, sp: bigint) {
    this.world = world;
    this.entry = entry;
    this.sp = sp;
  }

  get cpu(): Cpu {
    return this.world.machine.cpu;
  }
  get mem(): Memory {
    return this.world.machine.mem;
  }

  /** The running g, as TLS names it. Asked anew each time: a goroutine moves from thread to thread. */
  get g(): GView {
    return this.world.g(this.world.currentG);
  }
  /** Its M. */
  get m(): MView {
    return this.world.mOf(this.g.m);
  }

  /** Register `n` (emu/cpu/layout.ts: R). */
  reg(n: number): bigint {
    return this.cpu.gpr(n);
  }
  setReg(n: number, v: bigint): void {
    this.cpu.setGpr(n, BigInt.asUintN(64, v));
  }
  /** The low 32 bits of register `n`, signed: a C int. */
  int(n: number): number {
    return Number(BigInt.asIntN(32, this.cpu.gpr(n)));
  }

  /** Incoming stack argument at `offset(FP)`. */
  arg(offset: number, size: number): bigint {
    return this.mem.read(this.entry + 8n + BigInt(offset), size);
  }
  setArg(offset: number, size: number, v: bigint): void {
    this.mem.write(this.entry + 8n + BigInt(offset), size, v);
  }

  /** Address of the frame's word at `offset(SP)`: outgoing arguments and locals. */
  slot(offset: number): bigint {
    return this.sp + BigInt(offset);
  }
  get(offset: number, size = 8): bigint {
    return this.mem.read(this.slot(offset), size);
  }
  set(offset: number, v: bigint, size = 8): void {
    this.mem.write(this.slot(offset), size, BigInt.asUintN(8 * size, v));
  }
}
