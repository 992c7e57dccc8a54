/** Go's scheduler in our worlds: Ms, Ps and goroutines under many schedules, around C. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { random } from '#emu/sched/random.ts';
import { roundRobin } from '#emu/sched/round-robin.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { endingText } from '#emu/trace/ending.ts';
import type { FixName } from '#runtime/fixes.ts';
import type { Frame } from '#runtime/frame.ts';
import { casgstatus } from '#runtime/go/casgstatus.ts';
import { exitsyscall, toSystem } from '#runtime/go/exitsyscall.ts';
import { lock } from '#runtime/go/lock2.ts';
import { onSystemStack } from '#runtime/go/reentersyscall.ts';
import { unlock } from '#runtime/go/unlock2.ts';
import { Random } from '#runtime/junk.ts';
import { G, gQueue, P, SCAN } from '#runtime/layout/go1.19.ts';
import { view } from '#runtime/layout/view.ts';
import { type Body, type Model, sites } from '#runtime/model.ts';
import { models } from '#runtime/models.ts';
import { World } from '#runtime/world.ts';
import type { WorldOptions } from '#runtime/world-options.ts';
import { ownStubs, scenarioNamed } from './fixture.ts';

const stubs = ownStubs();
const BUDGET = 60_000;

type Extra = Partial<Pick<WorldOptions, 'procs' | 'sysmonRounds'>> & { readonly without?: readonly FixName[] };

interface Run {
  readonly world: World;
  readonly ending: string;
  readonly output: string;
  /** How goroutines came back from system calls: "fast", "slow". */
  readonly exits: string;
}

/** Run `main` as the main goroutine until it returns. */
function run(main: Model, more: readonly Model[], scheduler: Scheduler, extra: Extra = {}): Run {
  let output = '';
  const exits: string[] = [];
  const watched: Model = {
    ...exitsyscall,
    *body(f) {
      const how = yield* exitsyscall.body(f);
      exits.push(how ?? '');
      return how;
    },
  };
  const world = new World({
    seed: 1n,
    models: [watched, ...more, ...models],
    globals: { _cgo_mmap: 0n, _cgo_munmap: 0n, _cgo_sigaction: 0n },
    ...stubs,
    ...extra,
    without: new Set(extra.without),
    output: (_, bytes) => {
      output += new TextDecoder().decode(bytes);
    },
  });
  const ending = world.run(main, 'curg', 0, BUDGET, scheduler);
  return { world, ending: endingText(ending), output, exits: exits.join(' ') };
}

const goFunction = (name: string, calls: readonly string[], body: (f: Frame) => Body): Model => ({
  name,
  convention: 'ABIInternal',
  frame: 0x28,
  sites: sites(...calls),
  body,
});

const tally = (world: World, name: string): bigint => world.machine.mem.peek(world.variable(name), 8);
const count = (f: Frame, name: string): void => f.mem.poke(f.world.variable(name), 8, tally(f.world, name) + 1n);

function* go(f: Frame, site: string, fn: string): Body<void> {
  f.setReg(R.ax, f.world.funcval(fn));
  yield { site, target: 'runtime.newproc', convention: 'ABIInternal' };
}
function* plain(site: string, target: string): Body<void> {
  yield { site, target, convention: 'ABIInternal' };
}
/** Wait, as sync.WaitGroup does, until so many have said that they are done. */
function* waitFor(f: Frame, n: bigint): Body<void> {
  const { world } = f;
  yield* lock(f, 'wait', world.variable('mu'));
  while (tally(world, 'done') < n) {
    f.mem.poke(world.variable('waiter'), 8, f.g.at);
    [R.ax, R.bx, R.cx].forEach((r, i) =>
      f.setReg(r, [world.funcval('runtime.parkunlock_c'), world.variable('mu'), 0n][i]!),
    );
    yield* plain('wait', 'runtime.gopark');
    yield* lock(f, 'wait', world.variable('mu'));
  }
  yield* unlock(f, 'wait', world.variable('mu'));
}

/** Say so, and wake who waits. */
function* done(f: Frame): Body<void> {
  const { world } = f;
  yield* lock(f, 'done', world.variable('mu'));
  count(f, 'done');
  const waiter = tally(world, 'waiter');
  f.mem.poke(world.variable('waiter'), 8, 0n);
  yield* unlock(f, 'done', world.variable('mu'));
  if (waiter === 0n) return;
  f.setReg(R.ax, waiter);
  yield* plain('done', 'runtime.goready');
}

