/**
 * Finding what to translate together: from one address, all code that direct branches lead to, up to a limit.
 *
 * A direct call is followed too, and what it leads to is taken in as if it stood at the call (a context), so that its
 * return is a comparison and a branch. Code that is reached in two contexts is there twice.
 */
import type { Instruction } from '../../decode/instruction.ts';
import type { Lowered } from './ir.ts';
import { lower } from './lower.ts';

/** Where inlined code returns to. */
export interface Context {
  readonly parent: Context | undefined;
  readonly returnTo: bigint;
  readonly callee: bigint;
  readonly depth: number;
}

export interface Block {
  readonly address: bigint;
  readonly context: Context | undefined;
  readonly insns: readonly Lowered[];
  readonly end: End;
}

/** A block of the region, or an address outside it. */
export type Target = { readonly block: number } | { readonly exit: bigint };

export type End =
  | { readonly kind: 'goto'; readonly to: Target }
  /** The last instruction's jump, taken or not. */
  | { readonly kind: 'branch'; readonly taken: Target; readonly not: Target }
  /** To wherever the last instruction's jump says. `expected`: a return that should lead there. */
  | { readonly kind: 'dynamic'; readonly expected: { readonly address: bigint; readonly to: Target } | undefined }
  /** The interpreter does what is at this address. */
  | { readonly kind: 'leave'; readonly at: bigint };

export interface Region {
  readonly entry: bigint;
  /** Block 0 is the entry. */
  readonly blocks: readonly Block[];
  /** Pages whose bytes were read, lowest first. */
  readonly pages: readonly number[];
}

export interface Limits {
  readonly instructions: number;
  /** Calls are followed while the region has fewer instructions than this. */
  readonly inlined: number;
  readonly depth: number;
}

/** Reads the instruction at an address; undefined when it cannot be fetched or decoded. */
export type Fetch = (address: bigint) => Instruction | undefined;

/** Undefined for what the interpreter is to do. */
export type Read = (insn: Instruction) => Lowered | undefined;

interface Found {
  readonly lowered: Lowered | undefined;
  readonly insn: Instruction | undefined;
  readonly address: bigint;
  readonly context: Context | undefined;
}

const next = (i: Instruction): bigint => i.address + BigInt(i.length);

export function findRegion(entry: bigint, fetch: Fetch, limits: Limits, read: Read = lower): Region {
  const finder = new Finder(fetch, limits, read);
  return finder.region(entry);
}

class Finder {
  readonly #fetch: Fetch;
  readonly #limits: Limits;
  readonly #read: Read;
  readonly #found = new Map<string, Found>();
  readonly #leaders = new Map<string, { address: bigint; context: Context | undefined }>();
  readonly #contexts = new Map<string, Context>();
  readonly #ids = new Map<Context | undefined, number>([[undefined, 0]]);
  #count = 0;

  constructor(fetch: Fetch, limits: Limits, read: Read) {
    this.#fetch = fetch;
    this.#read = read;
    this.#limits = limits;
  }

