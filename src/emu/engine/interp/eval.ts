/**
 * The reference reading of the vocabulary: do it, now, on bigints. Slow and obvious on purpose.
 *
 * Words for vectors, floating point and the x87 are in files of their own, each extending the one before; the state
 * they all write to is in eval-state.ts.
 */
import { cpuid } from '../../cpu/cpuid.ts';
import { FLAGS, R } from '../../cpu/layout.ts';
import type { Ops, StatusFlag, Width } from '../../isa/ops.ts';
import type { GprPlace, MemPlace, Place } from '../../isa/place.ts';
import { Trap } from '../../mem/fault.ts';
import { isCanonical } from '../../mem/layout.ts';
import { bool, M64, mask, POPPED } from './eval-state.ts';
import { X87Evaluator } from './eval-x87.ts';

const topBits: Readonly<Record<Width, bigint>> = {
  8: 1n << 7n,
  16: 1n << 15n,
  32: 1n << 31n,
  64: 1n << 63n,
  80: 1n << 79n,
  128: 1n << 127n,
  256: 1n << 255n,
  512: 1n << 511n,
};
const hasEvenParity = Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let rest = byte; rest; rest &= rest - 1) ones++;
  return ones % 2 ? 0n : 1n;
});

export class Evaluator extends X87Evaluator implements Ops<bigint> {
  get(p: Place): bigint {
    switch (p.in) {
      case 'imm':
        return p.value;
      case 'gpr':
        if (p.w === 64) return this.cpu.gpr(p.n);
        return (p.high ? this.cpu.gpr(p.n) >> 8n : this.cpu.gpr(p.n)) & mask(p.w);
      case 'xmm':
        return this.cpu.xmm(p.n, p.part) & mask(p.w);
      case 'mmx':
        return this.cpu.x87(p.n) & mask(p.w);
      case 'st':
        return this.getSt(p.n);
      case 'seg':
        return BigInt(this.cpu.selector(p.n));
      case 'k':
        throw new Error('no meaning reads an opmask');
      case 'cr':
      case 'dr':
        return this.raise('protection', 'control and debug registers are privileged');
      case 'mem':
        return this.load(this.linear(p), p.w);
    }
  }

  put(p: Place, v: bigint): void {
    if (p.in === 'mem') this.store(this.linear(p), p.w, v);
    else if (p.in === 'xmm') this.vectors.set(p.n + 16 * p.part, v);
    else if (p.in === 'mmx') this.putMmx(p.n, v);
    else if (p.in === 'st') this.putSt(p.n, v);
    else if (p.in === 'seg') this.selectors.set(p.n, v);
    else if (p.in === 'gpr') {
      this.gprValues[p.n] = p.w >= 32 ? v : this.#merge(p, v);
      this.gprsWritten |= 1 << p.n;
    }
  }

