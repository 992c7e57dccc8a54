/** cgocall: from Go to C and back. runtime/cgocall.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import type { Model, PointerMap } from '../model.ts';
import { raceCall } from './race.ts';
import { hex } from './show.ts';

/** The frame, as Go 1.19's compiler lays it out. */
const OUT = { fn: 0, arg: 8, ret: 0x10 } as const;
const ERRNO = 0x1c;
const MP = 0x20;
/** The spilled arguments, above the return address. */
const FN = 0;
const ARG = 8;

/** Alive throughout: one map for every PC at which the goroutine can be found. */
const KEPT: PointerMap = { args: [FN, ARG], locals: [MP] };
/** Dead once C has been called: nothing after that reads them. */
const DEAD: PointerMap = { args: [], locals: [MP] };

/** func cgocall(fn, arg unsafe.Pointer) int32 */
export const cgocall: Model = {
  name: 'runtime.cgocall',
  convention: 'ABIInternal',
  file: 'runtime/cgocall.go',
  frame: 0x28,
  nosplit: true,
  spills: 'pp',
  sites: {
    racereleasemerge: 'racereleasemerge(unsafe.Pointer(&racecgosync))',
    entersyscall: 'entersyscall()',
    asmcgocall: 'asmcgocall(fn, arg)',
    exitsyscall: 'exitsyscall()',
    raceacquire: 'raceacquire(unsafe.Pointer(&racecgosync))',
  },
  live: (w) =>
    w.has('keepalive') ? { '*': KEPT } : { racereleasemerge: KEPT, entersyscall: KEPT, asmcgocall: DEAD, '*': {} },
  show: (f) => `${hex(f.reg(R.ax))}, ${hex(f.reg(R.bx))}`,
  *body(f) {
    const { world } = f;
    const [fn, arg] = [f.reg(R.ax), f.reg(R.bx)];
    if (fn === 0n) world.throw('cgocall nil');
    f.setArg(FN, 8, fn);
    f.setArg(ARG, 8, arg);
    yield* raceCall(f, 'racereleasemerge');
    // In a local, which KeepAlive makes live to the end: it is used again when C has returned.
    const mp = f.m;
    f.set(MP, mp.at);
    mp.ncgocall += 1n;
    mp.ncgo += 1n;
    yield { site: 'entersyscall', target: 'runtime.entersyscall', convention: 'ABIInternal' };
    mp.incgo = 1n;
    f.set(OUT.fn, f.arg(FN, 8));
    f.set(OUT.arg, f.arg(ARG, 8));
    yield { site: 'asmcgocall', target: 'runtime.asmcgocall', convention: 'ABI0' };
    f.set(ERRNO, f.get(OUT.ret, 4), 4);
    mp.incgo = 0n;
    mp.ncgo -= 1n;
    if (!world.has('race-after-exitsyscall')) yield* raceCall(f, 'raceacquire');
    yield { site: 'exitsyscall', target: 'runtime.exitsyscall', convention: 'ABIInternal' };
    if (world.has('race-after-exitsyscall')) yield* raceCall(f, 'raceacquire');
    f.setReg(R.ax, f.get(ERRNO, 4));
    return result(f);
  },
};

const result = (f: Frame): string => String(f.int(R.ax));
