/**
 * The register file, between our Cpu and Unicorn.
 *
 * XMM registers travel through memory, by FXSAVE64 and FXRSTOR64 that Unicorn itself executes: its register API drops
 * the upper half of XMM8–15 in Debian's 2.0.1. The upper halves of YMM registers, the x87 and MXCSR stay with us: no
 * instruction that Unicorn is given touches them (divergences.ts).
 */
import type { Cpu } from '../../cpu/cpu.ts';
import { type UnicornInstance, type UnicornModule, unsigned } from './surface.ts';

/** Just above every canonical address of user space, where no access of the guest's can be right. */
const SCRATCH = 0x8000_0000_0000n;
const RESTORE = SCRATCH;
const SAVE = SCRATCH + 0x100n;
/** On a page of its own: Unicorn forgets translations of pages that are written. */
const AREA = SCRATCH + 0x1000n;
const AREA_SIZE = 512;
/** CR4.OSFXSR and OSXMMEXCPT: FXSAVE covers the XMM registers, as under any 64-bit system. */
const CR4_SSE = 0x600n;
/** FXSAVE64 is 0F AE /0, FXRSTOR64 is /1, with REX.W; ModRM 05 is RIP-relative. Eight bytes. */
const transfer = (digit: 0 | 1, at: bigint): Uint8Array => {
  const bytes = Uint8Array.of(0x48, 0x0f, 0xae, 0x05 | (digit << 3), 0, 0, 0, 0);
  new DataView(bytes.buffer).setInt32(4, Number(AREA - (at + 8n)), true);
  return bytes;
};

/** FXSAVE's layout (SDM vol. 1, 10.5.1), and what Linux starts a program with in the words that Unicorn reads as 0. */
const FX = { fcw: 0, mxcsr: 24, xmm: 160 } as const;
const FCW = 0x37f;
const MXCSR = 0x1f80;

/** Once for an instance: FXSAVE covers everything, and has its code and its area. */
export function prepare(m: UnicornModule, uc: UnicornInstance): void {
  uc.reg_write_i64(m.X86_REG_CR4, uc.reg_read_i64(m.X86_REG_CR4) | CR4_SSE);
  uc.mem_map(SCRATCH, 2 * 4096, m.PROT_READ | m.PROT_WRITE | m.PROT_EXEC);
  uc.mem_write(RESTORE, transfer(1, RESTORE));
  uc.mem_write(SAVE, transfer(0, SAVE));
}

export class Registers {
  readonly #uc: UnicornInstance;
  readonly #cpu: Cpu;
  readonly #gprs: readonly number[];
  readonly #rip: number;
  readonly #flags: number;
  readonly #bases: readonly [fs: number, gs: number];
  /** What Unicorn's vector registers are known to hold. */
  #known = '';

  constructor(m: UnicornModule, uc: UnicornInstance, cpu: Cpu) {
    this.#uc = uc;
    this.#cpu = cpu;
    const high = Array.from({ length: 8 }, (_, i) => m.X86_REG_R8 + i);
    // biome-ignore format: table
    this.#gprs = [
      m.X86_REG_RAX, m.X86_REG_RCX, m.X86_REG_RDX, m.X86_REG_RBX,
      m.X86_REG_RSP, m.X86_REG_RBP, m.X86_REG_RSI, m.X86_REG_RDI, ...high,
    ];
    this.#rip = m.X86_REG_RIP;
    this.#flags = m.X86_REG_EFLAGS;
    this.#bases = [m.X86_REG_FS_BASE, m.X86_REG_GS_BASE];
  }

  get flags(): bigint {
    return unsigned(this.#uc.reg_read_i64(this.#flags));
  }
  get rip(): bigint {
    return unsigned(this.#uc.reg_read_i64(this.#rip));
  }

  /** Unicorn's vector registers are somebody else's by now. */
  forget(): void {
    this.#known = '';
  }

  /** Ours to Unicorn. */
  push(): void {
    const { fsBase, gsBase, rflags } = this.#cpu;
    const image = this.#image();
    const key = String.fromCharCode(...image);
    if (key !== this.#known) {
      this.#uc.mem_write(AREA, image);
      this.#uc.emu_start(RESTORE, 0n, 0, 1);
      this.#known = key;
    }
    this.#uc.reg_write_i64(this.#flags, rflags);
    this.#uc.reg_write_i64(this.#bases[0], BigInt.asIntN(64, fsBase));
    this.#uc.reg_write_i64(this.#bases[1], BigInt.asIntN(64, gsBase));
    this.pushGeneral();
  }

  /** RIP and the general registers only. */
  pushGeneral(): void {
    this.#gprs.forEach((id, n) => this.#uc.reg_write_i64(id, BigInt.asIntN(64, this.#cpu.gpr(n))));
    this.#uc.reg_write_i64(this.#rip, BigInt.asIntN(64, this.#cpu.rip));
  }

  /** Unicorn's to ours. `vectors`: the XMM registers too. */
  pull(vectors: boolean): void {
    this.pullGeneral();
    this.#cpu.rflags = this.flags;
    this.#cpu.fsBase = unsigned(this.#uc.reg_read_i64(this.#bases[0]));
    this.#cpu.gsBase = unsigned(this.#uc.reg_read_i64(this.#bases[1]));
    if (!vectors) return;
    const { rip } = this.#cpu;
    this.#uc.emu_start(SAVE, 0n, 0, 1);
    this.#uc.reg_write_i64(this.#rip, BigInt.asIntN(64, rip));
    const image = this.#uc.mem_read(AREA, AREA_SIZE);
    this.#take(image);
    this.#known = String.fromCharCode(...this.#image());
  }

  /** RIP and the general registers only: what an address is made of. */
  pullGeneral(): void {
    this.#gprs.forEach((id, n) => this.#cpu.setGpr(n, unsigned(this.#uc.reg_read_i64(id))));
    this.#cpu.rip = this.rip;
  }

  #image(): Uint8Array {
    const cpu = this.#cpu;
    const bytes = new Uint8Array(AREA_SIZE);
    const view = new DataView(bytes.buffer);
    const put = (at: number, v: bigint): void => {
      view.setBigUint64(at, v, true);
      view.setBigUint64(at + 8, v >> 64n, true);
    };
    view.setUint16(FX.fcw, FCW, true);
    view.setUint32(FX.mxcsr, MXCSR, true);
    for (let i = 0; i < 16; i++) put(FX.xmm + 16 * i, cpu.xmm(i));
    return bytes;
  }

  #take(bytes: Uint8Array): void {
    const cpu = this.#cpu;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const get = (at: number): bigint => view.getBigUint64(at, true) | (view.getBigUint64(at + 8, true) << 64n);
    for (let i = 0; i < 16; i++) cpu.setXmm(i, get(FX.xmm + 16 * i));
  }
}
