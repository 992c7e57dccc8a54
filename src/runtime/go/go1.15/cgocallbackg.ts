/** cgocallbackg, until 1.15: its caller's arguments are found by cgocallbackg1. runtime/cgocall.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../../model.ts';
import { lockOSThread } from '../lockosthread.ts';
import { hex } from '../show.ts';

/** The frame: m.syscall is kept here while Go code may make system calls of its own. */
const SYSCALL = { at: 0, size: 48 } as const;
const SAVED_PC = 0x30;
const SAVED_SP = 0x38;

/** func cgocallbackg(ctxt uintptr) */
export const cgocallbackg: Model = {
  name: 'runtime.cgocallbackg',
  convention: 'ABIInternal',
  frame: 0x40,
  abi0: 1,
  nosplit: true,
  spills: 'w',
  sites: { exitsyscall: '', cgocallbackg1: '', reentersyscall: '' },
  live: { '*': { locals: [SAVED_SP] } },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world, g } = f;
    if (g.at !== f.m.curg) {
      world.print('runtime: bad g in cgocallback\n');
      world.exit(2);
    }
    world.note('runtime.cgocallbackg', [f.reg(R.ax)]);
    f.setArg(0, 8, f.reg(R.ax));
    lockOSThread(f);
    const mp = f.m;
    f.mem.pokeBytes(f.slot(SYSCALL.at), f.mem.peekBytes(mp.syscall, SYSCALL.size));
    f.set(SAVED_SP, g.syscallsp);
    f.set(SAVED_PC, g.syscallpc);
    yield { site: 'exitsyscall', target: 'runtime.exitsyscall', convention: 'ABIInternal' };
    mp.incgo = 0n;
    f.setReg(R.ax, f.arg(0, 8));
    yield { site: 'cgocallbackg1', target: 'runtime.cgocallbackg1', convention: 'ABIInternal' };
    mp.incgo = 1n;
    f.setReg(R.ax, f.get(SAVED_PC));
    f.setReg(R.bx, f.get(SAVED_SP));
    yield { site: 'reentersyscall', target: 'runtime.reentersyscall', convention: 'ABIInternal' };
    f.mem.pokeBytes(mp.syscall, f.mem.peekBytes(f.slot(SYSCALL.at), SYSCALL.size));
    return undefined;
  },
};
