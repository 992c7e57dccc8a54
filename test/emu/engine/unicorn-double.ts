/**
 * A stand-in for unicorn.js, which is not on every registry: the system's Unicorn with the ways of the WebAssembly build,
 * as far as they meet the adapter.
 */
import { loadNative } from '../../../src/emu/engine/unicorn/native.ts';
import type {
  InterruptHook,
  MemoryHook,
  UnicornInstance,
  UnicornModule,
} from '../../../src/emu/engine/unicorn/surface.ts';

const signed = (v: bigint): bigint => BigInt.asIntN(64, v);

/** Errors are strings, with the text on a second line. */
function speak<T>(name: string, act: () => T): T {
  try {
    return act();
  } catch (e) {
    const [, code, text] = /failed with code (\d+): (.*)/.exec((e as Error).message) ?? [];
    throw `Unicorn.js: Function ${name} failed with code ${code}:\n${text}`;
  }
}

export interface Quirks {
  /** Calls of emu_start by whether they counted: the two kinds throw each other's translations away. */
  counted: number;
  uncounted: number;
}

/** What `require('@alexaltea/unicorn-js/x86')` gives: a factory. */
export function fakeUnicornJs(quirks: Quirks): () => Promise<UnicornModule> {
  return async () => {
    const native = await loadNative('libunicorn.so.2');
    class Engine implements UnicornInstance {
      readonly #uc: UnicornInstance;
      constructor(arch: number, mode: number) {
        this.#uc = new native.Unicorn(arch, mode);
      }
      reg_read_i64(id: number): bigint {
        return signed(this.#uc.reg_read_i64(id));
      }
      reg_write_i64(id: number, v: bigint): void {
        if (v !== signed(v) && v !== BigInt.asUintN(64, v)) throw new TypeError('not an i64');
        this.#uc.reg_write_i64(id, v);
      }
      mem_map(address: bigint, size: number, perms: number): void {
        if (size % 4096) throw 'Unicorn.js: Function uc_mem_map failed with code 15:\nInvalid argument (UC_ERR_ARG)';
        speak('uc_mem_map', () => this.#uc.mem_map(address, size, perms));
      }
      mem_unmap(address: bigint, size: number): void {
        speak('uc_mem_unmap', () => this.#uc.mem_unmap(address, size));
      }
      mem_protect(address: bigint, size: number, perms: number): void {
        speak('uc_mem_protect', () => this.#uc.mem_protect(address, size, perms));
      }
      mem_read(address: bigint, size: number): Uint8Array {
        return speak('uc_mem_read', () => this.#uc.mem_read(address, size));
      }
      mem_write(address: bigint, bytes: Uint8Array): void {
        speak('uc_mem_write', () => this.#uc.mem_write(address, bytes));
      }
      hook_add(type: number, callback: InterruptHook | MemoryHook): unknown {
        const call = callback as (...args: unknown[]) => unknown;
        // 64-bit values reach hooks signed, as bigint.
        const wide = (v: unknown, i: number): unknown =>
          type !== native.HOOK_INTR && (i === 1 || i === 3) ? signed(BigInt(v as number)) : v;
        return this.#uc.hook_add(type, (_uc: unknown, ...args: unknown[]) => call(this, ...args.map(wide)) as never);
      }
      emu_start(begin: bigint, until: bigint, timeout: number, count: number): void {
        // With a timeout the WebAssembly build aborts.
        if (timeout !== 0) throw new Error('RuntimeError: Aborted()');
        quirks[count ? 'counted' : 'uncounted']++;
        speak('uc_emu_start', () => this.#uc.emu_start(begin, until, 0, count));
      }
      emu_stop(): void {
        this.#uc.emu_stop();
      }
      ctl_remove_cache(address: bigint, end: bigint): void {
        speak('uc_ctl', () => this.#uc.ctl_remove_cache(address, end));
      }
      context_alloc(): unknown {
        return this.#uc.context_alloc();
      }
      context_save(context: unknown): void {
        this.#uc.context_save(context);
      }
      context_restore(context: unknown): void {
        this.#uc.context_restore(context);
      }
      close(): void {
        this.#uc.close();
      }
    }
    return { ...native, Unicorn: Engine };
  };
}
