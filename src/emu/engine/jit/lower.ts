/** The third reading of the vocabulary: a row's meaning becomes expressions and effects. */
import type { Instruction } from '../../decode/instruction.ts';
import type { Ops, StatusFlag, Width } from '../../isa/ops.ts';
import type { GprPlace, MemPlace, Place, XmmPlace } from '../../isa/place.ts';
import { isBulk } from './bulk.ts';
import {
  asOperand,
  constant,
  type FlagEffect,
  type FlagGroup,
  groups,
  type Jump,
  type Lowered,
  type Node,
  node,
  type Put,
  type Step,
  type StoreEffect,
  type Temp,
} from './ir.ts';
import { isConst } from './lower-scalar.ts';
import { LowerVector } from './lower-vector.ts';
import { Untranslatable } from './untranslatable.ts';

/** Undefined when the translator has no words for something in it: the interpreter then does this instruction. */
export function lower(insn: Instruction): Lowered | undefined {
  const { meaning } = insn.form;
  if (!meaning) return undefined;
  if (insn.repeat) return repeated(insn);
  const l = new Lowering(insn);
  try {
    meaning(l, ...insn.operands);
    return l.finish();
  } catch (e) {
    if (e instanceof Untranslatable) return undefined;
    throw e;
  }
}

const maskOf = (w: number): bigint => (1n << BigInt(w)) - 1n;
const ZERO = constant(0n);

/** REP MOVS and REP STOS without segment or address-size prefix; the others are the interpreter's. */
function repeated(insn: Instruction): Lowered | undefined {
  const what = isBulk(insn);
  if (!what) return undefined;
  const step: Step = { kind: 'bulk', what, size: insn.operands[0]!.w / 8 };
  return {
    insn,
    steps: [step],
    stores: [],
    puts: [],
    flags: [],
    flagsWhen: new Map(),
    direction: undefined,
    jump: undefined,
  };
}

class Lowering extends LowerVector implements Ops<Node> {
  readonly #insn: Instruction;
  readonly #steps: Step[] = [];
  readonly #stores: StoreEffect[] = [];
  readonly #puts: Put[] = [];
  readonly #flags = new Map<StatusFlag, { value: Node; when: Node | undefined }>();
  readonly #addresses = new Map<Place, Node>();
  #direction: Node | undefined;
  #jump: Jump | undefined;
  /** What must hold for the text being read to be done. */
  #when: Node | undefined;

  constructor(insn: Instruction) {
    super();
    this.#insn = insn;
  }

  finish(): Lowered {
    const store = new Set(this.#stores.filter((s) => !s.when).map((s) => s.address));
    for (const s of this.#steps) if (s.kind === 'load' && store.has(s.address)) s.forWrite = true;
    return {
      insn: this.#insn,
      steps: this.#steps,
      stores: this.#stores,
      puts: this.#puts,
      flags: this.#flagEffects(),
      flagsWhen: new Map([...this.#flags].map(([f, { when }]) => [f, when])),
      direction: this.#direction,
      jump: this.#jump,
    };
  }

  /** Whole groups: a flag that the instruction does not write keeps its old value. */
  #flagEffects(): FlagEffect[] {
    const out: FlagEffect[] = [];
    for (const group of ['C', 'R'] as FlagGroup[]) {
      const written = groups[group].filter((f) => this.#flags.has(f));
      if (written.length === 0) continue;
      const conditions = new Set(written.map((f) => this.#flags.get(f)!.when));
      const [only] = conditions;
      const whole = written.length === groups[group].length && conditions.size === 1;
      const value = (f: StatusFlag): Node => {
        const w = this.#flags.get(f);
        if (!w) return this.flag(f);
        return whole || !w.when ? w.value : this.select(w.when, w.value, this.flag(f));
      };
      out.push({ group, values: new Map(groups[group].map((f) => [f, value(f)])), when: whole ? only : undefined });
    }
    return out;
  }

  get(p: Place): Node {
    switch (p.in) {
      case 'imm':
        return constant(p.value, true);
      case 'gpr':
        return this.#gpr(p);
      case 'xmm':
        return this.#vec(p);
      case 'mem':
        return this.load(this.linear(p), p.w);
      default:
        throw new Untranslatable();
    }
  }
  #gpr(p: GprPlace): Node {
    const whole = node('reg', 'i64', [], { n: p.n });
    return asOperand(this.narrow(p.high ? this.shr(whole, constant(8n), 64) : whole, p.w));
  }
  #vec(p: XmmPlace): Node {
    const whole = node('vec', 'v128', [], { n: p.n + 16 * p.part });
    return p.w === 128 ? whole : this.lane(whole, p.w, 0);
  }

  put(p: Place, v: Node): void {
    if (p.in === 'mem') this.store(this.linear(p), p.w, v);
    else if (p.in === 'gpr') this.#putGpr(p, v);
    else if (p.in === 'xmm') this.#put('vec', p.n + 16 * p.part, this.#widen(v));
    else throw new Untranslatable();
  }
  #widen(v: Node): Node {
    if (v.t === 'v128') return v;
    return this.vector(v, ZERO);
  }
  #putGpr(p: GprPlace, v: Node): void {
    if (p.w >= 32) return this.#put('gpr', p.n, v);
    const old = this.#pending('gpr', p.n);
    const m = p.high ? 0xff00n : maskOf(p.w);
    const moved = p.high ? this.shl(v, constant(8n), 64) : v;
    this.#put('gpr', p.n, this.or(this.and(old, constant(maskOf(64) & ~m)), moved));
  }
  #put(file: 'gpr' | 'vec', n: number, v: Node): void {
    const value = this.#when ? this.select(this.#when, v, this.#pending(file, n)) : v;
    const at = this.#puts.findIndex((p) => p.file === file && p.n === n);
    if (at >= 0) this.#puts.splice(at, 1);
    this.#puts.push({ file, n, value });
  }
  /** What the register holds if nothing more is written to it. */
  #pending(file: 'gpr' | 'vec', n: number): Node {
    const earlier = this.#puts.find((p) => p.file === file && p.n === n);
    return earlier?.value ?? node(file === 'gpr' ? 'reg' : 'vec', file === 'gpr' ? 'i64' : 'v128', [], { n });
  }

