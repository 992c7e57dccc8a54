/** copystack, where it is called: the frame on g0 from which a goroutine's stack moves. runtime/stack.go */
import { R } from '#emu/cpu/layout.ts';
import { copystack as move } from '../gc/copystack.ts';
import type { Model } from '../model.ts';
import { hex } from './show.ts';

/** func copystack(gp *g, newsize uintptr) */
export const copystack: Model = {
  name: 'runtime.copystack',
  convention: 'ABIInternal',
  file: 'runtime/stack.go',
  frame: 0x1a8,
  spills: 'pw',
  sites: { stackalloc: 'stackalloc(uint32(newsize))' },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    const [gp, newsize] = [f.world.g(f.reg(R.ax)), f.reg(R.bx)];
    // The heap is everybody's.
    yield { site: 'stackalloc' };
    move(f.world, gp, newsize);
    return undefined;
  },
};
