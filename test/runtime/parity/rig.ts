/**
 * A thread of Go's, prepared for one call of one stub, and what can be seen of that call.
 *
 * Seen is, at every function that the stub reaches, at every system call and at the end: which stack RSP is on and where,
 * the registers and stack words that the convention says are looked at, and every word of memory that is not as it was
 * prepared. Not seen are stack words below the place where RSP was on entry (a stub's own frames, and dead ones), but for
 * the arguments of a callee; registers that the convention leaves undefined; and addresses inside a function, of which
 * only the function's name counts.
 */
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import type { Stop } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import type { Fault } from '#emu/mem/fault.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { Random } from '#runtime/junk.ts';
import { g as gLayout, gobuf, m as mLayout, p as pLayout, stack } from '#runtime/layout/go1.19.ts';
import type { Struct } from '#runtime/layout/struct.ts';
import { type View, view } from '#runtime/layout/view.ts';
import { AT as PROGRAM_AT, type Program, VARIABLES_SIZE } from './program.ts';
import type { Callee, Case, Register, Row, StackName } from './row.ts';

/** Structs lie 4 GiB apart, each with zeros in the lower half of its address: who looks at one half only is misled. */
const AT = { structs: 0xc1_0000_0000n, heap: 0xc0_0000_0000n } as const;
const APART = 0x1_0000_0000n;
const STRUCT_SIZE = 0x3000n;
const HEAP_SIZE = 0x1000n;
/** Lowest addresses: high, as Linux has them, so that a lost upper half shows. */
const stacks: Readonly<Record<StackName, bigint>> = {
  curg: 0xc0_0020_0000n,
  gsignal: 0xc0_0030_0000n,
  /** Where a goroutine's stack goes when it grows. */
  grown: 0xc0_0040_0000n,
  /** What clone is given. */
  fresh: 0xc0_0050_0000n,
  g0: 0x7fff_ff70_0000n,
};
const STACK_SIZE = 0x1000n;
/** Distances of RSP from the high bound: at the call, and as sched.sp of a g that is not running says. */
const DEPTH = { call: 0x200n, parked: 0x100n } as const;
/** How far below its entry a callee's frames reach. */
const SCRIBBLED = 0x80n;
/** Far more than any stub needs. */
const BUDGET = 300;
/** clone(2): the child's FS base is the last argument. */
const CLONE_SETTLS = 0x8_0000n;

// biome-ignore format: table
const registers: Readonly<Record<Register, number>> = {
  AX: R.ax, BX: R.bx, CX: R.cx, DX: R.dx, SI: R.si, DI: R.di, BP: R.bp, SP: R.sp, R8: R.r8, R9: R.r9, R10: R.r10,
  R11: R.r11, R12: R.r12, R13: R.r13, R14: R.r14, R15: R.r15,
};
const cArguments = ['DI', 'SI', 'DX', 'CX', 'R8', 'R9'] as const;
const goArguments = ['AX', 'BX', 'CX', 'DI', 'SI', 'R8', 'R9', 'R10', 'R11'] as const;
const kernelArguments = ['DI', 'SI', 'DX', 'R10', 'R8', 'R9'] as const;
const cSaved = ['BX', 'BP', 'R12', 'R13', 'R14', 'R15'] as const;

/** System calls by number: how many arguments each takes, and which of them points to bytes that it reads. */
// biome-ignore format: table
const syscalls: Readonly<Record<number, readonly [name: string, args: number, reads?: Register, size?: number]>> = {
  0: ['read', 3],            1: ['write', 3],          3: ['close', 1],            9: ['mmap', 6],        11: ['munmap', 2],
  13: ['rt_sigaction', 4],   14: ['rt_sigprocmask', 4], 15: ['rt_sigreturn', 0],   24: ['sched_yield', 0], 27: ['mincore', 3],
  28: ['madvise', 3],        35: ['nanosleep', 2, 'DI', 16], 39: ['getpid', 0],    56: ['clone', 5],      60: ['exit', 1],
  131: ['sigaltstack', 2],   158: ['arch_prctl', 2],   186: ['gettid', 0],         202: ['futex', 6],
  204: ['sched_getaffinity', 3], 228: ['clock_gettime', 2], 231: ['exit_group', 1], 234: ['tgkill', 3],   257: ['openat', 4],
};

