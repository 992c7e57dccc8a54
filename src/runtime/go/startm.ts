/** startm: an M for a P: an idle one, or a new one. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import { acquirem, releasem } from './acquirem.ts';
import { call } from './call.ts';
import { mget, pidleget } from './idle.ts';
import { lock } from './lock2.ts';
import { runqempty } from './runq.ts';
import { hex } from './show.ts';
import { unlock } from './unlock2.ts';
import { park, schedLock } from './words.ts';

/** func startm(_p_ *p, spinning bool). Without a P, an idle one; who asks for spinning has counted it already. */
export const startm: Model = {
  name: 'runtime.startm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x38,
  spills: 'pw',
  sites: {
    pidleget: 'pidleget(0)',
    nmspinning: 'atomic.Xadd(&sched.nmspinning, -1)',
    mget: 'nmp := mget()',
    mReserveID: 'id := mReserveID()',
    newm: 'newm(fn, _p_, id)',
    nextp: 'nmp.nextp.set(_p_)',
    notewakeup: 'notewakeup(&nmp.park)',
  },
  show: (f) => `${hex(f.reg(R.ax))}, ${(f.reg(R.bx) & 0xffn) !== 0n}`,
  *body(f) {
    const { world } = f;
    const spinning = (f.reg(R.bx) & 0xffn) !== 0n;
    const given = f.reg(R.ax);
    const mp = acquirem(f);
    yield* lock(f, 'pidleget', schedLock(world));
    const p = given === 0n ? pidleget(world) : world.pOf(given);
    if (!p) {
      yield* unlock(f, 'pidleget', schedLock(world));
      if (spinning) yield* noLongerSpinning(f);
      releasem(f, mp);
      return 'no idle P';
    }
    const nmp = mget(world);
    if (!nmp) {
      // The number first: whoever counts Ms from now on counts this one.
      const id = world.sched.mnext++;
      yield* unlock(f, 'mReserveID', schedLock(world));
      const fn = spinning ? world.funcval('runtime.mspinning') : 0n;
      yield* call(f, 'newm', 'runtime.newm', fn, p.at, id);
      releasem(f, mp);
      return `m${id}`;
    }
    yield* unlock(f, 'mget', schedLock(world));
    if (nmp.spinning !== 0n) world.throw('startm: m is spinning');
    if (nmp.nextp !== 0n) world.throw('startm: m has p');
    if (spinning && !runqempty(p)) world.throw('startm: p has runnable gs');
    nmp.spinning = spinning ? 1n : 0n;
    nmp.nextp = p.at;
    yield* call(f, 'notewakeup', 'runtime.notewakeup', park(nmp));
    releasem(f, mp);
    return `m${nmp.id}`;
  },
};

function* noLongerSpinning(f: Frame): Body<void> {
  const { sched } = f.world;
  yield { site: 'nmspinning' };
  sched.nmspinning -= 1n;
  if (BigInt.asIntN(32, sched.nmspinning) < 0n) f.world.throw('startm: negative nmspinning');
}

/** func mspinning(): how an M begins that startm wants to spin. */
export const mspinning: Model = {
  name: 'runtime.mspinning',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0,
  sites: {},
  // biome-ignore lint/correctness/useYield: it calls nothing
  *body({ m }) {
    m.spinning = 1n;
    return undefined;
  },
};
