/** R5: the race detector, entered with a P that has been taken away. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { goOn } from '#emu/sched/go-on.ts';
import { type Recording, recording } from '#emu/sched/recording.ts';
import { roundRobin } from '#emu/sched/round-robin.ts';
import { formatSchedule, parseSchedule } from '#emu/sched/schedule.ts';
import type { Scheduler } from '#emu/sched/scheduler.ts';
import { replay } from '#emu/sched/script.ts';
import { P } from '#runtime/layout/go1.19.ts';
import { view } from '#runtime/layout/view.ts';
import type { Model } from '#runtime/model.ts';
import { acquire } from '#runtime/sanitizer/happens-before.ts';
import { threadState, wordAt } from '#runtime/sanitizer/tsan-memory.ts';
import { retakenP, retakenPOldp } from '#runtime/scenarios/retaken-p.ts';
import type { World } from '#runtime/world.ts';
import { inTheMiddle } from './in-the-middle.ts';
import { found, replacing, run } from './run.ts';

const without = { without: ['race-after-exitsyscall'] } as const;
const FATAL = 'FATAL: ThreadSanitizer CHECK failed: ./gotsan.cc:380 "((v)) > ((0))" (0x0, 0x0)';
const FINDING = `${FATAL}: m2 and m0 are both at work with the Processor of P0, which is m2's`;

/** At every step: an M that a P names has that P, and no two Ps name one M. */
const watching =
  (of: Scheduler) =>
  (world: () => World): Scheduler => ({
    next(turn) {
      const w = world();
      const owned = w.allp.map((at) => w.pOf(at)).filter((p) => p.m !== 0n);
      for (const p of owned) expect(w.mOf(p.m).p).toBe(p.at);
      expect(new Set(owned.map((p) => p.m)).size).toBe(owned.length);
      return of.next(turn);
    },
  });

describe('without the fix, while m.p outlives the P', () => {
  test('two threads in one Processor: the CHECK of TSan v2, exit status 66, and who they are', () => {
    const r = run(retakenP, { ...without, scheduler: inTheMiddle });
    expect(r.ending).toEqual({ kind: 'exit', status: 66 });
    expect(r.output).toBe(`${FATAL}\n`);
    expect(found(r)).toEqual([`processor: ${FINDING}`]);
    expect(r.story.map((c) => c.text)).toContain("m2 and m0 are both at work with the Processor of P0, which is m2's");
  });

  test('when nobody is interrupted it goes well, with a P that is not ours', () => {
    const r = run(retakenP, without);
    expect([found(r), r.ending.kind]).toEqual([[], 'done']);
    const [p, owner, me] = r.world.noted('processor of m0')!;
    expect([p, me]).toEqual([0n, r.world.m.at]);
    expect(owner).not.toBe(me);
  });

  test('its schedule, written down as a line, replays it', () => {
    let noted: Recording | undefined;
    const scheduler = (w: () => World): Scheduler => {
      noted = recording(inTheMiddle(w));
      return noted;
    };
    const first = run(retakenP, { ...without, scheduler });
    const line = formatSchedule(noted!.schedule());
    const again = run(retakenP, { ...without, scheduler: () => replay(parseSchedule(line)) });
    expect(found(again)).toEqual([`processor: ${FINDING}`]);
    expect([again.output, again.story]).toEqual([first.output, first.story]);
  });

  test('whichever of its three calls m2 is in the middle of', () => {
    // mu's acquire and release, and the goroutine's end: each takes the Processor and gives it back.
    const failures = [0, 1, 2].map((later) => {
      let waited = 0;
      const scheduler = (w: () => World): Scheduler => ({
        next(turn) {
          const asks = inTheMiddle(w).next(turn);
          const wants = asks === 0 && turn.last === 2;
          return wants && waited++ < later ? 2 : asks;
        },
      });
      return found(run(retakenP, { ...without, scheduler }));
    });
    expect(failures).toEqual(Array(3).fill([`processor: ${FINDING}`]));
  });
});

describe('without the fix, since m.p is 0 in a system call', () => {
  test.each([
    ['in the middle', inTheMiddle],
    ['uninterrupted', () => goOn],
  ] as const)('there is no P to ask for: SIGSEGV at p_raceprocctx (%s)', (_, scheduler) => {
    const r = run(retakenPOldp, { ...without, scheduler });
    expect(r.ending).toMatchObject({
      kind: 'signal',
      signal: 'SIGSEGV',
      fault: { kind: 'page', address: 96n, access: 'read' },
    });
    expect(r.endedAt).toMatch(/^runtime\.racecallbackthunk\+/);
  });
});

describe('with the fix', () => {
  const schedulers = [
    ['in the middle', inTheMiddle],
    ['uninterrupted', () => goOn],
    ['in turn', () => roundRobin(1)],
    ['in turn, seven at a time', () => roundRobin(7)],
  ] as const;

  for (const scenario of [retakenP, retakenPOldp]) {
    for (const procs of [1, 2]) {
      test.each(schedulers)(`${scenario.name}, ${procs} P: who enters owns the Processor's P (%s)`, (_, scheduler) => {
        const of = { ...scenario, world: { ...scenario.world, procs } };
        const r = run(of, { scheduler: (w) => watching(scheduler(w))(w) });
        expect([found(r), r.ending.kind, r.output]).toEqual([[], 'done', '']);
        for (const at of r.world.allm) {
          const name = `m${r.world.mOf(at).id}`;
          const noted = r.world.noted(`processor of ${name}`);
          if (noted) expect([name, noted[1]]).toEqual([name, at]);
        }
        // Back in Go, on whichever M: with a P that runs.
        const p = r.world.pOf(r.world.mOf(r.world.curg.m).p);
        expect([p.m, p.status]).toEqual([r.world.curg.m, BigInt(P.running)]);
      });
    }
  }

  test('with one P, the goroutine waits for it: it comes back on the M that has it', () => {
    const r = run(retakenP, { scheduler: inTheMiddle });
    expect(r.world.mOf(r.world.curg.m).id).toBe(2n);
  });

  test('leaving for C released racecgosync, and coming back acquired it', () => {
    const { world } = run(retakenP);
    const me = view(world.machine.mem, threadState, world.curg.racectx);
    const { sync } = wordAt(world, world.addressOf('runtime.racecgosync'));
    const own = world.machine.mem.peek(sync + 8n * me.tid, 8);
    expect(own).toBeGreaterThan(0n);
    const before = world.machine.mem.peekBytes(me.clock, 128);
    acquire(world, me, world.addressOf('runtime.racecgosync'));
    expect(world.machine.mem.peekBytes(me.clock, 128)).toEqual(before);
  });
});

describe('without the fix, and without the cause', () => {
  const goesWell = (scenario: typeof retakenP): void => {
    const r = run(scenario, { ...without, scheduler: inTheMiddle });
    expect([found(r), r.ending.kind]).toEqual([[], 'done']);
  };

  test('nobody takes the P', () => goesWell({ ...retakenP, world: { ...retakenP.world, sysmonRounds: 0 } }));

  test('an acquire that asks for no Processor, as in TSan v3', () => {
    const v3: Model = {
      name: '__tsan_acquire',
      convention: 'C',
      frame: 0x10,
      sites: {},
      resultBits: 0,
      // biome-ignore lint/correctness/useYield: it calls nobody
      *body(f) {
        acquire(f.world, view(f.mem, threadState, f.reg(R.di)), f.reg(R.si));
        return undefined;
      },
    };
    goesWell(replacing(retakenP, v3));
  });
});
