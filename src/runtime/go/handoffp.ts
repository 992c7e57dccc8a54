/** handoffp: a P without an M goes to one, if there is work for it or nobody looks for any; else it is idle. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { P } from '../layout/go1.19.ts';
import type { Body, Model } from '../model.ts';
import type { PView } from '../world.ts';
import { call } from './call.ts';
import { pidleput } from './idle.ts';
import { lock } from './lock2.ts';
import { runqempty } from './runq.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';
import { schedLock, stopnote } from './words.ts';

/** func handoffp(_p_ *p) */
export const handoffp: Model = {
  name: 'runtime.handoffp',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  spills: 'p',
  sites: {
    work: '!runqempty(_p_)',
    cas: 'atomic.Cas(&sched.nmspinning, 0, 1)',
    spinning: 'startm(_p_, true)',
    gcwaiting: 'if sched.gcwaiting != 0 {',
    stopped: 'notewakeup(&sched.stopnote)',
    global: 'if sched.runqsize != 0 {',
    last: 'atomic.Load64(&sched.lastpoll) != 0',
    pidleput: 'pidleput(_p_, 0)',
  },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    const { sched } = world;
    const pp = world.pOf(f.reg(R.ax));
    const start = (site: string, spinning: bigint): Body<bigint> => call(f, site, 'runtime.startm', pp.at, spinning);
    if (!runqempty(pp) || sched.runqsize !== 0n) {
      yield* start('work', 0n);
      return 'work';
    }
    yield { site: 'cas' };
    if (sched.nmspinning + sched.npidle === 0n) {
      sched.nmspinning = 1n;
      yield* start('spinning', 1n);
      return 'nobody looks for work';
    }
    yield* lock(f, 'gcwaiting', schedLock(world));
    if (sched.gcwaiting !== 0n) {
      yield* stopped(f, pp);
      return 'the world stops';
    }
    if (sched.runqsize !== 0n) {
      yield* unlock(f, 'global', schedLock(world));
      yield* start('global', 0n);
      return 'work';
    }
    // The last one that runs has to poll the network, if nobody does.
    if (sched.npidle === BigInt(world.allp.length - 1) && sched.lastpoll !== 0n) {
      yield* unlock(f, 'last', schedLock(world));
      yield* start('last', 0n);
      return 'the last one';
    }
    pidleput(world, pp);
    yield* unlock(f, 'pidleput', schedLock(world));
    return 'idle';
  },
};

/** One less to wait for. sched.lock is held, and let go of. */
function* stopped(f: Frame, pp: PView): Body<void> {
  const { world } = f;
  pp.status = BigInt(P.gcstop);
  world.sched.stopwait -= 1n;
  if (world.sched.stopwait === 0n) yield* call(f, 'stopped', 'runtime.notewakeup', stopnote(world));
  yield* unlock(f, 'stopped', schedLock(world));
}
