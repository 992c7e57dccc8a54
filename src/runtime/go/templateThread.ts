/** templateThread: makes threads for Ms whose own is in a state that nobody should copy. runtime/proc.go */
import type { Model } from '../model.ts';
import type { World } from '../world.ts';
import { acquirem, releasem } from './acquirem.ts';
import { call } from './call.ts';
import { lock } from './lock2.ts';
import { noteclear } from './note.ts';
import { unlock } from './unlock2.ts';
import { schedLock, word } from './words.ts';

/** runtime.newmHandoff: the addresses of its lock and its note, and the rest. */
export const newmHandoff = (world: World) => ({
  lock: world.variable('runtime.newmHandoff.lock'),
  wake: world.variable('runtime.newmHandoff.wake'),
  newm: word(world, 'newmHandoff.newm'),
  waiting: word(world, 'newmHandoff.waiting'),
  haveTemplateThread: word(world, 'newmHandoff.haveTemplateThread'),
});

/** func startTemplateThread() */
export const startTemplateThread: Model = {
  name: 'runtime.startTemplateThread',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x20,
  sites: { cas: 'atomic.Cas(&newmHandoff.haveTemplateThread, 0, 1)', newm: 'newm(templateThread, nil, -1)' },
  *body(f) {
    const handoff = newmHandoff(f.world);
    // Whoever sees that there is one counts on it: nobody parks us in between.
    const mp = acquirem(f);
    yield { site: 'cas' };
    if (handoff.haveTemplateThread.value === 0n) {
      handoff.haveTemplateThread.value = 1n;
      yield* call(f, 'newm', 'runtime.newm', f.world.funcval('runtime.templateThread'), 0n, -1n);
    }
    releasem(f, mp);
    return undefined;
  },
};

/** func templateThread(). Never returns. */
export const templateThread: Model = {
  name: 'runtime.templateThread',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  sites: {
    nmsys: 'sched.nmsys++',
    take: 'newm := newmHandoff.newm.ptr()',
    newm1: 'newm1(newm)',
    noteclear: 'noteclear(&newmHandoff.wake)',
    notesleep: 'notesleep(&newmHandoff.wake)',
  },
  *body(f) {
    const { world } = f;
    const handoff = newmHandoff(world);
    yield* lock(f, 'nmsys', schedLock(world));
    world.sched.nmsys += 1n;
    yield* unlock(f, 'nmsys', schedLock(world));
    for (;;) {
      yield* lock(f, 'take', handoff.lock);
      while (handoff.newm.value !== 0n) {
        let mp = handoff.newm.value;
        handoff.newm.value = 0n;
        yield* unlock(f, 'take', handoff.lock);
        while (mp !== 0n) {
          const next = world.mOf(mp).schedlink;
          world.mOf(mp).schedlink = 0n;
          yield* call(f, 'newm1', 'runtime.newm1', mp);
          mp = next;
        }
        yield* lock(f, 'take', handoff.lock);
      }
      handoff.waiting.value = 1n;
      yield* noteclear(f, 'noteclear', handoff.wake);
      yield* unlock(f, 'noteclear', handoff.lock);
      yield* call(f, 'notesleep', 'runtime.notesleep', handoff.wake);
    }
  },
};
