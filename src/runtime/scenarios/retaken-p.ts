/** R5: C takes its time, its P goes to another thread, and the race detector is entered with what used to be ours. */
import { R } from '#emu/cpu/layout.ts';
import { raceAccess, raceOrder } from '../go/race.ts';
import { onSystemStack } from '../go/reentersyscall.ts';
import { type Model, sites } from '../model.ts';
import { tsanModels } from '../sanitizer/tsan.ts';
import { raceinit } from '../sanitizer/tsan-memory.ts';
import type { Scenario } from '../scenario.ts';

/** Microseconds: sysmon has looked twice by then, however long it takes between two looks. */
const NAP = 1000n;

/** func main() { go other(); C.usleep(1000) }: with sysmon running, and no second P. */
const main: Model = {
  name: 'main.main',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('newproc', 'sysmon', 'cgocall'),
  *body(f) {
    const { world } = f;
    raceinit(world);
    f.setReg(R.ax, world.funcval('main.other'));
    yield { site: 'newproc', target: 'runtime.newproc', convention: 'ABIInternal' };
    yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
    f.setReg(R.ax, world.addressOf('_cgo_Cfunc_usleep'));
    f.setReg(R.bx, NAP);
    yield { site: 'cgocall', target: 'runtime.cgocall', convention: 'ABIInternal' };
    return undefined;
  },
};

/** func other() { mu.Lock(); n++; mu.Unlock() }, as far as the race detector hears of it. */
const other: Model = {
  name: 'main.other',
  convention: 'ABIInternal',
  frame: 0x18,
  sites: sites('raceacquire', 'racewrite', 'racerelease'),
  *body(f) {
    const { world } = f;
    const [mu, n] = [world.variable('main.mu'), world.variable('main.n')];
    yield* raceOrder(f, 'raceacquire', 'raceacquire', mu);
    yield* raceAccess(f, 'racewrite', n);
    f.mem.write(n, 8, f.mem.read(n, 8) + 1n);
    yield* raceOrder(f, 'racerelease', 'racerelease', mu);
    return undefined;
  },
};

/** int usleep(useconds_t), as cgo wraps it. */
const cfuncUsleep: Model = {
  name: '_cgo_Cfunc_usleep',
  convention: 'C',
  frame: 0x10,
  sites: sites('usleep'),
  resultBits: 32,
  show: (f) => String(f.reg(R.di)),
  *body(f) {
    yield { site: 'usleep', target: 'usleep', convention: 'C' };
    f.setReg(R.ax, 0n);
    return '0';
  },
};

export const retakenP: Scenario = {
  name: 'retaken-p',
  why: 'sysmon takes the P of a goroutine in C; that goroutine comes back, and enters the race detector',
  stubs: ['runtime.racecall', 'runtime.racecallbackthunk'],
  stacks: ['curg'],
  globals: {},
  world: { race: true, sysmonRounds: 3 },
  // m.p still names the P that was lost: that is Go 1.10 to 1.11.
  lacks: ['clear-m-p'],
  threads: true,
  situations: [{ name: 'one P', fail: [], ends: { kind: 'done' } }],
  shows: 'race-after-exitsyscall',
  main: () => main,
  models: () => [...tsanModels, other, cfuncUsleep],
};

/** The same with m.p cleared: who enters too early has no P to ask for, and faults. */
export const retakenPOldp: Scenario = {
  ...retakenP,
  name: 'retaken-p-oldp',
  why: 'the same since m.p is 0 in a system call: the race detector finds no P at all',
  lacks: [],
};
