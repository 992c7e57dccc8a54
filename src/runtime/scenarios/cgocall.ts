/** Go calls C, and C calls Go back, over asmcgocall, crosscall2 and cgocallback. */
import { R } from '#emu/cpu/layout.ts';
import { pthreadCreate, pthreadJoin } from '../c/thread.ts';
import type { Frame } from '../frame.ts';
import { onSystemStack } from '../go/reentersyscall.ts';
import { hex } from '../go/show.ts';
import { gobuf, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario } from '../scenario.ts';
import { stackNames } from '../world.ts';

/** A C int whose upper half is junk: asmcgocall must store 32 bits of it. */
const ERRNO = 11n;
const ARG = 0xc0_dead_beef_08n;
const CTXT = 0x77n;

const ASMCGOCALL = 'runtime.asmcgocall';

/** In C, called from Go: on a system stack, with the goroutine saved as if it stood in systemstack_switch. */
function checkSwitched(f: Frame): void {
  const { world } = f;
  // Without a g there is nothing to switch from, nothing to save, and nowhere to be but here.
  if (world.noted('without g')) return;
  world.expectSystemStack(ASMCGOCALL, false);
  if (world.startedOn !== 'curg') return;
  const { pc, ret, bp } = view(f.mem, gobuf, world.curg.sched);
  const [callerBp] = world.noted('caller BP') ?? [];
  const saved = pc === world.addressOf('runtime.systemstack_switch') && ret === 0n && bp === callerBp;
  world.expect(saved, 'curg-sched', `curg.sched is {pc ${hex(pc)}, ret ${hex(ret)}, bp ${hex(bp)}} in C`, ASMCGOCALL);
}

/** int f(void *arg) */
const cFunction: Model = {
  name: 'f',
  convention: 'C',
  frame: 0x10,
  sites: {},
  resultBits: 32,
  show: (f) => hex(f.reg(R.di)),
  // biome-ignore lint/correctness/useYield: a C function that calls nothing is a model without call sites
  *body(f) {
    f.world.expect(f.reg(R.di) === ARG, 'arguments', `f received ${hex(f.reg(R.di))}, not ${hex(ARG)}`);
    checkSwitched(f);
    f.setReg(R.ax, ERRNO);
    return String(ERRNO);
  },
};

/** Callee-saved registers, and what a C caller has in them. */
const kept = [R.bx, R.r12, R.r13, R.r14, R.r15] as const;
const KEPT = 0xcafe_0000n;

/** A C function that calls an exported Go function: what cgo generates for `GoF()`. */
const cCallsGo: Model = {
  name: 'callsGo',
  convention: 'C',
  frame: 0x20,
  sites: sites('crosscall2'),
  resultBits: 32,
  show: (f) => hex(f.reg(R.di)),
  *body(f) {
    const { world } = f;
    const sched = view(f.mem, gobuf, world.curg.sched);
    const before = { sp: sched.sp, pc: sched.pc };
    // What this function keeps across the call, as C code does.
    kept.forEach((n, i) => f.setReg(n, KEPT + BigInt(i)));
    f.cpu.setXmm(15, KEPT);
    f.set(0, 0n); // The packed result that Go writes into.
    f.setReg(R.di, f.world.addressOf('_cgoexp_GoF'));
    f.setReg(R.si, f.slot(0));
    f.setReg(R.dx, 8n);
    f.setReg(R.cx, CTXT);
    yield { site: 'crosscall2', target: 'crosscall2', convention: 'C' };
    const r = f.get(0);
    world.expect(r === 12345n, 'result', `GoF's result arrived as ${r}, not 12345`);
    const ctxt = world.noted('runtime.cgocallbackg')?.[2];
    world.expect(
      ctxt === CTXT,
      'arguments',
      `ctxt arrived as ${ctxt && hex(ctxt)}, not ${hex(CTXT)}`,
      'runtime.cgocallback',
    );
    const same = sched.sp === before.sp && sched.pc === before.pc;
    const now = `curg.sched is {sp ${hex(sched.sp)}, pc ${hex(sched.pc)}}`;
    const was = `{sp ${hex(before.sp)}, pc ${hex(before.pc)}}`;
    world.expect(same, 'curg-sched', `${now} after the callback, it was ${was}`, 'runtime.cgocallback');
    f.setReg(R.ax, 0n);
    return '0';
  },
};