/** Every P that runs has an M, and that M it; no goroutine is lost: who can run is in a queue, and only there. */
function consistent({ world, ending, output }: Run): void {
  expect(output).toBe('');
  expect(ending).toBe('a return');
  expect(world.findings).toEqual([]);
  const ps = world.allp.map((at) => world.pOf(at));
  const running = ps.filter((p) => p.status === BigInt(P.running));
  for (const p of running) expect(world.mOf(p.m).p).toBe(p.at);
  const holding = world.allm.map((at) => world.mOf(at)).filter((m) => m.p !== 0n && world.pOf(m.p).m === m.at);
  expect(holding.map((m) => m.p).sort()).toEqual(running.map((p) => p.at).sort());
  const queues = queued(world);
  expect(new Set(queues).size).toBe(queues.length);
  for (const at of world.allgs) {
    const g = world.g(at);
    const status = Number(g.atomicstatus);
    if (status === G.running) expect(world.mOf(g.m).curg).toBe(g.at);
    // On its way into a queue, or out of it, it is in the hands of one M.
    if (queues.includes(at)) expect(status).toBe(G.runnable);
  }
}

/** All that queues hold. */
function queued(world: World): bigint[] {
  const { mem } = world.machine;
  const found: bigint[] = [];
  for (let at = view(mem, gQueue, world.sched.runq).head; at !== 0n; at = world.g(at).schedlink) found.push(at);
  for (const p of world.allp.map((at) => world.pOf(at))) {
    for (let n = p.runqhead; n !== p.runqtail; n++) found.push(mem.peek(p.runq + 8n * (n % 256n), 8));
    if (p.runnext !== 0n) found.push(p.runnext);
  }
  return found;
}

/** In turn, for so many steps each; and 200 that chance has drawn. */
const schedulers: readonly (() => Scheduler)[] = [
  ...[1, 2, 7, 40].map((quantum) => () => roundRobin(quantum)),
  ...Array.from({ length: 200 }, (_, i) => () => random(new Random(BigInt(i)), 0.2)),
];

/** Run under all of them; every run must be consistent. */
function runs(main: Model, more: readonly Model[], extra: Extra): Run[] {
  return schedulers.map((make) => {
    const r = run(main, more, make(), extra);
    consistent(r);
    return r;
  });
}

const yielder: Model = goFunction('main.yielder', ['Gosched', 'done'], function* (f) {
  for (let i = 0; i < 3; i++) {
    count(f, 'turns');
    yield* plain('Gosched', 'runtime.Gosched');
  }
  yield* done(f);
  return undefined;
});

const twoYielders: Model = goFunction('main.main', ['a', 'b', 'wait'], function* (f) {
  yield* go(f, 'a', 'main.yielder');
  yield* go(f, 'b', 'main.yielder');
  yield* waitFor(f, 2n);
  // Both are on their way to goexit0.
  for (let i = 0; i < 3; i++) yield* plain('wait', 'runtime.Gosched');
  return undefined;
});

/** A C function that sleeps. */
const sleeps: Model = {
  name: 'sleeps',
  convention: 'C',
  frame: 0x10,
  sites: sites('usleep'),
  resultBits: 32,
  *body(f) {
    f.setReg(R.di, 200n);
    yield { site: 'usleep', target: 'usleep', convention: 'C' };
    if (tally(f.world, 'done') > 0n) count(f, 'ran while C slept');
    f.setReg(R.ax, 0n);
    return '0';
  },
};

function* callC(f: Frame, site: string, fn: string): Body<void> {
  f.setReg(R.ax, f.world.addressOf(fn));
  f.setReg(R.bx, 0n);
  yield { site, target: 'runtime.cgocall', convention: 'ABIInternal' };
}

/** With sysmon about, a call of C that takes its time, and a goroutine that could run meanwhile. */
const inC: Model = goFunction('main.main', ['sysmon', 'go', 'cgocall', 'wait'], function* (f) {
  yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
  yield* go(f, 'go', 'main.yielder');
  yield* callC(f, 'cgocall', 'sleeps');
  yield* waitFor(f, 1n);
  return undefined;
});

