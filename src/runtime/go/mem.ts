/** The memory allocator's way to the operating system. runtime/mem_linux.go */
import { R } from '#emu/cpu/layout.ts';
import { EACCES, EAGAIN } from '#emu/linux/errno.ts';
import type { Frame } from '../frame.ts';
import type { CallRequest, Model } from '../model.ts';
import { hex } from './show.ts';

const PROT_NONE = 0n;
const PROT_RW = 3n;
const MAP_ANON_PRIVATE = 0x22n;
const MADV_DONTNEED = 4n;

/** mmap's arguments in registers, as compiled Go passes them. */
function* callMmap(
  f: Frame,
  addr: bigint,
  n: bigint,
  prot: bigint,
): Generator<CallRequest, { p: bigint; err: bigint }, void> {
  const args = [addr, n, prot, MAP_ANON_PRIVATE, -1n, 0n];
  [R.ax, R.bx, R.cx, R.di, R.si, R.r8].forEach((r, i) => f.setReg(r, args[i]!));
  yield { site: 'mmap', target: 'runtime.mmap', convention: 'ABIInternal' };
  return { p: f.reg(R.ax), err: f.reg(R.bx) };
}

/** func sysAllocOS(n uintptr) unsafe.Pointer. Ends the program when memory is forbidden or locked; nil otherwise. */
export const sysAllocOS: Model = {
  name: 'runtime.sysAllocOS',
  file: 'runtime/mem_linux.go',
  convention: 'ABIInternal',
  frame: 0x28,
  nosplit: true,
  sites: { mmap: 'mmap(nil, n,' },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { p, err } = yield* callMmap(f, 0n, f.reg(R.ax), PROT_RW);
    if (err === BigInt(EACCES)) return fatal(f, 'runtime: mmap: access denied\n');
    if (err === BigInt(EAGAIN)) return fatal(f, "runtime: mmap: too much locked memory (check 'ulimit -l').\n");
    f.setReg(R.ax, err === 0n ? p : 0n);
    return hex(f.reg(R.ax));
  },
};

/** func sysReserveOS(v unsafe.Pointer, n uintptr) unsafe.Pointer */
export const sysReserveOS: Model = {
  name: 'runtime.sysReserveOS',
  file: 'runtime/mem_linux.go',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: { mmap: 'mmap(v, n,' },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    const { p, err } = yield* callMmap(f, f.reg(R.ax), f.reg(R.bx), PROT_NONE);
    f.setReg(R.ax, err === 0n ? p : 0n);
    return hex(f.reg(R.ax));
  },
};

/** func sysUnusedOS(v unsafe.Pointer, n uintptr), as far as it gives pages back: MADV_DONTNEED, whose failure is ignored. */
export const sysUnusedOS: Model = {
  name: 'runtime.sysUnusedOS',
  convention: 'ABIInternal',
  frame: 0x28,
  sites: { madvise: 'madvise(v, n, int32(advise)) != 0' },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    f.set(0, f.reg(R.ax));
    f.set(8, f.reg(R.bx));
    f.set(0x10, MADV_DONTNEED, 4);
    yield { site: 'madvise', target: 'runtime.madvise', convention: 'ABI0' };
    // Only for our scenarios: Go drops madvise's result here.
    f.setReg(R.ax, BigInt.asIntN(32, f.get(0x18, 4)));
    return undefined;
  },
};

/** func sysFreeOS(v unsafe.Pointer, n uintptr) */
export const sysFreeOS: Model = {
  name: 'runtime.sysFreeOS',
  file: 'runtime/mem_linux.go',
  convention: 'ABIInternal',
  frame: 0x18,
  nosplit: true,
  sites: { munmap: 'munmap(v, n)' },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body() {
    yield { site: 'munmap', target: 'runtime.munmap', convention: 'ABIInternal' };
    return undefined;
  },
};

/** print and exit(2), as the runtime does when there is no way on. */
function fatal(f: Frame, message: string): string {
  f.world.print(message);
  f.world.machine.end({ kind: 'exit', status: 2 });
  return '';
}
