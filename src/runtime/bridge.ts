/**
 * Machine code reaches a model, a model calls machine code.
 *
 * Every model owns a gate: its entry, one point per site, and one more where it comes back from a grown stack. Reaching
 * the entry opens a frame and starts the body; reaching a site resumes the body whose frame RSP then points at.
 */
import { R } from '#emu/cpu/layout.ts';
import { endingOf, type Machine } from '#emu/machine.ts';
import { Trap } from '#emu/mem/fault.ts';
import type { Convention, Junk } from '#emu/trace/event.ts';
import { Frame } from './frame.ts';
import { type Body, DEFERRETURN, type Model, Recovered, type Request, Stopped } from './model.ts';
import { afterGrowth, mustGrow } from './prologue.ts';
import type { World } from './world.ts';

interface Activation {
  readonly model: Model;
  readonly frame: Frame;
  readonly steps: Body;
  /** Callee-saved registers as a C function found them. */
  readonly saved: readonly bigint[];
  /** Where it stands. */
  pending: Request | undefined;
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
  readonly #models = new Map<string, Model>();
  /** Suspended bodies by the RSP their frame has. */
  readonly #waiting = new Map<bigint, Activation>();
  /** The body that is being run right now. */
  #current: Activation | undefined;

  constructor(world: World, clobber: Clobber) {
    this.#world = world;
    this.#machine = world.machine;
    this.#clobber = clobber;
  }

  /** Make a model callable; returns its address. */
  install(model: Model): bigint {
    const known = this.#gates.get(model.name);
    if (known !== undefined) return known;
    const sites = Object.keys(model.sites);
    // The last point stands in the prologue, where there is no frame yet.
    const depths = [...sites.map(() => model.frame + 8), 0];
    const entry = this.#machine.gates.add(model.name, depths, (index) =>
      this.#guarded(() => {
        if (index === 0) this.#enter(model);
        else if (index <= sites.length) this.#resume(model, sites[index - 1]!);
        else afterGrowth(this.#world, model, entry);
      }),
    );
    this.#gates.set(model.name, entry);
    this.#models.set(model.name, model);
    return entry;
  }

  addressOf(name: string): bigint | undefined {
    return this.#gates.get(name);
  }

  model(name: string): Model | undefined {
    return this.#models.get(name);
  }

  /** The PC of a model's site. */
  siteAddress(name: string, site: string): bigint {
    const model = this.#models.get(name);
    const index = model ? Object.keys(model.sites).indexOf(site) : -1;
    if (index < 0) throw new Error(`${name} has no site '${site}'`);
    return this.#machine.gates.point(this.#gates.get(name)!, index + 1);
  }

  /** The PC in a model's prologue to which morestack comes back. */
  prologueAddress({ name, sites }: Model): bigint {
    return this.#machine.gates.point(this.#gates.get(name)!, Object.keys(sites).length + 1);
  }

  /** The site of a model that `pc` is the PC of; undefined anywhere else, its prologue included. */
  siteAt(model: Model, pc: bigint): string | undefined {
    const index = Number((pc - this.#gates.get(model.name)!) >> 4n) - 1;
    return Object.keys(model.sites)[index];
  }

  /** Where the body that is being run stands, for a traceback that begins there. */
  get running(): { readonly pc: bigint; readonly sp: bigint; readonly fp: bigint } | undefined {
    const a = this.#current;
    if (!a) return undefined;
    const { name } = a.model;
    const pc = a.pending ? this.siteAddress(name, a.pending.site) : this.#gates.get(name)!;
    return { pc, sp: a.frame.sp, fp: a.frame.entry + 8n };
  }

  /** The stack [from, from + size) has moved by `delta`, and the frames of suspended bodies with it. */
  moved(from: bigint, size: bigint, delta: bigint): void {
    const here = [...this.#waiting].filter(([sp]) => sp >= from && sp < from + size);
    for (const [sp] of here) this.#waiting.delete(sp);
    for (const [, a] of here) {
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
      if (e instanceof Stopped) return;
      if (!(e instanceof Trap)) throw e;
      this.#machine.end(endingOf(e.fault));
    }
  }

  #enter(model: Model): void {
    const { cpu, mem } = this.#machine;
    const entry = cpu.gpr(R.sp);
    if (mustGrow(this.#world, model, entry)) return;
    this.#forgetBelow(entry);
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

  /** Whoever was suspended below a fresh frame will not come back: gogo and unwindm leave frames without a return. */
  #forgetBelow(entry: bigint): void {
    const region = this.#machine.mem.find(entry);
    if (!region) return;
    for (const sp of this.#waiting.keys()) if (sp >= region.start && sp < entry) this.#waiting.delete(sp);
  }

  #resume(model: Model, site: string): void {
    const { cpu } = this.#machine;
    const sp = cpu.gpr(R.sp);
    const a = this.#waiting.get(sp);
    const recovered = model.recovers === true && site === DEFERRETURN;
    if (a?.model !== model || !a.pending || (a.pending.site !== site && !recovered)) {
      return this.#machine.end({
        kind: 'lost',
        detail: `a return to ${model.name} (${site}) with RSP=0x${sp.toString(16)}, where it has no frame`,
      });
    }
    this.#waiting.delete(sp);
    if (recovered && a.pending.site !== site) {
      cpu.setGpr(R.bp, a.frame.entry - 8n);
      return this.#step(a, () => a.steps.throw(new Recovered()));
    }
    if ('target' in a.pending) this.#returned(a, a.pending.convention, sp);
    this.#step(a);
  }

  #returned(a: Activation, convention: Convention, sp: bigint): void {
    const { cpu } = this.#machine;
    this.#machine.emit({ kind: 'return', to: a.model.name, convention, slot: sp - 8n });
    // Compiled Go trusts neither R14 nor X15 after ABI0 code: it reloads g from TLS and clears X15.
    if (a.model.convention === 'ABIInternal' && convention === 'ABI0') {
      cpu.setGpr(R.r14, this.#world.currentG);
      cpu.setXmm(15, 0n);
    }
  }

  #step(a: Activation, advance: () => IteratorResult<Request, string | undefined> = () => a.steps.next()): void {
    const { cpu, mem } = this.#machine;
    this.#current = a;
    const next = advance();
    this.#current = undefined;
    // abort() and exit() do not return.
    if (this.#machine.ended) return;
    if (next.done) return this.#leave(a, next.value);
    const request = next.value;
    const here = this.siteAddress(a.model.name, request.site);
    a.pending = request;
    this.#waiting.set(a.frame.sp, a);
    if (!('target' in request)) {
      cpu.setGpr(R.sp, a.frame.sp);
      cpu.rip = here;
      return;
    }
    const to = typeof request.target === 'bigint' ? request.target : this.#world.addressOf(request.target);
    const slot = a.frame.sp - 8n;
    mem.write(slot, 8, here);
    cpu.setGpr(R.sp, slot);
    cpu.rip = to;
    const { convention } = request;
    this.#machine.emit({ kind: 'call', from: a.model.name, to, convention, slot, returnTo: here });
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
