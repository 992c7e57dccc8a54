/** allocm: the struct of an M, without a thread yet. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { acquirem, releasem } from './acquirem.ts';
import { acquirep, releasep } from './acquirep.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func allocm(_p_ *p, fn func(), id int64) *m */
export const allocm: Model = {
  name: 'runtime.allocm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x50,
  spills: 'ppw',
  sites: { mcommoninit: 'mcommoninit(mp, id)' },
  *body(f) {
    const { world } = f;
    const [p, fn, id] = [f.reg(R.ax), f.reg(R.bx), BigInt.asIntN(64, f.reg(R.cx))];
    const caller = acquirem(f);
    // Memory comes by way of a P: without one, the new M's is borrowed.
    if (caller.p === 0n) acquirep(f, p);
    yield* lock(f, 'mcommoninit', schedLock(world));
    const number = id < 0n ? world.sched.mnext++ : id;
    const mp = world.threadlessM(`m${number} `, number);
    yield* unlock(f, 'mcommoninit', schedLock(world));
    mp.mstartfn = fn;
    if (p === caller.p) releasep(f);
    releasem(f, caller);
    f.setReg(R.ax, mp.at);
    return `m${number}`;
  },
};
