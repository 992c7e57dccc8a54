/** Ms, Ps and goroutines in guest memory, around an image of linked stubs: one of each to begin with. */
import type { Image } from '#asm/link.ts';
import type { Finding } from '#emu/check/checker.ts';
import { R } from '#emu/cpu/layout.ts';
import { layOutObjects, type ObjectLayout } from '#emu/linux/elf-layout.ts';
import { relocate } from '#emu/linux/elf-link.ts';
import { Machine } from '#emu/machine.ts';
import { PROT } from '#emu/mem/layout.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import type { Ending } from '#emu/trace/event.ts';
import { baseName } from '#emu/trace/text.ts';
import { Bridge } from './bridge.ts';
import type { FixName } from './fixes.ts';
import { copystack } from './gc/copystack.ts';
import type { StaleSlot } from './gc/scan.ts';
import { Stacks } from './gc/stacks.ts';
import { printTraces } from './gc/traceback.ts';
import { Heap } from './heap.ts';
import { clobber, Random, scribble } from './junk.ts';
import { G, g as gLayout, gobuf, m as mLayout, P, p as pLayout, STACK_GUARD, schedt, stack } from './layout/go1.19.ts';
import type { Struct } from './layout/struct.ts';
import { type View, view } from './layout/view.ts';
import { type Model, Stopped } from './model.ts';
import { type Chapter, type External, kindOf, type WorldOptions } from './world-options.ts';
import { wrappers } from './wrappers.ts';

/** The three stacks a stub can find itself on. */
export type StackName = 'g0' | 'curg' | 'gsignal';
export const stackNames: readonly StackName[] = ['g0', 'curg', 'gsignal'];

export type GView = View<keyof (typeof gLayout)['fields']>;
export type MView = View<keyof (typeof mLayout)['fields']>;
export type PView = View<keyof (typeof pLayout)['fields']>;
export type SchedView = View<keyof (typeof schedt)['fields']>;

/** Where things lie. Stacks and mappings high, as Linux has them, so that a lost upper half of an address shows. */
const AT = {
  image: 0x40_1000n,
  gates: 0x1000_0000n,
  globals: 0x2000_0000n,
  c: 0x3000_0000n,
  g0: 0x7fff_ff70_0000n,
} as const;
/** Between the stacks of two threads. */
const THREAD_STRIDE = 0x20_0000n;
/** Bytes: a small pthread stack, gsignal's 32 KiB (mpreinit), a goroutine that has grown twice. */
const SIZE = { g0: 0x1_0000n, gsignal: 0x8000n, curg: 0x2000n } as const;
/** Between a stack's high bound and our first frame: what the thread began with. */
const HEADROOM = 0x100n;
/** How much of a stack, from its high bound, had been in use before. */
const USED = 0x800n;

export class World {
  readonly machine: Machine;
  readonly bridge: Bridge;
  readonly heap: Heap;
  readonly stacks: Stacks;
  readonly image: Image;
  readonly without: ReadonlySet<FixName>;
  /** runtime.sched. */
  readonly sched: SchedView;
  /** The first M, with its g0 and gsignal, a goroutine that runs on it, and its P. */
  readonly m: MView;
  readonly g0: GView;
  readonly gsignal: GView;
  readonly curg: GView;
  readonly p: PView;
  /** Addresses of all there are, in the order in which they were made: allm, allp, allgs. */
  readonly allm: bigint[] = [];
  readonly allp: bigint[] = [];
  readonly allgs: bigint[] = [];
  /** What checkers and models found wrong, in the order of time. */
  readonly findings: Finding[] = [];
  /** raceenabled and msanenabled: does compiled Go call the sanitizers' hooks? */
  readonly race: boolean;
  readonly msan: boolean;
  readonly sysmonRounds: number;
  /** The turns the run has taken, for people: what moved, what was taken away, what was found where. */
  readonly story: Chapter[] = [];
  /** Live slots in which a scan found pointers of the past. */
  readonly stale: StaleSlot[] = [];
  /** What throw said, when it did. */
  thrown: string | undefined;
  readonly #seed: bigint;
  readonly #streams: Random[] = [];
  readonly #exit: bigint;
  readonly #c: ObjectLayout;
  readonly #notes = new Map<string, readonly bigint[]>();
  readonly #globals = new Map<string, bigint>();
  #nextGlobal: bigint = AT.globals;
  #threadStacks = 0n;
  #startedOn: StackName = 'g0';

