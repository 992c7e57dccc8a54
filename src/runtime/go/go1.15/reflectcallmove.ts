/** reflectcallmove: the results of a reflected call, back to whoever made it. runtime/mbarrier.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../../model.ts';
import { hex } from '../show.ts';

/** func reflectcallmove(typ *_type, dst, src unsafe.Pointer, size uintptr). Package runtime is not instrumented. */
export const reflectcallmove: Model = {
  name: 'runtime.reflectcallmove',
  convention: 'ABIInternal',
  frame: 0x20,
  abi0: 4,
  nosplit: true,
  sites: {},
  show: (f) => [R.ax, R.bx, R.cx, R.di].map((n) => hex(f.reg(n))).join(', '),
  // biome-ignore lint/correctness/useYield: without a collector's cycle under way there is no write barrier to call
  *body(f) {
    const [dst, src, size] = [f.reg(R.bx), f.reg(R.cx), Number(f.reg(R.di))];
    f.world.note('runtime.reflectcallmove', [f.reg(R.ax), dst, src, BigInt(size)]);
    if (size === 0) return undefined;
    f.mem.check(src, size, 'read');
    f.mem.check(dst, size, 'write');
    f.world.tell(`reflectcallmove copies the ${size} bytes at ${hex(src)} to ${hex(dst)}; no shadow goes with them`);
    f.mem.pokeBytes(dst, f.mem.peekBytes(src, size));
    return undefined;
  },
};
