/** One Unicorn instance, which several engines use in turn, and what its hooks tell. */
import type { Instruction } from '../../decode/instruction.ts';
import type { Access } from '../../mem/fault.ts';
import { prepare } from './registers.ts';
import {
  type InterruptHook,
  type MemoryHook,
  sentence,
  type UnicornInstance,
  type UnicornModule,
  unsigned,
} from './surface.ts';

/** Whose turn it is. */
export interface Guest {
  leave(): void;
  /** Unicorn is about to store this, or to fault over it. */
  stored(address: bigint, size: number, value: bigint): void;
}

/** What ended a start in Unicorn early, before anybody has judged it. */
export type Trouble =
  /** It lacks the page, or the page's protection forbids it. */
  | { readonly kind: 'access'; readonly access: Access; readonly address: bigint; readonly size: number }
  /** A CPU exception, by its vector. */
  | { readonly kind: 'exception'; readonly vector: number }
  /** It has no such instruction. */
  | { readonly kind: 'unknown' };

/** UC_ERR_INSN_INVALID, in the words of either provider. */
const INVALID = /\bcode 10\b/;

/** A count all the same: with 0 Unicorn works in another way, and every change between the two flushes its cache. */
const UNLIMITED = 0x7fff_ffff;

export class Host {
  readonly module: UnicornModule;
  readonly uc: UnicornInstance;
  /** The state of a CPU that has not seen an exception yet. */
  readonly #fresh: unknown;
  readonly #accesses: ReadonlyMap<number, Access>;
  #guest: Guest | undefined;
  /** The first thing that went wrong in this start: what follows from it is noise. */
  #trouble: Trouble | undefined;

  constructor(module: UnicornModule) {
    this.module = module;
    this.uc = new module.Unicorn(module.ARCH_X86, module.MODE_64);
    this.#accesses = new Map([
      [module.MEM_READ_UNMAPPED, 'read'],
      [module.MEM_READ_PROT, 'read'],
      [module.MEM_WRITE_UNMAPPED, 'write'],
      [module.MEM_WRITE_PROT, 'write'],
      [module.MEM_FETCH_UNMAPPED, 'execute'],
      [module.MEM_FETCH_PROT, 'execute'],
    ]);
    prepare(module, this.uc);
    this.#fresh = this.uc.context_alloc();
    this.uc.context_save(this.#fresh);
    this.#hook();
  }

  /**
   * After an exception, with the registers taken: Unicorn believes it is still being delivered, would call the next one a
   * double fault, and would shut down silently over the one after that.
   */
  recover(): void {
    this.uc.context_restore(this.#fresh);
  }

  /** From now on hooks speak to this guest; Unicorn holds nothing of another's. */
  turn(guest: Guest): void {
    if (this.#guest === guest) return;
    this.#guest?.leave();
    this.#guest = guest;
  }

  /** Run `count` instructions, of which `first` is the first, and none at `until`. A repeated one runs alone, to its end. */
  start(first: Instruction, until: bigint, count: number): Trouble | undefined {
    this.#trouble = undefined;
    try {
      // To Unicorn every turn of a REP is an instruction: only the address of the next one ends it.
      const limit = first.repeat ? UNLIMITED : count;
      this.uc.emu_start(BigInt.asIntN(64, first.address), BigInt.asIntN(64, until), 0, limit);
    } catch (e) {
      if (this.#trouble) return this.#trouble;
      if (INVALID.test(sentence(e))) return { kind: 'unknown' };
      throw e;
    }
    return this.#trouble;
  }

  /** An exception must not leave a hook (unicorn.js loses a nesting level each time), and none of these throws. */
  #hook(): void {
    const { HOOK_INTR, HOOK_MEM_WRITE, HOOK_MEM_UNMAPPED, HOOK_MEM_PROT } = this.module;
    const interrupt: InterruptHook = (_uc, vector) => {
      this.#trouble ??= { kind: 'exception', vector };
      this.uc.emu_stop();
    };
    const store: MemoryHook = (_uc, _type, address, size, value) => {
      if (!this.#trouble) this.#guest?.stored(unsigned(BigInt(address)), size, BigInt(value));
      return true;
    };
    const refused: MemoryHook = (_uc, type, address, size) => {
      const access = this.#accesses.get(type) ?? 'read';
      this.#trouble ??= { kind: 'access', access, address: unsigned(BigInt(address)), size };
      return false;
    };
    this.uc.hook_add(HOOK_INTR, interrupt);
    this.uc.hook_add(HOOK_MEM_WRITE, store);
    this.uc.hook_add(HOOK_MEM_UNMAPPED, refused);
    this.uc.hook_add(HOOK_MEM_PROT, refused);
  }
}
