/**
 * The function around a region's instructions: registers into locals and back, the ways out, addresses through the TLB.
 */
import { AT, VECTOR_STRIDE } from '../../cpu/layout.ts';
import type { Surroundings } from './compile.ts';
import { EmitTape } from './emit-tape.ts';
import type { FlagGroup } from './ir.ts';
import { LEAVES } from './kinds.ts';
import { AREA, EXIT, JUMP_ENTRIES, TLB_ENTRIES } from './layout.ts';
import type { FlagState } from './passes/resolve.ts';
import { Code, type ValueType } from './wasm.ts';

const vectorAt = (n: number): number => AT.vector + VECTOR_STRIDE * (n & 15) + (n < 16 ? 0 : 16);

/** Parameter 0: instructions left. */
const BUDGET = 0;
/** Value of a kind local that means: memory has it. */
export const IN_MEMORY = -1;

export class EmitFrame {
  readonly code = new Code(1);
  protected readonly around: Surroundings;
  /** In a traced region. */
  protected readonly tape: EmitTape | undefined;
  /** Flags as they are known at the point being emitted. */
  state: FlagState = { C: undefined, R: undefined };
  protected readonly gprs = new Map<number, number>();
  protected readonly vecs = new Map<number, number>();
  protected readonly writtenGprs = new Set<number>();
  protected readonly writtenVecs = new Set<number>();
  protected readonly kind: Readonly<Record<FlagGroup, number>>;
  protected readonly leaves: Readonly<Record<FlagGroup, readonly number[]>>;
  protected hasFlags = false;
  /** Where a fault in the current instruction leaves RIP, and how many instructions were not done. */
  protected here = 0n;
  protected undone = 0;
  protected readonly rip = this.code.local('i64');
  readonly #next = this.code.local('i32');
  readonly #exit = this.code.local('i32');
  readonly #missed = this.code.local('i64');
  readonly #missedWrite = this.code.local('i32');
  readonly #slot = this.code.local('i32');
  /** The guest address being translated. */
  protected readonly address = this.code.local('i64');
  #leaveDepth = 0;
  #goDepth = 0;

  constructor(s: Surroundings) {
    this.around = s;
    this.kind = { C: this.code.local('i32'), R: this.code.local('i32') };
    const leaves = (g: FlagGroup): number[] => Array.from({ length: LEAVES[g] }, () => this.code.local('i64'));
    this.leaves = { C: leaves('C'), R: leaves('R') };
    if (s.traced) this.tape = new EmitTape(this.code, s.base);
  }

  // The function around the blocks.

  open(): void {
    const { code } = this;
    code.block();
    this.#leaveDepth = code.depth;
    code.block();
    this.#goDepth = code.depth;
    for (const [n, local] of this.gprs) {
      code.i32(0);
      code.access('i64.load', AT.gpr + 8 * n);
      code.set(local);
    }
    for (const [n, local] of this.vecs) {
      code.i32(0);
      code.v128Load(vectorAt(n));
      code.set(local);
    }
    for (const g of ['C', 'R'] as const) {
      code.i32(IN_MEMORY);
      code.set(this.kind[g]);
    }
    this.tape?.open();
  }

