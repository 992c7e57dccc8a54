/**
 * Machine code reaches a model, a model calls machine code.
 *
 * Every model owns a gate: its entry, and one return point per call site. Reaching the entry opens a frame and starts
 * the body; reaching a return point resumes the body whose frame RSP then points at.
 */
import { R } from '#emu/cpu/layout.ts';
import { endingOf, type Machine } from '#emu/machine.ts';
import { Trap } from '#emu/mem/fault.ts';
import type { Convention, Junk } from '#emu/trace/event.ts';
import { Frame } from './frame.ts';
import type { CallRequest, Model } from './model.ts';
import type { World } from './world.ts';

interface Activation {
  readonly model: Model;
  readonly frame: Frame;
  readonly steps: Generator<CallRequest, string | undefined, void>;
  /** Callee-saved registers as a C function found them. */
  readonly saved: readonly bigint[];
  /** The call it waits for. */
  pending: CallRequest | undefined;
}

/** What a model leaves behind, when it returns, in registers it does not own. */
export type Clobber = (f: Frame, convention: Convention, resultBits: 0 | 32 | 64) => readonly Junk[];

/** What a C function's prologue saves, besides BP (psABI 3.2.1). */
const calleeSaved = [R.bx, R.r12, R.r13, R.r14, R.r15] as const;

export class Bridge {
  readonly #machine: Machine;
  readonly #world: World;
  readonly #clobber: Clobber;
  readonly #gates = new Map<string, bigint>();
  /** Suspended bodies by the RSP their frame has. */
  readonly #waiting = new Map<bigint, Activation>();

  constructor(world: World, clobber: Clobber) {
    this.#world = world;
    this.#machine = world.machine;
    this.#clobber = clobber;
  }

  /** Make a model callable; returns its address. */
  install(model: Model): bigint {
    const known = this.#gates.get(model.name);
    if (known !== undefined) return known;
    const entry = this.#machine.gates.add(model.name, model.sites.length, model.frame + 8, (index) =>
      this.#guarded(() => (index === 0 ? this.#enter(model) : this.#resume(model, index))),
    );
    this.#gates.set(model.name, entry);
    return entry;
  }

  addressOf(name: string): bigint | undefined {
    return this.#gates.get(name);
  }

  /** Forget suspended bodies: a new run begins. */
  reset(): void {
    this.#waiting.clear();
  }

  /** The stack [from, from + size) has moved by `delta`, and the frames of suspended bodies with it. */
  moved(from: bigint, size: bigint, delta: bigint): void {
    for (const [sp, a] of [...this.#waiting]) {
      if (sp < from || sp >= from + size) continue;
      this.#waiting.delete(sp);
      a.frame.entry += delta;
      a.frame.sp += delta;
      this.#waiting.set(a.frame.sp, a);
    }
    this.#machine.emit({ kind: 'moved', from, size, delta });
  }

  /** A body that touches memory it may not ends the run as the fault that compiled code would have raised there. */
  #guarded(step: () => void): void {
    try {
      step();
    } catch (e) {
      if (!(e instanceof Trap)) throw e;
      this.#machine.end(endingOf(e.fault));
    }
  }

  #enter(model: Model): void {
    const { cpu, mem } = this.#machine;
    const entry = cpu.gpr(R.sp);
    // As Go and C compilers open a frame: locals, then the caller's BP, then BP pointing at it.
    const bpSlot = entry - 8n;
    const sp = bpSlot - BigInt(model.frame);
    const frame = new Frame(this.#world, entry, sp);
    const args = model.show?.(frame) ?? '';
    this.#machine.emit({ kind: 'enter', name: model.name, convention: model.convention, args, rsp: entry });
    mem.write(bpSlot, 8, cpu.gpr(R.bp));
    cpu.setGpr(R.bp, bpSlot);
    cpu.setGpr(R.sp, sp);
    const saved = calleeSaved.map((n) => cpu.gpr(n));
    this.#step({ model, frame, steps: model.body(frame), saved, pending: undefined });
  }

  #resume(model: Model, index: number): void {
    const { cpu } = this.#machine;
    const sp = cpu.gpr(R.sp);
    const a = this.#waiting.get(sp);
    if (a?.model !== model || !a.pending || model.sites.indexOf(a.pending.site) !== index - 1) {
      const site = `${model.name} (${model.sites[index - 1]})`;
      return this.#machine.end({
        kind: 'lost',
        detail: `a return to ${site} with RSP=0x${sp.toString(16)}, where it has no frame`,
      });
    }
    this.#waiting.delete(sp);
    this.#machine.emit({ kind: 'return', to: model.name, convention: a.pending.convention, slot: sp - 8n });
    // Compiled Go trusts neither R14 nor X15 after ABI0 code: it reloads g from TLS and clears X15.
    if (model.convention === 'ABIInternal' && a.pending.convention === 'ABI0') {
      cpu.setGpr(R.r14, this.#world.currentG);
      cpu.setXmm(15, 0n);
    }
    this.#step(a);
  }

  #step(a: Activation): void {
    const { cpu, mem } = this.#machine;
    const next = a.steps.next();
    // abort() and exit() do not return.
    if (this.#machine.ended) return;
    if (next.done) return this.#leave(a, next.value);
    const call = next.value;
    const index = a.model.sites.indexOf(call.site) + 1;
    if (index === 0) throw new Error(`${a.model.name} has no call site '${call.site}'`);
    const to = typeof call.target === 'bigint' ? call.target : this.#world.addressOf(call.target);
    const returnTo = this.#machine.gates.point(this.#gates.get(a.model.name)!, index);
    const slot = a.frame.sp - 8n;
    mem.write(slot, 8, returnTo);
    a.pending = call;
    this.#waiting.set(a.frame.sp, a);
    cpu.setGpr(R.sp, slot);
    cpu.rip = to;
    this.#machine.emit({ kind: 'call', from: a.model.name, to, convention: call.convention, slot, returnTo });
  }

  #leave({ model, frame, saved }: Activation, result: string | undefined): void {
    const { cpu, mem } = this.#machine;
    if (model.convention === 'C') calleeSaved.forEach((n, i) => cpu.setGpr(n, saved[i]!));
    const junk = this.#clobber(frame, model.convention, model.resultBits ?? 64);
    cpu.setGpr(R.bp, mem.read(frame.entry - 8n, 8));
    cpu.setGpr(R.sp, frame.entry + 8n);
    cpu.rip = mem.read(frame.entry, 8);
    this.#machine.emit({
      kind: 'leave',
      name: model.name,
      convention: model.convention,
      rsp: frame.entry,
      result: result ?? '',
      junk,
    });
  }
}