/** Stays on its thread, whoever else runs, and ends locked or not. */
const locked = (unlocks: boolean): Model =>
  goFunction('main.locked', ['lock', 'Gosched', 'cgocall', 'unlock', 'done'], function* (f) {
    yield* plain('lock', 'runtime.LockOSThread');
    const m = f.m.at;
    for (let i = 0; i < 3; i++) {
      yield* plain('Gosched', 'runtime.Gosched');
      f.world.expect(f.m.at === m, 'locked', 'a locked goroutine has changed its M');
    }
    yield* callC(f, 'cgocall', 'sleeps');
    f.world.expect(f.m.at === m, 'locked', 'a locked goroutine has changed its M in C');
    if (unlocks) yield* plain('unlock', 'runtime.UnlockOSThread');
    yield* done(f);
    return undefined;
  });

const besideLocked: Model = goFunction('main.main', ['sysmon', 'a', 'b', 'wait'], function* (f) {
  yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
  // On another thread than the first, so that it can end with the thread.
  yield* go(f, 'a', 'main.locked');
  yield* go(f, 'b', 'main.yielder');
  yield* waitFor(f, 2n);
  for (let i = 0; i < 3; i++) yield* plain('wait', 'runtime.Gosched');
  return undefined;
});

/** func() { … }, for systemstack: nobody runs Go between the two. */
const stopAndStart: Model = goFunction('main.stopAndStart', ['running', 'stop', 'start'], function* (f) {
  const { world } = f;
  const gp = world.g(f.m.curg);
  yield* casgstatus(f, 'running', gp, G.running, G.waiting);
  yield* plain('stop', 'runtime.stopTheWorldWithSema');
  const before = tally(world, 'turns');
  if (world.allgs.some((at) => world.g(at).atomicstatus === BigInt(G.syscall))) count(f, 'stopped during C');
  for (let i = 0; i < 20; i++) {
    yield { site: 'running' };
    const stopped = world.allp.every((at) => world.pOf(at).status === BigInt(P.gcstop));
    world.expect(stopped && tally(world, 'turns') === before, 'stopped', 'somebody runs while the world is stopped');
  }
  f.setReg(R.ax, 0n);
  yield* plain('start', 'runtime.startTheWorldWithSema');
  yield* casgstatus(f, 'running', gp, G.waiting, G.running);
  return undefined;
});

const stopsTheWorld: Model = goFunction('main.main', ['sysmon', 'a', 'b', 'wait', 'stop'], function* (f) {
  yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
  yield* go(f, 'a', 'main.yielder');
  yield* go(f, 'b', 'main.callsC');
  yield* plain('wait', 'runtime.Gosched');
  yield* onSystemStack(f, 'stop', 'main.stopAndStart');
  yield* waitFor(f, 2n);
  return undefined;
});

const callsC: Model = goFunction('main.callsC', ['cgocall', 'done'], function* (f) {
  yield* callC(f, 'cgocall', 'sleeps');
  yield* done(f);
  return undefined;
});

/** Waits until it is readied. */
const waits: Model = goFunction('main.waits', ['gopark', 'done'], function* (f) {
  f.mem.poke(f.world.variable('waiting'), 8, f.g.at);
  [R.ax, R.bx, R.cx].forEach((r) => f.setReg(r, 0n));
  yield* plain('gopark', 'runtime.gopark');
  yield* done(f);
  return undefined;
});

const readies: Model = goFunction('main.main', ['go', 'wait', 'goready'], function* (f) {
  const { world } = f;
  yield* go(f, 'go', 'main.waits');
  const isWaiting = (): boolean => {
    const at = tally(world, 'waiting');
    return at !== 0n && world.g(at).atomicstatus === BigInt(G.waiting);
  };
  while (!isWaiting()) yield* plain('wait', 'runtime.Gosched');
  f.setReg(R.ax, tally(world, 'waiting'));
  f.setReg(R.bx, 0n);
  yield* plain('goready', 'runtime.goready');
  yield* waitFor(f, 1n);
  return undefined;
});

/** func() { … }, for systemstack: holds the other goroutine wherever it is, and lets it go. */
const suspends: Model = goFunction('main.suspends', ['running', 'suspend', 'resume'], function* (f) {
  const { world } = f;
  const self = world.g(f.m.curg);
  yield* casgstatus(f, 'running', self, G.running, G.waiting);
  const gp = world.g(world.allgs[1]!);
  f.setReg(R.ax, gp.at);
  yield* plain('suspend', 'runtime.suspendG');
  const [g, stopped] = [f.reg(R.ax), f.reg(R.bx)];
  const [status, before] = [gp.atomicstatus, tally(world, 'turns')];
  for (let i = 0; i < 20; i++) {
    yield { site: 'running' };
    const held = g === 0n ? gp.atomicstatus === BigInt(G.dead) : gp.atomicstatus === status && (status & SCAN) !== 0n;
    world.expect(held && tally(world, 'turns') === before, 'held', 'a goroutine that is held goes on');
  }
  f.setReg(R.ax, g);
  f.setReg(R.bx, stopped);
  yield* plain('resume', 'runtime.resumeG');
  yield* casgstatus(f, 'running', self, G.waiting, G.running);
  return undefined;
});

