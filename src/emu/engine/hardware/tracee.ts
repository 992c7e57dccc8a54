/**
 * A process that belongs to us: its registers, its system calls, one instruction at a time.
 *
 * ptrace answers only the thread that the tracee was started from, and every call here is made on that thread, while it
 * waits. The tracee ends with us in each of three ways: `kill`, PTRACE_O_EXITKILL, and its own PR_SET_PDEATHSIG.
 */
import { type Block, HardwareUnavailable, type Host } from './host.ts';
import { ERRNO, NR, NT_X86_XSTATE, PTRACE, PTRACE_O, SIG, SYSCALL_STOP, WALL } from './kernel.ts';
import { USER } from './registers.ts';
import { STUB_SYSCALL, stub } from './stub.ts';

const PAGE = 4096;
/** Where things lie in the block that the kernel reads and writes for us. The XSAVE area takes the rest. */
const AT = { user: 0, injected: 256, siginfo: 512, status: 640, iovec: 648, xsave: 4096, end: 0x1_0000 } as const;
const RAX = USER.gpr[0];
/** Registers of the system call convention: number, arguments. */
const CALL = [0, 7, 6, 2, 10, 8, 9].map((n) => USER.gpr[n]!);

const faultSignals: ReadonlySet<number> = new Set([SIG.SEGV, SIG.BUS, SIG.ILL, SIG.FPE]);

/** An executable page of the tracee whose first bytes may be borrowed, and these bytes as we see them. */
export interface Site {
  readonly address: number;
  /** Undefined where we cannot write, but there is a SYSCALL instruction already: in the stub. */
  readonly bytes: Uint8Array | undefined;
}
const SYSCALL = Uint8Array.of(0x0f, 0x05);
const POPFQ = 0x9d;

export class Tracee {
  readonly pid: number;
  readonly #host: Host;
  readonly #block: Block;
  readonly #view: DataView;
  /** user_regs_struct, as the guest has it after a stop and shall have it when it goes on. */
  readonly user: Uint8Array;
  readonly #quads: BigUint64Array;
  readonly #injected: BigUint64Array;
  readonly xsave: Uint8Array;
  /** `user` is what the tracee's registers hold. */
  #loaded = true;
  #alive = true;
  site: Site = { address: STUB_SYSCALL, bytes: undefined };

  /** Start it, with the open file `keep` and nothing else of ours. */
  constructor(host: Host, keep: number) {
    this.#host = host;
    this.#block = host.map(AT.end);
    const { bytes } = this.#block;
    this.#view = new DataView(bytes.buffer);
    this.user = bytes.subarray(AT.user, AT.user + 8 * USER.length);
    this.#quads = new BigUint64Array(bytes.buffer, AT.user, USER.length);
    this.#injected = new BigUint64Array(bytes.buffer, AT.injected, USER.length);
    this.pid = this.#start(keep);
    this.#ptrace(PTRACE.SETOPTIONS, 0, PTRACE_O.EXITKILL | PTRACE_O.TRACESYSGOOD);
    this.#ptrace(PTRACE.GETREGS, 0, this.#block.address + AT.user);
    this.#injected.set(this.#quads);
    // The first answer says how large the area is; the kernel takes it back in that size only.
    this.xsave = bytes.subarray(AT.xsave, AT.xsave + this.#regset(PTRACE.GETREGSET, AT.end - AT.xsave));
  }

  #start(keep: number): number {
    const program = this.#host.file('callgate-tracee');
    const image = stub(this.#host.call(NR.getpid));
    this.#host.call(NR.ftruncate, program, PAGE);
    const block = this.#host.map(PAGE, program);
    block.bytes.set(image);
    this.#host.unmap(block);
    const pid = this.#host.spawn(program, keep);
    this.#host.call(NR.close, program);
    const status = this.#wait(pid);
    if ((status & 0xff) === 0x7f) return pid;
    this.#alive = false;
    const how = (status & 0x7f) === 0 ? `errno ${status >> 8}` : `signal ${status & 0x7f}`;
    throw new HardwareUnavailable(
      `the host does not let a process be traced (${how}): allow ptrace (docker run --cap-add=SYS_PTRACE; sysctl kernel.yama.ptrace_scope=1), or use another engine`,
    );
  }

  /** One 64-bit register of user_regs_struct. */
  register(n: number): bigint {
    return this.#quads[n]!;
  }
  /** Change one; `changed()` for whoever writes `user` itself. */
  setRegister(n: number, v: bigint): void {
    this.#quads[n] = v;
    this.#loaded = false;
  }
  changed(): void {
    this.#loaded = false;
  }

  readXsave(): void {
    this.#regset(PTRACE.GETREGSET, this.xsave.length);
  }
  /** False when the kernel refuses the values: reserved bits of MXCSR. */
  writeXsave(): boolean {
    return this.#regset(PTRACE.SETREGSET, this.xsave.length) >= 0;
  }
  #regset(request: number, size: number): number {
    this.#view.setBigUint64(AT.iovec, BigInt(this.#block.address + AT.xsave), true);
    this.#view.setBigUint64(AT.iovec + 8, BigInt(size), true);
    const error = this.#host.call(NR.ptrace, request, this.pid, NT_X86_XSTATE, this.#block.address + AT.iovec);
    if (error === -ERRNO.EINVAL && request === PTRACE.SETREGSET) return error;
    if (error < 0) this.#failed(error);
    return Number(this.#view.getBigUint64(AT.iovec + 8, true));
  }

  /** Retire one instruction, or none: SIGTRAP, a fault's signal, or SYSCALL_STOP when it was a system call. */
  step(): number {
    return this.#go(PTRACE.SYSEMU_SINGLESTEP);
  }
  /** Go on until something happens: a fault's signal, SIGTRAP at a breakpoint, SYSCALL_STOP. */
  continue(): number {
    return this.#go(PTRACE.SYSEMU);
  }
  #go(request: number): number {
    if (!this.#loaded) {
      const error = this.#host.call(NR.ptrace, PTRACE.SETREGS, this.pid, 0, this.#block.address + AT.user);
      if (error < 0) this.#failed(error, 'FS and GS bases must be user addresses');
    }
    const signal = this.#resume(request);
    this.#ptrace(PTRACE.GETREGS, 0, this.#block.address + AT.user);
    this.#loaded = true;
    if (signal === SYSCALL_STOP) this.#leaveSyscall();
    return signal;
  }

