/** _cgo_sigaction. runtime/cgo/gcc_sigaction.c */
import { R } from '#emu/cpu/layout.ts';
import { hex } from '../go/show.ts';
import type { Model } from '../model.ts';
import { libc } from './libc.ts';

const SYS_rt_sigaction = 13;

/** int32_t x_cgo_sigaction(intptr_t signum, const go_sigaction_t *goact, go_sigaction_t *oldgoact): 0 or an errno */
export const xCgoSigaction: Model = {
  name: 'x_cgo_sigaction',
  convention: 'C',
  frame: 0x10,
  sites: {},
  resultBits: 32,
  show: (f) => `${BigInt.asIntN(64, f.reg(R.di))}, ${hex(f.reg(R.si))}, ${hex(f.reg(R.dx))}`,
  // biome-ignore lint/correctness/useYield: a C function that calls nothing is a model without call sites
  *body(f) {
    f.world.note('x_cgo_sigaction', [f.reg(R.di), f.reg(R.si), f.reg(R.dx)]);
    const { errno } = libc(f, SYS_rt_sigaction, [f.reg(R.di), f.reg(R.si), f.reg(R.dx), 8n]);
    f.setReg(R.ax, BigInt(errno));
    return String(errno);
  },
};
