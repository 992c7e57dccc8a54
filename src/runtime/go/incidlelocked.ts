/** incidlelocked: how many Ms wait for the goroutine they are locked to. runtime/proc.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { lock } from './lock2.ts';
import { unlock } from './unlock2.ts';
import { schedLock } from './words.ts';

/** func incidlelocked(v int32) */
export const incidlelocked: Model = {
  name: 'runtime.incidlelocked',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 8,
  spills: 'w',
  sites: { lock: 'sched.nmidlelocked += v' },
  show: (f) => String(f.int(R.ax)),
  *body(f) {
    const { world } = f;
    const v = BigInt(f.int(R.ax));
    yield* lock(f, 'lock', schedLock(world));
    world.sched.nmidlelocked += v;
    yield* unlock(f, 'lock', schedLock(world));
    return undefined;
  },
};