  flag(f: StatusFlag): Node {
    return f === 'DF' ? node('df', 'bool', []) : node('flag', 'bool', [], { name: f });
  }
  setFlag(f: StatusFlag, v: Node): void {
    const value = v.t === 'bool' || isConst(v) ? v : node('isZero', 'bool', [node('isZero', 'bool', [v])]);
    if (f === 'DF') {
      if (this.#when) throw new Untranslatable();
      this.#direction = value;
      return;
    }
    this.#flags.delete(f);
    this.#flags.set(f, { value, when: this.#when });
  }

  address(p: Place): Node {
    const m = p as MemPlace;
    if (m.vectorIndex) throw new Untranslatable();
    let a: Node | undefined;
    const plus = (b: Node): void => {
      a = a ? this.add(a, b, 64) : b;
    };
    if (m.base !== undefined) plus(node('reg', 'i64', [], { n: m.base }));
    if (m.index !== undefined) {
      plus(this.shl(node('reg', 'i64', [], { n: m.index }), constant(BigInt(Math.log2(m.scale))), 64));
    }
    if (m.disp !== 0n || !a) plus(constant(m.disp));
    return m.short ? this.narrow(a!, 32) : a!;
  }
  linear(p: Place): Node {
    const known = this.#addresses.get(p);
    if (known) return known;
    const { segment } = p as MemPlace;
    const offset = this.address(p);
    const all = segment ? this.add(offset, this.segmentBase(segment), 64) : offset;
    const shared = this.let(all);
    this.#addresses.set(p, shared);
    return shared;
  }
  segmentBase(of: 'FS' | 'GS'): Node {
    return node('segment', 'i64', [], { name: of });
  }
  load(address: Node, w: Width): Node {
    return this.#load(address, w, this.#when);
  }
  loadWhen(condition: Node, address: Node, w: Width): Node {
    const c = this.truth(condition);
    return this.#load(address, w, this.let(this.#when ? this.and(this.#when, c) : c));
  }
  #load(address: Node, w: Width, when: Node | undefined): Node {
    if (w === 80 || w === 256) throw new Untranslatable();
    const temp: Temp = { t: w === 128 ? 'v128' : 'i64', bits: w, from: undefined, local: -1, used: false };
    this.#steps.push({ kind: 'load', temp, address: this.let(address), w, when, forWrite: false });
    return node('temp', temp.t, [], { temp, bits: w });
  }
  store(address: Node, w: Width, value: Node): void {
    if (w === 80 || w === 256) throw new Untranslatable();
    const store: StoreEffect = { address: this.let(address), w, value, when: this.#when, host: -1 };
    this.#stores.push(store);
    this.#steps.push({ kind: 'store', store });
  }

  checkStore(address: Node, w: Width): void {
    const store: StoreEffect = { address: this.let(address), w, value: ZERO, when: this.#when, host: -1 };
    this.#steps.push({ kind: 'store', store });
  }

  let(v: Node): Node {
    if (v.args.length === 0) return v;
    const temp: Temp = { t: v.t, bits: v.bits, from: v, local: -1, used: false };
    this.#steps.push({ kind: 'let', temp });
    return node('temp', v.t, [], { temp, bits: v.bits });
  }

  when(condition: Node, then: () => void): void {
    const c = this.truth(condition);
    if (isConst(c)) {
      if (c.value) then();
      return;
    }
    const outer = this.#when;
    this.#when = this.let(outer ? this.and(outer, c) : c);
    then();
    this.#when = outer;
  }
  jump(target: Node): void {
    this.#jump = { target, when: this.#when };
  }
  raise(): void {
    if (!this.#when) throw new Untranslatable();
    this.#steps.push({ kind: 'leave', when: this.#when });
  }
  protected override leaveWhen(condition: Node): void {
    const when = this.#when ? this.and(this.#when, condition) : condition;
    if (isConst(when) && when.value === 0n) return;
    this.#steps.push({ kind: 'leave', when: this.let(when) });
  }
  next(): Node {
    return constant(this.#insn.address + BigInt(this.#insn.length), true);
  }
}