/** Runs, calls C, and runs again. */
const busy: Model = goFunction('main.busy', ['Gosched', 'cgocall', 'done'], function* (f) {
  for (let i = 0; i < 2; i++) {
    count(f, 'turns');
    yield* plain('Gosched', 'runtime.Gosched');
    yield* callC(f, 'cgocall', 'sleeps');
  }
  yield* done(f);
  return undefined;
});

const suspendsOther: Model = goFunction('main.main', ['sysmon', 'go', 'suspend', 'wait'], function* (f) {
  yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
  yield* go(f, 'go', 'main.busy');
  for (let i = 0; i < 2; i++) {
    yield* onSystemStack(f, 'suspend', 'main.suspends');
    yield* plain('wait', 'runtime.Gosched');
  }
  yield* waitFor(f, 1n);
  return undefined;
});

/** Blocks in a system call of its own, having handed its P on. */
const blocks: Model = {
  ...goFunction('main.blocks', ['block', 'sleep', 'exit', 'done'], function* (f) {
    yield* plain('block', 'runtime.entersyscallblock');
    f.set(0, 200n, 4);
    yield { site: 'sleep', target: 'runtime.usleep', convention: 'ABI0' };
    yield* plain('exit', 'runtime.exitsyscall');
    yield* done(f);
    return undefined;
  }),
  nosplit: true,
};

const besideBlocked: Model = goFunction('main.main', ['a', 'b', 'wait'], function* (f) {
  yield* go(f, 'a', 'main.blocks');
  yield* go(f, 'b', 'main.yielder');
  yield* waitFor(f, 2n);
  return undefined;
});

/** Goes away with its thread. Who starts it is locked too: its M's thread is nobody's model. */
const starter: Model = goFunction(
  'main.starter',
  ['lock', 'go', 'cgocall', 'Gosched', 'unlock', 'done'],
  function* (f) {
    yield* plain('lock', 'runtime.LockOSThread');
    yield* go(f, 'go', 'main.locked');
    yield* plain('Gosched', 'runtime.Gosched');
    yield* plain('unlock', 'runtime.UnlockOSThread');
    yield* done(f);
    return undefined;
  },
);

const besideStarter: Model = goFunction('main.main', ['sysmon', 'go', 'wait', 'Gosched'], function* (f) {
  yield* onSystemStack(f, 'sysmon', 'runtime.main.func1');
  yield* go(f, 'go', 'main.starter');
  yield* waitFor(f, 2n);
  // Time for the locked goroutine's thread to end.
  for (let i = 0; i < 40; i++) yield* plain('Gosched', 'runtime.Gosched');
  return undefined;
});