/** void *cThread(void *): runs on a thread that C made, which has no g. */
const cThread: Model = {
  ...cCallsGo,
  name: 'cThread',
  *body(f) {
    const { world } = f;
    const result = yield* cCallsGo.body(f);
    world.expect(world.currentG === 0n, 'g', `the thread kept g ${hex(world.currentG)} after its callback`);
    return result;
  },
};

/** int makesThread(void *): makes a thread, and waits until it has ended. */
const makesThread: Model = {
  name: 'makesThread',
  convention: 'C',
  frame: 0x10,
  sites: sites('futex'),
  resultBits: 32,
  *body(f) {
    const made = pthreadCreate(f.world, { name: 'c', stack: 'c stack' }, 'cThread', () => 0n);
    yield* pthreadJoin(f, 'futex', made);
    f.setReg(R.ax, 0n);
    return '0';
  },
};

/** func main() { C.makesThread() }, in a program that is prepared for threads of C's. */
const threadMaker: Model = {
  name: 'main.callbackThread',
  convention: 'ABIInternal',
  frame: 0x18,
  nosplit: true,
  sites: sites('mstartm0', 'cgocall'),
  *body(f) {
    yield* onSystemStack(f, 'mstartm0', 'runtime.mstartm0');
    f.setReg(R.ax, f.world.addressOf('makesThread'));
    f.setReg(R.bx, 0n);
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    return undefined;
  },
};

const goF: Model = {
  name: '_cgoexp_GoF',
  convention: 'ABIInternal',
  frame: 0x10,
  sites: {},
  show: (f) => hex(f.reg(R.ax)),
  // biome-ignore lint/correctness/useYield: a Go function that calls nothing
  *body(f) {
    f.world.expect(f.g.at === f.m.curg, 'g', 'the callback does not run as the goroutine');
    f.mem.write(f.reg(R.ax), 8, 12345n);
    return undefined;
  },
};

/** Words of the caller's frame above what it hands to asmcgocall. */
const CANARY = 0x5afe_5afen;

interface Caller {
  readonly prepare?: (f: Frame) => void;
  /** Enter a system call around C, as cgocall does: a callback leaves it. */
  readonly inSyscall?: boolean;
}

function caller(name: string, fn: string, errno: bigint, { prepare, inSyscall }: Caller = {}): Model {
  return {
    name,
    convention: 'ABIInternal',
    frame: 0x30,
    nosplit: true,
    sites: sites('entersyscall', 'asmcgocall', 'exitsyscall'),
    *body(f) {
      const { world } = f;
      const before = {
        g: world.currentG,
        sched: view(f.mem, gobuf, world.g0.sched).sp,
      };
      f.set(0, world.addressOf(fn));
      f.set(8, ARG);
      f.set(0x10, 0xdead_dead_dead_deadn);
      for (const at of [0x18, 0x20, 0x28]) f.set(at, CANARY);
      view(f.mem, gobuf, world.curg.sched).ret = 0xdeadn;
      world.note('caller BP', [f.reg(R.bp)]);
      prepare?.(f);
      if (inSyscall) yield { site: 'entersyscall', target: 'runtime.entersyscall', convention: 'ABIInternal' };
      yield { site: 'asmcgocall', target: 'runtime.asmcgocall', convention: 'ABI0' };
      world.expect(f.get(0x10, 4) === errno, 'result', `asmcgocall stored ${f.get(0x10, 4)}, C returned ${errno}`);
      world.expect(f.get(0x14, 4) === 0xdead_deadn, 'result', 'asmcgocall stored more than 32 bits');
      if (world.noted('without g')) world.currentG = before.g;
      world.expect(
        world.currentG === before.g,
        'g',
        `TLS names ${hex(world.currentG)} after the call, it was ${hex(before.g)}`,
      );
      const untouched = [0x18, 0x20, 0x28].every((at) => f.get(at) === CANARY);
      world.expect(untouched, 'caller-frame', "asmcgocall wrote into its caller's frame", ASMCGOCALL);
      const sched = view(f.mem, gobuf, world.g0.sched).sp;
      world.expect(
        sched === before.sched,
        'g0-sched',
        `g0.sched.sp is ${hex(sched)} after the call, it was ${hex(before.sched)}`,
      );
      if (inSyscall) yield { site: 'exitsyscall', target: 'runtime.exitsyscall', convention: 'ABIInternal' };
      return undefined;
    },
  };
}