  #key(address: bigint, context: Context | undefined): string {
    return `${address}/${this.#ids.get(context)!}`;
  }

  region(entry: bigint): Region {
    this.#lead(entry, undefined);
    // The map grows while it is walked: new leaders are reached in their turn.
    for (const { address, context } of this.#leaders.values()) this.#follow(address, context);
    const order = [...this.#leaders.keys()];
    const numbers = new Map(order.map((k, i) => [k, i]));
    const blocks = [...this.#leaders.values()].map((l) => this.#block(l.address, l.context, numbers));
    const pages = new Set<number>();
    for (const { insn } of this.#found.values()) {
      if (!insn) continue;
      pages.add(Number(insn.address >> 12n));
      pages.add(Number((next(insn) - 1n) >> 12n));
    }
    return { entry, blocks, pages: [...pages].sort((a, b) => a - b) };
  }

  #lead(address: bigint, context: Context | undefined): void {
    const key = this.#key(address, context);
    if (!this.#leaders.has(key) && (this.#found.has(key) || this.#count < this.#limits.instructions)) {
      this.#leaders.set(key, { address, context });
    }
  }

  /** Straight on from a leader until something branches. */
  #follow(start: bigint, context: Context | undefined): void {
    for (let address = start; ; ) {
      const key = this.#key(address, context);
      if (this.#found.has(key)) {
        // Two ways lead here: the other one is cut in two.
        if (address !== start) this.#lead(address, context);
        return;
      }
      if (this.#count >= this.#limits.instructions) return;
      const insn = this.#fetch(address);
      const lowered = insn && this.#read(insn);
      this.#found.set(key, { insn, lowered, address, context });
      this.#count++;
      if (!insn || !lowered) return;
      if (lowered.jump) return this.#branch(lowered, context);
      address = next(insn);
    }
  }

  #branch({ insn, jump }: Lowered, context: Context | undefined): void {
    const { target, when } = jump!;
    if (when) this.#lead(next(insn), context);
    if (target.op === 'const') {
      const inner = this.#callee(insn, target.value, context);
      if (inner !== 'outside') this.#lead(target.value, inner);
    } else if (isReturn(insn) && context) this.#lead(context.returnTo, context.parent);
  }

  /** The context a direct branch leads into. */
  #callee(insn: Instruction, target: bigint, context: Context | undefined): Context | undefined | 'outside' {
    if (insn.form.name !== 'CALL') return context;
    const depth = (context?.depth ?? 0) + 1;
    const key = this.#key(insn.address, context);
    const known = this.#contexts.get(key);
    if (known) return known;
    if (depth > this.#limits.depth || this.#count >= this.#limits.inlined || recursion(context, target) > 4)
      return 'outside';
    const made: Context = { parent: context, returnTo: next(insn), callee: target, depth };
    this.#contexts.set(key, made);
    this.#ids.set(made, this.#ids.size);
    return made;
  }

  #target(address: bigint, context: Context | undefined, numbers: ReadonlyMap<string, number>): Target {
    const block = numbers.get(this.#key(address, context));
    return block === undefined ? { exit: address } : { block };
  }

  #block(start: bigint, context: Context | undefined, numbers: ReadonlyMap<string, number>): Block {
    const insns: Lowered[] = [];
    const done = (end: End): Block => ({ address: start, context, insns, end });
    for (let address = start; ; ) {
      const key = this.#key(address, context);
      if (address !== start && numbers.has(key)) return done({ kind: 'goto', to: { block: numbers.get(key)! } });
      const found = this.#found.get(key);
      if (!found) return done({ kind: 'goto', to: { exit: address } });
      const { insn, lowered } = found;
      if (!insn || !lowered) return done({ kind: 'leave', at: address });
      insns.push(lowered);
      if (lowered.jump) return done(this.#end(lowered, context, numbers));
      address = next(insn);
    }
  }

  #end({ insn, jump }: Lowered, context: Context | undefined, numbers: ReadonlyMap<string, number>): End {
    const { target, when } = jump!;
    if (target.op === 'const') {
      const inner =
        this.#contexts.get(this.#key(insn.address, context)) ?? (insn.form.name === 'CALL' ? 'outside' : context);
      const taken: Target = inner === 'outside' ? { exit: target.value } : this.#target(target.value, inner, numbers);
      if (!when) return { kind: 'goto', to: taken };
      return { kind: 'branch', taken, not: this.#target(next(insn), context, numbers) };
    }
    if (!isReturn(insn) || !context) return { kind: 'dynamic', expected: undefined };
    const to = this.#target(context.returnTo, context.parent, numbers);
    return { kind: 'dynamic', expected: { address: context.returnTo, to } };
  }
}

const isReturn = (i: Instruction): boolean => i.form.name === 'RET';

function recursion(context: Context | undefined, callee: bigint): number {
  let n = 0;
  for (let c = context; c; c = c.parent) if (c.callee === callee) n++;
  return n;
}
