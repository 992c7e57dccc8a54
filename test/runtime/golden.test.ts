/**
 * One way from Go to C, back into Go, where the stack grows four times, and home again: the same 18 points as in a run of a
 * real program (Go 1.19.8, static cgo), with what was measured there. docs/GOLDEN.md says what differs.
 *
 * Addresses are distances from a stack's high bound: G for the goroutine's, S for g0's.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { gobuf, G as STATUS, stack } from '#runtime/layout/go1.19.ts';
import { view } from '#runtime/layout/view.ts';
import { goLibrary, type Library } from '#runtime/stubs.ts';
import type { GView, World } from '#runtime/world.ts';
import { hostFiles, stubsDir } from '../../src/cli/files.ts';
import { goroot } from '../witness/go.ts';
import { callback, growStack, watched } from './callback.ts';
import { own } from './fixture.ts';

/** What a goroutine begins with, and where newproc1 has its first function called: its return address lies there. */
const FIRST_SIZE = 0x800n;
const ENTRY = 0x28n;
/** g0's SP when it last left its stack. */
const AT_REST = 0x38n;
/** Frames of a KiB and a bit: enough for a stack of 0x8000 and not for one of 0x4000. */
const DEPTH = 20;

/** What is looked at, at each point. Distances are from the bounds as they are then. */
interface Seen {
  /** On whose stack RSP is, and how far from its high bound. */
  readonly on: 'G' | 'S';
  readonly rsp: bigint;
  readonly rbp: bigint;
  readonly tls: 'curg' | 'g0';
  readonly r14: 'curg' | 'g0' | undefined;
  readonly hi: bigint;
  readonly regs: { readonly ax: bigint; readonly bx: bigint };
  readonly size: bigint;
  readonly status: bigint;
  readonly g: {
    readonly syscallsp: bigint;
    readonly syscallpc: bigint;
    readonly throwsplit: bigint;
    readonly guard: bigint;
  };
  readonly sched: { readonly sp: bigint; readonly pc: bigint; readonly bp: bigint };
  readonly g0sp: bigint;
  readonly m: {
    readonly p: bigint;
    readonly oldp: bigint;
    readonly ncgo: bigint;
    readonly incgo: bigint;
    readonly locked: bigint;
  };
  /** The word at an address that lies `up` above RSP. */
  readonly word: (up: number) => bigint;
  /** The word `down` below the goroutine's high bound. */
  readonly deep: (down: number) => bigint;
}

class Run {
  readonly world: World;
  readonly #seen = new Map<number, Seen[]>();
  /** High bounds when it began. */
  readonly g: bigint;
  readonly s: bigint;

  constructor(library: Library) {
    const told = callback(
      {
        *inGo(f) {
          yield* growStack(f, DEPTH);
        },
      },
      { library },
    );
    this.world = told.world;
    const { curg, g0, machine } = this.world;
    const { mem, cpu } = machine;
    const bounds = view(mem, stack, curg.stack);
    bounds.lo = this.world.heap.stack(FIRST_SIZE, 'curg stack');
    bounds.hi = bounds.lo + FIRST_SIZE;
    curg.stackguard0 = bounds.lo + 928n;
    this.g = bounds.hi;
    this.s = view(mem, stack, g0.stack).hi;
    view(mem, gobuf, g0.sched).sp = this.s - AT_REST;
    mem.poke(this.g - ENTRY, 8, this.world.addressOf('callgate.exit'));
    this.world.currentG = curg.at;
    cpu.setGpr(R.r14, curg.at);
    cpu.setGpr(R.sp, this.g - ENTRY);
    cpu.rip = this.world.addressOf('main.main');
    this.#follow();
  }

  /** The only time that this point was passed. */
  at(point: number): Seen {
    const seen = this.all(point);
    expect(seen).toHaveLength(1);
    return seen[0]!;
  }
  all(point: number): readonly Seen[] {
    return this.#seen.get(point) ?? [];
  }