describe('under many schedules', () => {
  test.each([1, 3])('two goroutines let each other run, on %i Ps', (procs) => {
    for (const { world } of runs(twoYielders, [yielder], { procs })) {
      expect([tally(world, 'turns'), tally(world, 'done')]).toEqual([6n, 2n]);
    }
  });

  test.each([1, 2])('while C sleeps sysmon gives the P to others, on %i Ps', (procs) => {
    const all = runs(inC, [yielder, sleeps], { procs, sysmonRounds: 8 });
    expect(all.some((r) => tally(r.world, 'ran while C slept') === 1n)).toBe(true);
    expect(all.some((r) => r.exits === 'slow')).toBe(true);
    expect(all.some((r) => r.exits === 'fast')).toBe(true);
  });

  test('so it was while m.p was kept in a system call', () => {
    const all = runs(inC, [yielder, sleeps], { sysmonRounds: 8, without: ['clear-m-p'] });
    expect(all.some((r) => tally(r.world, 'ran while C slept') === 1n)).toBe(true);
    expect(all.some((r) => r.exits === 'slow')).toBe(true);
  });

  test('a locked goroutine keeps its M', () => {
    runs(besideLocked, [yielder, sleeps, locked(true)], { procs: 2, sysmonRounds: 8 });
  });

  test('a thread ends with the goroutine that locked it', () => {
    const all = runs(besideStarter, [starter, sleeps, locked(false)], { sysmonRounds: 8 });
    const ended = all.filter(({ world }) => world.machine.threads.some((t) => t.exited));
    expect(ended.length).toBeGreaterThan(0);
    // Or it is wedged, if it is the first.
    for (const { world } of all) expect(world.sched.nmfreed).toBe(1n);
    for (const { world } of ended) expect(world.allm.length).toBe(Number(world.sched.mnext - 1n));
  });

  test.each([1, 3])('the world stops while C runs, and starts again, on %i Ps', (procs) => {
    const functions = [yielder, sleeps, callsC, stopAndStart];
    const all = runs(stopsTheWorld, functions, { procs, sysmonRounds: 8 });
    expect(all.every(({ world }) => world.sched.gcwaiting === 0n)).toBe(true);
    // C runs on: nobody waits for it.
    expect(all.some(({ world }) => tally(world, 'stopped during C') === 1n)).toBe(true);
  });

  test('a goroutine waits until it is readied', () => {
    runs(readies, [waits], { procs: 2 });
  });

  test('a goroutine is held wherever it is', () => {
    runs(suspendsOther, [busy, sleeps, suspends], { procs: 2, sysmonRounds: 8 });
  });

  test.each([1, 2])('a system call that blocks hands its P on, on %i Ps', (procs) => {
    runs(besideBlocked, [yielder, blocks], { procs });
  });

  test('a thread that C made calls back', () => {
    const scenario = scenarioNamed('callback-c-thread');
    const [situation] = scenario.situations;
    for (const { world } of runs(scenario.main(situation!), scenario.models!(situation!), { procs: 2 })) {
      // The first spare M, and one more, made when the list was empty.
      expect(tally(world, 'runtime.extraMCount')).toBe(2n);
      expect(tally(world, 'runtime.extram')).not.toBe(0n);
    }
  });
});

/** A goroutine that goes where it must not. */
const bad = (target: string, prepare: (f: Frame) => void): Model =>
  goFunction('main.main', ['system'], function* (f) {
    prepare(f);
    yield* toSystem(f, 'system', target);
    return undefined;
  });

// biome-ignore format: table
const throws: readonly (readonly [target: string, says: string, prepare: (f: Frame) => void])[] = [
  ['runtime.schedule',    'schedule: in cgo',                       ({ m }) => { m.incgo = 1n; }],
  ['runtime.schedule',    'schedule: holding locks',                ({ m }) => { m.locks = 1n; }],
  ['runtime.schedule',    'stoplockedm: inconsistent locking',      ({ m, g }) => { m.lockedg = g.at; }],
  ['runtime.stopm',       'stopm holding p',                        () => {}],
  ['runtime.stopm',       'stopm spinning',                         ({ m }) => { m.p = 0n; m.spinning = 1n; }],
  ['runtime.gcstopm',     'gcstopm: not waiting for gc',            () => {}],
  ['runtime.goexit0',     'internal lockOSThread error',            ({ m }) => { m.lockedInt = 1n; }],
  ['runtime.startlockedm','startlockedm: locked to me',             ({ m, g }) => { g.lockedm = m.at; }],
  ['runtime.suspendG',    'suspendG from non-preemptible goroutine',() => {}],
  ['runtime.resumeG',     'unexpected g status',                    () => {}],
  ['runtime.entersyscallblock_handoff', 'releasep: invalid arg',    ({ m }) => { m.p = 0n; }],
['runtime.exitsyscallfast_pidle', 'wirep: already in go',        () => {}],
  ['runtime.exitsyscallfast_pidle', 'wirep: invalid p state',      ({ world, m }) => { m.p = 0n; world.pOf(world.allp[1]!).m = m.at; }],
  ['runtime.resetspinning','resetspinning: not a spinning m',       () => {}],
];

test.each(throws)('%s throws: %s', (target, says, prepare) => {
  const { world, ending } = run(bad(target, prepare), [], roundRobin(1), { procs: 2 });
  expect([world.thrown, ending]).toEqual([says, 'exit status 2']);
});

test('a callback on a thread that C made needs a spare M', () => {
  const scenario = scenarioNamed('callback-c-thread');
  const [situation] = scenario.situations;
  const functions = scenario.models!(situation!);
  const main = goFunction('main.main', ['cgocall'], function* (f) {
    yield* callC(f, 'cgocall', 'makesThread');
    return undefined;
  });
  const { output, ending } = run(main, functions, roundRobin(1), { procs: 2 });
  expect([output, ending]).toEqual(['fatal error: cgo callback before cgo call\n', 'exit status 1']);
});
