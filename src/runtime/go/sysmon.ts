/** sysmon: a thread without a P that looks, every now and then, whether somebody holds one for nothing. runtime/proc.go */
import type { Frame } from '../frame.ts';
import type { Body, Model } from '../model.ts';
import { ask, call, nanotime, usleep } from './call.ts';
import { lock } from './lock2.ts';
import { noteclear } from './note.ts';
import { unlock } from './unlock2.ts';
import { schedLock, sysmonlock, sysmonnote } from './words.ts';

/** Microseconds between two looks: at first; at most. Doubled after so many in vain. */
const DELAY = { first: 20n, most: 10_000n, patience: 50 } as const;
/** How long it sleeps when nothing runs: half of forcegcperiod, two minutes. */
const DEEP_SLEEP_NS = 60_000_000_000n;

/** func sysmon(). Looks as often as the world says, so that a run has an end; then it sleeps for ever. */
export const sysmon: Model = {
  name: 'runtime.sysmon',
  convention: 'ABIInternal',
  file: 'runtime/proc.go',
  frame: 0x60,
  sites: {
    nmsys: 'sched.nmsys++',
    usleep: 'usleep(delay)',
    now: 'now := nanotime()',
    lock: 'syscallWake := false',
    sysmonwait: 'atomic.Store(&sched.sysmonwait, 1)',
    notetsleep: 'notetsleep(&sched.sysmonnote, sleep)',
    awake: 'atomic.Store(&sched.sysmonwait, 0)',
    noteclear: 'noteclear(&sched.sysmonnote)',
    unlock: 'if syscallWake {',
    sysmonlock: 'now = nanotime()',
    retake: 'retake(now)',
    sysmonunlock: 'unlock(&sched.sysmonlock)',
    // A world's sysmon gets tired, Go's does not.
    forever: '',
  },
  *body(f) {
    const { world } = f;
    const { sched } = world;
    yield* lock(f, 'nmsys', schedLock(world));
    sched.nmsys += 1n;
    yield* unlock(f, 'nmsys', schedLock(world));
    let idle = 0;
    let delay: bigint = DELAY.first;
    for (let round = 0; round < world.sysmonRounds; round++) {
      if (idle === 0) delay = DELAY.first;
      else if (idle > DELAY.patience) delay *= 2n;
      if (delay > DELAY.most) delay = DELAY.most;
      yield* usleep(f, 'usleep', delay);
      yield* nanotime(f, 'now');
      if (nothingRuns(f) && (yield* deepSleep(f))) {
        idle = 0;
        delay = DELAY.first;
      }
      yield* lock(f, 'sysmonlock', sysmonlock(world));
      const now = yield* nanotime(f, 'sysmonlock');
      const taken = (yield* call(f, 'retake', 'runtime.retake', now)) & 0xffff_ffffn;
      idle = taken === 0n ? idle + 1 : 0;
      yield* unlock(f, 'sysmonunlock', sysmonlock(world));
    }
    yield* call(f, 'forever', 'runtime.notesleep', sysmonnote(world));
    return undefined;
  },
};

const nothingRuns = ({ world }: Frame): boolean =>
  world.sched.gcwaiting !== 0n || world.sched.npidle === BigInt(world.allp.length);

/** Was it woken by somebody who entered or left a system call, or started the world? */
function* deepSleep(f: Frame): Body<boolean> {
  const { world } = f;
  yield* lock(f, 'lock', schedLock(world));
  let woken = false;
  if (nothingRuns(f)) {
    yield { site: 'sysmonwait' };
    world.sched.sysmonwait = 1n;
    yield* unlock(f, 'sysmonwait', schedLock(world));
    woken = yield* ask(f, 'notetsleep', 'runtime.notetsleep', sysmonnote(world), DEEP_SLEEP_NS);
    yield* lock(f, 'awake', schedLock(world));
    world.sched.sysmonwait = 0n;
    yield* noteclear(f, 'noteclear', sysmonnote(world));
  }
  yield* unlock(f, 'unlock', schedLock(world));
  return woken;
}
