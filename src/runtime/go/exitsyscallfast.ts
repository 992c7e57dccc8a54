/** exitsyscallfast: the P it had, if nobody took it, or an idle one. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { P } from '../layout/go1.19.ts';
import type { Model } from '../model.ts';
import { onSystemStack } from './reentersyscall.ts';
import { wirep } from './wirep.ts';

/** sched.stopwait while a dying program freezes the world (runtime/proc.go). */
export const FREEZE_STOP_WAIT = 0x7fff_ffffn;

/** func exitsyscallfast(oldp *p) bool */
export const exitsyscallfast: Model = {
  name: 'runtime.exitsyscallfast',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x38,
  nosplit: true,
  sites: {
    cas: 'atomic.Cas(&oldp.status, _Psyscall, _Pidle)',
    idle: 'systemstack(func() {',
  },
  *body(f) {
    const { world } = f;
    const oldp = f.reg(R.ax);
    const answer = (ok: boolean): string => {
      f.setReg(R.ax, ok ? 1n : 0n);
      return String(ok);
    };
    if (world.sched.stopwait === FREEZE_STOP_WAIT) return answer(false);
    yield { site: 'cas' };
    if (oldp !== 0n && world.pOf(oldp).status === BigInt(P.syscall)) {
      world.pOf(oldp).status = BigInt(P.idle);
      wirep(world, f.m, oldp);
      reacquired(f);
      return answer(true);
    }
    // Without clear-m-p it still names the P that it has lost.
    if (!world.has('clear-m-p')) f.m.p = 0n;
    if (world.sched.pidle === 0n) return answer(false);
    yield* onSystemStack(f, 'idle', 'runtime.exitsyscallfast_pidle');
    return answer(f.m.p !== 0n);
  },
};

/** func exitsyscallfast_reacquired(): others may have had the P, and left it in a system call of theirs. */
function reacquired({ world, m }: Frame): void {
  const p = world.pOf(m.p);
  if (m.syscalltick !== p.syscalltick) p.syscalltick += 1n;
}
