/**
 * A collection, as far as goroutines notice it: the world stops and starts again, every goroutine is held for as long as
 * its stack is scanned, the world stops and starts once more, and stacks that were left are memory like any other.
 * runtime/mgc.go, runtime/mgcmark.go. Marking is the caller's own work here: there are no background workers.
 */
import { R } from '#emu/cpu/layout.ts';
import type { Frame } from '../frame.ts';
import { scanstack } from '../gc/scan.ts';
import { waitReason } from '../gc/traceback.ts';
import { G } from '../layout/go1.19.ts';
import type { Body, Model } from '../model.ts';
import type { GView, World } from '../world.ts';
import { acquirem, releasem } from './acquirem.ts';
import { casgstatus } from './casgstatus.ts';
import { onSystemStack } from './reentersyscall.ts';
import { word } from './words.ts';

/** Held from a collection's start to its end: there is one at a time. */
const gcsema = (world: World) => word(world, 'gcsema');

const base = { convention: 'ABIInternal', file: 'runtime/mgc.go' } as const;

/** func GC() */
export const gc: Model = {
  ...base,
  name: 'runtime.GC',
  frame: 0x28,
  sites: {
    gcWaitOnMark: 'gcWaitOnMark(n)',
    gcStart: 'gcStart(gcTrigger{kind: gcTriggerCycle, n: n + 1})',
    markroot: '',
    gcMarkDone: '',
  },
  *body(f) {
    // Another collection is under way: whoever makes it may need our P.
    while (!(yield* begins(f))) yield { site: 'gcWaitOnMark', target: 'runtime.Gosched', convention: 'ABIInternal' };
    yield { site: 'markroot', target: 'runtime.markroot', convention: 'ABIInternal' };
    yield { site: 'gcMarkDone', target: 'runtime.gcMarkDone', convention: 'ABIInternal' };
    return undefined;
  },
};

function* begins(f: Frame): Body<boolean> {
  yield { site: 'gcStart', target: 'runtime.gcStart', convention: 'ABIInternal' };
  return f.reg(R.ax) !== 0n;
}

/** func gcStart(trigger gcTrigger). AX says whether it has started one: Go's waits for its turn. */
const gcStart: Model = {
  ...base,
  name: 'runtime.gcStart',
  frame: 0x78,
  sites: {
    semacquire: 'semacquire(&gcsema)',
    stop: 'systemstack(stopTheWorldWithSema)',
    start: 'now = startTheWorldWithSema(trace.enabled)',
  },
  *body(f) {
    const { world } = f;
    yield { site: 'semacquire' };
    if (gcsema(world).value !== 0n) {
      f.setReg(R.ax, 0n);
      return 'not now';
    }
    gcsema(world).value = 1n;
    yield* onSystemStack(f, 'stop', 'runtime.stopTheWorldWithSema');
    for (const at of world.allgs) world.g(at).gcscandone = 0n;
    world.stacks.marking = true;
    yield* onSystemStack(f, 'start', 'runtime.gcStart.func2');
    f.setReg(R.ax, 1n);
    return undefined;
  },
};

/** func(): the world goes on. */
function start(name: string, go: string, frame: number, statement: string): Model {
  return {
    ...base,
    name,
    go,
    frame,
    sites: { start: statement },
    *body(f) {
      f.setReg(R.ax, 0n);
      yield { site: 'start', target: 'runtime.startTheWorldWithSema', convention: 'ABIInternal' };
      return undefined;
    },
  };
}

/** func markroot(gcw *gcWork, i uint32, flushBgCredit bool) int64, for all goroutines in a row. */
const markroot: Model = {
  ...base,
  name: 'runtime.markroot',
  file: 'runtime/mgcmark.go',
  frame: 0x90,
  sites: { systemstack: 'systemstack(func() {' },
  *body(f) {
    yield* onSystemStack(f, 'systemstack', 'runtime.markroot.func1');
    return undefined;
  },
};

