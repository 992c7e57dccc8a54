/** One M with its g0, gsignal and a goroutine, in guest memory, around an image of linked stubs. */
import type { Image } from '#asm/link.ts';
import type { Finding } from '#emu/check/checker.ts';
import { R } from '#emu/cpu/layout.ts';
import { Machine, type MachineOptions } from '#emu/machine.ts';
import { PROT } from '#emu/mem/layout.ts';
import type { Ending } from '#emu/trace/event.ts';
import { baseName } from '#emu/trace/text.ts';
import { Bridge } from './bridge.ts';
import { clobber, Random, scribble } from './junk.ts';
import { G, g as gLayout, gobuf, m as mLayout, P, p as pLayout, stack } from './layout/go1.19.ts';
import type { Struct } from './layout/struct.ts';
import { type View, view } from './layout/view.ts';
import type { Model } from './model.ts';

/** The three stacks a stub can find itself on. */
export type StackName = 'g0' | 'curg' | 'gsignal';
export const stackNames: readonly StackName[] = ['g0', 'curg', 'gsignal'];

type GView = View<keyof (typeof gLayout)['fields']>;

/** Where things lie. Stacks and mappings high, as Linux has them, so that a lost upper half of an address shows. */
const AT = {
  image: 0x40_1000n,
  gates: 0x1000_0000n,
  globals: 0x2000_0000n,
  heap: 0xc0_0000_0000n,
  curg: 0xc0_0010_0000n,
  gsignal: 0xc0_0020_0000n,
  grown: 0xc0_0040_0000n,
  g0: 0x7fff_ff70_0000n,
} as const;
/** Bytes: a small pthread stack, gsignal's 32 KiB (mpreinit), a goroutine that has grown twice. */
const SIZE = { g0: 0x1_0000n, gsignal: 0x8000n, curg: 0x2000n } as const;
/** Between a stack's high bound and our first frame: what the thread began with. */
const HEADROOM = 0x100n;
/** How much of a stack, from its high bound, had been in use before. */
const USED = 0x800n;
/** StackGuard (runtime/stack.go): how far above its low bound a stack's guard is. */
const STACK_GUARD = 928n;

export type External = (name: string, use: 'code' | 'data', from: string) => bigint | undefined;

export interface WorldOptions extends Omit<MachineOptions, 'gateBase'> {
  readonly seed: bigint;
  /** Host functions that machine code may reach by name. */
  readonly models: readonly Model[];
  /** Words that assembly reads by name: a number, or the name of the model whose address they hold. */
  readonly globals: Readonly<Record<string, bigint | string>>;
  /** Link the stubs at `base`, given the addresses of what they do not define. */
  readonly link: (base: bigint, external: External) => Image;
  /** May code from this file name functions and variables that nobody has written? (Go's own files do.) */
  readonly lenient: (file: string) => boolean;
}

export class World {
  readonly machine: Machine;
  readonly bridge: Bridge;
  readonly image: Image;
  readonly g0: GView;
  readonly gsignal: GView;
  readonly curg: GView;
  readonly m: View<keyof (typeof mLayout)['fields']>;
  readonly p: View<keyof (typeof pLayout)['fields']>;
  /** What checkers and models found wrong, in the order of time. */
  readonly findings: Finding[] = [];
  readonly #exit: bigint;
  readonly #notes = new Map<string, readonly bigint[]>();
  readonly #globals = new Map<string, bigint>();
  #heap: bigint = AT.heap;
  #nextGlobal: bigint = AT.globals;
  #startedOn: StackName = 'g0';

