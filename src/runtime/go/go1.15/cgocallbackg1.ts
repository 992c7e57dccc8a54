/** cgocallbackg1, until 1.15: calls the Go function by reflectcall, which copies its results. runtime/cgocall.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../../frame.ts';
import { gobuf } from '../../layout/go1.19.ts';
import { struct } from '../../layout/struct.ts';
import { type View, view } from '../../layout/view.ts';
import type { Model } from '../../model.ts';
import { deferCall, deferreturn } from '../defer.ts';
import { msanCall } from '../msan.ts';
import { raceCall } from '../race.ts';
import { hex } from '../show.ts';

const NAME = 'runtime.cgocallbackg1';
/** The frame: reflectcall's arguments, the flag unwindm asks, and the closure that brings them together. */
const OUT = { argtype: 0, fn: 8, arg: 16, argsize: 24, retoffset: 28 } as const;
const RESTORE = 0x2f;
const CLOSURE = { fn: 0x30, restore: 0x38 } as const;

/** cgocallback_gofunc's arguments, as far as they matter here. */
const args = struct('args', 24, { fn: [0, 8], arg: [8, 8], argsize: [16, 8] });

/** They lie above its frame on g0: two words of locals, the saved BP, the return PC. */
const callbackArgs = ({ world, mem, m }: Frame): View<'fn' | 'arg' | 'argsize'> =>
  view(mem, args, view(mem, gobuf, world.g(m.g0).sched).sp + 4n * 8n);

/** func cgocallbackg1(ctxt uintptr) */
export const cgocallbackg1: Model = {
  name: NAME,
  convention: 'ABIInternal',
  frame: 0x48,
  spills: 'w',
  sites: { raceacquire: '', reflectcall: '', racereleasemerge: '', msanwrite: '', deferreturn: '' },
  live: { '*': { locals: [CLOSURE.restore] } },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    const { world } = f;
    f.set(CLOSURE.restore, f.slot(RESTORE));
    // Then, unwindm undid lockOSThread as well; the order is the same.
    deferCall(f, NAME, world.funcval('runtime.unlockOSThread'));
    f.set(RESTORE, 1n, 1);
    f.set(CLOSURE.fn, world.addressOf('runtime.cgocallbackg1.func3'));
    deferCall(f, NAME, f.slot(CLOSURE.fn));
    yield* raceCall(f, 'raceacquire');
    const cb = callbackArgs(f);
    world.note('cb', [cb.fn, cb.arg, cb.argsize]);
    f.set(OUT.argtype, 0n);
    f.set(OUT.fn, cb.fn);
    f.set(OUT.arg, cb.arg);
    f.set(OUT.argsize, cb.argsize, 4);
    f.set(OUT.retoffset, 0n, 4);
    yield { site: 'reflectcall', target: 'runtime.reflectcall', convention: 'ABI0' };
    yield* raceCall(f, 'racereleasemerge');
    // All of the block, parameters included: the call is over.
    if (world.has('msanwrite')) yield* msanCall(f, 'msanwrite', cb.arg, cb.argsize);
    f.set(RESTORE, 0n, 1);
    yield* deferreturn(f);
    return undefined;
  },
};