/** func(): on g0. Our own goroutine is scanned like any other: meanwhile it waits. */
const markrootFunc1: Model = {
  ...base,
  name: 'runtime.markroot.func1',
  go: 'markroot',
  file: 'runtime/mgcmark.go',
  frame: 0x40,
  sites: {
    waiting: 'casgstatus(userG, _Grunning, _Gwaiting)',
    suspendG: 'suspendG(gp)',
    scanstack: 'scanstack(gp, gcw)',
    resumeG: 'resumeG(stopped)',
    running: 'casgstatus(userG, _Gwaiting, _Grunning)',
  },
  *body(f) {
    const { world } = f;
    const userG = world.g(f.m.curg);
    yield* casgstatus(f, 'waiting', userG, G.running, G.waiting);
    userG.waitreason = waitReason('garbage collection scan');
    // Goroutines that are made from here on have no stack worth a look.
    world.heap.look();
    for (const at of [...world.allgs]) yield* scan(f, world.g(at));
    yield* casgstatus(f, 'running', userG, G.waiting, G.running);
    return undefined;
  },
};

function* scan(f: Frame, gp: GView): Body<void> {
  f.setReg(R.ax, gp.at);
  yield { site: 'suspendG', target: 'runtime.suspendG', convention: 'ABIInternal' };
  const state = [f.reg(R.ax), f.reg(R.bx)] as const;
  if (state[0] !== 0n) {
    yield { site: 'scanstack' };
    if (gp.gcscandone !== 0n) f.world.throw('g already scanned');
    scanstack(f.world, gp);
  }
  gp.gcscandone = 1n;
  f.setReg(R.ax, state[0]);
  f.setReg(R.bx, state[1]);
  yield { site: 'resumeG', target: 'runtime.resumeG', convention: 'ABIInternal' };
}

/** func gcMarkDone() */
const gcMarkDone: Model = {
  ...base,
  name: 'runtime.gcMarkDone',
  frame: 0x50,
  sites: { stop: 'systemstack(stopTheWorldWithSema)', gcMarkTermination: 'gcMarkTermination()' },
  *body(f) {
    yield* onSystemStack(f, 'stop', 'runtime.stopTheWorldWithSema');
    yield { site: 'gcMarkTermination', target: 'runtime.gcMarkTermination', convention: 'ABIInternal' };
    return undefined;
  },
};

/** func gcMarkTermination() */
const gcMarkTermination: Model = {
  ...base,
  name: 'runtime.gcMarkTermination',
  frame: 0x1a8,
  sites: {
    start: 'systemstack(func() { startTheWorldWithSema(true) })',
    freeStackSpans: 'systemstack(freeStackSpans)',
  },
  *body(f) {
    const mp = acquirem(f);
    f.world.stacks.marking = false;
    yield* onSystemStack(f, 'start', 'runtime.gcMarkTermination.func3');
    yield* onSystemStack(f, 'freeStackSpans', 'runtime.freeStackSpans');
    gcsema(f.world).value = 0n;
    releasem(f, mp);
    return undefined;
  },
};

/** func freeStackSpans() */
const freeStackSpans: Model = {
  ...base,
  name: 'runtime.freeStackSpans',
  file: 'runtime/stack.go',
  frame: 0x60,
  sites: { free: 'list.remove(s)' },
  *body({ world }) {
    yield { site: 'free' };
    world.stacks.freeSpans();
    return undefined;
  },
};

export const collector: readonly Model[] = [
  gc,
  gcStart,
  start('runtime.gcStart.func2', 'gcStart', 0x18, 'now = startTheWorldWithSema(trace.enabled)'),
  markroot,
  markrootFunc1,
  gcMarkDone,
  gcMarkTermination,
  start('runtime.gcMarkTermination.func3', 'gcMarkTermination', 8, 'startTheWorldWithSema(true)'),
  freeStackSpans,
];
