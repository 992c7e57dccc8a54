/** exit(2), exit_group(2), arch_prctl(2), set_robust_list(2). */
import { USER_END } from '../mem/layout.ts';
import type { Arg } from './argument.ts';
import { showStruct } from './argument.ts';
import { EFAULT, EINVAL, ENODEV, EPERM } from './errno.ts';
import { type Bits, showHex, showPointer } from './show.ts';
import { copyOut, word } from './structs.ts';
import type { Result, System, Task } from './system.ts';

/** End this task; _exit(2). The program's exit status is the low 8 bits. */
export const exit = (_k: System, a: { status: number }): Result => ({ exit: a.status, group: false });

/** End every task; exit_group(2). */
export const exit_group = (_k: System, a: { status: number }): Result => ({ exit: a.status, group: true });

// biome-ignore format: table
export const ARCH = {
  ARCH_SET_GS:    0x1001,
  ARCH_SET_FS:    0x1002,
  ARCH_GET_FS:    0x1003,
  ARCH_GET_GS:    0x1004,
  ARCH_GET_CPUID: 0x1011,
  ARCH_SET_CPUID: 0x1012,
} as const satisfies Bits;

/** A base to set, or where to store one: the code says which. */
export const archAddress: Arg<bigint> = {
  decode: (raw) => raw,
  late: true,
  show(at, { memory, args, failed }) {
    if (args.code === ARCH.ARCH_GET_CPUID) return undefined;
    if (args.code !== ARCH.ARCH_GET_FS && args.code !== ARCH.ARCH_GET_GS) return showHex(at);
    return failed ? showPointer(at) : showStruct(memory, word, at);
  },
};

/**
 * Read or set the FS and GS bases; arch_prctl(2).
 * EPERM: a base outside user space. EFAULT: nowhere to store. EINVAL: unknown code, CET's 0x3001 included.
 * ENODEV: CPUID cannot be made to fault here.
 */
export function arch_prctl(k: System, a: { code: number; addr: bigint }, task: Task): Result {
  const { cpu } = task;
  switch (a.code) {
    case ARCH.ARCH_SET_FS:
      if (a.addr >= USER_END) return -EPERM;
      cpu.fsBase = a.addr;
      return 0;
    case ARCH.ARCH_SET_GS:
      if (a.addr >= USER_END) return -EPERM;
      cpu.gsBase = a.addr;
      return 0;
    case ARCH.ARCH_GET_FS:
      return copyOut(k.memory, word, a.addr, cpu.fsBase) ? 0 : -EFAULT;
    case ARCH.ARCH_GET_GS:
      return copyOut(k.memory, word, a.addr, cpu.gsBase) ? 0 : -EFAULT;
    case ARCH.ARCH_GET_CPUID:
      return 1;
    case ARCH.ARCH_SET_CPUID:
      return -ENODEV;
    default:
      return -EINVAL;
  }
}

/** struct robust_list_head (include/uapi/linux/futex.h). */
const ROBUST_LIST_HEAD_SIZE = 24n;

/** Register the list of robust futexes; set_robust_list(2). EINVAL: a size other than the kernel's. */
export function set_robust_list(_k: System, a: { size: bigint }): Result {
  return a.size === ROBUST_LIST_HEAD_SIZE ? 0 : -EINVAL;
}