export const asmcgocall: Scenario = {
  name: 'asmcgocall',
  why: 'a C call from Go: to the g0 stack, aligned, and back with a 32-bit result',
  stubs: ['runtime.asmcgocall'],
  stacks: stackNames,
  globals: {},
  situations: [{ name: 'success', fail: [], ends: { kind: 'done' } }],
  main: () => caller('main.cgocall', 'f', ERRNO),
  models: () => [cFunction],
};

export const callback: Scenario = {
  name: 'callback',
  why: "Go calls C calls Go: crosscall2 keeps the C caller's registers, cgocallback changes stacks twice",
  stubs: ['crosscall2', 'runtime.cgocallback', 'runtime.asmcgocall'],
  stacks: ['curg'],
  globals: {},
  situations: [{ name: 'success', fail: [], ends: { kind: 'done' } }],
  main: () => caller('main.callback', 'callsGo', 0n, { inSyscall: true }),
  models: () => [cCallsGo, goF],
};

export const callbackThread: Scenario = {
  name: 'callback-c-thread',
  why: 'a thread that C made calls Go: cgocallback borrows an M by needm and gives it back by dropm',
  stubs: ['runtime.cgocallback', 'crosscall2'],
  stacks: ['curg'],
  globals: {},
  situations: [{ name: 'success', fail: [], ends: { kind: 'done' } }],
  world: { procs: 2 },
  threads: true,
  main: () => threadMaker,
  models: () => [makesThread, cThread, goF],
};

export const asmcgocallNoG: Scenario = {
  ...asmcgocall,
  name: 'asmcgocall-no-g',
  why: 'a C call before there is a g: no switch, nothing saved',
  stubs: [ASMCGOCALL],
  stacks: ['g0'],
  main: () =>
    caller('main.noG', 'f', ERRNO, {
      prepare: ({ world }) => {
        world.note('without g', []);
        world.currentG = 0n;
      },
    }),
};

export const savedContext: Scenario = {
  ...asmcgocall,
  name: 'saved-context',
  why: 'a goroutine that still has a context saved cannot leave for g0: it would be lost',
  stubs: ['runtime.abort', ASMCGOCALL],
  stacks: ['curg'],
  situations: [{ name: 'aborts', fail: [], ends: { kind: 'signal', signal: 'SIGTRAP' } }],
  main: () =>
    caller('main.savedContext', 'f', ERRNO, {
      prepare: ({ world, mem }) => {
        view(mem, gobuf, world.curg.sched).ctxt = 1n;
      },
    }),
};

/** C whose callback made the goroutine's stack grow: it lies elsewhere when C returns. */
const growing: Model = {
  ...cFunction,
  name: 'growing',
  *body(f) {
    const { world } = f;
    const hi = (): bigint => view(f.mem, stack, world.curg.stack).hi;
    const before = hi();
    world.growStack();
    // The frame that it points to lies elsewhere now.
    const [bp] = world.noted('caller BP')!;
    world.note('caller BP', [bp! + hi() - before]);
    return yield* cFunction.body(f);
  },
};

export const movingStack: Scenario = {
  ...asmcgocall,
  name: 'moving-stack',
  why: "the goroutine's stack grows while C runs: asmcgocall finds it by depth, not by address",
  stacks: ['curg'],
  main: () => caller('main.movingStack', 'growing', ERRNO),
  models: () => [growing],
};
