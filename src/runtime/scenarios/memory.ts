/** Go takes memory from the kernel and gives it back, through C and without. */
import { R } from '#emu/cpu/layout.ts';
import { ENOMEM } from '#emu/linux/errno.ts';
import type { Frame } from '../frame.ts';
import { hex } from '../go/show.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import { type Body, type Model, sites } from '../model.ts';
import type { Scenario, Situation } from '../scenario.ts';
import { stackNames } from '../world.ts';

/** Not a whole number of 64 KiB, so that a swapped or cut argument shows. */
const LENGTH = 0x2_1000n;
const PROT_RW = 3n;
const MAP_ANON_PRIVATE = 0x22n;

const cgo = { _cgo_mmap: 'x_cgo_mmap', _cgo_munmap: 'x_cgo_munmap' } as const;

const done = { kind: 'done' } as const;

/** A hint and an offset that no register holds by chance. Linux ignores the offset of anonymous memory. */
const HINT = 0x7123_4567_8000n;
const OFFSET = 0x9_a000n;

/** Call mmap, and compare what arrived at the kernel, and before it at C, with what it was given. */
function* mmap(f: Frame): Body<{ p: bigint; err: bigint }> {
  const args = [HINT, LENGTH, PROT_RW, MAP_ANON_PRIVATE, BigInt.asUintN(32, -1n), OFFSET];
  [R.ax, R.bx, R.cx, R.di, R.si, R.r8].forEach((r, i) => f.setReg(r, args[i]!));
  yield { site: 'mmap', target: 'runtime.mmap', convention: 'ABIInternal' };
  const { sp } = view(f.mem, gobuf, f.world.curg.sched);
  const switched = f.world.startedOn === 'curg' && f.world.global('_cgo_mmap') !== 0n;
  f.world.expect(
    !switched || sp === 0n,
    'curg-sched',
    `curg.sched.sp is ${hex(sp)} after systemstack`,
    'runtime.systemstack',
  );
  received(f, 'x_cgo_mmap', 'runtime.callCgoMmap', args);
  received(f, 'mmap()', f.world.global('_cgo_mmap') ? 'runtime.callCgoMmap' : 'runtime.sysMmap', args);
  return { p: f.reg(R.ax), err: f.reg(R.bx) };
}

/** Did `what` get these six arguments? The last four have 32 bits. */
function received({ world }: Frame, what: string, stub: string, args: readonly bigint[]): void {
  const got = world.noted(what)?.map((v, i) => BigInt.asUintN(i < 2 ? 64 : 32, v));
  if (!got) return;
  const shown = (vs: readonly bigint[]): string => vs.map(hex).join(', ');
  const same = args.every((v, i) => v === got[i]);
  world.expect(same, 'arguments', `${what} received (${shown(got)}), mmap was given (${shown(args)})`, stub);
}

/** errno is told apart from an address, and the memory is usable. (runtime.mmap.func1 compares with what C returned.) */
function checkMapping(f: Frame, s: Situation, { p, err }: { p: bigint; err: bigint }): void {
  const { world } = f;
  if (s.fail.length) {
    world.expect(
      p === 0n && err === BigInt(ENOMEM),
      'errno',
      `mmap returned (${hex(p)}, ${err}), not (nil, ENOMEM=${ENOMEM})`,
    );
    return;
  }
  world.expect(err === 0n, 'errno', `mmap returned error ${err}, not 0`);
  checkUsable(f, p);
}

/** Memory that was handed out can be written. */
function checkUsable(f: Frame, p: bigint): boolean {
  const usable = f.mem.allows(p, LENGTH, 'write');
  f.world.expect(usable, 'mapped', `nothing writable is mapped at ${hex(p)}, which was handed out`);
  if (usable) f.mem.write(p, 8, 0x600d_600dn);
  return usable;
}

const mapMain = (s: Situation): Model => ({
  name: 'main.mmap',
  convention: 'ABIInternal',
  frame: 0x20,
  sites: sites('mmap'),
  *body(f) {
    checkMapping(f, s, yield* mmap(f));
    return undefined;
  },
});

const unmapMain = (): Model => ({
  name: 'main.munmap',
  convention: 'ABIInternal',
  frame: 0x20,
  sites: sites('mmap', 'munmap'),
  *body(f) {
    const { p } = yield* mmap(f);
    f.set(0x10, p);
    f.setReg(R.ax, p);
    f.setReg(R.bx, LENGTH);
    yield { site: 'munmap', target: 'runtime.munmap', convention: 'ABIInternal' };
    const at = f.get(0x10);
    f.world.expect(!f.mem.isMapped(at, 1n), 'unmapped', `${hex(at)} is still mapped after munmap`);
    const seen = f.world.noted('x_cgo_munmap');
    if (seen)
      f.world.expect(
        seen[0] === at && seen[1] === LENGTH,
        'arguments',
        `x_cgo_munmap received (${seen.map(hex).join(', ')})`,
        'runtime.callCgoMunmap',
      );
    return undefined;
  },
});

const success: Situation = { name: 'success', fail: [], ends: done };
const noMemory: Situation = { name: 'ENOMEM: errno, no pointer', fail: ['mmap:ENOMEM'], ends: done };

