/** mstart0 and mstart1: how a thread's Go begins, on g0. runtime/proc.go */
import { gobuf, STACK_GUARD, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { acquirep } from './acquirep.ts';
import { call } from './call.ts';

/** Where mstart0 keeps the size of the stack, whose address it takes for the stack's end. */
const SIZE = 0x18;
/** What may lie between the stack's true low bound and the one reckoned from there. */
const SLACK = 1024n;

/** func mstart0() */
export const mstart0: Model = {
  name: 'runtime.mstart0',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  abi0: 0,
  frame: 0x20,
  nosplit: true,
  sites: { mstart1: 'mstart1()', mexit: 'mexit(osStack)' },
  *body(f) {
    const { g } = f;
    const bounds = view(f.mem, stack, g.stack);
    if (bounds.lo === 0n) {
      // C has made this stack, and has left its size in hi.
      f.set(SIZE, bounds.hi);
      bounds.lo = f.slot(SIZE) - bounds.hi + SLACK;
      bounds.hi = f.slot(SIZE);
    }
    g.stackguard0 = bounds.lo + STACK_GUARD;
    g.stackguard1 = g.stackguard0;
    yield* call(f, 'mstart1', 'runtime.mstart1');
    yield* call(f, 'mexit', 'runtime.mexit', 1n);
    return undefined;
  },
};

/** func mstart1() */
export const mstart1: Model = {
  name: 'runtime.mstart1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  sites: { minit: 'asminit()\n\tminit()', fn: 'fn()', schedule: 'schedule()' },
  *body(f) {
    const { world, g } = f;
    const mp = f.m;
    if (g.at !== mp.g0) world.throw('bad runtime·mstart');
    // Where everybody who leaves a goroutine begins; who goes there as to a goroutine returns from us, into mexit.
    const sched = view(f.mem, gobuf, g.sched);
    [sched.g, sched.pc, sched.sp] = [g.at, f.mem.read(f.entry, 8), f.entry + 8n];
    yield* call(f, 'minit', 'runtime.minit');
    if (mp.mstartfn !== 0n) yield* call(f, 'fn', f.mem.read(mp.mstartfn, 8));
    if (mp.at !== world.m.at) {
      acquirep(f, mp.nextp);
      mp.nextp = 0n;
    }
    yield* call(f, 'schedule', 'runtime.schedule');
    return undefined;
  },
};