type GView = View<keyof (typeof gLayout)['fields']>;

export class Rig {
  readonly program: Program;
  readonly mem = new Memory();
  readonly cpu = new Cpu(this.mem.frames);
  readonly random: Random;
  readonly g0: GView;
  readonly gsignal: GView;
  readonly curg: GView;
  /** A g that nobody runs. */
  readonly other: GView;
  readonly m: View<keyof (typeof mLayout)['fields']>;
  readonly p: View<keyof (typeof pLayout)['fields']>;
  readonly heap = AT.heap;
  /** What has been seen, in the order of time. */
  readonly seen: string[] = [];
  readonly #case: Case;
  readonly #row: Row;
  readonly #structs: { readonly name: string; readonly at: bigint; readonly layout: Struct }[] = [];
  /** Words that were written, as they were prepared. */
  readonly #before = new Map<bigint, bigint>();
  /** Below these addresses a stack's words are a stub's own. */
  readonly #kept: Partial<Record<StackName, bigint>> = {};
  #next: bigint = AT.structs;
  #answered = 0;
  #ended = false;

  constructor(program: Program, row: Row, c: Case, residue: number) {
    this.program = program;
    this.#row = row;
    this.#case = c;
    this.random = new Random(BigInt(residue) + 1n);
    const rw = PROT.read | PROT.write;
    const map = (at: bigint, size: bigint, prot: number): void => this.mem.map(at, size, prot, '');
    for (const s of program.image.sections) {
      map(s.address, BigInt(s.size), s.name === '.text' ? PROT.read | PROT.exec : rw);
      this.mem.pokeBytes(s.address, s.bytes);
    }
    map(PROGRAM_AT.variables, VARIABLES_SIZE, rw);
    map(AT.heap, HEAP_SIZE, rw);
    this.#junk(AT.heap, AT.heap + HEAP_SIZE);
    for (const at of Object.values(stacks)) {
      map(at, STACK_SIZE, rw);
      this.#junk(at + STACK_SIZE - 0x400n, at + STACK_SIZE);
    }
    this.m = this.#struct('m', mLayout);
    this.p = this.#struct('p', pLayout);
    this.g0 = this.#g('g0', 'g0', residue);
    this.gsignal = this.#g('gsignal', 'gsignal', residue);
    this.curg = this.#g('curg', 'curg', residue);
    this.other = this.#g('other', 'fresh', residue);
    this.m.g0 = this.g0.at;
    this.m.gsignal = this.gsignal.at;
    this.m.curg = this.curg.at;
    this.m.p = this.p.at;
    this.cpu.fsBase = this.m.tls + 8n;
    this.#registers(residue);
    c.prepare?.(this);
    this.mem.toucher = (address, size, write) => this.#touched(address, size, write);
  }

  get currentG(): bigint {
    return this.mem.peek(this.m.tls, 8);
  }
  set currentG(g: bigint) {
    this.poke(this.m.tls, g);
  }

  reg(name: Register): bigint {
    return this.cpu.gpr(registers[name]);
  }
  set(name: Register, v: bigint): void {
    this.cpu.setGpr(registers[name], BigInt.asUintN(64, v));
  }

  /** Write a word. */
  poke(at: bigint, v: bigint): void {
    this.mem.poke(at, 8, BigInt.asUintN(64, v));
  }
  /** Stack arguments, from the first word above the return address on. */
  args(...words: bigint[]): void {
    words.forEach((v, i) => this.poke(this.reg('SP') + 8n + 8n * BigInt(i), v));
  }

  /** Give a variable its value. */
  variable(name: string, v: bigint | string): void {
    this.mem.poke(this.program.variable(name), 8, typeof v === 'bigint' ? v : this.program.gate(v));
  }