  /** One step after the other, to the end. */
  #follow(): void {
    const { world } = this;
    const { machine } = world;
    const { cpu, mem } = machine;
    const entries = new Map([
      [world.addressOf('runtime.cgocall'), 1],
      [world.addressOf('runtime.entersyscall'), 2],
      [this.x, 3],
      [this.code('runtime.asmcgocall'), 4],
      [world.addressOf('f'), 5],
      [this.code('crosscall2'), 6],
      [this.code('runtime.cgocallback'), 7],
      [this.code('runtime.cgocallbackg'), 8],
      [world.addressOf('runtime.cgocallbackg'), 9],
      [world.addressOf('runtime.cgocallbackg1'), 10],
      [world.addressOf('runtime.copystack'), 11],
      [this.y, 17],
      [world.bridge.siteAddress('runtime.cgocall', 'exitsyscall'), 18],
    ]);
    const isRet = (rip: bigint): boolean => mem.peek(rip, 1) === 0xc3n;
    const within = (name: string): boolean => machine.symbols.at(cpu.rip)?.name === name;
    const look = (): void => {
      const { rip } = cpu;
      const point = entries.get(rip);
      if (point !== undefined) this.#note(point);
      // The return addresses of the calls just made are points as well.
      if (point === 5) entries.set(mem.peek(cpu.gpr(R.sp), 8), 15);
      if (point === 8) entries.set(mem.peek(cpu.gpr(R.sp), 8), 13);
      if (point === 10) entries.set(world.addressOf('runtime.reentersyscall'), 12);
      if (within('runtime.cgocallback') && isRet(rip)) this.#note(14);
      if (within('runtime.asmcgocall') && isRet(rip)) this.#note(16);
    };
    const ending = machine.runThreads(watched(look), 100_000);
    expect(ending).toEqual({ kind: 'done' });
  }

  get x(): bigint {
    return this.world.bridge.siteAddress('runtime.cgocall', 'entersyscall');
  }
  get y(): bigint {
    return this.world.bridge.siteAddress('runtime.cgocall', 'asmcgocall');
  }
  /** The ABI0 function of this name: a stub, or a wrapper. */
  code(name: string): bigint {
    return this.world.image.symbols.find((s) => s.name === name && s.function && s.abi === 'ABI0')!.address;
  }

  #note(point: number): void {
    const { world } = this;
    const { cpu, mem } = world.machine;
    const { curg, g0, m } = world;
    const { lo, hi } = view(mem, stack, curg.stack);
    const sched = view(mem, gobuf, curg.sched);
    const sp = cpu.gpr(R.sp);
    const on = sp >= lo && sp < hi ? 'G' : 'S';
    const who = (g: bigint): 'curg' | 'g0' | undefined => (g === curg.at ? 'curg' : g === g0.at ? 'g0' : undefined);
    const words = new Map<bigint, bigint>();
    for (let at = sp - 0x40n; at < sp + 0x80n; at += 8n) words.set(at, mem.peek(at, 8));
    const deep = new Map<bigint, bigint>();
    for (let down = 8n; down <= 0x1a0n; down += 8n) deep.set(down, mem.peek(hi - down, 8));
    const seen: Seen = {
      on,
      rsp: (on === 'G' ? hi : this.s) - sp,
      rbp: cpu.gpr(R.bp),
      tls: who(world.currentG) as 'curg' | 'g0',
      r14: who(cpu.gpr(R.r14)),
      hi,
      regs: { ax: cpu.gpr(R.ax), bx: cpu.gpr(R.bx) },
      size: hi - lo,
      status: curg.atomicstatus,
      g: { syscallsp: curg.syscallsp, syscallpc: curg.syscallpc, throwsplit: curg.throwsplit, guard: curg.stackguard0 },
      sched: { sp: sched.sp, pc: sched.pc, bp: sched.bp },
      g0sp: this.s - view(mem, gobuf, g0.sched).sp,
      m: { p: m.p, oldp: m.oldp, ncgo: m.ncgo, incgo: m.incgo, locked: m.lockedInt },
      word: (up) => words.get(sp + BigInt(up))!,
      deep: (down) => deep.get(BigInt(down))!,
    };
    this.#seen.set(point, [...(this.#seen.get(point) ?? []), seen]);
  }
}

