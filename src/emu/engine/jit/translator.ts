/** Everything translated code needs around it: its tables in linear memory, the regions made so far, a way in. */
import type { Cpu } from '../../cpu/cpu.ts';
import type { Memory } from '../../mem/memory.ts';
import { layoutOf } from '../tape/format.ts';
import type { TapeWriter } from '../tape/writer.ts';
import { RegionCache } from './cache.ts';
import { Kinds } from './kinds.ts';
import { AREA } from './layout.ts';
import { LazyFlags } from './lazy-flags.ts';
import { lower } from './lower.ts';
import { type Host, lookupFunction, type RegionFunction, regionFunctions } from './module.ts';
import { PackedFlags } from './packed-flags.ts';
import { type Fetch, findRegion, type Limits, type Read } from './region.ts';
import { Tlb } from './tlb.ts';

/** Why translated code came back (EXIT in layout.ts), and how many instructions it had retired. */
export interface Came {
  readonly exit: number;
  readonly retired: number;
}

export class Translator {
  readonly #cpu: Cpu;
  readonly #mem: Memory;
  readonly #fetch: Fetch;
  readonly #capacity: number;
  readonly #base: number;
  readonly #tlb: Tlb;
  #cache: RegionCache;
  readonly #kinds = new Kinds();
  readonly #flags: LazyFlags | PackedFlags;
  /** Every instruction leaves a record there. */
  readonly #tape: TapeWriter | undefined;
  #host: Host;
  #bytes = 0;
  /** How many regions were translated, and how often all were thrown away for room. */
  translated = 0;
  evictions = 0;

  /** `capacity`: bytes of WebAssembly kept at most; beyond that everything is translated afresh. */
  constructor(cpu: Cpu, mem: Memory, fetch: Fetch, capacity: number, tape?: TapeWriter) {
    this.#cpu = cpu;
    this.#mem = mem;
    this.#fetch = fetch;
    this.#capacity = capacity;
    this.#base = mem.frames.reserve(AREA.size);
    this.#tlb = new Tlb(mem, this.#base);
    this.#tape = tape;
    this.#flags = tape ? new PackedFlags(mem.frames, this.#base) : new LazyFlags(mem.frames, this.#kinds, this.#base);
    [this.#cache, this.#host] = this.#emptyCache();
    mem.listen({
      remapped: (first, end) => this.#tlb.drop(first, end),
      codeChanged: (first, end) => this.#cache.drop(first, end),
      codeWatched: (page) => this.#tlb.dropWrite(page),
    });
  }

  find(address: bigint): RegionFunction | undefined {
    return this.#cache.find(address);
  }

  /** Run a region from RIP on, and whatever it leads to. The register file is whole afterwards. */
  run(region: RegionFunction, budget: number): Came {
    this.#cache.rememberJump(this.#cpu.rip);
    this.#flags.enter();
    if (this.#tape) this.#mem.frames.view.setInt32(this.#base + AREA.tape, this.#tape.at, true);
    const exit = region(budget);
    const { view } = this.#mem.frames;
    const retired = budget - view.getInt32(this.#base + AREA.budget, true);
    if (this.#tape) this.#tape.at = view.getUint32(this.#base + AREA.tape, true);
    this.#flags.materialize();
    return { exit, retired };
  }

  /** Let translated code find the page that it last missed. */
  fill(): void {
    const { view } = this.#mem.frames;
    this.#tlb.fill(
      view.getBigUint64(this.#base + AREA.missed, true),
      view.getInt32(this.#base + AREA.missedWrite, true) !== 0,
    );
  }

  /** Undefined where the interpreter has to do the very first instruction. */
  translate(address: bigint, limits: Limits): RegionFunction | undefined {
    if (this.#bytes > this.#capacity || this.#cache.isFull) this.#evict();
    const region = findRegion(address, this.#fetch, limits, this.#tape ? recordable : lower);
    if (region.blocks[0]!.insns.length === 0) return undefined;
    const { functions, size } = regionFunctions([region], this.#host, {
      kinds: this.#kinds,
      base: this.#base,
      link: (a) => this.#cache.link(a),
      traced: this.#tape !== undefined,
    });
    this.#bytes += size;
    this.translated++;
    this.#cache.add(region, functions[0]!);
    if (this.#tape) for (const b of region.blocks) for (const l of b.insns) this.#tape.expect(l.insn);
    return functions[0];
  }

  #emptyCache(): [RegionCache, Host] {
    const cache = new RegionCache(this.#mem.frames, this.#base);
    const host = {
      memory: this.#mem.frames.memory,
      table: cache.table,
      materialize: () => this.#flags.materialize(),
    };
    cache.setLookup(lookupFunction(host, this.#base));
    return [cache, host];
  }

  /** Everything goes, the table with it: V8 keeps a module alive for as long as the table that it imports. */
  #evict(): void {
    [this.#cache, this.#host] = this.#emptyCache();
    this.#bytes = 0;
    this.evictions++;
  }
}

/** Translated code writes plain records only. */
const recordable: Read = (insn) => (layoutOf(insn) ? lower(insn) : undefined);
