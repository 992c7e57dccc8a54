/** findRunnable: from the own queue, the global one, or another P's; without any, the P is given up. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import { acquirep, releasep } from './acquirep.ts';
import { call } from './call.ts';
import { globrunqget } from './globrunq.ts';
import { pidleput } from './idle.ts';
import { lock } from './lock2.ts';
import { runqget } from './runq.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** Every so many ticks the global queue comes first, so that a P's own cannot starve it. */
const FAIR = 61n;

/** func findRunnable() (gp *g, inheritTime, tryWakeP bool). Only a collector's worker would want tryWakeP. */
export const findRunnable: Model = {
  name: 'runtime.findRunnable',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0xe0,
  sites: {
    gcstopm: 'gcstopm()',
    fair: 'gp = globrunqget(_p_, 1)',
    runqget: 'runqget(_p_)',
    global: 'gp := globrunqget(_p_, 0)\n\t\tunlock(&sched.lock)\n\t\tif gp != nil',
    spin: 'if !_g_.m.spinning {',
    stealWork: 'stealWork(now)',
    again: 'if sched.gcwaiting != 0 || _p_.runSafePointFn != 0 {',
    pidleput: 'now = pidleput(_p_, now)',
    nmspinning: 'atomic.Xadd(&sched.nmspinning, -1)',
    recheck: 'checkRunqsNoP(allpSnapshot, idlepMaskSnapshot)',
    stopm: 'netpollBreak()\n\t\t}\n\t}\n\tstopm()',
  },
  *body(f) {
    const { sched } = f.world;
    for (;;) {
      if (sched.gcwaiting !== 0n) {
        yield* call(f, 'gcstopm', 'runtime.gcstopm');
        continue;
      }
      const found = (yield* queued(f)) ?? (yield* stolen(f)) ?? (yield* giveUpP(f));
      if (found === AGAIN) continue;
      if (found) return results(f, found);
      if (yield* stopSpinning(f)) continue;
      yield* call(f, 'stopm', 'runtime.stopm');
    }
  },
};

interface Found {
  readonly gp: bigint;
  readonly inheritTime: boolean;
}
/** Look at everything once more. */
const AGAIN = 'again';

function results(f: Frame, { gp, inheritTime }: Found): string {
  f.setReg(R.ax, gp);
  f.setReg(R.bx, inheritTime ? 1n : 0n);
  return hex(gp);
}

/** In the queue of this P, or the global one. */
function* queued(f: Frame): Body<Found | undefined> {
  const { world } = f;
  const { sched } = world;
  const pp = world.pOf(f.m.p);
  if (pp.schedtick % FAIR === 0n && sched.runqsize > 0n) {
    const gp = yield* fromGlobal(f, 'fair', 1n);
    if (gp !== 0n) return { gp, inheritTime: false };
  }
  yield { site: 'runqget' };
  const own = runqget(world, pp);
  if (own.gp !== 0n) return own;
  if (sched.runqsize === 0n) return undefined;
  const gp = yield* fromGlobal(f, 'global', 0n);
  return gp === 0n ? undefined : { gp, inheritTime: false };
}

function* fromGlobal(f: Frame, site: string, max: bigint): Body<bigint> {
  const { world } = f;
  yield* lock(f, site, schedLock(world));
  const gp = globrunqget(world, world.pOf(f.m.p), max);
  yield* unlock(f, site, schedLock(world));
  return gp;
}

/** In the queue of another P; no more than half as many Ms as there are busy Ps look there. */
function* stolen(f: Frame): Body<Found | typeof AGAIN | undefined> {
  const { world } = f;
  const { sched } = world;
  yield { site: 'spin' };
  if (f.m.spinning === 0n) {
    if (2n * sched.nmspinning >= BigInt(world.allp.length) - sched.npidle) return undefined;
    f.m.spinning = 1n;
    sched.nmspinning += 1n;
  }
  const gp = yield* call(f, 'stealWork', 'runtime.stealWork');
  if ((f.reg(R.bx) & 0xffn) !== 0n) return AGAIN;
  return gp === 0n ? undefined : { gp, inheritTime: false };
}

/** Nothing to do: the P becomes idle, unless something has come up. */
function* giveUpP(f: Frame): Body<Found | typeof AGAIN | undefined> {
  const { world } = f;
  const { sched } = world;
  const pp = world.pOf(f.m.p);
  yield* lock(f, 'again', schedLock(world));
  if (sched.gcwaiting !== 0n) {
    yield* unlock(f, 'again', schedLock(world));
    return AGAIN;
  }
  if (sched.runqsize !== 0n) {
    const gp = globrunqget(world, pp, 0n);
    yield* unlock(f, 'again', schedLock(world));
    return { gp, inheritTime: false };
  }
  if (releasep(f).at !== pp.at) world.throw('findrunnable: wrong p');
  pidleput(world, pp);
  yield* unlock(f, 'pidleput', schedLock(world));
  return undefined;
}

/**
 * First no longer spinning, then a last look at all queues: who puts something there afterwards sees nobody spin, and
 * wakes somebody. Is there something?
 */
function* stopSpinning(f: Frame): Body<boolean> {
  const { world } = f;
  const { sched } = world;
  if (f.m.spinning === 0n) return false;
  f.m.spinning = 0n;
  yield { site: 'nmspinning' };
  sched.nmspinning -= 1n;
  if (BigInt.asIntN(32, sched.nmspinning) < 0n) world.throw('findrunnable: negative nmspinning');
  const p = yield* call(f, 'recheck', 'runtime.checkRunqsNoP');
  if (p === 0n) return false;
  acquirep(f, p);
  f.m.spinning = 1n;
  sched.nmspinning += 1n;
  return true;
}
