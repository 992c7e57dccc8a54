/** _cgo_mmap and _cgo_munmap: the C side of Go's mmap. runtime/cgo/gcc_mmap.c */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { hex, showMmap } from '../go/show.ts';
import { type Body, type Model, sites } from '../model.ts';
import { abort } from './abort.ts';
import { called } from './interposed.ts';
import type { LibcResult } from './libc.ts';

const SYS_mmap = 9;
const SYS_munmap = 11;

/** mmap and munmap as C code calls them: libc's, or those of whoever came before libc. */
const cMmap = (f: Frame, args: readonly bigint[]): Body<LibcResult> => called(f, 'mmap', SYS_mmap, args);
const cMunmap = (f: Frame, args: readonly bigint[]): Body<LibcResult> => called(f, 'munmap', SYS_munmap, args);

/** uintptr_t x_cgo_mmap(void *addr, uintptr_t length, int32_t prot, int32_t flags, int32_t fd, uint32_t offset) */
export const xCgoMmap: Model = {
  name: 'x_cgo_mmap',
  convention: 'C',
  frame: 0x10,
  sites: sites('mmap'),
  resultBits: 64,
  show: (f) => showMmap([R.di, R.si, R.dx, R.cx, R.r8, R.r9].map((n) => f.reg(n))),
  *body(f) {
    // Four of the parameters are 32-bit: what lies above them in the registers means nothing (psABI 3.2.3).
    const args = [R.di, R.si, R.dx, R.cx, R.r8, R.r9].map((n, i) => BigInt.asUintN(i < 2 ? 64 : 32, f.reg(n)));
    f.world.note('x_cgo_mmap', args);
    const [addr, length, prot, flags, fd, offset] = args;
    const result = yield* cMmap(f, [addr!, length!, prot!, flags!, BigInt.asIntN(32, fd!), offset!]);
    // MAP_FAILED is not handed on: the errno itself is, and Go tells the two apart by size.
    const value = result.errno ? BigInt(result.errno) : result.value;
    f.world.note('x_cgo_mmap result', [value]);
    f.setReg(R.ax, value);
    return hex(value);
  },
};

/** void x_cgo_munmap(void *addr, uintptr_t length). A failure aborts: there is no way to report it. */
export const xCgoMunmap: Model = {
  name: 'x_cgo_munmap',
  convention: 'C',
  frame: 0x10,
  sites: sites('munmap'),
  resultBits: 0,
  show: (f) => `${hex(f.reg(R.di))}, ${hex(f.reg(R.si))}`,
  *body(f) {
    f.world.note('x_cgo_munmap', [f.reg(R.di), f.reg(R.si)]);
    if ((yield* cMunmap(f, [f.reg(R.di), f.reg(R.si)])).errno) abort(f, 'munmap failed');
    return undefined;
  },
};