  /** From where it stopped, on its way into the kernel, to where a step executes an instruction again. */
  #leaveSyscall(): void {
    this.#loaded = false;
    this.#resume(PTRACE.SINGLESTEP);
  }

  /** Of the latest fault: si_code and si_addr. */
  siginfo(): { code: number; address: bigint } {
    this.#ptrace(PTRACE.GETSIGINFO, 0, this.#block.address + AT.siginfo);
    return {
      code: this.#view.getInt32(AT.siginfo + 8, true),
      address: this.#view.getBigUint64(AT.siginfo + 16, true),
    };
  }

  /** Have the tracee make a system call: its result, −errno included. The guest's registers do not see it. */
  syscall(nr: number, ...args: number[]): number {
    const { address, bytes } = this.site;
    const regs = this.#injected;
    [nr, ...args].forEach((v, i) => {
      regs[CALL[i]!] = BigInt.asUintN(64, BigInt(v));
    });
    regs[USER.rip] = BigInt(address);
    regs[USER.orig_rax] = 0xffff_ffff_ffff_ffffn;
    this.#borrow(bytes, SYSCALL, () => this.#runInjected());
    return Number(BigInt.asIntN(64, regs[RAX]!));
  }

  /** POPFQ, for the one flag that ptrace does not set: ID. */
  popFlags(value: bigint): void {
    const { address, bytes } = this.site;
    const image = new Uint8Array(16);
    image[0] = POPFQ;
    new DataView(image.buffer).setBigUint64(8, value, true);
    this.#injected[USER.rip] = BigInt(address);
    this.#injected[USER.rsp] = BigInt(address + 8);
    this.#borrow(bytes, image, () => this.#runInjected());
  }

  /** Put `code` at the site for as long as `run` takes. */
  #borrow(bytes: Uint8Array | undefined, code: ArrayLike<number>, run: () => void): void {
    const kept = bytes?.slice(0, code.length);
    bytes?.set(code);
    try {
      run();
    } finally {
      if (kept) bytes?.set(kept);
    }
  }

  #runInjected(): void {
    const at = this.#block.address + AT.injected;
    this.#loaded = false;
    this.#ptrace(PTRACE.SETREGS, 0, at);
    const signal = this.#resume(PTRACE.SINGLESTEP);
    if (signal !== SIG.TRAP) throw new Error(`the traced process stopped with signal ${signal} in a call made for it`);
    this.#ptrace(PTRACE.GETREGS, 0, at);
  }

  /** Signals that somebody sent to it are dropped: what counts are those that its own instructions raise. */
  #resume(request: number): number {
    for (;;) {
      this.#ptrace(request, 0, 0);
      const status = this.#wait(this.pid);
      if ((status & 0xff) !== 0x7f) this.#ended(status);
      const signal = (status >> 8) & 0xff;
      if (signal === SIG.TRAP || signal === SYSCALL_STOP) return signal;
      if (faultSignals.has(signal) && this.siginfo().code > 0) return signal;
    }
  }

  #wait(pid: number): number {
    const status = this.#block.address + AT.status;
    let error: number;
    do error = this.#host.call(NR.wait4, pid, status, WALL, 0);
    while (error === -ERRNO.EINTR);
    if (error < 0) this.#failed(error);
    return this.#view.getInt32(AT.status, true);
  }

  #ptrace(request: number, address: number, data: number): void {
    const error = this.#host.call(NR.ptrace, request, this.pid, address, data);
    if (error < 0) this.#failed(error);
  }

  #ended(status: number): never {
    this.#alive = false;
    const signal = status & 0x7f;
    if (signal === SIG.SYS) throw new Error('guest code reached the kernel, and the filter killed the traced process');
    throw new Error(
      `the traced process was ended from outside (${signal ? `signal ${signal}` : `status ${status >> 8}`})`,
    );
  }

  #failed(error: number, why = 'it was killed, or another thread uses it'): never {
    throw new Error(`ptrace of process ${this.pid} failed with errno ${-error}: ${why}`);
  }

  /** End it, and wait until it has ended. */
  kill(): void {
    if (this.#alive) {
      this.#alive = false;
      this.#host.call(NR.kill, this.pid, SIG.KILL);
      this.#reap();
    }
    this.#host.unmap(this.#block);
  }

  /** A stop may still be reported before the end. */
  #reap(): void {
    for (;;) {
      const error = this.#host.call(NR.wait4, this.pid, this.#block.address + AT.status, WALL, 0);
      if (error < 0 && error !== -ERRNO.EINTR) return;
      if (error > 0 && (this.#view.getInt32(AT.status, true) & 0xff) !== 0x7f) return;
    }
  }
}
