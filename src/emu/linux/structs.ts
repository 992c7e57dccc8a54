/** C structs that cross the border between guest and kernel: layout, and how strace shows them. */
import type { Memory } from '../mem/memory.ts';
import { type Bits, hex, showBits, showPointer } from './show.ts';
import { showSet } from './signals.ts';

export interface Struct<T> {
  readonly size: number;
  load(memory: Memory, at: bigint): T;
  store(memory: Memory, at: bigint, value: T): void;
  show(value: T): string;
}

/** copy_from_user: undefined where the guest may not read all of it (EFAULT). */
export function copyIn<T>(memory: Memory, struct: Struct<T>, at: bigint): T | undefined {
  return memory.allows(at, BigInt(struct.size), 'read') ? struct.load(memory, at) : undefined;
}

/** copy_to_user: false, and nothing written, where the guest may not write all of it (EFAULT). */
export function copyOut<T>(memory: Memory, struct: Struct<T>, at: bigint, value: T): boolean {
  if (!memory.allows(at, BigInt(struct.size), 'write')) return false;
  struct.store(memory, at, value);
  return true;
}

const u64 = (memory: Memory, at: bigint): bigint => memory.peek(at, 8);

/** struct timespec (clock_gettime(2)). */
export interface Timespec {
  /** Signed. */
  readonly sec: bigint;
  /** The kernel's check reads it as unsigned, and so does strace. */
  readonly nsec: bigint;
}

export const timespec: Struct<Timespec> = {
  size: 16,
  load: (m, at) => ({ sec: BigInt.asIntN(64, u64(m, at)), nsec: u64(m, at + 8n) }),
  store(m, at, v) {
    m.poke(at, 8, BigInt.asUintN(64, v.sec));
    m.poke(at + 8n, 8, v.nsec);
  },
  show: (v) => `{tv_sec=${v.sec}, tv_nsec=${v.nsec}}`,
};

/** The kernel's sigset_t: 64 bits. */
export const sigset: Struct<bigint> = {
  size: 8,
  load: u64,
  store: (m, at, v) => m.poke(at, 8, v),
  show: showSet,
};

/** An unsigned long that a call stores. */
export const word: Struct<bigint> = {
  size: 8,
  load: u64,
  store: (m, at, v) => m.poke(at, 8, v),
  show: (v) => `[${v === 0n ? '0' : hex(v)}]`,
};

/** struct kernel_sigaction (arch/x86, include/linux/signal_types.h): not the C library's struct sigaction. */
export interface SigAction {
  readonly handler: bigint;
  readonly flags: bigint;
  readonly restorer: bigint;
  readonly mask: bigint;
}

// biome-ignore format: table
export const SA = {
  SA_RESTORER:  0x0400_0000,
  SA_ONSTACK:   0x0800_0000,
  SA_RESTART:   0x1000_0000,
  SA_NODEFER:   0x4000_0000,
  SA_RESETHAND: 0x8000_0000,
  SA_SIGINFO:            0x4,
  SA_NOCLDSTOP:          0x1,
  SA_NOCLDWAIT:          0x2,
} as const satisfies Bits;

const handlers: readonly string[] = ['SIG_DFL', 'SIG_IGN'];

export const sigaction: Struct<SigAction> = {
  size: 32,
  load: (m, at) => ({
    handler: u64(m, at),
    flags: u64(m, at + 8n),
    restorer: u64(m, at + 16n),
    mask: u64(m, at + 24n),
  }),
  store(m, at, v) {
    m.poke(at, 8, v.handler);
    m.poke(at + 8n, 8, v.flags);
    m.poke(at + 16n, 8, v.restorer);
    m.poke(at + 24n, 8, v.mask);
  },
  show(v) {
    const handler = handlers[Number(v.handler)] ?? hex(v.handler);
    const restorer = v.flags & BigInt(SA.SA_RESTORER) ? `, sa_restorer=${showPointer(v.restorer)}` : '';
    return `{sa_handler=${handler}, sa_mask=${showSet(v.mask)}, sa_flags=${showBits(v.flags, SA, 'SA_???')}${restorer}}`;
  },
};

/** stack_t (sigaltstack(2)). */
export interface Stack {
  readonly sp: bigint;
  /** 32 bits, unsigned. */
  readonly flags: number;
  readonly size: bigint;
}

export const SS = { SS_ONSTACK: 1, SS_DISABLE: 2, SS_AUTODISARM: 0x8000_0000 } as const satisfies Bits;

export const stack: Struct<Stack> = {
  size: 24,
  load: (m, at) => ({ sp: u64(m, at), flags: Number(m.peek(at + 8n, 4)), size: u64(m, at + 16n) }),
  store(m, at, v) {
    m.poke(at, 8, v.sp);
    m.poke(at + 8n, 8, BigInt(v.flags)); // the padding is cleared as well
    m.poke(at + 16n, 8, v.size);
  },
  show: (v) => `{ss_sp=${showPointer(v.sp)}, ss_flags=${showBits(BigInt(v.flags), SS, 'SS_???')}, ss_size=${v.size}}`,
};
