/** Instructions inside a region's function: loads and checks first, then everything they write. */
import { AT, FLAG_NAMES } from '../../cpu/layout.ts';
import type { StatusFlag, Width } from '../../isa/ops.ts';
import { layoutOf } from '../tape/format.ts';
import type { Surroundings } from './compile.ts';
import { BULK_REGISTERS, emitBulk } from './emit-bulk.ts';
import { EmitFrame, IN_MEMORY } from './emit-frame.ts';
import { emit, localForm, type Scope } from './emit-node.ts';
import { type EmitTape, flagRoots } from './emit-tape.ts';
import type { FlagEffect, FlagGroup, Lowered, Node, Put, Step, StoreEffect, Temp, Type } from './ir.ts';
import { groupOf, visit } from './ir.ts';
import type { Captured } from './kinds.ts';
import { EXIT } from './layout.ts';
import { rootsOf } from './passes/liveness.ts';
import { type FlagState, type Known, resolve } from './passes/resolve.ts';
import type { Block } from './region.ts';
import type { Access } from './wasm.ts';

const loads: Partial<Record<Width, Access>> = {
  8: 'i64.load8_u',
  16: 'i64.load16_u',
  32: 'i64.load32_u',
  64: 'i64.load',
};
const stores: Partial<Record<Width, Access>> = {
  8: 'i64.store8',
  16: 'i64.store16',
  32: 'i64.store32',
  64: 'i64.store',
};
/** Types that temps have. */
type Held = 'i32' | 'i64' | 'v128';
const valueType = (t: Type): Held => (t === 'bool' ? 'i32' : t);

export class EmitInsn extends EmitFrame implements Scope {
  readonly mulHigh: Surroundings['mulHigh'];
  readonly exact: Surroundings['exact'];
  readonly #captured: ReadonlyMap<FlagEffect, Captured>;
  /** Where an indirect jump is about to lead. */
  readonly #target = this.code.local('i64');
  readonly #condition = this.code.local('i32');
  /** Locals for temps, used again by each instruction. */
  readonly #pool: Record<Held, number[]> = { i32: [], i64: [], v128: [] };
  readonly #taken: Record<Held, number> = { i32: 0, i64: 0, v128: 0 };
  constructor(blocks: readonly Block[], s: Surroundings, captured: ReadonlyMap<FlagEffect, Captured>) {
    super(s);
    this.mulHigh = s.mulHigh;
    this.exact = s.exact;
    this.#captured = captured;
    for (const b of blocks) for (const l of b.insns) this.#mark(l);
  }

  // Marking: which registers, and which temps, anything emitted reads.

