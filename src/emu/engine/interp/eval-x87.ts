/** The x87 and MMX registers on bit patterns: held back like all else, until `commit`. */
import type { Instruction } from '../../decode/instruction.ts';
import type { X87Ops, X87Register } from '../../isa/ops-x87.ts';
import type { MemPlace, Place } from '../../isa/place.ts';
import { Trap } from '../../mem/fault.ts';
import { FloatEvaluator } from './eval-float.ts';
import { M64 } from './eval-state.ts';

/** FSW: an unmasked exception is pending (error summary), and TOP. */
const ES = 0x80;
const TOP = 0x3800;
/** Bytes that may stand before an opcode. */
const isPrefix = (b: number): boolean =>
  (b & 0xf0) === 0x40 || [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf2, 0xf3].includes(b);

/** The x87's pointers are noted by nearly every one of its instructions and read by hardly any: no news to a recorder. */
const reported = { fcw: 'FCW', fsw: 'FSW', tags: 'FTW' } as const;
const unreported = { fop: 'FOP', fip: 'FIP', fdp: 'FDP' } as const;

export abstract class X87Evaluator extends FloatEvaluator implements X87Ops<bigint> {
  readonly #control = new Map<X87Register, bigint>();
  /** Data registers by physical number. */
  readonly #data = new Map<number, bigint>();
  #insn: Instruction | undefined;

  abstract linear(of: Place): bigint;

  override begin(next: bigint, insn?: Instruction): void {
    super.begin(next);
    this.#insn = insn;
    if (this.#control.size) this.#control.clear();
    if (this.#data.size) this.#data.clear();
  }

  override commit(): void {
    super.commit();
    for (const [n, v] of this.#data) this.cpu.setX87(n, v);
    for (const [r, v] of this.#control) {
      if (r === 'fip' || r === 'fdp') this.cpu[r] = v;
      else this.cpu[r] = Number(v);
    }
  }

  override others(): [name: string, value: bigint][] {
    const out = super.others();
    if (this.#control.size) out.push(...this.#changedControl(reported));
    const data = [...this.#data].filter(([n, v]) => this.cpu.x87(n) !== v).sort(([a], [b]) => a - b);
    for (const [n, v] of data) out.push([`FPR${n}`, v]);
    return out;
  }
  override beside(): [name: string, value: bigint][] {
    return [...super.beside(), ...this.#changedControl(unreported)];
  }
  #changedControl(names: Partial<Record<X87Register, string>>): [name: string, value: bigint][] {
    return (Object.entries(names) as [X87Register, string][]).flatMap(([r, name]): [string, bigint][] => {
      const v = this.#control.get(r);
      return v === undefined || v === BigInt(this.cpu[r]) ? [] : [[name, v]];
    });
  }

  x87(r: X87Register): bigint {
    return BigInt(this.cpu[r]);
  }
  setX87(r: X87Register, v: bigint): void {
    this.#control.set(r, v);
  }
  dataX87(n: number): bigint {
    return this.cpu.x87(n);
  }
  setDataX87(n: number, v: bigint): void {
    this.#data.set(n, v);
  }

  #physical(n: number): number {
    return ((this.cpu.fsw >> 11) + n) & 7;
  }
  protected getSt(n: number): bigint {
    return this.cpu.x87(this.#physical(n));
  }
  protected putSt(n: number, v: bigint): void {
    const at = this.#physical(n);
    this.#data.set(at, v);
    this.#control.set('tags', this.#tags() | (1n << BigInt(at)));
  }
  emptySt(n: number): void {
    this.#control.set('tags', this.#tags() & ~(1n << BigInt(this.#physical(n))));
  }
  /** As written so far. */
  #tags(): bigint {
    return this.#control.get('tags') ?? this.x87('tags');
  }

  waitX87(): void {
    if (this.cpu.fsw & ES) throw new Trap({ kind: 'x87' });
  }
  noteX87(operand: Place | undefined): void {
    const { address, bytes } = this.#insn!;
    const at = bytes.findIndex((b) => !isPrefix(b));
    this.#control.set('fip', address);
    this.#control.set('fop', BigInt(((bytes[at]! & 7) << 8) | bytes[at + 1]!));
    if (operand?.in === 'mem') this.#control.set('fdp', this.linear(operand as MemPlace) & M64);
  }

  protected putMmx(n: number, v: bigint): void {
    this.#data.set(n, (0xffffn << 64n) | v);
  }
  enterMmx(): void {
    this.waitX87();
    this.#control.set('fsw', BigInt(this.cpu.fsw & ~TOP));
    this.#control.set('tags', 0xffn);
  }
}