export const mmapScenario: Scenario = {
  name: 'mmap',
  why: 'mmap through C, as in a program with cgo: callCgoMmap on a system stack',
  stubs: ['runtime.callCgoMmap', 'runtime.systemstack'],
  stacks: stackNames,
  globals: cgo,
  situations: [success, noMemory],
  main: mapMain,
};

export const munmapScenario: Scenario = {
  name: 'munmap',
  why: 'munmap through C, so that an interceptor which saw the mmap sees the munmap too',
  stubs: ['runtime.callCgoMunmap', 'runtime.systemstack'],
  stacks: stackNames,
  globals: cgo,
  situations: [
    success,
    { name: 'EINVAL: C aborts', fail: ['munmap:EINVAL'], ends: { kind: 'signal', signal: 'SIGABRT' } },
  ],
  main: unmapMain,
};

export const mmapSyscall: Scenario = {
  name: 'mmap-syscall',
  why: 'mmap without cgo: sysMmap makes the system call itself',
  stubs: ['runtime.sysMmap'],
  stacks: stackNames,
  globals: {},
  situations: [success, noMemory],
  main: mapMain,
};

export const munmapSyscall: Scenario = {
  name: 'munmap-syscall',
  why: 'munmap without cgo: a failure crashes at 0xf1, where it can be recognised',
  stubs: ['runtime.sysMunmap'],
  stacks: stackNames,
  globals: {},
  situations: [
    success,
    {
      name: 'EINVAL: fault at 0xf1',
      fail: ['munmap:EINVAL'],
      ends: { kind: 'signal', signal: 'SIGSEGV', address: 0xf1n },
    },
  ],
  main: unmapMain,
};

/** sysReserve, sysAlloc, sysUnused, sysFree in turn: the allocator's whole vocabulary on this path. */
const allocatorMain = (s: Situation): Model => ({
  name: 'main.allocator',
  convention: 'ABIInternal',
  frame: 0x30,
  sites: sites('sysAlloc', 'sysUnused', 'sysFree'),
  *body(f) {
    const { world } = f;
    f.setReg(R.ax, LENGTH);
    yield { site: 'sysAlloc', target: 'runtime.sysAllocOS', convention: 'ABIInternal' };
    const p = f.reg(R.ax);
    if (s.fail.some((r) => r.startsWith('mmap'))) {
      world.expect(p === 0n, 'errno', `sysAlloc returned ${hex(p)}, not nil`);
      return undefined;
    }
    if (!checkUsable(f, p)) return undefined;
    f.set(0x10, p);
    f.setReg(R.ax, p);
    f.setReg(R.bx, LENGTH);
    yield { site: 'sysUnused', target: 'runtime.sysUnusedOS', convention: 'ABIInternal' };
    const status = BigInt.asIntN(64, f.reg(R.ax));
    const at = f.get(0x10);
    if (s.fail.length) world.expect(status === -22n, 'errno', `madvise returned ${status}, not -EINVAL`);
    else {
      const left = f.mem.read(at, 8);
      world.expect(
        status === 0n && left === 0n,
        'discarded',
        `after madvise (${status}) ${hex(at)} holds ${hex(left)}, not 0`,
      );
    }
    f.setReg(R.ax, at);
    f.setReg(R.bx, LENGTH);
    yield { site: 'sysFree', target: 'runtime.sysFreeOS', convention: 'ABIInternal' };
    world.expect(!f.mem.isMapped(at, 1n), 'unmapped', `${hex(at)} is still mapped after sysFree`);
    return undefined;
  },
});

export const allocator: Scenario = {
  name: 'allocator',
  why: 'sysAlloc, sysUnused and sysFree as the memory allocator calls them; madvise is always direct',
  stubs: ['runtime.madvise', 'runtime.callCgoMmap', 'runtime.callCgoMunmap'],
  stacks: stackNames,
  globals: cgo,
  situations: [
    success,
    { name: 'ENOMEM: nil', fail: ['mmap:ENOMEM'], ends: done },
    { name: 'EACCES: exit status 2', fail: ['mmap:EACCES'], ends: { kind: 'exit', status: 2 } },
    { name: 'madvise EINVAL', fail: ['madvise:EINVAL'], ends: done },
  ],
  main: allocatorMain,
};

const strayMain = (s: Situation): Model => ({
  ...mapMain(s),
  name: 'main.stray',
  *body(f) {
    f.world.m.curg = 0n;
    yield* mmap(f);
    return undefined;
  },
});

export const badSystemstack: Scenario = {
  name: 'bad-systemstack',
  why: 'systemstack on a g that is none of its M: says so, and stops at once',
  stubs: ['runtime.systemstack'],
  stacks: ['curg'],
  globals: cgo,
  // Its goroutine is no M's.
  breaks: ['current-g'],
  situations: [
    {
      name: 'INT $3 after a message',
      fail: [],
      ends: { kind: 'signal', signal: 'SIGTRAP', prints: 'fatal: systemstack called from unexpected goroutine' },
    },
  ],
  main: strayMain,
};
