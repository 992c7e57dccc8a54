/**
 * The part of unicorn.js's JavaScript surface that the engine uses. Two providers offer it: the npm package itself
 * (WebAssembly), and native.ts, which wraps the system's shared library.
 */

/** Addresses go in as bigint; they come out as bigint too, but read as signed: see `unsigned`. */
export type Address = bigint;

/** The module: constants, and the class. */
export interface UnicornModule {
  readonly Unicorn: new (arch: number, mode: number) => UnicornInstance;
  readonly ARCH_X86: number;
  readonly MODE_64: number;
  readonly PROT_READ: number;
  readonly PROT_WRITE: number;
  readonly PROT_EXEC: number;
  readonly HOOK_INTR: number;
  readonly HOOK_MEM_WRITE: number;
  readonly HOOK_MEM_UNMAPPED: number;
  readonly HOOK_MEM_PROT: number;
  readonly MEM_READ_UNMAPPED: number;
  readonly MEM_WRITE_UNMAPPED: number;
  readonly MEM_FETCH_UNMAPPED: number;
  readonly MEM_READ_PROT: number;
  readonly MEM_WRITE_PROT: number;
  readonly MEM_FETCH_PROT: number;
  readonly X86_REG_RAX: number;
  readonly X86_REG_RCX: number;
  readonly X86_REG_RDX: number;
  readonly X86_REG_RBX: number;
  readonly X86_REG_RSP: number;
  readonly X86_REG_RBP: number;
  readonly X86_REG_RSI: number;
  readonly X86_REG_RDI: number;
  readonly X86_REG_R8: number;
  readonly X86_REG_RIP: number;
  readonly X86_REG_EFLAGS: number;
  readonly X86_REG_CR4: number;
  readonly X86_REG_FS_BASE: number;
  readonly X86_REG_GS_BASE: number;
}

/** One emulated CPU with its memory. Methods throw when Unicorn refuses: unicorn.js a string, others an Error. */
export interface UnicornInstance {
  reg_read_i64(id: number): bigint;
  reg_write_i64(id: number, v: bigint): void;
  /** Whole pages of 4 KiB. */
  mem_map(address: Address, size: number, perms: number): void;
  mem_unmap(address: Address, size: number): void;
  mem_protect(address: Address, size: number, perms: number): void;
  /** Neither looks at permissions. */
  mem_read(address: Address, size: number): Uint8Array;
  mem_write(address: Address, bytes: Uint8Array): void;
  hook_add(type: number, callback: InterruptHook | MemoryHook): unknown;
  /** Runs `count` instructions, or, with 0, until RIP is `until`. `timeout` must be 0: unicorn.js aborts otherwise. */
  emu_start(begin: Address, until: Address, timeout: number, count: number): void;
  emu_stop(): void;
  /** Forget what was translated from [address, end). */
  ctl_remove_cache(address: Address, end: Address): void;
  /** A copy of the CPU's whole state, beyond its registers; freed with the instance. */
  context_alloc(): unknown;
  context_save(context: unknown): void;
  context_restore(context: unknown): void;
  close(): void;
}

export type InterruptHook = (uc: UnicornInstance, vector: number) => void;
/** A store that is about to be done (the answer is not looked at), or an access that memory refuses (true: try again). */
export type MemoryHook = (uc: UnicornInstance, type: number, address: bigint, size: number, value: bigint) => boolean;

/** unicorn.js hands every 64-bit value out as i64. */
export const unsigned = (v: bigint): bigint => BigInt.asUintN(64, v);

/** The sentence in whatever a provider throws. */
export const sentence = (e: unknown): string => (e instanceof Error ? e.message : String(e));
