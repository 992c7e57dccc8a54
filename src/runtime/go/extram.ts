/** The list of spare Ms, for threads that C made. It is locked when it says 1. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { G, gobuf, stack } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import { call, usleep } from './call.ts';
import { SPARE } from './newproc.ts';
import { hex } from './show.ts';
import { word } from './words.ts';

const LOCKED = 1n;

/** One more, or less, on the list. The caller has locked it. */
export function countExtraM(f: Frame, by: bigint): void {
  word(f.world, 'extraMCount').value += by;
}

/** func lockextra(nilokay bool) *m: the first on the list, which is locked from now on. Without a g, maybe. */
export const lockextra: Model = {
  name: 'runtime.lockextra',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  nosplit: true,
  spills: 'w',
  sites: {
    load: 'old := atomic.Loaduintptr(&extram)',
    locked: 'if old == locked {',
    waiters: 'atomic.Xadd(&extraMWaiters, 1)',
    usleep: 'usleep_no_g(1)',
    cas: 'atomic.Casuintptr(&extram, old, locked)',
    again: 'osyield_no_g()\n\t\tcontinue\n\t}\n}',
  },
  *body(f) {
    const nilokay = (f.reg(R.ax) & 0xffn) !== 0n;
    const extram = word(f.world, 'extram');
    let waits = false;
    for (;;) {
      yield { site: 'load' };
      const old = extram.value;
      if (old === LOCKED) {
        yield { site: 'locked', target: 'runtime.osyield', convention: 'ABI0' };
        continue;
      }
      if (old === 0n && !nilokay) {
        if (!waits) {
          yield { site: 'waiters' };
          word(f.world, 'extraMWaiters').value += 1n;
          waits = true;
        }
        yield* usleep(f, 'usleep', 1n);
        continue;
      }
      yield { site: 'cas' };
      if (extram.value === old) {
        extram.value = LOCKED;
        f.setReg(R.ax, old);
        return hex(old);
      }
      yield { site: 'again', target: 'runtime.osyield', convention: 'ABI0' };
    }
  },
};

/** func unlockextra(mp *m), from a site. */
export function* unlockextra(f: Frame, site: string, mp: bigint): Body<void> {
  yield { site };
  word(f.world, 'extram').value = mp;
}

/** func newextram(): as many as threads wait for, or one if there is none. */
export const newextram: Model = {
  name: 'runtime.newextram',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  sites: {
    waiters: 'c := atomic.Xchg(&extraMWaiters, 0)',
    each: 'for i := uint32(0); i < c; i++ {',
    lockextra: 'lockextra(true)',
    unlockextra: 'unlockextra(mp)',
    first: 'if mp == nil {',
  },
  *body(f) {
    yield { site: 'waiters' };
    const waiters = word(f.world, 'extraMWaiters');
    const c = waiters.value;
    waiters.value = 0n;
    for (let i = 0n; i < c; i++) yield* call(f, 'each', 'runtime.oneNewExtraM');
    if (c > 0n) return undefined;
    const mp = yield* call(f, 'lockextra', 'runtime.lockextra', 1n);
    yield* unlockextra(f, 'unlockextra', mp);
    if (mp === 0n) yield* call(f, 'first', 'runtime.oneNewExtraM');
    return undefined;
  },
};

const STACK = 4096n;

/** func oneNewExtraM(): an M without a thread, and the goroutine on which callbacks will run. */
export const oneNewExtraM: Model = {
  name: 'runtime.oneNewExtraM',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x28,
  sites: {
    allocm: 'allocm(nil, nil, -1)',
    casgstatus: 'casgstatus(gp, _Gidle, _Gdead)',
    racegostart: 'racegostart(abi.FuncPCABIInternal(newextram) + sys.PCQuantum)',
    ngsys: 'atomic.Xadd(&sched.ngsys, +1)',
    lockextra: 'lockextra(true)',
    unlockextra: 'unlockextra(mp)',
  },
  *body(f) {
    const { world } = f;
    const mp = world.mOf(yield* call(f, 'allocm', 'runtime.allocm', 0n, 0n, -1n));
    // Dead until a thread needs it: no traceback and no scan is to find it. So it is published as such, in one step.
    yield { site: 'casgstatus' };
    const gp = world.newG(`g${world.allgs.length + 1}`, STACK);
    gp.atomicstatus = BigInt(G.dead);
    const sched = view(f.mem, gobuf, gp.sched);
    sched.pc = world.addressOf('runtime.goexit') + 1n;
    sched.sp = view(f.mem, stack, gp.stack).hi - SPARE;
    [gp.syscallpc, gp.syscallsp, gp.stktopsp] = [sched.pc, sched.sp, sched.sp];
    gp.m = mp.at;
    mp.curg = gp.at;
    mp.lockedInt += 1n;
    mp.lockedg = gp.at;
    gp.lockedm = mp.at;
    if (world.race) {
      const pc = world.addressOf('runtime.newextram') + 1n;
      gp.racectx = yield* call(f, 'racegostart', 'runtime.racegostart', pc);
    }
    yield { site: 'ngsys' };
    world.sched.ngsys += 1n;
    const next = yield* call(f, 'lockextra', 'runtime.lockextra', 1n);
    mp.schedlink = next;
    countExtraM(f, 1n);
    yield* unlockextra(f, 'unlockextra', mp.at);
    return undefined;
  },
};
