/** retake: take the P of who has been in a system call for too long, and ask who runs for too long to stop. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { P, p as pLayout, sysmontick } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import type { PView } from '../world.ts';
import { call } from './call.ts';
import { preemptone } from './preempt.ts';
import { runqempty } from './runq.ts';

/** How long a goroutine may run, or a P without work wait for its system call. */
const FORCE_PREEMPT_NS = 10_000_000n;

/** func retake(now int64) uint32: how many it took. allpLock is not held: no P comes or goes here. */
export const retake: Model = {
  name: 'runtime.retake',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x30,
  spills: 'w',
  sites: {
    status: 's := _p_.status',
    preemptone: 'preemptone(_p_)',
    unlocked: 'incidlelocked(-1)',
    cas: 'atomic.Cas(&_p_.status, s, _Pidle)',
    handoffp: 'handoffp(_p_)',
    locked: 'incidlelocked(1)',
  },
  *body(f) {
    const { world } = f;
    const now = f.reg(R.ax);
    let taken = 0n;
    for (const at of world.allp) {
      const p = world.pOf(at);
      yield { site: 'status' };
      const { status } = p;
      const tooLong = yield* runsTooLong(f, p, now);
      if (status === BigInt(P.syscall) && isDue(f, p, now, tooLong)) taken += yield* take(f, p);
    }
    f.setReg(R.ax, taken);
    return String(taken);
  },
};

const tickOf = (f: Frame, p: PView) => view(f.mem, sysmontick, p.at + BigInt(pLayout.fields.sysmontick[0]));

/** The same goroutine, or the same system call, for 10 ms. */
function* runsTooLong(f: Frame, p: PView, now: bigint): Body<boolean> {
  if (p.status !== BigInt(P.running) && p.status !== BigInt(P.syscall)) return false;
  const pd = tickOf(f, p);
  if (pd.schedtick !== p.schedtick) {
    pd.schedtick = p.schedtick;
    pd.schedwhen = now;
    return false;
  }
  if (pd.schedwhen + FORCE_PREEMPT_NS > now) return false;
  yield { site: 'preemptone' };
  preemptone(f, p);
  return true;
}

/** In a system call that was there last time, and somebody needs the P or it has been long. */
function isDue(f: Frame, p: PView, now: bigint, tooLong: boolean): boolean {
  const { sched } = f.world;
  const pd = tickOf(f, p);
  if (!tooLong && pd.syscalltick !== p.syscalltick) {
    pd.syscalltick = p.syscalltick;
    pd.syscallwhen = now;
    return false;
  }
  const othersCan = sched.nmspinning + sched.npidle > 0n;
  return !(runqempty(p) && othersCan && pd.syscallwhen + FORCE_PREEMPT_NS > now);
}

function* take(f: Frame, p: PView): Body<bigint> {
  // One M less that idles: no deadlock is to be seen between the two steps.
  yield* call(f, 'unlocked', 'runtime.incidlelocked', -1n);
  yield { site: 'cas' };
  const ours = p.status === BigInt(P.syscall);
  if (ours) {
    p.status = BigInt(P.idle);
    p.syscalltick += 1n;
    f.world.tell(`sysmon takes P${p.id} away: it was left in a system call`);
    yield* call(f, 'handoffp', 'runtime.handoffp', p.at);
  }
  yield* call(f, 'locked', 'runtime.incidlelocked', 1n);
  return ours ? 1n : 0n;
}
