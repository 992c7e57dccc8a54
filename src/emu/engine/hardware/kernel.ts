/** The numbers of the host's Linux that the hardware engine speaks in: asm/unistd_64.h, linux/ptrace.h and their kin. */

/** System calls, by their x86-64 numbers. */
// biome-ignore format: table
export const NR = {
  close: 3, mmap: 9, munmap: 11, wait4: 61, getpid: 39, kill: 62, ftruncate: 77, ptrace: 101,
  getppid: 110, prctl: 157, arch_prctl: 158, exit_group: 231, seccomp: 317, memfd_create: 319, close_range: 436,
} as const;

/** Requests of ptrace(2). */
// biome-ignore format: table
export const PTRACE = {
  TRACEME: 0, GETREGS: 12, SETREGS: 13, SINGLESTEP: 9, SYSEMU: 31, SYSEMU_SINGLESTEP: 32, SETOPTIONS: 0x4200,
  GETSIGINFO: 0x4202, GETREGSET: 0x4204, SETREGSET: 0x4205,
} as const;
export const PTRACE_O = { TRACESYSGOOD: 1, EXITKILL: 0x10_0000 } as const;
/** The note type under which GETREGSET and SETREGSET move an XSAVE area (elf.h). */
export const NT_X86_XSTATE = 0x202;

// biome-ignore format: table
export const SIG = { ILL: 4, TRAP: 5, BUS: 7, FPE: 8, KILL: 9, SEGV: 11, SYS: 31 } as const;
/** How a stop at a system call is told from SIGTRAP (PTRACE_O_TRACESYSGOOD). */
export const SYSCALL_STOP = SIG.TRAP | 0x80;

/** si_code: who raised the signal, and of several causes which (asm-generic/siginfo.h). */
export const SI_KERNEL = 0x80;
export const TRAP_TRACE = 2;
export const BUS_ADRALN = 1;
export const FPE_INTDIV = 1;

export const ERRNO = { EINTR: 4, EINVAL: 22 } as const;
export const MAP = { SHARED: 1, PRIVATE: 2, FIXED: 0x10, ANONYMOUS: 0x20 } as const;
export const MFD = { CLOEXEC: 1, EXEC: 0x10 } as const;
export const PR = { SET_PDEATHSIG: 1, SET_TSC: 26, TSC_SIGSEGV: 2, SET_NO_NEW_PRIVS: 38 } as const;
export const ARCH_SET_CPUID = 0x1012;
export const SECCOMP_SET_MODE_FILTER = 1;
/** wait4: report children of every kind. */
export const WALL = 0x4000_0000;