  constructor(options: WorldOptions) {
    this.machine = new Machine({ ...options, gateBase: AT.gates });
    const { mem, cpu } = this.machine;
    this.without = options.without ?? new Set();
    this.race = options.race ?? false;
    this.msan = options.msan ?? false;
    this.sysmonRounds = options.sysmonRounds ?? 10;
    this.#seed = options.seed;
    this.heap = new Heap(mem);
    this.stacks = new Stacks(mem, this.heap);
    this.bridge = new Bridge(this, (f, convention, bits) => clobber(this.#junk(), f, convention, bits));
    this.machine.observe((e) => {
      if (e.kind === 'syscall') this.note(`${e.name}()`, e.args);
    });
    this.#exit = this.machine.gates.add('callgate.exit', [], () => this.machine.end({ kind: 'done' }));
    this.#c = layOutObjects(options.objects ?? [], AT.c);
    for (const m of options.models) if (this.#c.addressOf(m.name) === undefined) this.bridge.install(m);
    mem.map(AT.globals, 0x1_0000n, PROT.read | PROT.write, '[globals]');
    for (const name of Object.keys(options.globals)) this.#global(name);
    const external: External = (name, use, from) =>
      this.#external(name, use, use === 'code' ? options.library(from) : options.lenient(from));
    this.image = options.link(AT.image, external, [wrappers(options.models)], kindOf(options));
    this.#load();
    this.#loadObjects();
    // Where the stubs define a variable themselves, theirs is the one that is read.
    for (const [name, value] of Object.entries(options.globals)) {
      mem.poke(this.addressOf(name), 8, typeof value === 'string' ? this.addressOf(value) : value);
    }

    this.sched = this.#struct(schedt);
    for (let id = (options.procs ?? 1) - 1; id >= 0; id--) this.#proc(id);
    this.p = this.pOf(this.allp[0]!);
    // schedinit: 0 would mean that somebody is waiting for the network.
    this.sched.lastpoll = this.machine.kernel.clock.nowNs;
    this.m = this.newM('');
    this.g0 = this.g(this.m.g0);
    this.gsignal = this.g(this.m.gsignal);
    this.curg = this.newG('curg', SIZE.curg);
    // A stack is never fresh: what was there before must not matter.
    for (const g of [this.g0, this.gsignal, this.curg]) {
      const { hi } = view(mem, stack, g.stack);
      scribble(this.#junk(), mem, hi - USED, hi);
    }
    this.curg.m = this.m.at;
    this.curg.atomicstatus = BigInt(G.running);
    this.m.curg = this.curg.at;
    this.m.p = this.p.at;
    this.m.procid = BigInt(this.machine.task.tid);
    this.p.m = this.m.at;
    this.p.status = BigInt(P.running);
    cpu.fsBase = this.threadPointer(this.m);
    cpu.random = BigInt.asUintN(64, options.seed);
    cpu.mxcsr = 0x1f80;
  }

  /** The running thread's own junk: what others leave behind in between makes no difference to it. */
  #junk(): Random {
    const { index } = this.machine.thread;
    this.#streams[index] ??= new Random(this.#seed + (BigInt(index) << 32n));
    return this.#streams[index];
  }

  /** Typed views of what lies at an address. */
  g(at: bigint): GView {
    return view(this.machine.mem, gLayout, at);
  }
  mOf(at: bigint): MView {
    return view(this.machine.mem, mLayout, at);
  }
  pOf(at: bigint): PView {
    return view(this.machine.mem, pLayout, at);
  }

  /** Does this Go have a historic fix? */
  has(fix: FixName): boolean {
    return !this.without.has(fix);
  }

  /** Where FS points on a thread of this M, as settls has it: g's slot is m.tls[0], at −8 from there. */
  threadPointer(m: MView): bigint {
    return m.tls + 8n;
  }

  /** A fresh M with g0, on a thread's stack, and gsignal. `prefix` tells its stacks from the first M's: "m1 ". */
  newM(prefix: string): MView {
    const m = this.threadlessM(prefix, this.sched.mnext++);
    const { lo, size } = this.threadStack(`${prefix}g0 stack`);
    const g0 = this.g(m.g0);
    const bounds = view(this.machine.mem, stack, g0.stack);
    [bounds.lo, bounds.hi] = [lo, lo + size];
    [g0.stackguard0, g0.stackguard1] = [lo + STACK_GUARD, lo + STACK_GUARD];
    return m;
  }

  /** Memory for the stack of a thread. */
  threadStack(name: string): { readonly lo: bigint; readonly size: bigint } {
    const lo = AT.g0 - this.#threadStacks++ * THREAD_STRIDE;
    const { mem } = this.machine;
    mem.map(lo, SIZE.g0, PROT.read | PROT.write, name);
    scribble(this.#junk(), mem, lo + SIZE.g0 - USED, lo + SIZE.g0);
    return { lo, size: SIZE.g0 };
  }

  /** A fresh M whose g0 has no stack: that of a thread which C will make, or has made. */
  threadlessM(prefix: string, id: bigint): MView {
    const m = this.#struct(mLayout);
    m.id = id;
    this.allm.push(m.at);
    m.g0 = this.#goroutine(m, 0n, 0n, 0n).at;
    const gsignal = this.heap.stack(SIZE.gsignal, `${prefix}gsignal stack`);
    m.gsignal = this.#goroutine(m, 0n, gsignal, SIZE.gsignal).at;
    return m;
  }

  /** A fresh, idle goroutine with a stack of its own; malg and allgadd. */
  newG(name: string, stackSize: bigint): GView {
    const goid = BigInt(this.allgs.length + 1);
    const g = this.#goroutine(undefined, goid, this.heap.stack(stackSize, `${name} stack`), stackSize);
    this.allgs.push(g.at);
    return g;
  }

  /** Address of a symbol, model or variable. Throws on a name that this world does not have. */
  addressOf(name: string): bigint {
    const at = this.bridge.addressOf(name) ?? this.machine.symbols.named(name)?.address ?? this.#globals.get(name);
    if (at === undefined) throw new Error(`this world has no ${name}`);
    return at;
  }

  /** The running thread's TLS slot, which names its g. */
  get currentG(): bigint {
    return this.machine.mem.peek(this.machine.cpu.fsBase - 8n, 8);
  }
  set currentG(g: bigint) {
    this.machine.mem.poke(this.machine.cpu.fsBase - 8n, 8, g);
  }

  /** Address of a read-only word that holds a function's PC: what a func value without captures points to. */
  funcval(name: string): bigint {
    const known = this.#globals.get(`${name}·f`);
    if (known !== undefined) return known;
    const at = this.#global(`${name}·f`);
    this.machine.mem.poke(at, 8, this.addressOf(name));
    return at;
  }

  /** Address of a variable of the Go side that only models know: zero at first, 8 bytes. */
  variable(name: string): bigint {
    return this.#global(name);
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

  /** One line of the story: what has just happened that somebody who looks for a cause wants to know. */
  tell(text: string): void {
    const { thread, retired } = this.machine;
    this.story.push({ at: retired, thread: thread.name, text });
  }

  /** The runtime's print, to standard error. */
  print(text: string): void {
    this.machine.output(2, new TextEncoder().encode(text));
  }

  /** throw (panic.go): the runtime gives up. */
  throw(message: string): never {
    this.thrown ??= message;
    this.print(`fatal error: ${message}\n`);
    printTraces(this);
    return this.exit(2);
  }

  /** exit(2), from inside a body. */
  exit(status: number): never {
    this.machine.end({ kind: 'exit', status });
    throw new Stopped();
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
  run(main: Model, on: StackName, residue: number, budget: number, scheduler?: Scheduler): Ending {
    const { cpu, mem } = this.machine;
    const top = (g: GView): bigint => view(mem, stack, g.stack).hi - HEADROOM - BigInt(residue);
    const running = { g0: this.g0, curg: this.curg, gsignal: this.gsignal }[on];
    view(mem, gobuf, this.g0.sched).sp = top(this.g0);
    // Who goes to a g0 as to a goroutine wants its thread to end; nobody has called mstart0 on this one.
    view(mem, gobuf, this.g0.sched).pc = this.bridge.addressOf('runtime.mexit') ?? 0n;
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
    const ending = scheduler ? this.machine.runThreads(scheduler, budget) : this.machine.run(budget);
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

  /** Give the goroutine a stack twice as large. It must be off it. */
  growStack(): void {
    const { lo, hi } = view(this.machine.mem, stack, this.curg.stack);
    copystack(this, this.curg, 2n * (hi - lo));
  }

  #load(): void {
    const { mem, symbols } = this.machine;
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
      this.image.symbols.map(({ name, abi, address, size, function: f }) => ({
        // As Go's linker tells a function from its wrapper.
        name: f && abi === 'ABI0' && this.bridge.addressOf(name) !== undefined ? `${name}.abi0` : name,
        address,
        size,
        lines: f?.lines ?? [],
        pcsp: f?.pcsp ?? [],
      })),
    );
  }

  #loadObjects(): void {
    const { mem, symbols } = this.machine;
    const known = (name: string): bigint | undefined =>
      symbols.named(name)?.address ?? this.bridge.addressOf(name) ?? this.#globals.get(name);
    const linked = relocate(this.#c, known);
    for (const s of linked.sections) {
      mem.map(s.address, BigInt(s.size), s.prot, s.name);
      mem.pokeBytes(s.address, s.bytes);
    }
    symbols.add(linked.symbols.map((s) => ({ ...s, isC: s.kind === 'function', lines: [] })));
  }

  /** A fresh, zeroed struct of the runtime's own. */
  #struct<F extends string>(layout: Struct<F>): View<F> {
    return view(this.machine.mem, layout, this.heap.persistent(layout.size));
  }

  /** A P, (*p).init, and all but the first on the list of idle ones: the last one first, as procresize has it. */
  #proc(id: number): void {
    const p = this.#struct(pLayout);
    p.id = BigInt(id);
    p.status = BigInt(P.idle);
    this.allp.unshift(p.at);
    if (id === 0) return;
    p.link = this.sched.pidle;
    this.sched.pidle = p.at;
    this.sched.npidle += 1n;
  }

  #goroutine(m: MView | undefined, goid: bigint, lo: bigint, size: bigint): GView {
    const { mem } = this.machine;
    const g = this.#struct(gLayout);
    const bounds = view(mem, stack, g.stack);
    bounds.lo = lo;
    bounds.hi = lo + size;
    g.stackguard0 = lo + STACK_GUARD;
    g.stackguard1 = g.stackguard0;
    g.goid = goid;
    if (m) {
      g.m = m.at;
      g.atomicstatus = BigInt(G.running);
    }
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
    const known = this.#c.addressOf(name) ?? this.bridge.addressOf(name) ?? this.#globals.get(name);
    if (known !== undefined || !lenient) return known;
    // Go's files name much that this world does not hold: a variable is zero, a function stops the run when reached.
    if (use === 'data') return this.#global(name, ROOMY);
    return this.machine.gates.add(name, [], () => this.machine.end({ kind: 'no-model', name }));
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
