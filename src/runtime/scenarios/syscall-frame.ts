/** R3: where a goroutine stands in its system call, before, during and after a callback. */
import { R } from '#emu/cpu/layout.ts';
import { underway } from '../boot.ts';
import { callsBack } from '../c/callsback.ts';
import { type Model, sites } from '../model.ts';
import type { Scenario } from '../scenario.ts';
import { collect } from './collect.ts';

/** func main() { C.callsBack(nil) } */
const main = (collector: boolean): Model => ({
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x18,
  nosplit: true,
  sites: sites('cgocall'),
  *body(f) {
    if (collector) underway(f.world, 1, 'main.collect');
    f.setReg(R.ax, f.world.addressOf('callsBack'));
    f.setReg(R.bx, 0n);
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    return undefined;
  },
});

const callback: Model = {
  name: '_cgoexp_callback',
  convention: 'ABIInternal',
  frame: 0x18,
  spills: 'p',
  sites: {},
  // biome-ignore lint/correctness/useYield: being called is all
  *body() {
    return undefined;
  },
};

const common = {
  stubs: ['runtime.asmcgocall', 'runtime.cgocallback'],
  stacks: ['curg'],
  globals: {},
  situations: [{ name: 'one callback', fail: [], ends: { kind: 'done' } }],
  shows: 'reentersyscall',
} as const;

export const syscallFrame: Scenario = {
  ...common,
  name: 'syscall-frame',
  why: "a callback ends: the goroutine's system call is cgocall's again, not that of a frame which is gone",
  main: () => main(false),
  models: () => [callsBack({ times: 1 }), callback],
};

export const syscallFrameScanned: Scenario = {
  ...common,
  name: 'syscall-frame-scanned',
  why: 'a collector unwinds the goroutine while C runs, from where its system call is said to be',
  world: { procs: 2 },
  threads: true,
  main: () => main(true),
  models: () => [callsBack({ times: 1, naps: true }), callback, collect('markroot')],
};
