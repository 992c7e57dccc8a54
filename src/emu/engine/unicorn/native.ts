/** The system's libunicorn.so.2 behind unicorn.js's surface, called through koffi. */
import type { Address, InterruptHook, MemoryHook, UnicornInstance, UnicornModule } from './surface.ts';

/** unicorn/unicorn.h and unicorn/x86.h of Unicorn 2; the numbers are its ABI. */
// biome-ignore format: table
const CONSTANTS = {
  ARCH_X86: 4, MODE_64: 8,
  PROT_READ: 1, PROT_WRITE: 2, PROT_EXEC: 4,
  HOOK_INTR: 1, HOOK_MEM_WRITE: 0x800, HOOK_MEM_UNMAPPED: 0x70, HOOK_MEM_PROT: 0x380,
  MEM_READ_UNMAPPED: 19, MEM_WRITE_UNMAPPED: 20, MEM_FETCH_UNMAPPED: 21,
  MEM_WRITE_PROT: 22, MEM_READ_PROT: 23, MEM_FETCH_PROT: 24,
  X86_REG_RAX: 35, X86_REG_RCX: 38, X86_REG_RDX: 40, X86_REG_RBX: 37, X86_REG_RSP: 44, X86_REG_RBP: 36,
  X86_REG_RSI: 43, X86_REG_RDI: 39, X86_REG_R8: 106, X86_REG_RIP: 41, X86_REG_EFLAGS: 25, X86_REG_CR4: 54,
  X86_REG_FS_BASE: 250, X86_REG_GS_BASE: 251,
} as const;

/** UC_CTL_WRITE(UC_CTL_TB_REMOVE_CACHE, 2 arguments). */
const REMOVE_CACHE = 0x4800_0009;

/** Load the library. Throws when it, or koffi, is not there. */
export async function loadNative(library: string): Promise<UnicornModule> {
  const { default: koffi } = await import('koffi');
  const lib = koffi.load(library);
  const open = lib.func('int uc_open(int arch, int mode, _Out_ void **uc)');
  const close = lib.func('int uc_close(void *uc)');
  const strerror = lib.func('const char *uc_strerror(int code)');
  const regRead = lib.func('int uc_reg_read(void *uc, int id, void *value)');
  const regWrite = lib.func('int uc_reg_write(void *uc, int id, const void *value)');
  const memMap = lib.func('int uc_mem_map(void *uc, uint64_t address, size_t size, uint32_t perms)');
  const memUnmap = lib.func('int uc_mem_unmap(void *uc, uint64_t address, size_t size)');
  const memProtect = lib.func('int uc_mem_protect(void *uc, uint64_t address, size_t size, uint32_t perms)');
  const memRead = lib.func('int uc_mem_read(void *uc, uint64_t address, void *bytes, size_t size)');
  const memWrite = lib.func('int uc_mem_write(void *uc, uint64_t address, const void *bytes, size_t size)');
  const start = lib.func('int uc_emu_start(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)');
  const stop = lib.func('int uc_emu_stop(void *uc)');
  const contextAlloc = lib.func('int uc_context_alloc(void *uc, _Out_ void **context)');
  const contextSave = lib.func('int uc_context_save(void *uc, void *context)');
  const contextRestore = lib.func('int uc_context_restore(void *uc, void *context)');
  // Variadic in C; integers travel alike either way.
  const ctl = lib.func('int uc_ctl(void *uc, uint32_t control, uint64_t first, uint64_t second)');
  const anonymous = (text: string): ReturnType<typeof koffi.pointer> => koffi.pointer(koffi.proto(text));
  const interruptType = anonymous('void (void *uc, uint32_t vector, void *data)');
  const memoryType = anonymous('bool (void *uc, int type, uint64_t address, int size, int64_t value, void *data)');
  const hookAdd = lib.func(
    'int uc_hook_add(void *uc, _Out_ size_t *hook, int type, void *callback, void *data, uint64_t begin, uint64_t end)',
  );

  const check = (code: number, name: string): void => {
    if (code !== 0) throw new Error(`${name} failed with code ${code}: ${strerror(code)}`);
  };

  class Unicorn implements UnicornInstance {
    readonly #uc: unknown;
    readonly #word = new BigUint64Array(1);
    readonly #callbacks: bigint[] = [];

    constructor(arch: number, mode: number) {
      const out = [null];
      check(open(arch, mode, out), 'uc_open');
      this.#uc = out[0];
    }
    reg_read_i64(id: number): bigint {
      this.#word[0] = 0n;
      check(regRead(this.#uc, id, this.#word), 'uc_reg_read');
      return this.#word[0];
    }
    reg_write_i64(id: number, v: bigint): void {
      this.#word[0] = v;
      check(regWrite(this.#uc, id, this.#word), 'uc_reg_write');
    }
    mem_map(address: Address, size: number, perms: number): void {
      check(memMap(this.#uc, address, size, perms), 'uc_mem_map');
    }
    mem_unmap(address: Address, size: number): void {
      check(memUnmap(this.#uc, address, size), 'uc_mem_unmap');
    }
    mem_protect(address: Address, size: number, perms: number): void {
      check(memProtect(this.#uc, address, size, perms), 'uc_mem_protect');
    }
    mem_read(address: Address, size: number): Uint8Array {
      const bytes = new Uint8Array(size);
      check(memRead(this.#uc, address, bytes, size), 'uc_mem_read');
      return bytes;
    }
    mem_write(address: Address, bytes: Uint8Array): void {
      check(memWrite(this.#uc, address, bytes, bytes.length), 'uc_mem_write');
    }
    hook_add(type: number, callback: InterruptHook | MemoryHook): bigint {
      const isMemory = type !== CONSTANTS.HOOK_INTR;
      const call = callback as (...args: unknown[]) => unknown;
      const pointer = koffi.register(
        (_uc: unknown, ...args: unknown[]) => call(this, ...args),
        isMemory ? memoryType : interruptType,
      );
      this.#callbacks.push(pointer);
      const hook = [0n];
      check(hookAdd(this.#uc, hook, type, pointer, null, 1n, 0n), 'uc_hook_add');
      return BigInt(hook[0]!);
    }
    emu_start(begin: Address, until: Address, timeout: number, count: number): void {
      check(start(this.#uc, begin, until, timeout, count), 'uc_emu_start');
    }
    emu_stop(): void {
      check(stop(this.#uc), 'uc_emu_stop');
    }
    ctl_remove_cache(address: Address, end: Address): void {
      check(ctl(this.#uc, REMOVE_CACHE, address, end), 'uc_ctl');
    }
    context_alloc(): unknown {
      const out = [null];
      check(contextAlloc(this.#uc, out), 'uc_context_alloc');
      return out[0];
    }
    context_save(context: unknown): void {
      check(contextSave(this.#uc, context), 'uc_context_save');
    }
    context_restore(context: unknown): void {
      check(contextRestore(this.#uc, context), 'uc_context_restore');
    }
    close(): void {
      check(close(this.#uc), 'uc_close');
      for (const c of this.#callbacks) koffi.unregister(c);
    }
  }
  return { ...CONSTANTS, Unicorn };
}
