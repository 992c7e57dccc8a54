/** munmap: through C when runtime/cgo is linked in, else directly. runtime/cgo_mmap.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { hex } from './show.ts';

const CLOSURE = 0x10;
const captured = { fn: 0, addr: 8, n: 16 } as const;

/** func munmap(addr unsafe.Pointer, n uintptr) */
export const munmap: Model = {
  name: 'runtime.munmap',
  file: 'runtime/cgo_mmap.go',
  convention: 'ABIInternal',
  frame: CLOSURE + 0x18,
  sites: { systemstack: 'systemstack(func() {', sysMunmap: 'sysMunmap(addr, n)' },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    // Until 1.9 C was not asked, whoever intercepted mmap.
    if (f.world.global('_cgo_munmap') === 0n || !f.world.has('munmap-intercept')) {
      f.set(0, f.reg(R.ax));
      f.set(8, f.reg(R.bx));
      yield { site: 'sysMunmap', target: 'runtime.sysMunmap', convention: 'ABI0' };
      return undefined;
    }
    f.set(CLOSURE + captured.fn, f.world.addressOf('runtime.munmap.func1'));
    f.set(CLOSURE + captured.addr, f.reg(R.ax));
    f.set(CLOSURE + captured.n, f.reg(R.bx));
    f.set(0, f.slot(CLOSURE));
    yield { site: 'systemstack', target: 'runtime.systemstack', convention: 'ABI0' };
    return undefined;
  },
};

/** func() { callCgoMunmap(addr, n) } */
export const munmapFunc1: Model = {
  name: 'runtime.munmap.func1',
  file: 'runtime/cgo_mmap.go',
  go: 'munmap',
  convention: 'ABIInternal',
  frame: 0x10,
  sites: { callCgoMunmap: 'callCgoMunmap(addr, n)' },
  *body(f) {
    f.world.expectSystemStack('runtime.systemstack', true);
    const closure = f.reg(R.dx);
    f.set(0, f.mem.read(closure + BigInt(captured.addr), 8));
    f.set(8, f.mem.read(closure + BigInt(captured.n), 8));
    yield { site: 'callCgoMunmap', target: 'runtime.callCgoMunmap', convention: 'ABI0' };
    return undefined;
  },
};