  /** Two ways out: on to another region, or back to the caller. Both put the registers where others look for them. */
  close(): Uint8Array {
    const { code } = this;
    code.op('unreachable');
    code.op('end');
    this.spill();
    code.get(BUDGET);
    code.get(this.#next);
    code.returnCallIndirect(this.around.regionType);
    code.op('end');
    this.spill();
    const { base } = this.around;
    code.i32(0);
    code.get(BUDGET);
    code.access('i32.store', base + AREA.budget);
    code.i32(0);
    code.get(this.#missed);
    code.access('i64.store', base + AREA.missed);
    code.i32(0);
    code.get(this.#missedWrite);
    code.access('i32.store', base + AREA.missedWrite);
    code.get(this.#exit);
    return code.finish();
  }

  protected spill(): void {
    const { code } = this;
    for (const [n, local] of this.gprs) {
      if (!this.writtenGprs.has(n)) continue;
      code.i32(0);
      code.get(local);
      code.access('i64.store', AT.gpr + 8 * n);
    }
    for (const [n, local] of this.vecs) {
      if (!this.writtenVecs.has(n)) continue;
      code.i32(0);
      code.get(local);
      code.v128Store(vectorAt(n));
    }
    code.i32(0);
    code.get(this.rip);
    code.access('i64.store', AT.rip);
    if (this.hasFlags) for (const g of ['C', 'R'] as const) this.spillFlags(g);
    this.tape?.spill();
  }

  protected spillFlags(g: FlagGroup): void {
    const { code } = this;
    const { base } = this.around;
    code.get(this.kind[g]);
    code.i32(0);
    code.op('i32.ge_s');
    code.if();
    code.i32(0);
    code.get(this.kind[g]);
    code.access('i32.store', base + (g === 'C' ? AREA.kindC : AREA.kindR));
    this.leaves[g].forEach((local, i) => {
      code.i32(0);
      code.get(local);
      code.access('i64.store', base + (g === 'C' ? AREA.leavesC : AREA.leavesR) + 8 * i);
    });
    code.op('end');
  }

  // Ways out of a block.

  spend(n: number): void {
    if (n) this.addBudget(-n);
  }
  protected addBudget(n: number): void {
    if (n === 0) return;
    this.code.get(BUDGET);
    this.code.i32(n);
    this.code.op('i32.add');
    this.code.set(BUDGET);
  }

  /** Leave before `at` when fewer than `need` instructions are left; `undone` of those charged were not done. */
  check(need: number, at: bigint, undone: number): void {
    this.code.get(BUDGET);
    this.code.i32(need);
    this.code.op('i32.lt_s');
    this.code.if();
    this.leave(EXIT.budget, at, undone);
    this.code.op('end');
  }

  /** The kind of a group's flags, into its local: where what is known here is not known there. */
  noteKind(g: FlagGroup): void {
    const known = this.state[g];
    if (!known) return;
    this.code.i32(known.kind.id);
    this.code.set(this.kind[g]);
  }

  leave(exit: number, at: bigint, undone: number): void {
    this.tape?.advance();
    this.addBudget(undone);
    this.noteKind('C');
    this.noteKind('R');
    this.code.i64(at);
    this.code.set(this.rip);
    this.code.i32(exit);
    this.code.set(this.#exit);
    this.code.br(this.code.depth - this.#leaveDepth);
  }

  /** On to a known address outside the region. */
  go(address: bigint): void {
    const { code } = this;
    this.noteKind('C');
    this.noteKind('R');
    code.i64(address);
    code.set(this.rip);
    code.i32(0);
    code.access('i32.load', this.around.link(address));
    code.set(this.#next);
    code.br(code.depth - this.#goDepth);
  }

  /** On to the address in the RIP local, if the cache of indirect branches knows it. */
  goDynamic(): void {
    const { code } = this;
    const at = this.around.base + AREA.jumps;
    this.noteKind('C');
    this.noteKind('R');
    code.get(this.rip);
    code.get(this.rip);
    code.i64(12n);
    code.op('i64.shr_u');
    code.op('i64.xor');
    code.op('i32.wrap_i64');
    code.i32(JUMP_ENTRIES - 1);
    code.op('i32.and');
    code.i32(4);
    code.op('i32.shl');
    code.tee(this.#slot);
    code.access('i64.load', at);
    code.get(this.rip);
    code.op('i64.eq');
    code.if();
    code.get(this.#slot);
    code.access('i32.load', at + 8);
    code.set(this.#next);
    code.br(code.depth - this.#goDepth);
    code.op('end');
    code.i32(EXIT.lookup);
    code.set(this.#exit);
    code.br(code.depth - this.#leaveDepth);
  }

  jumpTargetIs(address: bigint): void {
    this.code.get(this.rip);
    this.code.i64(address);
    this.code.op('i64.eq');
  }

  /** A block's instructions are through. */
  settle(): void {
    this.tape?.settle();
  }

  /** Leave the instruction to the interpreter if the i32 on the stack is not zero. */
  leaveIf(): void {
    this.code.if();
    this.leave(EXIT.interpret, this.here, this.undone);
    this.code.op('end');
  }
  /** The same for the address in its local; `last` adds to it what leads to the last byte. */
  translate(write: boolean, last: () => void): void {
    const { code } = this;
    const table = this.around.base + (write ? AREA.tlbWrite : AREA.tlbRead);
    code.get(this.address);
    code.op('i32.wrap_i64');
    code.i32(8);
    code.op('i32.shr_u');
    code.i32((TLB_ENTRIES - 1) << 4);
    code.op('i32.and');
    code.tee(this.#slot);
    code.access('i64.load', table);
    code.get(this.address);
    last();
    code.i64(-4096n);
    code.op('i64.and');
    code.op('i64.ne');
    code.if();
    code.get(this.address);
    code.set(this.#missed);
    code.i32(write ? 1 : 0);
    code.set(this.#missedWrite);
    this.leave(EXIT.interpret, this.here, this.undone);
    code.op('end');
    code.get(this.address);
    code.op('i32.wrap_i64');
    code.get(this.#slot);
    code.access('i32.load', table + 8);
    code.op('i32.add');
  }

  setAddress(gpr: number): void {
    this.code.get(this.gpr(gpr));
    this.code.set(this.address);
  }

  gpr(n: number): number {
    return this.gprs.get(n)!;
  }
  vec(n: number): number {
    return this.vecs.get(n)!;
  }
  protected use(map: Map<number, number>, n: number, t: ValueType): void {
    if (!map.has(n)) map.set(n, this.code.local(t));
  }
}
