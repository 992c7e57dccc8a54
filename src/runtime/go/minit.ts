/** minit: what a thread knows of itself before it runs Go. Without signals, its number. runtime/os_linux.go */
import type { Model } from '../model.ts';

/** func minit() */
export const minit: Model = {
  name: 'runtime.minit',
  convention: 'ABIInternal',
  file: 'runtime/os_linux.go',
  frame: 8,
  sites: { gettid: 'gettid()' },
  *body(f) {
    yield { site: 'gettid', target: 'runtime.gettid', convention: 'ABI0' };
    f.m.procid = f.get(0, 4);
    return undefined;
  },
};
