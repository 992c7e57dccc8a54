/**
 * The last wall: a seccomp filter under which the tracee can arrange its own memory and nothing else.
 *
 * Guest code never gets as far as a system call: those are served before they are executed (hardware.ts), and
 * PTRACE_SYSEMU stops at those that are reached all the same. Should both be wrong, the kernel kills the process.
 */
import { NR } from './kernel.ts';

const SECCOMP_RET_KILL_PROCESS = 0x8000_0000;
const SECCOMP_RET_ALLOW = 0x7fff_0000;
const AUDIT_ARCH_X86_64 = 0xc000_003e;
/** Offsets in struct seccomp_data (linux/seccomp.h). */
const DATA = { nr: 0, arch: 4 } as const;

/** What the engine has the tracee do for itself. None of it reaches outside of the process. */
const allowed = [NR.mmap, NR.munmap];

/** Classic BPF (linux/filter.h): LD|W|ABS, JMP|JEQ|K, RET|K. */
const load = (offset: number): Uint8Array => instruction(0x20, 0, 0, offset);
const jumpIfEqual = (k: number, then: number, otherwise: number): Uint8Array => instruction(0x15, then, otherwise, k);
const ret = (k: number): Uint8Array => instruction(0x06, 0, 0, k);

function instruction(code: number, jt: number, jf: number, k: number): Uint8Array {
  const out = new DataView(new ArrayBuffer(8));
  out.setUint16(0, code, true);
  out.setUint8(2, jt);
  out.setUint8(3, jf);
  out.setUint32(4, k, true);
  return new Uint8Array(out.buffer);
}

const program = [
  load(DATA.arch),
  jumpIfEqual(AUDIT_ARCH_X86_64, 0, allowed.length + 1),
  load(DATA.nr),
  ...allowed.map((nr, i) => jumpIfEqual(nr, allowed.length - i, 0)),
  ret(SECCOMP_RET_KILL_PROCESS),
  ret(SECCOMP_RET_ALLOW),
];

/** struct sock_fprog and the program behind it, to be placed at `address`. */
export function filterAt(address: number): Uint8Array {
  const out = new Uint8Array(16 + 8 * program.length);
  const view = new DataView(out.buffer);
  view.setUint16(0, program.length, true);
  view.setBigUint64(8, BigInt(address + 16), true);
  program.forEach((bytes, i) => out.set(bytes, 16 + 8 * i));
  return out;
}
