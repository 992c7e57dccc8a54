/** newm, newm1: a new M, and the thread that C makes for it. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import type { MView } from '../world.ts';
import { acquirem, releasem } from './acquirem.ts';
import { call } from './call.ts';
import { lock } from './lock2.ts';
import { newmHandoff } from './templateThread.ts';
import { unlock } from './unlock2.ts';

/** func newm(fn func(), _p_ *p, id int64). The M runs fn, then the scheduler with _p_. A negative id: the next one. */
export const newm: Model = {
  name: 'runtime.newm',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  spills: 'ppw',
  sites: {
    allocm: 'allocm(_p_, fn, id)',
    handoff: 'newmHandoff.newm.set(mp)',
    notewakeup: 'notewakeup(&newmHandoff.wake)',
    unlock: 'unlock(&newmHandoff.lock)',
    newm1: 'newm1(mp)',
  },
  show: (f) => `${f.world.machine.symbols.nameOf(f.reg(R.ax)) ?? 'nil'}, ${BigInt.asIntN(64, f.reg(R.cx))}`,
  *body(f) {
    const { world } = f;
    const [fn, p, id] = [f.reg(R.ax), f.reg(R.bx), f.reg(R.cx)];
    const caller = acquirem(f);
    const mp = world.mOf(yield* call(f, 'allocm', 'runtime.allocm', p, fn, id));
    mp.nextp = p;
    // Nobody knows what a thread has been turned into that somebody locked, or that C made: it is not to be copied.
    if (caller.lockedExt !== 0n || caller.incgo !== 0n) yield* handOff(f, mp);
    else yield* call(f, 'newm1', 'runtime.newm1', mp.at);
    releasem(f, caller);
    return undefined;
  },
};

/** Let the template thread make this M's thread. */
function* handOff(f: Frame, mp: MView): Body<void> {
  const handoff = newmHandoff(f.world);
  yield* lock(f, 'handoff', handoff.lock);
  if (handoff.haveTemplateThread.value === 0n) f.world.throw('on a locked thread with no template thread');
  mp.schedlink = handoff.newm.value;
  handoff.newm.value = mp.at;
  if (handoff.waiting.value !== 0n) {
    handoff.waiting.value = 0n;
    yield* call(f, 'notewakeup', 'runtime.notewakeup', handoff.wake);
  }
  yield* unlock(f, 'unlock', handoff.lock);
}

/** Behind asmcgocall's arguments and result: what C is told. */
const TS = { at: 0x18, g: 0x18, tls: 0x20, fn: 0x28 } as const;

/** func newm1(mp *m) */
export const newm1: Model = {
  name: 'runtime.newm1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x30,
  spills: 'p',
  sites: { asmcgocall: 'asmcgocall(_cgo_thread_start, unsafe.Pointer(&ts))' },
  *body(f) {
    const { world } = f;
    const mp = world.mOf(f.reg(R.ax));
    f.set(TS.g, mp.g0);
    f.set(TS.tls, mp.tls);
    f.set(TS.fn, world.addressOf('runtime.mstart'));
    f.set(0, world.addressOf('x_cgo_thread_start'));
    f.set(8, f.slot(TS.at));
    yield { site: 'asmcgocall', target: 'runtime.asmcgocall', convention: 'ABI0' };
    return undefined;
  },
};
