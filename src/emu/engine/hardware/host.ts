/** The host's kernel, reached through koffi: raw system calls, posix_spawn, and memory that both sides see. */
import { arch, platform } from 'node:os';
import { ERRNO, MAP, MFD, NR } from './kernel.ts';

/** The hardware engine cannot work here; the message says in one line why, and what to do. */
export class HardwareUnavailable extends Error {
  override readonly name = 'HardwareUnavailable';
}

/** Memory of this process outside of JavaScript's heap, which stays where it is. */
export interface Block {
  readonly address: number;
  readonly bytes: Uint8Array;
}

export interface Host {
  /** A system call; −errno when it fails. */
  call(nr: number, a?: number, b?: number, c?: number, d?: number, e?: number, f?: number): number;
  /** Map memory of this process; of the file `fd` at `offset` when one is given. */
  map(size: number, fd?: number, offset?: number): Block;
  unmap(block: Block): void;
  /** An anonymous file. Closed when this process executes another program, but kept by `spawn`. */
  file(name: string): number;
  /** Start the program in the file `program`, in a session of its own, with no open file but `keep`: its pid. */
  spawn(program: number, keep: number): number;
}

type Call = (...args: number[]) => number;

/** Throws HardwareUnavailable where the host is another, or koffi's native part is missing. */
export async function openHost(): Promise<Host> {
  if (platform() !== 'linux' || arch() !== 'x64') {
    throw new HardwareUnavailable(
      `the hardware engine runs on x86-64 Linux, and this is ${platform()} on ${arch()}: use another engine`,
    );
  }
  try {
    const koffi = await import('koffi');
    // The C library that Node itself is linked with, whichever that is.
    const libc = koffi.load(null);
    const declare = (name: string, arity: number): Call => libc.func(name, 'int64', Array(arity).fill('int64'));
    return new KoffiHost(declare, koffi.errno, (address, size) => koffi.view(BigInt(address), size));
  } catch (e) {
    const [reason] = String((e as Error).message ?? e).split('\n');
    throw new HardwareUnavailable(
      `the hardware engine needs koffi's native module, which does not load (${reason}): run npm install, or use another engine`,
    );
  }
}

class KoffiHost implements Host {
  readonly #syscall: Call;
  readonly #declare: (name: string, arity: number) => Call;
  readonly #errno: () => number;
  readonly #view: (address: number, size: number) => ArrayBuffer;

  constructor(
    declare: (name: string, arity: number) => Call,
    errno: () => number,
    view: (address: number, size: number) => ArrayBuffer,
  ) {
    this.#declare = declare;
    this.#syscall = declare('syscall', 7);
    this.#errno = errno;
    this.#view = view;
  }

  call(nr: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): number {
    const value = this.#syscall(nr, a, b, c, d, e, f);
    return value === -1 ? -this.#errno() : value;
  }

  map(size: number, fd?: number, offset = 0): Block {
    const flags = fd === undefined ? MAP.PRIVATE | MAP.ANONYMOUS : MAP.SHARED;
    const address = this.call(NR.mmap, 0, size, 3, flags, fd ?? -1, offset);
    if (address < 0) throw new Error(`the host refuses ${size} bytes of memory (errno ${-address})`);
    return { address, bytes: new Uint8Array(this.#view(address, size)) };
  }

  unmap({ address, bytes }: Block): void {
    this.call(NR.munmap, address, bytes.length);
  }

  file(name: string): number {
    const block = this.map(4096);
    block.bytes.set(new TextEncoder().encode(name));
    let fd = this.call(NR.memfd_create, block.address, MFD.CLOEXEC | MFD.EXEC);
    // Kernels before 6.3 do not know MFD_EXEC, and need none.
    if (fd === -ERRNO.EINVAL) fd = this.call(NR.memfd_create, block.address, MFD.CLOEXEC);
    this.unmap(block);
    if (fd < 0) throw new HardwareUnavailable(`the host refuses an anonymous file (memfd_create: errno ${-fd})`);
    return fd;
  }

  spawn(program: number, keep: number): number {
    const block = this.map(4096);
    try {
      return this.#spawn(block, program, keep);
    } finally {
      this.unmap(block);
    }
  }

  /** vfork() and exec in the C library's hands: a fork of Node's many threads would be nobody's. */
  #spawn({ address, bytes }: Block, program: number, keep: number): number {
    const at = { pid: 0, argv: 16, path: 64, actions: 512, attributes: 1024 } as const;
    const view = new DataView(bytes.buffer);
    bytes.set(new TextEncoder().encode(`/proc/self/fd/${program}`), at.path);
    view.setBigUint64(at.argv, BigInt(address + at.path), true);
    const actions = address + at.actions;
    const attributes = address + at.attributes;
    this.#declare('posix_spawn_file_actions_init', 1)(actions);
    // A file put onto itself is no longer closed by exec.
    this.#declare('posix_spawn_file_actions_adddup2', 3)(actions, keep, keep);
    this.#declare('posix_spawnattr_init', 1)(attributes);
    // No signal is blocked there, and a terminal's ^C is not meant for it.
    const [SETSIGMASK, SETSID] = [0x08, 0x80];
    this.#declare('posix_spawnattr_setflags', 2)(attributes, SETSIGMASK | SETSID);
    const spawn = this.#declare('posix_spawn', 6);
    const empty = address + at.argv + 8;
    const path = address + at.path;
    const error = Number(
      BigInt.asIntN(32, BigInt(spawn(address, path, actions, attributes, address + at.argv, empty))),
    );
    this.#declare('posix_spawnattr_destroy', 1)(attributes);
    this.#declare('posix_spawn_file_actions_destroy', 1)(actions);
    if (error !== 0) {
      throw new HardwareUnavailable(
        `the hardware engine cannot start its process (posix_spawn: errno ${error}): allow programs in anonymous files (sysctl vm.memfd_noexec=0), or use another engine`,
      );
    }
    return view.getInt32(at.pid, true);
  }
}
