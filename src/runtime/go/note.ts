/** Notes: one sleeps until another wakes it, once. runtime/lock_futex.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { note } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Body, Model } from '../model.ts';
import { answer, ask, call, nanotime } from './call.ts';

/** func noteclear(n *note), from a site. */
export function* noteclear(f: Frame, site: string, n: bigint): Body<void> {
  yield { site };
  view(f.mem, note, n).key = 0n;
}

/** func notewakeup(n *note) */
export const notewakeup: Model = {
  name: 'runtime.notewakeup',
  convention: 'ABIInternal',
  file: 'runtime/lock_futex.go',
  frame: 0x18,
  spills: 'p',
  sites: { futexwakeup: 'futexwakeup(key32(&n.key), 1)' },
  *body(f) {
    const n = f.reg(R.ax);
    const { key } = view(f.mem, note, n);
    view(f.mem, note, n).key = 1n;
    if (key !== 0n) {
      f.world.print(`notewakeup - double wakeup (${key})\n`);
      f.world.throw('notewakeup - double wakeup');
    }
    yield* call(f, 'futexwakeup', 'runtime.futexwakeup', n, 1n);
    return undefined;
  },
};

/** func notesleep(n *note) */
export const notesleep: Model = {
  name: 'runtime.notesleep',
  convention: 'ABIInternal',
  file: 'runtime/lock_futex.go',
  frame: 0x28,
  spills: 'p',
  sites: { futexsleep: 'futexsleep(key32(&n.key), 0, ns)' },
  *body(f) {
    const n = f.reg(R.ax);
    const mp = f.m;
    if (f.g.at !== mp.g0) f.world.throw('notesleep not on g0');
    while (view(f.mem, note, n).key === 0n) {
      mp.blocked = 1n;
      yield* call(f, 'futexsleep', 'runtime.futexsleep', n, 0n, -1n);
      mp.blocked = 0n;
    }
    return undefined;
  },
};

/** func notetsleep_internal(n *note, ns int64) bool: was it woken? */
export const notetsleepInternal: Model = {
  name: 'runtime.notetsleep_internal',
  convention: 'ABIInternal',
  file: 'runtime/lock_futex.go',
  frame: 0x30,
  nosplit: true,
  spills: 'pw',
  sites: {
    deadline: 'deadline := nanotime() + ns',
    futexsleep: 'ns = 10e6\n\t\t}\n\t\tgp.m.blocked = true\n\t\tfutexsleep(key32(&n.key), 0, ns)',
    now: 'now := nanotime()',
  },
  *body(f) {
    const n = f.reg(R.ax);
    let ns = BigInt.asIntN(64, f.reg(R.bx));
    const mp = f.m;
    const woken = (): boolean => view(f.mem, note, n).key !== 0n;
    if (woken()) return answer(f, true);
    const deadline = (yield* nanotime(f, 'deadline')) + ns;
    while (ns > 0n) {
      mp.blocked = 1n;
      yield* call(f, 'futexsleep', 'runtime.futexsleep', n, 0n, ns);
      mp.blocked = 0n;
      if (woken()) break;
      ns = deadline - (yield* nanotime(f, 'now'));
    }
    return answer(f, woken());
  },
};

/** func notetsleep(n *note, ns int64) bool */
export const notetsleep: Model = {
  name: 'runtime.notetsleep',
  convention: 'ABIInternal',
  file: 'runtime/lock_futex.go',
  frame: 0x10,
  spills: 'pw',
  sites: { internal: 'notetsleep_internal(n, ns)' },
  *body(f) {
    const [n, ns] = [f.reg(R.ax), f.reg(R.bx)];
    const preemptible = f.mem.peek(f.m.preemptoff + 8n, 8) === 0n;
    if (f.g.at !== f.m.g0 && !preemptible) f.world.throw('notetsleep not on g0');
    return answer(f, yield* ask(f, 'internal', 'runtime.notetsleep_internal', n, ns));
  },
};
