/** stopTheWorldWithSema and startTheWorldWithSema: no goroutine runs in between. runtime/proc.go */
import type { Frame } from '../frame.ts';
import { P } from '../layout/go1.19.ts';
import type { Body, Model } from '../model.ts';
import type { PView } from '../world.ts';
import { acquirem, releasem } from './acquirem.ts';
import { ask, call } from './call.ts';
import { wakeSysmon } from './entersyscall_sysmon.ts';
import { mget, pidleget, pidleput } from './idle.ts';
import { lock } from './lock2.ts';
import { noteclear } from './note.ts';
import { preemptall } from './preempt.ts';
import { runqempty } from './runq.ts';
import { unlock } from './unlock2.ts';
import { park, schedLock, stopnote } from './words.ts';

/** How long to wait before goroutines are asked again. */
const AGAIN_NS = 100_000n;

const ps = ({ world }: Frame): readonly PView[] => world.allp.map((at) => world.pOf(at));

/** func stopTheWorldWithSema(). On a system stack; the caller's goroutine waits, and nobody else stops the world. */
export const stopTheWorldWithSema: Model = {
  name: 'runtime.stopTheWorldWithSema',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x58,
  sites: {
    gcwaiting: 'atomic.Store(&sched.gcwaiting, 1)',
    syscalls: 'atomic.Cas(&p.status, s, _Pgcstop)',
    idle: 'pidleget(now)',
    unlock: 'wait := sched.stopwait > 0',
    notetsleep: 'notetsleep(&sched.stopnote, 100*1000)',
    noteclear: 'noteclear(&sched.stopnote)',
  },
  *body(f) {
    const { world } = f;
    const { sched } = world;
    if (BigInt.asIntN(32, f.m.locks) > 0n) world.throw('stopTheWorld: holding locks');
    yield* lock(f, 'gcwaiting', schedLock(world));
    sched.stopwait = BigInt(world.allp.length);
    yield { site: 'gcwaiting' };
    sched.gcwaiting = 1n;
    preemptall(f);
    world.pOf(f.m.p).status = BigInt(P.gcstop);
    sched.stopwait -= 1n;
    yield* stopSyscalls(f);
    for (let p = pidleget(world); p; p = pidleget(world)) {
      p.status = BigInt(P.gcstop);
      sched.stopwait -= 1n;
    }
    const wait = BigInt.asIntN(32, sched.stopwait) > 0n;
    yield* unlock(f, 'unlock', schedLock(world));
    if (wait) {
      while (!(yield* ask(f, 'notetsleep', 'runtime.notetsleep', stopnote(world), AGAIN_NS))) preemptall(f);
      yield* noteclear(f, 'noteclear', stopnote(world));
    }
    if (sched.stopwait !== 0n) world.throw('stopTheWorld: not stopped (stopwait != 0)');
    if (ps(f).some((p) => p.status !== BigInt(P.gcstop))) {
      world.throw('stopTheWorld: not stopped (status != _Pgcstop)');
    }
    return undefined;
  },
};

/** Whoever is in a system call notices when it comes back: its P is gone. */
function* stopSyscalls(f: Frame): Body<void> {
  for (const p of ps(f)) {
    yield { site: 'syscalls' };
    if (p.status !== BigInt(P.syscall)) continue;
    p.status = BigInt(P.gcstop);
    p.syscalltick += 1n;
    f.world.sched.stopwait -= 1n;
  }
}

/** func startTheWorldWithSema(emitTraceEvent bool) int64 */
export const startTheWorldWithSema: Model = {
  name: 'runtime.startTheWorldWithSema',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x50,
  spills: 'w',
  sites: {
    procresize: 'procresize(procs)',
    sysmonnote: 'notewakeup(&sched.sysmonnote)',
    unlock: 'unlock(&sched.lock)',
    park: 'notewakeup(&mp.park)',
    newm: 'newm(nil, p, -1)',
    wakep: 'wakep()',
  },
  *body(f) {
    const { world } = f;
    const mp = acquirem(f);
    yield* lock(f, 'procresize', schedLock(world));
    const runnable = procresize(f);
    world.sched.gcwaiting = 0n;
    yield* wakeSysmon(f, 'sysmonnote');
    yield* unlock(f, 'unlock', schedLock(world));
    for (const p of runnable) {
      if (p.m === 0n) {
        yield* call(f, 'newm', 'runtime.newm', 0n, p.at, -1n);
        continue;
      }
      const nmp = world.mOf(p.m);
      p.m = 0n;
      if (nmp.nextp !== 0n) world.throw('startTheWorld: inconsistent mp->nextp');
      nmp.nextp = p.at;
      yield* call(f, 'park', 'runtime.notewakeup', park(nmp));
    }
    yield* call(f, 'wakep', 'runtime.wakep');
    releasem(f, mp);
    return undefined;
  },
};

/** func procresize(nprocs int32) *p, with as many as there were: idle, but for ours and those that have work. */
function procresize(f: Frame): PView[] {
  const { world } = f;
  const own = world.pOf(f.m.p);
  own.status = BigInt(P.running);
  const runnable: PView[] = [];
  for (const p of ps(f).toReversed()) {
    if (p.at === own.at) continue;
    p.status = BigInt(P.idle);
    if (runqempty(p)) pidleput(world, p);
    else {
      p.m = mget(world)?.at ?? 0n;
      runnable.unshift(p);
    }
  }
  return runnable;
}
