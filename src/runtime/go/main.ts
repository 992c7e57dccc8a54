/** What runtime.main and mstartm0 start before main.main: sysmon, and a spare M for threads that C makes. runtime/proc.go */
import type { Model } from '../model.ts';
import { call } from './call.ts';
import { word } from './words.ts';

/** func() { newm(sysmon, nil, -1) }, for systemstack. */
export const mainFunc1: Model = {
  name: 'runtime.main.func1',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  go: 'main',
  frame: 0x18,
  closure: true,
  sites: { newm: 'newm(sysmon, nil, -1)' },
  *body(f) {
    yield* call(f, 'newm', 'runtime.newm', f.world.funcval('runtime.sysmon'), 0n, -1n);
    return undefined;
  },
};

/** func mstartm0(). On g0. */
export const mstartm0: Model = {
  name: 'runtime.mstartm0',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 8,
  sites: { newextram: 'newextram()' },
  *body(f) {
    word(f.world, 'cgoHasExtraM').value = 1n;
    yield* call(f, 'newextram', 'runtime.newextram');
    return undefined;
  },
};