  constructor(options: WorldOptions) {
    this.machine = new Machine({ ...options, gateBase: AT.gates });
    const { mem, cpu, symbols } = this.machine;
    const random = new Random(options.seed);
    this.bridge = new Bridge(this, (f, convention, bits) => clobber(random, f, convention, bits));
    this.machine.observe((e) => {
      if (e.kind === 'syscall') this.note(`${e.name}()`, e.args);
    });
    this.#exit = this.machine.gates.add('runtime.goexit', 0, 0, () => this.machine.end({ kind: 'done' }));
    for (const model of options.models) this.bridge.install(model);

    mem.map(AT.globals, 0x10_0000n, PROT.read | PROT.write, '[globals]');
    for (const [name, v] of Object.entries(options.globals)) {
      mem.poke(this.#global(name), 8, typeof v === 'bigint' ? v : this.bridge.addressOf(v)!);
    }
    this.image = options.link(AT.image, (name, use, from) => this.#external(name, use, options.lenient(from)));
    const prot = { '.text': PROT.read | PROT.exec, '.rodata': PROT.read, '.data': PROT.read | PROT.write };
    const end = this.image.sections.reduce(
      (n, s) => (s.address + BigInt(s.size) > n ? s.address + BigInt(s.size) : n),
      0n,
    );
    if (end > AT.gates) throw new ImageTooLarge(end - AT.image, AT.gates - AT.image);
    for (const s of this.image.sections) {
      mem.map(s.address, BigInt(s.size), prot[s.name], s.name);
      mem.pokeBytes(s.address, s.bytes);
    }
    symbols.add(
      this.image.symbols.map(({ name, address, size, function: f }) => ({
        name,
        address,
        size,
        lines: f?.lines ?? [],
        pcsp: f?.pcsp ?? [],
      })),
    );

    mem.map(AT.heap, 0x1_0000n, PROT.read | PROT.write, '[go heap]');
    this.p = this.#struct(pLayout);
    this.m = this.#struct(mLayout);
    this.g0 = this.#goroutine('g0', 0n);
    this.gsignal = this.#goroutine('gsignal', 0n);
    this.curg = this.#goroutine('curg', 1n);
    // A stack is never fresh: what was there before must not matter.
    for (const g of [this.g0, this.gsignal, this.curg]) {
      const { hi } = view(mem, stack, g.stack);
      scribble(random, mem, hi - USED, hi);
    }
    this.m.g0 = this.g0.at;
    this.m.gsignal = this.gsignal.at;
    this.m.curg = this.curg.at;
    this.m.p = this.p.at;
    this.m.procid = BigInt(this.machine.task.tid);
    this.p.m = this.m.at;
    this.p.status = BigInt(P.running);
    // What settls does: g's slot is m.tls[0], at −8 from the thread pointer.
    cpu.fsBase = this.m.tls + 8n;
    cpu.random = BigInt.asUintN(64, options.seed);
    cpu.mxcsr = 0x1f80;
  }

  /** Address of a symbol, model or variable. Throws on a name that this world does not have. */
  addressOf(name: string): bigint {
    const at = this.machine.symbols.named(name)?.address ?? this.#globals.get(name);
    if (at === undefined) throw new Error(`this world has no ${name}`);
    return at;
  }

  /** The TLS slot that names the running g. */
  get currentG(): bigint {
    return this.machine.mem.peek(this.m.tls, 8);
  }
  set currentG(g: bigint) {
    this.machine.mem.poke(this.m.tls, 8, g);
  }

  /** Value of a variable that assembly reads. */
  global(name: string): bigint {
    return this.machine.mem.peek(this.addressOf(name), 8);
  }

  /** A model writes down what it saw, for the scenario's expectations. */
  note(what: string, values: readonly bigint[]): void {
    this.#notes.set(what, values);
  }
  noted(what: string): readonly bigint[] | undefined {
    return this.#notes.get(what);
  }

  /** The runtime's print, to standard error. */
  print(text: string): void {
    this.machine.output(2, new TextEncoder().encode(text));
  }

  /**
   * A model's claim: when it does not hold, the run goes on and the verdict says so. `about`: the symbol whose fault
   * it is; without one, where the run is.
   */
  expect(holds: boolean, check: string, message: string, about?: string): void {
    if (holds) return;
    const { symbols, cpu } = this.machine;
    const pc = about === undefined ? cpu.rip : this.addressOf(about);
    const line = symbols.lineOf(pc);
    const at = `${symbols.nameOf(pc) ?? ''}${line ? ` (${baseName(line.file)}:${line.line})` : ''}`;
    this.findings.push({ check, message, pc, at, cause: undefined });
  }

  /**
   * Run `main` on one of the stacks until it returns or something else ends the run. `residue` bytes are taken off
   * every stack first, so that 0 … 15 give all alignments that RSP can have at any one place.
   */
  run(main: Model, on: StackName, residue: number, budget: number): Ending {
    const { cpu, mem } = this.machine;
    const top = (g: GView): bigint => view(mem, stack, g.stack).hi - HEADROOM - BigInt(residue);
    const running = { g0: this.g0, curg: this.curg, gsignal: this.gsignal }[on];
    view(mem, gobuf, this.g0.sched).sp = top(this.g0);
    this.currentG = running.at;
    cpu.setGpr(R.r14, running.at);
    const sp = top(running) - 8n;
    mem.write(sp, 8, this.#exit);
    cpu.setGpr(R.sp, sp);
    cpu.setGpr(R.bp, 0n);
    cpu.rip = this.bridge.install(main);
    this.#startedOn = on;
    // Above g0's sched.sp are the frames of whoever left g0 last.
    const left = view(mem, gobuf, this.g0.sched).sp;
    const before = mem.peekBytes(left, Number(HEADROOM));
    const ending = this.machine.run(budget);
    if (ending.kind === 'done') {
      this.expect(this.currentG === running.at, 'g', `TLS names 0x${this.currentG.toString(16)} at the end, not ${on}`);
      const after = mem.peekBytes(left, Number(HEADROOM));
      const kept = on === 'g0' || after.every((v, i) => v === before[i]);
      this.expect(kept, 'g0-frames', 'something was written over the frames that g0 was left with');
    }
    return ending;
  }

  /** Where the run began. */
  get startedOn(): StackName {
    return this.#startedOn;
  }

  /**
   * Code that must run on a system stack says so: RSP and TLS name g0, or gsignal where the run began there; R14 too, but
   * for C code, which does not look. `about`: the stub that brought it there.
   */
  expectSystemStack(about: string, withR14: boolean): void {
    const [name, g] = this.#startedOn === 'gsignal' ? (['gsignal', this.gsignal] as const) : (['g0', this.g0] as const);
    const { cpu } = this.machine;
    const where = this.machine.stackAt(cpu.gpr(R.sp));
    const r14 = cpu.gpr(R.r14);
    this.expect(where === `${name} stack`, 'system-stack', `runs on ${where || 'no stack'}, not on ${name}'s`, about);
    this.expect(this.currentG === g.at, 'g', `TLS names 0x${this.currentG.toString(16)}, not ${name}`, about);
    this.expect(!withR14 || r14 === g.at, 'g', `R14 is 0x${r14.toString(16)}, not ${name}`, about);
  }

  /**
   * Give the goroutine a stack twice as large, as copystack does: what is in use keeps its distance from the high
   * bound, sched moves along, and the old stack is gone. Pointers into frames are not adjusted: there are none here.
   */
  growStack(): void {
    const { mem } = this.machine;
    const bounds = view(mem, stack, this.curg.stack);
    const { lo, hi } = bounds;
    const size = hi - lo;
    const top = AT.grown + 2n * size;
    const used = mem.peekBytes(lo, Number(size));
    mem.unmap(lo, size);
    mem.map(AT.grown, 2n * size, PROT.read | PROT.write, 'curg stack');
    mem.pokeBytes(top - size, used);
    [bounds.lo, bounds.hi] = [AT.grown, top];
    this.curg.stackguard0 = AT.grown + STACK_GUARD;
    const sched = view(mem, gobuf, this.curg.sched);
    if (sched.sp >= lo && sched.sp < hi) sched.sp += top - hi;
    this.bridge.moved(lo, size, top - hi);
  }

  /** A fresh, zeroed struct on the Go heap. */
  #struct<F extends string>(layout: Struct<F>): View<F> {
    const at = this.#heap;
    this.#heap += BigInt((layout.size + 63) & ~63);
    return view(this.machine.mem, layout, at);
  }

  #goroutine(name: StackName, goid: bigint): GView {
    const { mem } = this.machine;
    const g: GView = this.#struct(gLayout);
    mem.map(AT[name], SIZE[name], PROT.read | PROT.write, `${name} stack`);
    const bounds = view(mem, stack, g.stack);
    bounds.lo = AT[name];
    bounds.hi = AT[name] + SIZE[name];
    g.stackguard0 = AT[name] + STACK_GUARD;
    g.stackguard1 = g.stackguard0;
    g.m = this.m.at;
    g.goid = goid;
    g.atomicstatus = BigInt(G.running);
    view(mem, gobuf, g.sched).g = g.at;
    return g;
  }

  /** The word behind a variable's name. */
  #global(name: string, size = 8n): bigint {
    const known = this.#globals.get(name);
    if (known !== undefined) return known;
    const at = this.#nextGlobal;
    this.#nextGlobal += size;
    this.#globals.set(name, at);
    this.machine.symbols.add([{ name, address: at, size: Number(size), lines: [], pcsp: [] }]);
    return at;
  }

  #external(name: string, use: 'code' | 'data', lenient: boolean): bigint | undefined {
    const known = this.bridge.addressOf(name) ?? this.#globals.get(name);
    if (known !== undefined || !lenient) return known;
    // Go's files name much that this world does not hold: a variable is zero, a function stops the run when reached.
    if (use === 'data') return this.#global(name, ROOMY);
    return this.machine.gates.add(name, 0, 0, () => this.machine.end({ kind: 'no-model', name }));
  }
}

/** The code and data of a file do not fit below the gates. */
export class ImageTooLarge extends Error {
  constructor(bytes: bigint, room: bigint) {
    super(`code and data take ${bytes} bytes; there is room for ${room}`);
  }
}

/** Enough for any variable that Go's stubs name (m0 is the largest, 1008 bytes). */
const ROOMY = 1024n;
