/** LockOSThread and lockOSThread: the goroutine stays on its M, and the M with it, as often as it is said. runtime/proc.go */
import type { Frame } from '../frame.ts';
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { newmHandoff } from './templateThread.ts';

/** func dolockOSThread() */
function dolockOSThread({ g, m }: Frame): void {
  m.lockedg = g.at;
  g.lockedm = m.at;
}

/** func dounlockOSThread() */
function dounlockOSThread({ g, m }: Frame): void {
  if (m.lockedInt !== 0n || m.lockedExt !== 0n) return;
  m.lockedg = 0n;
  g.lockedm = 0n;
}

/** func lockOSThread(): the runtime's own locks. */
export function lockOSThread(f: Frame): void {
  f.m.lockedInt += 1n;
  dolockOSThread(f);
}

/** func unlockOSThread(), where it is deferred and so has to be a function. */
export const unlockOSThread: Model = {
  name: 'runtime.unlockOSThread',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  nosplit: true,
  sites: {},
  // biome-ignore lint/correctness/useYield: it calls nothing that returns
  *body(f) {
    const { m } = f;
    if (m.lockedInt === 0n) f.world.throw('runtime: internal error: misuse of lockOSThread/unlockOSThread');
    m.lockedInt -= 1n;
    dounlockOSThread(f);
    return undefined;
  },
};

/** func LockOSThread(): what a program asks for. A thread that may be turned into anything is no model for others. */
export const lockOSThreadExt: Model = {
  name: 'runtime.LockOSThread',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x18,
  sites: { startTemplateThread: 'startTemplateThread()' },
  *body(f) {
    if (newmHandoff(f.world).haveTemplateThread.value === 0n) {
      yield* call(f, 'startTemplateThread', 'runtime.startTemplateThread');
    }
    f.m.lockedExt += 1n;
    dolockOSThread(f);
    return undefined;
  },
};

/** func UnlockOSThread() */
export const unlockOSThreadExt: Model = {
  name: 'runtime.UnlockOSThread',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0,
  sites: {},
  // biome-ignore lint/correctness/useYield: it calls nothing
  *body(f) {
    if (f.m.lockedExt === 0n) return undefined;
    f.m.lockedExt -= 1n;
    dounlockOSThread(f);
    return undefined;
  },
};