  #mark(l: Lowered): void {
    const live = l.flags.filter((f) => this.#captured.has(f));
    if (live.length) this.hasFlags = true;
    const mark = (n: Node): void =>
      visit(n, (x) => {
        if (x.op === 'reg') this.use(this.gprs, x.n, 'i64');
        if (x.op === 'vec') this.use(this.vecs, x.n, 'v128');
        if (x.op === 'temp' && !x.temp!.used) {
          x.temp!.used = true;
          if (x.temp!.from) mark(x.temp!.from);
        }
      });
    for (const root of rootsOf(l, [])) mark(root);
    if (l.steps.some((s) => s.kind === 'bulk')) {
      for (const n of BULK_REGISTERS) {
        this.use(this.gprs, n, 'i64');
        this.writtenGprs.add(n);
      }
    }
    for (const f of live) {
      if (f.when) mark(f.when);
      for (const leaf of this.#captured.get(f)!.leaves) mark(leaf);
    }
    if (this.tape) {
      for (const root of flagRoots(l)) mark(root);
      for (const when of l.flagsWhen.values()) if (when) mark(when);
      for (const { n } of layoutOf(l.insn)!.gprs) this.use(this.gprs, n, 'i64');
      for (const { n } of layoutOf(l.insn)!.vectors) this.use(this.vecs, n, 'v128');
    }
    for (const { file, n } of l.puts) {
      if (file === 'gpr') {
        this.use(this.gprs, n, 'i64');
        this.writtenGprs.add(n);
      } else {
        this.use(this.vecs, n, 'v128');
        this.writtenVecs.add(n);
      }
    }
  }
  /** The condition of the jump that `instruction` ended with, on the stack. */
  jumpCondition(l: Lowered): void {
    if (writes(l, this.#captured)) this.code.get(this.#condition);
    else this.#value(l.jump!.when!, 'i32');
  }
  // One instruction.

  /**
   * Returns what is known of the flags after it. `undone`: instructions charged from here on. `expected`: where its
   * jump will most likely lead.
   */
  instruction(l: Lowered, state: FlagState, undone: number, expected?: bigint): FlagState {
    this.state = state;
    this.here = l.insn.address;
    this.undone = undone;
    for (const t of ['i32', 'i64', 'v128'] as const) this.#taken[t] = 0;
    if (!this.tape && this.#readsUnknown(l)) this.#materialize();
    this.tape?.begin(l.insn);
    for (const step of l.steps) this.#step(step);
    this.#jump(l, expected);
    l.stores.forEach((s, n) => this.#store(s, n));
    if (l.direction && !this.tape) {
      this.code.i32(0);
      this.#value(l.direction, 'i32');
      this.code.access('i32.store8', AT.flags + FLAG_NAMES.indexOf('DF'));
    }
    this.#write(l);
    this.tape?.end(
      (n) => this.gpr(n),
      (n) => this.vec(n),
    );
    return this.state;
  }

  #value(n: Node, form: 'i64' | 'i32' | 'v128'): void {
    emit(this, resolve(n, this.state), form);
  }

  #step(step: Step): void {
    const { code } = this;
    switch (step.kind) {
      case 'let':
        if (!step.temp.used) return;
        this.#value(step.temp.from!, localForm(step.temp.t));
        return code.set(this.temp(step.temp));
      case 'leave':
        this.#value(step.when, 'i32');
        return this.leaveIf();
      case 'bulk':
        return emitBulk(this, step);
      case 'load':
        return this.#guarded(
          step.when,
          () => this.#load(step),
          () => this.#zero(step.temp),
        );
      case 'store':
        return this.#guarded(step.store.when, () => {
          this.#translate(step.store.address, step.store.w, true);
          step.store.host = this.#take('i32');
          code.set(step.store.host);
        });
    }
  }
  #guarded(when: Node | undefined, then: () => void, before?: () => void): void {
    if (!when) return then();
    before?.();
    this.#value(when, 'i32');
    this.code.if();
    then();
    this.code.op('end');
  }
  #zero(t: Temp): void {
    if (!t.used) return;
    if (t.t === 'v128') this.code.v128(0n);
    else this.code.i64(0n);
    this.code.set(this.temp(t));
  }

  #load(step: Step & { kind: 'load' }): void {
    const { code } = this;
    this.#translate(step.address, step.w, step.forWrite);
    if (!step.temp.used) return code.op('drop');
    if (step.w === 128) code.v128Load();
    else code.access(loads[step.w]!);
    code.set(this.temp(step.temp));
  }

  #store(s: StoreEffect, n: number): void {
    if (this.tape) return this.#tracedStore(this.tape, s, n);
    this.#guarded(s.when, () => {
      const { code } = this;
      code.get(s.host);
      if (s.w === 128) {
        this.#value(s.value, 'v128');
        code.v128Store();
      } else {
        this.#value(s.value, 'i64');
        code.access(stores[s.w]!);
      }
    });
  }

  #tracedStore(tape: EmitTape, s: StoreEffect, n: number): void {
    const { code } = this;
    const value = this.#take(s.w === 128 ? 'v128' : 'i64');
    this.#value(s.value, s.w === 128 ? 'v128' : 'i64');
    code.set(value);
    code.get(s.host);
    code.get(value);
    if (s.w === 128) code.v128Store();
    else code.access(stores[s.w]!);
    tape.store(n, () => this.#value(s.address, 'i64'), value);
  }

  /**
   * Guest address → host address on the stack, through the TLB; leaves the region where it does not know the page. The
   * page of the last byte is compared with the entry of the first one: an access across pages never matches.
   */
  #translate(address: Node, w: Width, write: boolean): void {
    this.#value(address, 'i64');
    this.code.set(this.address);
    this.translate(write, () => {
      if (w === 8) return;
      this.code.i64(BigInt(w / 8 - 1));
      this.code.op('i64.add');
    });
  }

  /** Where it goes is worked out before any register changes. */
  #jump(l: Lowered, expected: bigint | undefined): void {
    if (!l.jump) return;
    if (l.jump.target.op !== 'const') {
      this.#value(l.jump.target, 'i64');
      this.code.set(this.#target);
      this.#leaveUnlessCanonical(expected);
      this.code.get(this.#target);
      this.code.set(this.rip);
    }
    if (l.jump.when && writes(l, this.#captured)) {
      this.#value(l.jump.when, 'i32');
      this.code.set(this.#condition);
    }
  }

  /** A branch to an address with bits 63–47 not all alike faults before it happens. */
  #leaveUnlessCanonical(expected: bigint | undefined): void {
    const { code } = this;
    if (expected !== undefined) {
      this.code.get(this.#target);
      code.i64(expected);
      code.op('i64.ne');
      code.if();
    }
    code.get(this.#target);
    code.i64(1n << 47n);
    code.op('i64.add');
    code.i64(48n);
    code.op('i64.shr_u');
    code.op('i64.eqz');
    code.op('i32.eqz');
    code.if();
    this.leave(EXIT.interpret, this.here, this.undone);
    code.op('end');
    if (expected !== undefined) code.op('end');
  }

  /** New values are all on the stack before the first is written: each is made of the state before the instruction. */
  #write(l: Lowered): void {
    const { code } = this;
    const targets: number[] = [];
    const push = (n: Node, form: 'i64' | 'v128', local: number): void => {
      this.#value(n, form);
      targets.push(local);
    };
    const live = l.flags.filter((f) => this.#captured.has(f));
    for (const p of l.puts) if (!isItself(p)) push(p.value, p.file === 'gpr' ? 'i64' : 'v128', this.#localOf(p));
    for (const f of live) {
      if (!f.when) this.#captured.get(f)!.leaves.forEach((n, i) => push(n, 'i64', this.leaves[f.group][i]!));
    }
    if (this.tape?.newFlags(l, (n, form) => this.#value(n, form))) targets.push(this.tape.flags);
    const conditional = live.filter((f) => f.when);
    for (const when of new Set(conditional.map((f) => f.when))) {
      this.#writeWhen(conditional.filter((f) => f.when === when));
    }
    for (const local of targets.reverse()) code.set(local);
    const state: Record<FlagGroup, Known | undefined> = { ...this.state };
    for (const f of live) state[f.group] = f.when ? undefined : { kind: this.#captured.get(f)!.kind, by: l };
    this.state = state;
  }

  /** Flags that change only sometimes, all on one condition: after this their kind is known at run time alone. */
  #writeWhen(effects: readonly FlagEffect[]): void {
    const { code } = this;
    for (const f of effects) this.noteKind(f.group);
    this.#value(effects[0]!.when!, 'i32');
    code.if();
    const targets: number[] = [];
    for (const f of effects) {
      const { kind, leaves } = this.#captured.get(f)!;
      leaves.forEach((n, i) => {
        this.#value(n, 'i64');
        targets.push(this.leaves[f.group][i]!);
      });
      code.i32(kind.id);
      targets.push(this.kind[f.group]);
    }
    for (const local of targets.reverse()) code.set(local);
    code.op('end');
  }

  // Scope: where expressions find things.

  leaf(group: string, n: number): number {
    return this.leaves[group as FlagGroup][n]!;
  }
  temp(t: Temp): number {
    if (t.local < 0) t.local = this.#take(valueType(t.t));
    return t.local;
  }
  flag(name: string): void {
    const { code } = this;
    if (this.tape) return this.tape.flag(name as 'DF');
    code.i32(0);
    code.access('i32.load8_u', AT.flags + FLAG_NAMES.indexOf(name as 'DF'));
  }

  /** Does it read a flag whose kind is known at run time alone? Then all are computed first, whatever it does with them. */
  #readsUnknown(l: Lowered): boolean {
    const unknown = (n: Node): boolean =>
      (n.op === 'flag' && !this.state[groupOf(n.name as StatusFlag)]) ||
      n.args.some(unknown) ||
      (n.temp?.from !== undefined && unknown(n.temp.from));
    return rootsOf(
      l,
      l.flags.filter((f) => this.#captured.has(f)),
    ).some(unknown);
  }

  /** Have all flags computed into the register file. */
  #materialize(): void {
    const { code } = this;
    for (const g of ['C', 'R'] as const) {
      this.noteKind(g);
      this.spillFlags(g);
      code.i32(IN_MEMORY);
      code.set(this.kind[g]);
    }
    code.call(this.around.materialize);
    this.state = { C: undefined, R: undefined };
  }

  #localOf(p: Put): number {
    return p.file === 'gpr' ? this.gpr(p.n) : this.vec(p.n);
  }
  #take(t: Held): number {
    const i = this.#taken[t]++;
    this.#pool[t][i] ??= this.code.local(t);
    return this.#pool[t][i]!;
  }
}

/** A put of the value that is there already. */
const isItself = ({ file, n, value }: Put): boolean => value.op === (file === 'gpr' ? 'reg' : 'vec') && value.n === n;

/** Does it change anything its own jump might read? */
const writes = (l: Lowered, captured: ReadonlyMap<FlagEffect, Captured>): boolean =>
  l.puts.length > 0 || l.flags.some((f) => captured.has(f));