  /** The goroutine's stack moves to where it has more room, as copystack moves it. */
  growStack(): void {
    const delta = stacks.grown - stacks.curg;
    const { mem } = this;
    mem.pokeBytes(stacks.grown, mem.peekBytes(stacks.curg, Number(STACK_SIZE)));
    this.#junk(stacks.curg, stacks.curg + STACK_SIZE);
    const bounds = view(mem, stack, this.curg.stack);
    const sched = view(mem, gobuf, this.curg.sched);
    this.poke(bounds.at, bounds.lo + delta);
    this.poke(bounds.at + 8n, bounds.hi + delta);
    this.poke(sched.at, sched.sp + delta);
    this.#kept.grown = this.#kept.curg! + delta;
  }

  /** Run until it is over. What was seen is in `seen`. */
  run(): void {
    const engine = new Interpreter({ cpu: this.cpu, mem: this.mem, clock: () => 0n });
    let left = BUDGET;
    while (!this.#ended) {
      const stop = engine.run(left);
      left -= stop.retired;
      this.#serve(stop, left <= 0);
    }
  }

  #serve(stop: Stop, spent: boolean): void {
    switch (stop.why) {
      case 'budget':
        return this.#end(`runs on and on in ${this.#function(this.cpu.rip)}`);
      case 'syscall':
        return this.#syscall();
      case 'trap':
        this.#see(`INT ${stop.vector} in ${this.#function(this.cpu.rip - 1n)} ${this.#on}`);
        if (!this.#case.resumes || spent) this.#ended = true;
        return;
      case 'fault':
        return this.#fault(stop.fault);
    }
  }

