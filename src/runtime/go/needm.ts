/** needm and dropm: a thread that C made borrows an M for a callback. runtime/proc.go, for one thread and one spare M. */
import { R } from '#emu/cpu/layout.ts';
import { G, gobuf, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';

/** g0's bounds on a stack whose real ones nobody told Go: 32 KiB below the caller, 1 KiB above (needm). */
const BELOW = 32n * 1024n;
const ABOVE = 1024n;
/** StackGuard (runtime/stack.go). */
const STACK_GUARD = 928n;
/** Where oneNewExtraM lets the spare goroutine begin: room for goexit's frame. */
const FIRST_FRAME = 32n;

/** func needm(): on a C stack, without a g. Leaves g0 of the borrowed M in TLS. */
export const needm: Model = {
  name: 'runtime.needm',
  convention: 'ABI0',
  frame: 0x10,
  sites: [],
  // biome-ignore lint/correctness/useYield: it calls nothing that matters here
  *body({ world, mem, entry, cpu }) {
    const clean = cpu.gpr(R.r14) === 0n && cpu.xmm(15) === 0n;
    world.expect(clean, 'g', 'R14 or X15 still holds what C left there when needm is called', 'runtime.cgocallback');
    world.note('needm', [entry]);
    world.expect(world.currentG === 0n, 'g', 'needm on a thread that has a g');
    world.currentG = world.g0.at;
    const bounds = view(mem, stack, world.g0.stack);
    bounds.lo = entry - BELOW;
    bounds.hi = entry + ABOVE;
    world.g0.stackguard0 = bounds.lo + STACK_GUARD;
    const { curg } = world;
    const sched = view(mem, gobuf, curg.sched);
    sched.pc = world.addressOf('runtime.goexit') + 1n;
    sched.sp = view(mem, stack, curg.stack).hi - FIRST_FRAME;
    curg.atomicstatus = BigInt(G.syscall);
    return undefined;
  },
};

/** func dropm(): gives the M back. The thread is C's again, and has no g. */
export const dropm: Model = {
  name: 'runtime.dropm',
  convention: 'ABI0',
  frame: 0x10,
  sites: [],
  // biome-ignore lint/correctness/useYield: as above
  *body(f) {
    f.world.expect(f.world.currentG === f.world.g0.at, 'g', 'dropm on a thread whose g is not g0');
    const borrowed = f.world.noted('needm') !== undefined;
    f.world.expect(borrowed, 'borrowed-m', 'dropm gives back an M that was never borrowed', 'runtime.cgocallback');
    // cgocallback put back what its frame had saved: on a borrowed M, that frame itself.
    const { sp } = view(f.mem, gobuf, f.world.g0.sched);
    f.world.expect(
      sp === f.entry + 8n,
      'g0-sched',
      `g0.sched.sp is 0x${sp.toString(16)} when the M is given back`,
      'runtime.cgocallback',
    );
    f.world.curg.atomicstatus = BigInt(G.dead);
    f.world.currentG = 0n;
    f.setReg(R.r14, 0n);
    return undefined;
  },
};
