/** What a C function may leave in the registers and stack memory it owns: anything. Seeded, so that runs repeat. */
import { GPR, R } from '#emu/cpu/layout.ts';
import type { Memory } from '#emu/mem/memory.ts';
import type { Convention, Junk } from '#emu/trace/event.ts';
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

/** psABI 3.2.1: every general register but BX, BP, SP and R12–R15; RAX is dealt with by its result. */
const cCallerSaved = [R.cx, R.dx, R.si, R.di, R.r8, R.r9, R.r10, R.r11] as const;
/** Go keeps nothing but SP and, by habit, BP; ABIInternal also g in R14. Our models return at most AX and BX. */
const goScratch = [R.cx, R.dx, R.si, R.di, R.r8, R.r9, R.r10, R.r11, R.r12, R.r13, R.r15] as const;
/** How far below its entry a callee's frames are pretended to have reached. */
const SCRIBBLED = 256n;

/**
 * Junk for all that a function may destroy when it returns: registers, XMM registers, the status flags (not DF), and
 * the stack below it, which held its frames. `resultBits`: how much of a C function's RAX is its result.
 */
export function clobber(random: Random, f: Frame, convention: Convention, resultBits: 0 | 32 | 64): Junk[] {
  const { cpu } = f;
  const junk: Junk[] = [];
  const put = (n: number, value: bigint): void => {
    cpu.setGpr(n, value);
    junk.push({ register: GPR[n]!, value });
  };
  for (const n of convention === 'C' ? cCallerSaved : goScratch) put(n, random.next());
  if (convention === 'ABI0') for (const n of [R.ax, R.bx, R.r14]) put(n, random.next());
  if (convention === 'C' && resultBits === 0) put(R.ax, random.next());
  // An int result leaves the upper half to chance.
  if (convention === 'C' && resultBits === 32)
    put(R.ax, ((random.next() >> 32n) << 32n) | (cpu.gpr(R.ax) & 0xffff_ffffn));
  // X15 is zero for ABIInternal code at all times.
  for (let n = 0; n < (convention === 'ABIInternal' ? 15 : 16); n++)
    cpu.setXmm(n, (random.next() << 64n) | random.next());
  const flags = random.next();
  (['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const).forEach((flag, i) =>
    cpu.setFlag(flag, ((flags >> BigInt(i)) & 1n) === 1n),
  );
  junk.push({ register: 'RFLAGS', value: cpu.rflags });
  scribble(random, f.mem, f.entry - SCRIBBLED, f.entry - 8n);
  return junk;
}

/** Fill [from, to) with junk, as far as it is writable. */
export function scribble(random: Random, mem: Memory, from: bigint, to: bigint): void {
  for (let at = from; at < to; at += 8n) if (mem.allows(at, 8n, 'write')) mem.poke(at, 8, random.next());
}
