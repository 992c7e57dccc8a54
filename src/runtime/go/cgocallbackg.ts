/** cgocallbackg: the Go side of a callback, on the goroutine. runtime/cgocall.go, as far as no scheduler takes part. */
import { R } from '#emu/cpu/layout.ts';
import { gobuf } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import { hex } from './show.ts';

/** Three arguments and the slot of a saved BP: what cgocallback opens on the goroutine's stack, below the return PC. */
const CGOCALLBACK_FRAME = 32;

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
    world.note(
      'runtime.cgocallbackg',
      [0, 8, 16].map((offset) => f.arg(offset, 8)),
    );
    // Above our caller's frame lies where the goroutine left Go: what a traceback goes on from.
    const sched = view(f.mem, gobuf, world.curg.sched);
    const pushed = f.arg(CGOCALLBACK_FRAME, 8);
    const stale = `cgocallback's frame returns to ${hex(pushed)}, the goroutine left Go at ${hex(sched.pc)}`;
    world.expect(pushed === sched.pc, 'curg-frame', stale, 'runtime.cgocallback');
    // exitsyscall and entersyscall come by here and leave their own state: cgocallback must put back what it found.
    sched.pc = world.addressOf('runtime.cgocallbackg');
    sched.sp = f.sp;
    // What the ABI0 wrapper of compiled code does.
    f.setReg(R.r14, g);
    f.cpu.setXmm(15, 0n);
    f.setReg(R.ax, f.arg(8, 8));
    yield { site: 'fn', target: f.arg(0, 8), convention: 'ABIInternal' };
    return undefined;
  },
};