const libraries: readonly (readonly [string, () => Library])[] = [
  ['our stubs', () => own],
  ...(goroot ? [["Go's own stubs", () => goLibrary(goroot!, undefined, stubsDir(), hostFiles)] as const] : []),
];

const is = (status: bigint): string | undefined => Object.entries(STATUS).find(([, v]) => BigInt(v) === status)?.[0];

describe.each(libraries)('%s', (_, library) => {
  let run: Run;
  let g: bigint;
  let s: bigint;
  let curg: GView;
  let p: bigint;
  beforeAll(() => {
    run = new Run(library());
    ({ g, s } = run);
    ({ curg } = run.world);
    p = run.world.p.at;
  });

  test('1 cgocall is entered', () => {
    const t = run.at(1);
    expect([t.on, t.rsp, g - t.rbp]).toEqual(['G', 0x80n, 0x60n]);
    expect(t.regs).toEqual({ ax: run.world.addressOf('f'), bx: g - 0x50n });
    expect([is(t.status), t.m.p, t.size, t.g.guard]).toEqual(['running', p, 0x800n, g - 0x460n]);
  });

  test('2 it calls entersyscall', () => {
    const t = run.at(2);
    // At the callee's entry: the return address has been pushed.
    expect([t.on, t.rsp - 8n, g - t.rbp, t.m.ncgo]).toEqual(['G', 0xb0n, 0x88n, 1n]);
    const word = (up: number): bigint => t.word(up + 8);
    // mp, the saved BP; above the return address the spilled fn and arg.
    expect([word(0x20), word(0x28), word(0x38), word(0x40)]).toEqual([
      run.world.m.at,
      g - 0x60n,
      run.world.addressOf('f'),
      g - 0x50n,
    ]);
  });

  test('3 X: in the system call', () => {
    const t = run.at(3);
    expect([t.on, t.rsp, g - t.rbp]).toEqual(['G', 0xb0n, 0x88n]);
    expect([is(t.status), t.g.throwsplit, t.g.guard]).toEqual(['syscall', 1n, 0xffff_ffff_ffff_faden]);
    expect([g - t.g.syscallsp, t.g.syscallpc]).toEqual([0xb0n, run.x]);
    expect([g - t.sched.sp, t.sched.pc, t.sched.bp]).toEqual([0xb0n, run.x, run.at(1).sched.bp]);
    expect([t.m.p, t.m.oldp]).toEqual([0n, p]);
  });

  test('4 asmcgocall is entered', () => {
    const t = run.at(4);
    expect([t.on, t.rsp, t.m.incgo]).toEqual(['G', 0xb8n, 1n]);
    expect([t.word(0), t.word(8), t.word(0x10)]).toEqual([run.y, run.world.addressOf('f'), g - 0x50n]);
  });

  test('5 it calls C', () => {
    const t = run.at(5);
    expect([t.on, t.rsp - 8n, g - t.rbp, t.tls, t.r14]).toEqual(['S', 0x80n, 0x88n, 'g0', 'curg']);
    expect((s - t.rsp + 8n) % 16n).toBe(0n);
    expect([t.word(8 + 0x28), t.word(8 + 0x30)]).toEqual([0xb8n, curg.at]);
    const { sp, pc, bp } = t.sched;
    expect([g - sp, pc, g - bp]).toEqual([0xb8n, run.code('runtime.systemstack_switch'), 0x88n]);
  });

  test('6 crosscall2 is entered', () => {
    const t = run.at(6);
    expect([t.on, t.rsp, (s - t.rsp) % 16n]).toEqual(['S', 0xd8n, 8n]);
  });

  test('7 cgocallback is entered', () => {
    const t = run.at(7);
    expect([t.on, t.rsp]).toEqual(['S', 0x128n]);
    // fn, and the struct of arguments, which C keeps.
    expect([t.word(8), s - t.word(0x10)]).toEqual([run.world.addressOf('_cgoexp_GoF'), 0xc8n]);
  });

  test('8 it calls cgocallbackg', () => {
    const t = run.at(8);
    expect([t.on, t.rsp - 8n, s - t.rbp, t.tls, t.g0sp]).toEqual(['G', 0xe0n, 0x130n, 'curg', 0x148n]);
    expect([t.deep(0xe0), s - t.deep(0xd8), t.deep(0xd0)]).toEqual([run.world.addressOf('_cgoexp_GoF'), 0xc8n, 0n]);
    // Where a BP would be saved: what lay there before.
    expect(t.deep(0xc8)).toBe(run.at(7).deep(0xc8));
    expect([t.deep(0xc0), t.deep(0xb8)]).toEqual([run.code('runtime.systemstack_switch'), run.y]);
  });

  test('9 cgocallbackg is entered', () => {
    const t = run.at(9);
    expect([t.on, t.rsp, is(t.status), t.m.p]).toEqual(['G', 0x110n, 'syscall', 0n]);
  });

  test('10 cgocallbackg1 is entered', () => {
    const t = run.at(10);
    expect([t.on, t.rsp, is(t.status), t.m.p]).toEqual(['G', 0x1a0n, 'running', p]);
    expect([t.g.syscallsp, t.g.syscallpc]).toEqual([0n, run.x]);
    expect([t.m.incgo, t.m.ncgo, t.m.locked]).toEqual([0n, 1n, 1n]);
  });

  test('11 the stack grows four times', () => {
    const all = run.all(11);
    expect(all.map((t) => [t.on, t.rsp, is(t.status), t.size, t.regs.bx])).toEqual([
      ['S', 0x308n, 'copystack', 0x800n, 0x1000n],
      ['S', 0x308n, 'copystack', 0x1000n, 0x2000n],
      ['S', 0x308n, 'copystack', 0x2000n, 0x4000n],
      ['S', 0x308n, 'copystack', 0x4000n, 0x8000n],
    ]);
    expect(run.world.stacks.retired).toHaveLength(4);
  });

  test('12 reentersyscall(X, its frame where it lies now)', () => {
    const t = run.at(12);
    expect(t.hi).not.toBe(g);
    expect([t.on, t.rsp, t.size]).toEqual(['G', 0x1a0n, 0x8000n]);
    expect([t.regs.ax, t.hi - t.regs.bx]).toEqual([run.x, 0xb0n]);
    expect([t.m.locked, t.m.incgo]).toEqual([0n, 1n]);
  });

  test('13 cgocallbackg has returned', () => {
    const t = run.at(13);
    expect([t.on, t.rsp, s - t.rbp]).toEqual(['G', 0xe0n, 0x130n]);
    expect([t.hi - t.sched.sp, t.sched.pc]).toEqual([0xb0n, run.x]);
  });

  test('14 cgocallback returns, on g0', () => {
    const t = run.at(14);
    expect([t.on, t.rsp, s - t.rbp, t.tls]).toEqual(['S', 0x128n, 0xe0n, 'g0']);
    expect([t.hi - t.sched.sp, t.sched.pc]).toEqual([0xb8n, run.code('runtime.systemstack_switch')]);
    expect(t.g0sp).toBe(AT_REST);
  });

  test('15 C has returned', () => {
    const t = run.at(15);
    expect([t.on, t.rsp, t.word(0x28)]).toEqual(['S', 0x80n, 0xb8n]);
    // C has given back what it was given: an address in a stack that is no more.
    expect(g - t.rbp).toBe(0x88n);
    expect(run.world.stacks.retiredAt(t.rbp)).toBe(run.world.stacks.retired[0]);
  });

  test('16 asmcgocall returns, on the new stack', () => {
    const t = run.at(16);
    expect([t.on, t.rsp, t.tls]).toEqual(['G', 0xb8n, 'curg']);
    // The outgoing argument is in nobody's map.
    expect([t.word(0x10), t.word(0)]).toEqual([g - 0x50n, run.y]);
  });

  test('17 Y', () => {
    const t = run.at(17);
    expect([t.on, t.rsp]).toEqual(['G', 0xb0n]);
  });

  test('18 exitsyscall has returned', () => {
    const t = run.at(18);
    expect([t.on, t.rsp, g - t.rbp]).toEqual(['G', 0xb0n, 0x88n]);
    expect([is(t.status), t.m.p, t.g.syscallsp]).toEqual(['running', p, 0n]);
    expect(t.hi - t.g.guard).toBe(0x7c60n);
  });
});