  /** A narrow write keeps what it does not cover, of an earlier write if there was one. */
  #merge(p: GprPlace, v: bigint): bigint {
    const old = (this.gprsWritten >> p.n) & 1 ? this.gprValues[p.n]! : this.cpu.gpr(p.n);
    const m = p.high ? 0xff00n : mask(p.w);
    return (old & ~m) | (p.high ? v << 8n : v);
  }

  flag(f: StatusFlag): bigint {
    return bool(this.cpu.flag(f));
  }
  setFlag(f: StatusFlag, v: bigint): void {
    const bit = 1 << FLAGS[f];
    this.flagsWritten |= bit;
    this.flagValues = v ? this.flagValues | bit : this.flagValues & ~bit;
  }
  flags(): bigint {
    return this.cpu.rflags;
  }
  setFlags(v: bigint): void {
    this.flagsWritten = POPPED;
    this.flagValues = Number(v & mask(32)) & POPPED;
  }

  address(p: Place): bigint {
    const m = p as MemPlace;
    let a = m.disp;
    if (m.base !== undefined) a += this.cpu.gpr(m.base);
    if (m.index !== undefined) a += this.cpu.gpr(m.index) * BigInt(m.scale);
    return a & (m.short ? 0xffff_ffffn : M64);
  }
  linear(p: Place): bigint {
    const { segment } = p as MemPlace;
    const base = segment ? this.segmentBase(segment) : 0n;
    const at = (this.address(p) + base) & M64;
    const { base: register, w } = p as MemPlace;
    const isStack = !segment && (register === R.sp || register === R.bp);
    if (isStack && !(isCanonical(at) && isCanonical((at + BigInt(w / 8 - 1)) & M64))) {
      throw new Trap({ kind: 'stack', detail: `non-canonical address 0x${at.toString(16)}` });
    }
    return at;
  }
  segmentBase(of: 'FS' | 'GS'): bigint {
    return of === 'FS' ? this.cpu.fsBase : this.cpu.gsBase;
  }
  setSegmentBase(of: 'FS' | 'GS', v: bigint): void {
    this.bases.set(of, v);
  }
  load(address: bigint, w: Width): bigint {
    return this.mem.read(address, w / 8);
  }
  loadWhen(condition: bigint, address: bigint, w: Width): bigint {
    return condition ? this.load(address, w) : 0n;
  }
  store(address: bigint, w: Width, v: bigint): void {
    this.checkStore(address, w);
    this.stores.push({ address, size: w / 8, value: v });
  }
  checkStore(address: bigint, w: Width): void {
    this.mem.check(address, w / 8, 'write');
  }

  const(n: bigint): bigint {
    return n;
  }
  let(v: bigint): bigint {
    return v;
  }

  add(a: bigint, b: bigint, w: Width): bigint {
    return (a + b) & mask(w);
  }
  sub(a: bigint, b: bigint, w: Width): bigint {
    return (a - b) & mask(w);
  }
  and(a: bigint, b: bigint): bigint {
    return a & b;
  }
  or(a: bigint, b: bigint): bigint {
    return a | b;
  }
  xor(a: bigint, b: bigint): bigint {
    return a ^ b;
  }
  not(a: bigint, w: Width): bigint {
    return ~a & mask(w);
  }
  shl(a: bigint, n: bigint, w: Width): bigint {
    return (a << n) & mask(w);
  }
  shr(a: bigint, n: bigint, w: Width): bigint {
    return (a & mask(w)) >> n;
  }
  sar(a: bigint, n: bigint, w: Width): bigint {
    return (BigInt.asIntN(w, a) >> n) & mask(w);
  }
  multiply(a: bigint, b: bigint, w: Width, signed: boolean): { low: bigint; high: bigint } {
    const product = signed ? BigInt.asIntN(w, a) * BigInt.asIntN(w, b) : a * b;
    return { low: product & mask(w), high: (product >> BigInt(w)) & mask(w) };
  }
  divide(high: bigint, low: bigint, by: bigint, w: Width, signed: boolean): { quotient: bigint; remainder: bigint } {
    const dividend = (high << BigInt(w)) | low;
    const [n, d] = signed ? [BigInt.asIntN(2 * w, dividend), BigInt.asIntN(w, by)] : [dividend, by];
    if (d === 0n) throw new Trap({ kind: 'divide' });
    const q = n / d;
    const fits = signed ? BigInt.asIntN(w, q) === q : q <= mask(w);
    if (!fits) throw new Trap({ kind: 'divide' });
    return { quotient: q & mask(w), remainder: (n % d) & mask(w) };
  }
  signExtend(a: bigint, from: Width, to: Width): bigint {
    return BigInt.asIntN(from, a) & mask(to);
  }
  narrow(a: bigint, w: Width): bigint {
    return a & mask(w);
  }

  bit(a: bigint, n: bigint): bigint {
    return (a >> n) & 1n;
  }
  below(a: bigint, b: bigint): bigint {
    return bool(a < b);
  }
  isZero(a: bigint): bigint {
    return bool(a === 0n);
  }
  sign(a: bigint, w: Width): bigint {
    return a & topBits[w] ? 1n : 0n;
  }
  evenParity(a: bigint): bigint {
    return hasEvenParity[Number(a & 0xffn)]!;
  }
  countOnes(a: bigint): bigint {
    let n = 0n;
    for (let rest = a; rest; rest &= rest - 1n) n++;
    return n;
  }
  leadingZeros(a: bigint, w: Width): bigint {
    return BigInt(a === 0n ? w : w - a.toString(2).length);
  }
  trailingZeros(a: bigint, w: Width): bigint {
    if (a === 0n) return BigInt(w);
    return BigInt((a & -a).toString(2).length - 1);
  }
  reverseBytes(a: bigint, w: Width): bigint {
    let out = 0n;
    for (let i = 0; i < w; i += 8) out = (out << 8n) | ((a >> BigInt(i)) & 0xffn);
    return out;
  }
  select(when: bigint, then: bigint, otherwise: bigint): bigint {
    return when ? then : otherwise;
  }
  when(condition: bigint, then: () => void): void {
    if (condition) then();
  }

  pure(f: (...bits: bigint[]) => bigint, ...args: readonly bigint[]): bigint {
    return f(...args);
  }

  next(): bigint {
    return this.nextRip;
  }
  jump(target: bigint): void {
    if (!isCanonical(target)) {
      this.raise('protection', `branch to the non-canonical address 0x${target.toString(16)}`);
    }
    this.target = target;
  }

  syscall(): void {
    this.stop = { why: 'syscall' };
  }
  interrupt(vector: number): void {
    if (vector === 0x80) throw new Trap({ kind: 'no-meaning', what: 'INT $0x80 (a 32-bit system call)' });
    this.stop = { why: 'trap', vector };
  }
  raise(kind: 'undefined' | 'protection', detail: string): never {
    throw new Trap({ kind, detail });
  }
  cpuid(leaf: bigint, subleaf: bigint): readonly [bigint, bigint, bigint, bigint] {
    const [a, b, c, d] = cpuid(this.model, Number(leaf), Number(subleaf));
    return [BigInt(a), BigInt(b), BigInt(c), BigInt(d)];
  }
  timestamp(): bigint {
    return this.clock();
  }
  /** SplitMix64: its state is in the register file, so that it is saved and restored with the rest. */
  random(): bigint {
    this.nextRandom = ((this.nextRandom ?? this.cpu.random) + 0x9e37_79b9_7f4a_7c15n) & M64;
    let z = this.nextRandom;
    z = ((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & M64;
    z = ((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn) & M64;
    return z ^ (z >> 31n);
  }
}
