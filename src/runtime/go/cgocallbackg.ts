/** cgocallbackg: the Go side of a callback, on the goroutine. runtime/cgocall.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { lockOSThread } from './lockosthread.ts';
import { hex } from './show.ts';

/** The frame: m.syscall is kept here while Go code may make system calls of its own. */
const SYSCALL = { at: 0x20, size: 48 } as const;
const SAVED_PC = 0x50;
/** A pointer, and in the map as one: the frame it points to may move with the stack. */
const SAVED_SP = 0x58;
const [FN, FRAME, CTXT] = [0, 8, 16];

/** func cgocallbackg(fn, frame unsafe.Pointer, ctxt uintptr) */
export const cgocallbackg: Model = {
  name: 'runtime.cgocallbackg',
  convention: 'ABIInternal',
  file: 'runtime/cgocall.go',
  frame: 0x80,
  abi0: 3,
  nosplit: true,
  spills: 'ppw',
  sites: {
    exitsyscall: 'exitsyscall()',
    cgocallbackg1: 'cgocallbackg1(fn, frame, ctxt)',
    reentersyscall: 'reentersyscall(savedpc, uintptr(savedsp))',
    // Before reentersyscall there was.
    entersyscall: '',
  },
  live: (w) => ({ '*': { args: [FN, FRAME], locals: w.has('reentersyscall') ? [SAVED_SP] : [] } }),
  show: (f) => [R.ax, R.bx, R.cx].map((r) => hex(f.reg(r))).join(', '),
  *body(f) {
    const { world, g } = f;
    if (g.at !== f.m.curg) {
      world.print('runtime: bad g in cgocallback\n');
      world.exit(2);
    }
    const args = [R.ax, R.bx, R.cx].map((r) => f.reg(r));
    world.note('runtime.cgocallbackg', args);
    args.forEach((v, i) => f.setArg(8 * i, 8, v));
    // Before exitsyscall: it may give the goroutine to another M.
    lockOSThread(f);
    const mp = f.m;
    f.mem.pokeBytes(f.slot(SYSCALL.at), f.mem.peekBytes(mp.syscall, SYSCALL.size));
    f.set(SAVED_SP, g.syscallsp);
    f.set(SAVED_PC, g.syscallpc);
    yield { site: 'exitsyscall', target: 'runtime.exitsyscall', convention: 'ABIInternal' };
    f.m.incgo = 0n;
    f.setReg(R.ax, f.arg(FN, 8));
    f.setReg(R.bx, f.arg(FRAME, 8));
    f.setReg(R.cx, f.arg(CTXT, 8));
    yield { site: 'cgocallbackg1', target: 'runtime.cgocallbackg1', convention: 'ABIInternal' };
    f.m.incgo = 1n;
    if (f.m.at !== mp.at) world.throw('m changed unexpectedly in cgocallbackg');
    if (world.has('reentersyscall')) {
      f.setReg(R.ax, f.get(SAVED_PC));
      f.setReg(R.bx, f.get(SAVED_SP));
      yield { site: 'reentersyscall', target: 'runtime.reentersyscall', convention: 'ABIInternal' };
    } else {
      yield { site: 'entersyscall', target: 'runtime.entersyscall', convention: 'ABIInternal' };
    }
    f.mem.pokeBytes(mp.syscall, f.mem.peekBytes(f.slot(SYSCALL.at), SYSCALL.size));
    return undefined;
  },
};
