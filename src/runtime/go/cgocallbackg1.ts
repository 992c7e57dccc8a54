/** cgocallbackg1: calls the Go function that C wanted; its stack may grow from here on. runtime/cgocall.go */
import { R } from '#emu/cpu/layout.ts';
import type { Model } from '../model.ts';
import { deferCall, deferreturn } from './defer.ts';
import { raceCall } from './race.ts';
import { onSystemStack } from './reentersyscall.ts';
import { hex } from './show.ts';
import { unwindm } from './unwindm.ts';
import { word } from './words.ts';

const NAME = 'runtime.cgocallbackg1';
/** The frame: a funcval for the call, the flag unwindm asks, and the closure that brings them together. */
const CALL = 0x18;
const RESTORE = 0x47;
const CLOSURE = { fn: 0xa8, restore: 0xb0 } as const;
const FRAME = 8;

/** func cgocallbackg1(fn, frame unsafe.Pointer, ctxt uintptr) */
export const cgocallbackg1: Model = {
  name: NAME,
  convention: 'ABIInternal',
  file: 'runtime/cgocall.go',
  frame: 0xc0,
  spills: 'ppw',
  sites: {
    newextram: 'systemstack(newextram)',
    raceacquire: 'raceacquire(unsafe.Pointer(&racecgosync))',
    cb: 'cb(frame)',
    racereleasemerge: 'racereleasemerge(unsafe.Pointer(&racecgosync))',
    deferreturn: 'restore = false',
  },
  live: { '*': { args: [0, FRAME], locals: [CLOSURE.restore] } },
  show: (f) => [R.ax, R.bx, R.cx].map((r) => hex(f.reg(r))).join(', '),
  *body(f) {
    const { world, m } = f;
    const [fn, frame, ctxt] = [f.reg(R.ax), f.reg(R.bx), f.reg(R.cx)];
    f.setArg(0, 8, fn);
    f.setArg(FRAME, 8, frame);
    f.setArg(16, 8, ctxt);
    f.set(CLOSURE.restore, f.slot(RESTORE));
    deferCall(f, NAME, world.funcval('runtime.unlockOSThread'));
    if (m.needextram !== 0n || word(world, 'extraMWaiters').value !== 0n) {
      m.needextram = 0n;
      yield* onSystemStack(f, 'newextram', 'runtime.newextram');
    }
    f.set(RESTORE, 1n, 1);
    f.set(CLOSURE.fn, world.addressOf('runtime.cgocallbackg1.func3'));
    deferCall(f, NAME, f.slot(CLOSURE.fn));
    yield* raceCall(f, 'raceacquire');
    f.set(CALL, f.arg(0, 8));
    f.setReg(R.dx, f.slot(CALL));
    f.setReg(R.ax, f.arg(FRAME, 8));
    yield { site: 'cb', target: f.get(CALL), convention: 'ABIInternal' };
    yield* raceCall(f, 'racereleasemerge');
    f.set(RESTORE, 0n, 1);
    yield* deferreturn(f);
    return undefined;
  },
};

/** func() { unwindm(&restore) } */
export const cgocallbackg1Func3: Model = {
  name: 'runtime.cgocallbackg1.func3',
  convention: 'ABIInternal',
  file: 'runtime/cgocall.go',
  go: 'cgocallbackg1',
  frame: 8,
  closure: true,
  sites: {},
  // biome-ignore lint/correctness/useYield: unwindm is a leaf
  *body(f) {
    unwindm(f, f.mem.read(f.reg(R.dx) + 8n, 8));
    return undefined;
  },
};
