/** wakep: one more M to look for work, if there is an idle P and nobody looks. runtime/proc.go */
import type { Model } from '../model.ts';
import { call } from './call.ts';

/** func wakep() */
export const wakep: Model = {
  name: 'runtime.wakep',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  sites: { cas: 'atomic.Cas(&sched.nmspinning, 0, 1)', startm: 'startm(nil, true)' },
  *body(f) {
    const { sched } = f.world;
    if (sched.npidle === 0n) return undefined;
    yield { site: 'cas' };
    if (sched.nmspinning !== 0n) return undefined;
    sched.nmspinning = 1n;
    yield* call(f, 'startm', 'runtime.startm', 0n, 1n);
    return undefined;
  },
};
