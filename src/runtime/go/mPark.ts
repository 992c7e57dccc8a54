/** mPark: sleep until this M's note is woken. runtime/proc.go */
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { noteclear } from './note.ts';
import { park } from './words.ts';

/** func mPark() */
export const mPark: Model = {
  name: 'runtime.mPark',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x10,
  nosplit: true,
  sites: { notesleep: 'notesleep(&gp.m.park)', noteclear: 'noteclear(&gp.m.park)' },
  *body(f) {
    yield* call(f, 'notesleep', 'runtime.notesleep', park(f.m));
    yield* noteclear(f, 'noteclear', park(f.m));
    return undefined;
  },
};
