/** mmap: through C when runtime/cgo is linked in, else directly. runtime/cgo_mmap.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Model } from '../model.ts';
import { hex, showMmap } from './show.ts';

/** What lies in a result slot that nobody has written yet. */
const GARBAGE = 0xdead_dead_dead_deadn;

/** The closure's captured words, in mmap's frame behind the outgoing arguments. */
const CLOSURE = 0x38;
const captured = { fn: 0, addr: 8, n: 16, prot: 24, flags: 28, fd: 32, off: 36, ret: 40 } as const;

/** func mmap(addr unsafe.Pointer, n uintptr, prot, flags, fd int32, off uint32) (p unsafe.Pointer, err int) */
export const mmap: Model = {
  name: 'runtime.mmap',
  file: 'runtime/cgo_mmap.go',
  convention: 'ABIInternal',
  nosplit: true,
  frame: CLOSURE + 0x30,
  sites: { systemstack: 'systemstack(func() {', sysMmap: 'sysMmap(addr, n,' },
  show: (f) => showMmap([R.ax, R.bx, R.cx, R.di, R.si, R.r8].map((n) => f.reg(n))),
  *body(f) {
    if (f.world.global('_cgo_mmap') === 0n) {
      outgoing(f, [f.reg(R.ax), f.reg(R.bx), f.reg(R.cx), f.reg(R.di), f.reg(R.si), f.reg(R.r8)]);
      f.set(0x28, GARBAGE);
      yield { site: 'sysMmap', target: 'runtime.sysMmap', convention: 'ABI0' };
      return finish(f, f.get(0x20), f.get(0x28));
    }
    f.set(CLOSURE + captured.fn, f.world.addressOf('runtime.mmap.func1'));
    f.set(CLOSURE + captured.addr, f.reg(R.ax));
    f.set(CLOSURE + captured.n, f.reg(R.bx));
    f.set(CLOSURE + captured.prot, f.reg(R.cx), 4);
    f.set(CLOSURE + captured.flags, f.reg(R.di), 4);
    f.set(CLOSURE + captured.fd, f.reg(R.si), 4);
    f.set(CLOSURE + captured.off, f.reg(R.r8), 4);
    f.set(CLOSURE + captured.ret, 0n);
    f.set(0, f.slot(CLOSURE));
    yield { site: 'systemstack', target: 'runtime.systemstack', convention: 'ABI0' };
    const ret = f.get(CLOSURE + captured.ret);
    // C reports failure as a small number: no mapping is ever that low.
    return ret < 4096n ? finish(f, 0n, ret) : finish(f, ret, 0n);
  },
};

/** func() { ret = callCgoMmap(addr, n, prot, flags, fd, off) } */
export const mmapFunc1: Model = {
  name: 'runtime.mmap.func1',
  file: 'runtime/cgo_mmap.go',
  go: 'mmap',
  convention: 'ABIInternal',
  frame: 0x30,
  sites: { callCgoMmap: 'callCgoMmap(addr, n,' },
  *body(f) {
    f.world.expectSystemStack('runtime.systemstack', true);
    const closure = f.reg(R.dx);
    f.set(0x28, closure);
    const word = (offset: number, size: number): bigint => f.mem.read(closure + BigInt(offset), size);
    const { addr, n, prot, flags, fd, off } = captured;
    outgoing(f, [word(addr, 8), word(n, 8), word(prot, 4), word(flags, 4), word(fd, 4), word(off, 4)]);
    yield { site: 'callCgoMmap', target: 'runtime.callCgoMmap', convention: 'ABI0' };
    const ret = f.get(0x20);
    checkResult(f, ret);
    f.mem.write(f.get(0x28) + BigInt(captured.ret), 8, ret);
    return undefined;
  },
};

/** An address has 64 bits: all that C returned must have come through. */
function checkResult({ world }: Frame, ret: bigint): void {
  const [fromC] = world.noted('x_cgo_mmap result') ?? [];
  if (fromC === undefined) return;
  const lost = BigInt.asUintN(32, ret ^ fromC) === 0n ? ': only the low 32 bits of 64 came through' : '';
  const message = `callCgoMmap returned ${hex(ret)}, x_cgo_mmap returned ${hex(fromC)}${lost}`;
  world.expect(ret === fromC, 'full-result', message, 'runtime.callCgoMmap');
}

/** The six arguments as sysMmap and callCgoMmap take them; the result word behind them starts as garbage would. */
function outgoing(f: Frame, [addr, n, prot, flags, fd, off]: readonly bigint[]): void {
  f.set(0, addr!);
  f.set(8, n!);
  f.set(0x10, prot!, 4);
  f.set(0x14, flags!, 4);
  f.set(0x18, fd!, 4);
  f.set(0x1c, off!, 4);
  f.set(0x20, GARBAGE);
}

function finish(f: Frame, p: bigint, err: bigint): string {
  f.setReg(R.ax, p);
  f.setReg(R.bx, err);
  return `${hex(p)}, ${err}`;
}
