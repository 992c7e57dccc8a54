/** Linux x86-64 system calls, by number. https://man7.org/linux/man-pages/man2/syscalls.2.html */
import { bytes, choice, fd, flags, i32, input, offset, output, ptr, size, u32 } from './argument.ts';
import { ENOENT, ENOSYS } from './errno.ts';
import { write } from './file.ts';
import { futex, futexAddress2, futexOp, futexTimeout, futexVal, futexVal3 } from './futex.ts';
import { brk, MADV, madvise, mprotect, munmap, PROTS } from './memory.ts';
import { mapFlags, mmap } from './mmap.ts';
import { type Level, partial, type Row, refused, sys } from './row.ts';
import { newSet, rt_sigaction, rt_sigprocmask, SIG_HOW, sigaltstack, signal } from './signal.ts';
import { sigaction, sigset, stack, timespec } from './structs.ts';
import { readSysinfo, sysinfo } from './sysinfo.ts';
import { ARCH, arch_prctl, archAddress, exit, exit_group, set_robust_list } from './task.ts';
import { CLOCKS, clock_gettime, nanosleep } from './time.ts';

const prot = flags(PROTS, 'PROT_???', 'PROT_NONE');
const advice = choice(MADV, 'MADV_???');
const how = choice(SIG_HOW, 'SIG_???');
const code = choice(ARCH, 'ARCH_???');
const clock = choice(CLOCKS, 'CLOCK_???');
const op = futexOp;
const address = { returns: 'address' } as const;

// biome-ignore format: table
export const table: readonly Row[] = [
  partial(sys(  1, 'write',           { fd, buf: bytes('count'), count: size },                                      write),             'Descriptors 1 and 2 only. A buffer that is only partly readable is EFAULT.'),
  partial(sys(  9, 'mmap',            { addr: ptr, length: size, prot, flags: mapFlags, fd, offset },                mmap, address),     'Anonymous memory only. Nothing grows down, and memory never runs out.'),
          sys( 10, 'mprotect',        { addr: ptr, length: size, prot },                                             mprotect),
          sys( 11, 'munmap',          { addr: ptr, length: size },                                                   munmap),
          sys( 12, 'brk',             { addr: ptr },                                                                 brk, address),
  partial(sys( 13, 'rt_sigaction',    { sig: signal, act: input(sigaction), oldact: output(sigaction), size },       rt_sigaction),      'Remembered; no signal is delivered.'),
  partial(sys( 14, 'rt_sigprocmask',  { how, set: newSet, oldset: output(sigset), size },                            rt_sigprocmask),    'Remembered; no signal is delivered.'),
          sys( 24, 'sched_yield',     {},                                                                            () => 0),
  partial(sys( 28, 'madvise',         { addr: ptr, length: size, advice },                                           madvise),           'MADV_DONTNEED and MADV_REMOVE have an effect; an image section does not get its file contents back.'),
          sys( 35, 'nanosleep',       { req: input(timespec), rem: ptr },                                            nanosleep),
          sys( 39, 'getpid',          {},                                                                            (k) => k.pid),
  partial(sys( 60, 'exit',            { status: i32 },                                                               exit),              'No clear_child_tid, no robust futexes.'),
  refused(sys( 89, 'readlink',        { path: ptr, buf: ptr, size },                                                 () => -ENOENT),     'There are no files.'),
  partial(sys( 99, 'sysinfo',         { info: output(sysinfo) },                                                     readSysinfo),       'A machine of 1 GiB that is idle, with nothing else on it.'),
  partial(sys(131, 'sigaltstack',     { ss: input(stack), old_ss: output(stack) },                                   sigaltstack),       'Remembered; no signal is delivered.'),
          sys(158, 'arch_prctl',      { code, addr: archAddress },                                                   arch_prctl),
          sys(186, 'gettid',          {},                                                                            (_k, _a, task) => task.tid),
  partial(sys(202, 'futex',           { uaddr: ptr, op, val: futexVal, timeout: futexTimeout, uaddr2: futexAddress2, val3: futexVal3 }, futex), 'WAIT, WAKE, REQUEUE, CMP_REQUEUE and the BITSET forms; the rest is ENOSYS.'),
  partial(sys(218, 'set_tid_address', { tidptr: ptr },                                                               (_k, _a, task) => task.tid), 'The address is not cleared at exit.'),
  partial(sys(228, 'clock_gettime',   { clock, tp: output(timespec) },                                               clock_gettime),     'Virtual time. No clocks of other processes, no alarm clocks.'),
          sys(231, 'exit_group',      { status: i32 },                                                               exit_group),
  refused(sys(262, 'newfstatat',      { dirfd: fd, path: ptr, statbuf: ptr, flags: i32 },                            () => -ENOSYS),     'glibc buffers its output as for a file, then.'),
  partial(sys(273, 'set_robust_list', { head: ptr, size },                                                           set_robust_list),   'The list is not walked at exit.'),
  refused(sys(302, 'prlimit64',       { pid: i32, resource: u32, new_limit: ptr, old_limit: ptr },                   () => -ENOSYS),     'glibc takes its own defaults, then.'),
  refused(sys(318, 'getrandom',       { buf: ptr, size, flags: u32 },                                                () => -ENOSYS),     'There is no chance here; glibc takes the time, then.'),
  refused(sys(334, 'rseq',            { rseq: ptr, size: u32, flags: i32, sig: u32 },                                () => -ENOSYS),     'Tasks move only where the scheduler says; glibc carries on without it.'),
];

const byNumber = new Map(table.map((row) => [row.number, row]));

export const rowOf = (number: number): Row | undefined => byNumber.get(number);

export interface Coverage {
  readonly number: number;
  readonly name: string;
  readonly level: Level['level'];
  readonly note: string;
}

/** What is served, and how well: one line per row, by number. */
export function coverage(): Coverage[] {
  return table.map(({ number, name, support }) => ({ number, name, level: support.level, note: support.note ?? '' }));
}
