/** What a C function may leave in the registers and stack memory it owns: anything. Seeded, so that runs repeat. */
import { GPR, R } from '#emu/cpu/layout.ts';
import type { Junk } from '#emu/trace/event.ts';
import type { Frame } from './frame.ts';

/** SplitMix64 (Steele, Lea, Flood 2014). */
export class Random {
  #state: bigint;
  constructor(seed: bigint) {
    this.#state = BigInt.asUintN(64, seed);
  }
  next(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e37_79b9_7f4a_7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return z ^ (z >> 31n);
  }
}

/** psABI 3.2.1: every general register but BX, BP, SP and R12–R15, without RAX, which may hold the result. */
const callerSaved = [R.cx, R.dx, R.si, R.di, R.r8, R.r9, R.r10, R.r11] as const;
/** How far below its entry a callee's frames are pretended to have reached. */
const SCRIBBLED = 256n;

/**
 * Junk for all a C function may destroy: the caller-saved registers, all XMM registers, the status flags (not DF), and
 * the stack below it, which held its frames. RAX is junk as far as the result does not fill it: `resultBits` of it.
 */
export function clobber(random: Random, f: Frame, resultBits: 0 | 32 | 64): Junk[] {
  const { cpu, mem } = f;
  const junk: Junk[] = [];
  const put = (n: number, value: bigint): void => {
    cpu.setGpr(n, value);
    junk.push({ register: GPR[n]!, value });
  };
  for (const n of callerSaved) put(n, random.next());
  if (resultBits === 0) put(R.ax, random.next());
  // An int result leaves the upper half to chance.
  if (resultBits === 32) put(R.ax, ((random.next() >> 32n) << 32n) | (cpu.gpr(R.ax) & 0xffff_ffffn));
  for (let n = 0; n < 16; n++) cpu.setXmm(n, (random.next() << 64n) | random.next());
  const flags = random.next();
  cpu.setFlag('CF', (flags & 1n) !== 0n);
  cpu.setFlag('PF', (flags & 2n) !== 0n);
  cpu.setFlag('AF', (flags & 4n) !== 0n);
  cpu.setFlag('ZF', (flags & 8n) !== 0n);
  cpu.setFlag('SF', (flags & 16n) !== 0n);
  cpu.setFlag('OF', (flags & 32n) !== 0n);
  for (let at = f.entry - SCRIBBLED; at < f.entry - 8n; at += 8n) {
    if (mem.allows(at, 8n, 'write')) mem.poke(at, 8, random.next());
  }
  return junk;
}
