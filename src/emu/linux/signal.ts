/** rt_sigaction(2), rt_sigprocmask(2), sigaltstack(2): what is to happen on a signal. None is delivered here. */
import { R } from '../cpu/layout.ts';
import type { Arg } from './argument.ts';
import { showStruct } from './argument.ts';
import { EFAULT, EINVAL, ENOMEM, EPERM } from './errno.ts';
import { showPointer } from './show.ts';
import { NSIG, SIGKILL, SIGSTOP, showSignal, UNBLOCKABLE } from './signals.ts';
import { copyIn, copyOut, SA, type SigAction, SS, type Stack, sigaction, sigset, stack } from './structs.ts';
import type { Result, System, Task } from './system.ts';

/*
 * These three store the old value last, after the change: a bad `old` pointer answers EFAULT and the change stays.
 * So it is on Linux (measured for all three).
 */

export const signal: Arg<number> = { decode: (raw) => Number(BigInt.asIntN(32, raw)), show: showSignal };

/** sizeof(sigset_t) in the kernel. */
const SIGSET_SIZE = 8n;

/** SA_EXPOSE_TAGBITS: kept, but nameless in strace. */
const EXPOSE_TAGBITS = 0x800;
const KNOWN_SA = Object.values(SA).reduce((all, bit) => all | BigInt(bit), BigInt(EXPOSE_TAGBITS));

const DEFAULT: SigAction = { handler: 0n, flags: 0n, restorer: 0n, mask: 0n };

/**
 * Change a signal's action; sigaction(2), "C library/kernel differences". Unknown flags are dropped, and so are
 * SIGKILL and SIGSTOP from the mask.
 * EINVAL: a size other than 8, no such signal, or an action for SIGKILL or SIGSTOP. EFAULT: `act` or `oldact`.
 */
export function rt_sigaction(k: System, a: { sig: number; act: bigint; oldact: bigint; size: bigint }): Result {
  if (a.size !== SIGSET_SIZE) return -EINVAL;
  const act = a.act ? copyIn(k.memory, sigaction, a.act) : undefined;
  if (a.act && !act) return -EFAULT;
  if (a.sig < 1 || a.sig > NSIG) return -EINVAL;
  if (act && (a.sig === SIGKILL || a.sig === SIGSTOP)) return -EINVAL;
  const old = k.sigactions.get(a.sig) ?? DEFAULT;
  if (act) k.sigactions.set(a.sig, { ...act, flags: act.flags & KNOWN_SA, mask: act.mask & ~UNBLOCKABLE });
  return a.oldact && !copyOut(k.memory, sigaction, a.oldact, old) ? -EFAULT : 0;
}

export const SIG_HOW = { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 } as const;

/** A set to read; a pointer when the size is wrong. */
export const newSet: Arg<bigint> = {
  decode: (raw) => raw,
  show: (at, { memory, args }) => (args.size === SIGSET_SIZE ? showStruct(memory, sigset, at) : showPointer(at)),
};

/**
 * Change the task's mask; sigprocmask(2), "C library/kernel differences". SIGKILL and SIGSTOP are left out silently.
 * EINVAL: a size other than 8, or an unknown `how` with a set. EFAULT: `set` or `oldset`.
 */
export function rt_sigprocmask(
  k: System,
  a: { how: number; set: bigint; oldset: bigint; size: bigint },
  task: Task,
): Result {
  if (a.size !== SIGSET_SIZE) return -EINVAL;
  const old = task.sigmask;
  if (a.set) {
    const set = copyIn(k.memory, sigset, a.set);
    if (set === undefined) return -EFAULT;
    const mask = combine(a.how, old, set & ~UNBLOCKABLE);
    if (mask === undefined) return -EINVAL;
    task.sigmask = mask;
  }
  return a.oldset && !copyOut(k.memory, sigset, a.oldset, old) ? -EFAULT : 0;
}

function combine(how: number, old: bigint, set: bigint): bigint | undefined {
  switch (how) {
    case SIG_HOW.SIG_BLOCK:
      return old | set;
    case SIG_HOW.SIG_UNBLOCK:
      return old & ~set;
    case SIG_HOW.SIG_SETMASK:
      return set;
    default:
      return undefined;
  }
}

export const MINSIGSTKSZ = 2048n;

/**
 * Set or read the alternate signal stack; sigaltstack(2).
 * EINVAL: flags other than SS_ONSTACK, SS_DISABLE and SS_AUTODISARM. ENOMEM: smaller than MINSIGSTKSZ.
 * EPERM: RSP is on the stack that would be changed. EFAULT: `ss` or `old_ss`.
 */
export function sigaltstack(k: System, a: { ss: bigint; old_ss: bigint }, task: Task): Result {
  const ss = a.ss ? copyIn(k.memory, stack, a.ss) : undefined;
  if (a.ss && !ss) return -EFAULT;
  const old = seenStack(task);
  if (ss) {
    const error = setStack(task, ss);
    if (error) return error;
  }
  return a.old_ss && !copyOut(k.memory, stack, a.old_ss, old) ? -EFAULT : 0;
}

/** The stack as a query sees it: SS_DISABLE and SS_ONSTACK are worked out, SS_AUTODISARM is kept. */
function seenStack(task: Task): Stack {
  const { altStack } = task;
  const state = altStack.size === 0n ? SS.SS_DISABLE : isOnStack(task) ? SS.SS_ONSTACK : 0;
  return { ...altStack, flags: state + (isAutodisarm(altStack) ? SS.SS_AUTODISARM : 0) };
}

const isAutodisarm = (s: Stack): boolean => s.flags >= SS.SS_AUTODISARM;

function isOnStack(task: Task): boolean {
  const { sp, size } = task.altStack;
  const rsp = task.cpu.gpr(R.sp);
  return !isAutodisarm(task.altStack) && rsp > sp && rsp - sp <= size;
}

function setStack(task: Task, ss: Stack): number {
  if (isOnStack(task)) return -EPERM;
  const mode = ss.flags % SS.SS_AUTODISARM;
  if (mode !== 0 && mode !== SS.SS_ONSTACK && mode !== SS.SS_DISABLE) return -EINVAL;
  if (mode === SS.SS_DISABLE) {
    task.altStack = { sp: 0n, flags: ss.flags, size: 0n };
    return 0;
  }
  if (ss.size < MINSIGSTKSZ) return -ENOMEM;
  task.altStack = ss;
  return 0;
}
