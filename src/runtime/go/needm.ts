/** needm and dropm: a thread that C made borrows an M for a callback. Signals are left alone. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import { G, gobuf, STACK_GUARD, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { casgstatus } from './casgstatus.ts';
import { countExtraM, unlockextra } from './extram.ts';
import { word } from './words.ts';

/** g0's bounds on a stack whose real ones nobody told Go: 32 KiB below the caller, 1 KiB above. */
const BELOW = 32n * 1024n;
const ABOVE = 1024n;

/** func needm(): on a C stack, without a g. Leaves g0 of the borrowed M in TLS. */
export const needm: Model = {
  name: 'runtime.needm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  abi0: 0,
  nosplit: true,
  frame: 0x30,
  sites: {
    lockextra: 'lockextra(false)',
    unlockextra: 'unlockextra(mp.schedlink.ptr())',
    minit: 'asminit()\n\tminit()',
    casgstatus: 'casgstatus(mp.curg, _Gdead, _Gsyscall)',
    ngsys: 'atomic.Xadd(&sched.ngsys, -1)',
  },
  *body(f) {
    const { world, cpu } = f;
    const clean = cpu.gpr(R.r14) === 0n && cpu.xmm(15) === 0n;
    world.expect(clean, 'g', 'R14 or X15 still holds what C left there when needm is called', 'runtime.cgocallback');
    world.expect(world.currentG === 0n, 'g', 'needm on a thread that has a g');
    if (word(world, 'cgoHasExtraM').value === 0n) {
      world.print('fatal error: cgo callback before cgo call\n');
      world.exit(1);
    }
    const mp = world.mOf(yield* call(f, 'lockextra', 'runtime.lockextra', 0n));
    // The last one: the callback makes another, once it may run at all.
    mp.needextram = mp.schedlink === 0n ? 1n : 0n;
    countExtraM(f, -1n);
    yield* unlockextra(f, 'unlockextra', mp.schedlink);
    const g0 = world.g(mp.g0);
    world.currentG = g0.at;
    f.setReg(R.r14, g0.at);
    const bounds = view(f.mem, stack, g0.stack);
    bounds.hi = f.entry + 8n + ABOVE;
    bounds.lo = f.entry + 8n - BELOW;
    g0.stackguard0 = bounds.lo + STACK_GUARD;
    yield* call(f, 'minit', 'runtime.minit');
    yield* casgstatus(f, 'casgstatus', world.g(mp.curg), G.dead, G.syscall);
    yield { site: 'ngsys' };
    world.sched.ngsys -= 1n;
    return `m${mp.id}`;
  },
};

/** func dropm(): gives the M back. The thread is C's again, and has no g. */
export const dropm: Model = {
  name: 'runtime.dropm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  abi0: 0,
  frame: 0x38,
  sites: {
    casgstatus: 'casgstatus(mp.curg, _Gsyscall, _Gdead)',
    ngsys: 'atomic.Xadd(&sched.ngsys, +1)',
    lockextra: 'lockextra(true)',
    unlockextra: 'unlockextra(mp)',
  },
  *body(f) {
    const { world } = f;
    const mp = f.m;
    world.expect(f.g.at === mp.g0, 'g', 'dropm on a thread whose g is not g0');
    const borrowed = mp.lockedg !== 0n && mp.lockedg === mp.curg;
    world.expect(borrowed, 'borrowed-m', 'dropm gives back an M that was never borrowed', 'runtime.cgocallback');
    // cgocallback put back what its frame had saved: on a borrowed M, that frame itself.
    const { sp } = view(f.mem, gobuf, f.g.sched);
    const message = `g0.sched.sp is 0x${sp.toString(16)} when the M is given back`;
    world.expect(sp === f.entry + 8n, 'g0-sched', message, 'runtime.cgocallback');
    const curg = world.g(mp.curg);
    yield* casgstatus(f, 'casgstatus', curg, G.syscall, G.dead);
    curg.preemptStop = 0n;
    yield { site: 'ngsys' };
    world.sched.ngsys += 1n;
    const next = yield* call(f, 'lockextra', 'runtime.lockextra', 1n);
    countExtraM(f, 1n);
    mp.schedlink = next;
    world.currentG = 0n;
    f.setReg(R.r14, 0n);
    yield* unlockextra(f, 'unlockextra', mp.at);
    return `m${mp.id}`;
  },
};
