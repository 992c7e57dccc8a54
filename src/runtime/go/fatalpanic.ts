/** fatalpanic: nobody has recovered; the program says so and ends. runtime/panic.go */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { goroutineheader, traceback } from '../gc/traceback.ts';
import { panic } from '../layout/go1.19.ts';
import { view } from '../layout/view.ts';
import type { Model } from '../model.ts';
import type { World } from '../world.ts';
import { printany } from './eface.ts';
import { FREEZE_STOP_WAIT } from './exitsyscallfast.ts';
import { valueOfPanic } from './gopanic.ts';
import { onSystemStack } from './reentersyscall.ts';
import { hex } from './show.ts';

/** The closure, in the frame: what runs on g0, and what it captures. */
const CLOSURE = { fn: 0x10, msgs: 0x18, gp: 0x20, pc: 0x28, sp: 0x30, docrash: 0x38 } as const;
const DOCRASH = 0xf;

const base = { convention: 'ABIInternal', file: 'runtime/panic.go' } as const;

/** func fatalpanic(msgs *_panic) */
const fatalpanicModel: Model = {
  ...base,
  name: 'runtime.fatalpanic',
  frame: 0x40,
  nosplit: true,
  sites: {
    print: 'systemstack(func() {\n\t\tif startpanic_m() && msgs != nil {',
    exit: 'systemstack(func() {\n\t\texit(2)',
  },
  live: { '*': { locals: [CLOSURE.msgs, CLOSURE.gp, CLOSURE.docrash] } },
  show: (f) => hex(f.reg(R.ax)),
  *body(f) {
    f.set(DOCRASH, 0n, 1);
    f.set(CLOSURE.fn, f.world.addressOf('runtime.fatalpanic.func1'));
    f.set(CLOSURE.msgs, f.reg(R.ax));
    f.set(CLOSURE.gp, f.g.at);
    f.set(CLOSURE.pc, f.mem.read(f.entry, 8));
    f.set(CLOSURE.sp, f.entry + 8n);
    f.set(CLOSURE.docrash, f.slot(DOCRASH));
    f.set(0, f.slot(CLOSURE.fn));
    yield { site: 'print', target: 'runtime.systemstack', convention: 'ABI0' };
    yield* onSystemStack(f, 'exit', 'runtime.fatalpanic.func2');
    return undefined;
  },
};

/** func(): the messages and the goroutine's trace. */
const func1: Model = {
  ...base,
  name: 'runtime.fatalpanic.func1',
  go: 'fatalpanic',
  frame: 0x40,
  closure: true,
  sites: { startpanic_m: 'startpanic_m()', dopanic_m: 'dopanic_m(gp, pc, sp)' },
  *body(f) {
    const { world, mem } = f;
    const closure = f.reg(R.dx);
    const captured = (name: keyof typeof CLOSURE): bigint => mem.read(closure + BigInt(CLOSURE[name] - CLOSURE.fn), 8);
    yield { site: 'startpanic_m' };
    startpanic(f);
    printpanics(world, captured('msgs'));
    yield { site: 'dopanic_m' };
    const gp = world.g(captured('gp'));
    world.print(`\n${goroutineheader(gp)}`);
    traceback(world, gp, { pc: captured('pc'), sp: captured('sp') }, 'program');
    return undefined;
  },
};

/** func(): the end. */
const func2: Model = {
  ...base,
  name: 'runtime.fatalpanic.func2',
  go: 'fatalpanic',
  frame: 8,
  sites: { exit: 'exit(2)' },
  *body(f) {
    f.set(0, 2n, 4);
    yield { site: 'exit', target: 'runtime.exit', convention: 'ABI0' };
    return undefined;
  },
};

/** func startpanic_m() bool: from now on nothing is scheduled any more (freezetheworld). */
function startpanic({ world, m }: Frame): void {
  m.mallocing += 1n;
  m.dying = 1n;
  world.sched.stopwait = FREEZE_STOP_WAIT;
  world.sched.gcwaiting = 1n;
}

/** func printpanics(p *_panic): the oldest first. */
function printpanics(world: World, at: bigint): void {
  const p = view(world.machine.mem, panic, at);
  if (p.link !== 0n) {
    printpanics(world, p.link);
    world.print('\t');
  }
  world.print('panic: ');
  printany(world, valueOfPanic(world, p));
  world.print(p.recovered === 0n ? '\n' : ' [recovered]\n');
}

export const fatalpanic: readonly Model[] = [fatalpanicModel, func1, func2];
