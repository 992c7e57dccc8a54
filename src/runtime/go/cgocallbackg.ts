/** cgocallbackg: the Go side of a callback, on the goroutine. runtime/cgocall.go, as far as no scheduler takes part. */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { hex } from './show.ts';

/** func cgocallbackg(fn, frame unsafe.Pointer, ctxt uintptr): fn is the PC of an ABIInternal function of one pointer. */
export const cgocallbackg: Model = {
  name: 'runtime.cgocallbackg',
  convention: 'ABI0',
  frame: 0x20,
  sites: ['fn'],
  show: (f) => [0, 8, 16].map((offset) => hex(f.arg(offset, 8))).join(', '),
  *body(f) {
    const { world } = f;
    const g = world.currentG;
    world.expect(
      g === world.curg.at,
      'g',
      `TLS names ${hex(g)} in cgocallbackg, not the goroutine ${hex(world.curg.at)}`,
    );
    // What the ABI0 wrapper of compiled code does.
    f.setReg(R.r14, g);
    f.cpu.setXmm(15, 0n);
    f.setReg(R.ax, f.arg(8, 8));
    yield { site: 'fn', target: f.arg(0, 8), convention: 'ABIInternal' };
    return undefined;
  },
};