  #fault(fault: Fault): void {
    const name = this.program.gateAt(this.cpu.rip);
    if (name === undefined) {
      const what =
        fault.kind === 'page'
          ? `${fault.access} of ${fault.size} bytes at 0x${fault.address.toString(16)}`
          : fault.kind;
      return this.#end(`fault: ${what} in ${this.#function(this.cpu.rip)} ${this.#on}`);
    }
    if (name === RETURN) return this.#returned();
    const callee = this.#case.callees?.[name] ?? this.#row.callees?.[name];
    if (!callee) return this.#end(`reached ${name}, which this case does not expect`);
    this.#call(name, callee);
  }

  #call(name: string, callee: Callee): void {
    const names = callee.convention === 'C' ? cArguments : goArguments;
    const sp = this.reg('SP');
    const words = callee.convention === 'ABI0' ? callee.args : 0;
    const inRegisters = callee.convention === 'ABI0' ? [] : names.slice(0, callee.args);
    const kept: Register[] = callee.convention === 'C' ? [] : callee.convention === 'ABI0' ? ['BP'] : ['BP', 'R14'];
    const parts = [...inRegisters, ...kept, ...(callee.also ?? [])].map((n) => `${n}=${this.#name(this.reg(n))}`);
    for (let i = 0; i < words; i++) parts.push(`[${i}]=${this.#name(this.mem.read(sp + 8n + 8n * BigInt(i), 8))}`);
    if (callee.convention === 'ABIInternal') parts.push(`X15=${this.cpu.xmm(15).toString(16)}`);
    for (const [what, v] of Object.entries(callee.looks?.(this) ?? {})) parts.push(`${what}=${this.#name(v)}`);
    if (this.cpu.flag('DF')) parts.push('DF');
    this.#see(`${name}(${parts.join(' ')}) ${this.#sp}`);
    if (callee.returns === false) {
      this.#ended = true;
      return;
    }
    this.#clobber(callee);
    callee.does?.(this);
    if (callee.convention === 'ABIInternal') this.set('R14', this.currentG);
    // The stack may have moved under the callee.
    const grown = sp >= stacks.curg && sp < stacks.curg + STACK_SIZE && this.#kept.grown !== undefined;
    const at = grown ? sp + stacks.grown - stacks.curg : sp;
    this.cpu.rip = this.mem.read(at, 8);
    this.#scribble(at - SCRIBBLED, at + 8n);
    this.set('SP', at + 8n);
  }

  /** Junk in all that the convention lets a callee destroy. */
  #clobber({ convention, args, result }: Callee): void {
    const owned = convention === 'C' ? cSaved : convention === 'ABI0' ? ['BP'] : ['BP', 'R14'];
    for (const n of Object.keys(registers) as Register[]) {
      if (n !== 'SP' && !(owned as readonly string[]).includes(n)) this.set(n, this.random.next());
    }
    if (result !== undefined) this.set('AX', result);
    for (let n = 0; n < 16; n++) this.cpu.setXmm(n, this.random.next());
    if (convention === 'ABIInternal') this.cpu.setXmm(15, 0n);
    this.#flags();
    // Go's callees own their stack arguments, and the words above where register arguments may be spilled.
    const own = convention === 'C' ? 0 : args;
    const sp = this.reg('SP') + 8n;
    this.#scribble(sp, sp + 8n * BigInt(own));
  }

  #syscall(): void {
    const number = Number(this.reg('AX'));
    const row = syscalls[number];
    if (!row) return this.#end(`system call ${number}`);
    const [name, count, reads, size = 0] = row;
    const args = kernelArguments.slice(0, count).map((n) => this.#name(this.reg(n)));
    const bytes = reads ? [...this.mem.peekBytes(this.reg(reads), size)].join(',') : '';
    this.#see(`${name}(${args.join(', ')})${bytes && ` reads ${bytes}`} ${this.#on}`);
    const answers = this.#case.answers ?? [0n];
    const answer = answers[Math.min(this.#answered++, answers.length - 1)]!;
    if (answer === 'ends') {
      this.#ended = true;
      return;
    }
    if (name === 'clock_gettime') this.timespec(this.reg('SI'));
    if (name === 'clone' && answer === 0n && this.reg('DI') & CLONE_SETTLS) this.cpu.fsBase = this.reg('R8');
    this.set('AX', answer);
    // SYSCALL itself takes these two (SDM vol. 2).
    this.set('CX', this.random.next());
    this.set('R11', this.random.next());
  }

  /** What clock_gettime stores. */
  timespec(at: bigint): void {
    this.poke(at, 5_000_000_000n);
    this.poke(at + 8n, 567_890_123n);
  }

  #returned(): void {
    const { convention, results = [] } = this.#row;
    // RAX is in `results` where it is one.
    const kept = { C: cSaved, ABI0: ['BP'], ABIInternal: ['BP', 'R14'] }[convention] as readonly Register[];
    const parts = [...kept, ...results].map((n) => {
      if (n === 'EAX') return `EAX=${BigInt.asUintN(32, this.reg('AX')).toString(16)}`;
      return n === 'X15' ? `X15=${this.cpu.xmm(15).toString(16)}` : `${n}=${this.#name(this.reg(n))}`;
    });
    if (this.cpu.flag('DF')) parts.push('DF');
    this.#end(`returned ${parts.join(' ')} ${this.#sp}`);
  }

  #end(what: string): void {
    this.#see(what);
    this.#ended = true;
  }

  /** An event, where RSP is, and memory as it is then. */
  #see(what: string): void {
    const changed = [...this.#before.keys()]
      .filter((at) => this.#counts(at) && this.mem.peek(at, 8) !== this.#before.get(at))
      .sort((a, b) => (a < b ? -1 : 1))
      .map((at) => `${this.#name(at)}: ${this.#name(this.mem.peek(at, 8))}`);
    this.seen.push(`${what} {${changed.join(', ')}}`);
  }

  get #sp(): string {
    return `SP=${this.#name(this.reg('SP'))}`;
  }
  /** The stack RSP is on, where it does not matter how deep. */
  get #on(): string {
    return `on ${this.#name(this.reg('SP')).replace(/\.hi-.*/, '')}`;
  }

  #counts(at: bigint): boolean {
    for (const [name, lo] of Object.entries(stacks) as [StackName, bigint][]) {
      if (at >= lo && at < lo + STACK_SIZE) return at >= (this.#kept[name] ?? lo + STACK_SIZE);
    }
    return true;
  }

  /** Called before every write: what was there. */
  #touched(address: bigint, size: number, write: boolean): void {
    if (!write) return;
    for (let at = address & ~7n; at < address + BigInt(size); at += 8n) {
      if (!this.#before.has(at)) this.#before.set(at, this.mem.peek(at, 8));
    }
    // Who interrupts looks at this pair: its order counts.
    const name = this.#name(address);
    if (name === 'm.vdsoPC' || name === 'm.vdsoSP') this.seen.push(`store to ${name}`);
  }

  /** A value as both sides would call it. */
  #name(v: bigint): string {
    for (const [name, lo] of Object.entries(stacks)) {
      if (v > lo && v <= lo + STACK_SIZE) return `${name}.hi-0x${(lo + STACK_SIZE - v).toString(16)}`;
    }
    for (const { name, at, layout } of this.#structs) {
      if (v >= at && v < at + BigInt(layout.size)) return `${name}${fieldAt(layout, Number(v - at))}`;
    }
    const symbol = this.program.symbolAt(v);
    if (symbol) return symbol[1] === 0n ? symbol[0] : `${symbol[0]}+`;
    return `0x${v.toString(16)}`;
  }

  #function(pc: bigint): string {
    return this.program.symbolAt(pc)?.[0] ?? 'no function';
  }

  #struct<F extends string>(name: string, layout: Struct<F>): View<F> {
    const at = this.#next;
    this.#next += APART;
    this.mem.map(at, STRUCT_SIZE, PROT.read | PROT.write, '');
    this.#junk(at, at + BigInt(layout.size));
    this.#structs.push({ name, at, layout });
    return view(this.mem, layout, at);
  }

  #g(name: string, on: StackName, residue: number): GView {
    const g = this.#struct(name, gLayout);
    const bounds = view(this.mem, stack, g.stack);
    bounds.lo = stacks[on];
    bounds.hi = stacks[on] + STACK_SIZE;
    g.m = this.m.at;
    const sched = view(this.mem, gobuf, g.sched);
    sched.g = g.at;
    sched.sp = bounds.hi - DEPTH.parked - BigInt((residue + 16) % 32);
    sched.pc = this.program.gate(`where ${name} left off`);
    sched.ctxt = 0n;
    this.#kept[on] = sched.sp;
    return g;
  }

  /** Junk in every register, then what the convention promises the stub. */
  #registers(residue: number): void {
    const { on, args = [] } = this.#case;
    const { convention } = this.#row;
    for (const n of Object.values(registers)) this.cpu.setGpr(n, this.random.next());
    for (let n = 0; n < 16; n++) this.cpu.setXmm(n, this.random.next());
    this.#flags();
    const stackName = on === 'none' ? 'g0' : on;
    const g = on === 'none' ? 0n : { g0: this.g0, curg: this.curg, gsignal: this.gsignal }[on].at;
    this.currentG = g;
    if (convention === 'ABIInternal' || this.#row.readsG) this.set('R14', g);
    if (convention === 'ABIInternal') this.cpu.setXmm(15, 0n);
    const sp = stacks[stackName] + STACK_SIZE - DEPTH.call - BigInt(residue);
    // What a running g has in sched is from before.
    const sched = { g0: this.g0, curg: this.curg, gsignal: this.gsignal }[stackName].sched;
    this.#junk(sched, sched + 16n);
    this.#kept[stackName] = sp;
    this.set('SP', sp);
    this.mem.poke(sp, 8, this.program.gate(RETURN));
    this.args(...args);
    this.cpu.rip = this.program.entry(this.#row.stub);
  }

  #flags(): void {
    const bits = this.random.next();
    (['CF', 'PF', 'AF', 'ZF', 'SF', 'OF'] as const).forEach((f, i) =>
      this.cpu.setFlag(f, ((bits >> BigInt(i)) & 1n) === 1n),
    );
  }

  #junk(from: bigint, to: bigint): void {
    for (let at = from; at < to; at += 8n) this.mem.poke(at, 8, this.random.next());
  }

  #scribble(from: bigint, to: bigint): void {
    for (let at = from; at < to; at += 8n) this.poke(at, this.random.next());
  }
}

export const RETURN = 'the caller';

function fieldAt(layout: Struct, offset: number): string {
  const field = Object.entries(layout.fields).find(([, [at, size]]) => offset >= at && offset < at + size);
  if (!field) return `+${offset}`;
  const inside = offset - field[1][0];
  return `.${field[0]}${inside ? `+${inside}` : ''}`;
}
