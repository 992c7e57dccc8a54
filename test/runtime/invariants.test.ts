/** The runtime's invariants, each with something broken on which it speaks, and no other does. */
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import { invariants } from '#runtime/check/index.ts';
import type { FixName } from '#runtime/fixes.ts';
import type { Frame } from '#runtime/frame.ts';
import { cgocall } from '#runtime/go/cgocall.ts';
import { cgocallbackg } from '#runtime/go/cgocallbackg.ts';
import { exitsyscallfast } from '#runtime/go/exitsyscallfast.ts';
import { pidleget } from '#runtime/go/idle.ts';
import type { Body, Model, Request } from '#runtime/model.ts';
import type { Scenario } from '#runtime/scenario.ts';
import { deep } from '#runtime/scenarios/nested-callbacks.ts';
import { runCase } from '#runtime/verdict.ts';
import { mutant, ownStubs, scenarioNamed } from './fixture.ts';

interface Broken {
  readonly what: string;
  /** The invariant that has to speak. */
  readonly invariant: string;
  readonly says: RegExp;
  readonly scenario: string;
  readonly situation?: string;
  /** A function of Go's with one thing changed. */
  readonly model?: Model;
  /** The same for assembly. */
  readonly stubs?: readonly [file: string, from: string | RegExp, to: string];
  readonly without?: FixName;
  readonly world?: Scenario['world'];
  /** Threads, one after the other: so many steps each. */
  readonly schedule?: readonly (readonly [thread: number, steps: number])[];
}

/** A model that does something else as well, right before one of its sites. */
function meddling(model: Model, site: string, meddle: (f: Frame) => void): Model {
  return {
    ...model,
    *body(f) {
      const steps: Body = model.body(f);
      let step = steps.next();
      for (; !step.done; step = steps.next()) {
        const request: Request = step.value;
        if (request.site === site) meddle(f);
        yield request;
      }
      return step.value;
    },
  };
}

/** Takes the P it had, whoever has it now, and does not look. */
const takesBack: Model = {
  ...exitsyscallfast,
  // biome-ignore lint/correctness/useYield: it asks nobody
  *body(f) {
    const p = f.world.pOf(f.reg(R.ax));
    [f.m.p, p.m, p.status] = [p.at, f.m.at, 1n];
    f.setReg(R.ax, 1n);
    return 'true';
  },
};

/** Takes the P it had, and another that nobody will see again. */
const takesTwo: Model = {
  ...exitsyscallfast,
  *body(f) {
    const result = yield* exitsyscallfast.body(f);
    pidleget(f.world);
    return result;
  },
};

// biome-ignore format: table
const broken: readonly Broken[] = [
  { what: 'mcall leaves R14 as it was',               invariant: 'current-g',        says: /runtime\.recovery entered with R14=0x[0-9a-f]+, TLS has/,           scenario: 'panic-out-of-callback', stubs: ['stack.s', 'MOVQ DI, R14\n\tget_tls(CX)\n\tMOVQ R14, g(CX)\n\tMOVQ (g_sched+gobuf_sp)(R14), SP', 'get_tls(CX)\n\tMOVQ DI, g(CX)\n\tMOVQ (g_sched+gobuf_sp)(DI), SP'] },
  { what: 'mcall uses X15',                           invariant: 'x15-zero',         says: /runtime\.recovery entered with X15=0x[0-9a-f]+/,                    scenario: 'panic-out-of-callback', stubs: ['stack.s', '\tMOVQ AX, DX // fn\'s context', '\tMOVQ AX, X15\n\tMOVQ AX, DX'] },
  { what: 'exitsyscallfast takes back a P unasked',   invariant: 'p-has-one-owner',  says: /P0 .*m\d/,                                                          scenario: 'retake-at-every-instruction', situation: 'another', model: takesBack, schedule: [[0, 160], [1, 1000], [2, 60], [0, 400]] },
  { what: 'exitsyscallfast takes two Ps',             invariant: 'p-count',          says: /P1 is idle, and on no list/,                                        scenario: 'syscall-frame', model: takesTwo, world: { procs: 2 } },
  { what: 'cgocallbackg forgets m.incgo',             invariant: 'cgo-account',      says: /runtime\.cgocallbackg1 runs in Go, m0\.incgo says that C does/,     scenario: 'syscall-frame', model: meddling(cgocallbackg, 'cgocallbackg1', ({ m }) => { m.incgo = 1n; }) },
  { what: 'cgocall forgets m.incgo',                  invariant: 'cgo-account',      says: /callsBack runs in C, m0\.incgo says that it does not/,              scenario: 'syscall-frame', model: meddling(cgocall, 'asmcgocall', ({ m }) => { m.incgo = 0n; }) },
  { what: 'cgocallbackg re-enters from its own frame', invariant: 'syscall-frame',   says: /g1 is in a system call whose frame, at 0x[0-9a-f]+, has been popped/, scenario: 'syscall-frame', model: meddling(cgocallbackg, 'reentersyscall', (f) => f.setReg(R.bx, f.sp)) },
  { what: 'cgocallbackg enters anew, as before 1.4',  invariant: 'syscall-frame',    says: /has been popped/,                                                   scenario: 'syscall-frame', without: 'reentersyscall' },
  { what: 'cgocallback leaves g0.sched.sp',           invariant: 'g0-sched',         says: /g0\.sched\.sp is 0x[0-9a-f]+ after the C call, it was/,             scenario: 'syscall-frame', stubs: ['cgo.s', /(\tMOVQ 0\(SP\), AX\n)\tMOVQ AX, \(g_sched\+gobuf_sp\)\(SI\)\n/, '$1'] },
  { what: 'a large function does not look first',     invariant: 'stack-room',       says: /RSP comes to 0x[0-9a-f]+, outside g1's stack/,                      scenario: 'nested-callbacks', situation: 'the innermost', model: { ...deep, nosplit: true } },
  { what: 'cgocall does not keep its arguments alive', invariant: 'retired-pointer', says: /the frame of runtime\.cgocall holds 0x[0-9a-f]+, live, at/,         scenario: 'growth-at-every-site', without: 'keepalive' },
];

describe('invariants', () => {
  test.each(broken.map((b) => [b.what, b] as const))('%s', (_, b) => {
    const scenario = scenarioNamed(b.scenario);
    const { model } = b;
    const own = scenario.models;
    const changed: Scenario = {
      ...scenario,
      ...(b.world && { world: { ...scenario.world, ...b.world } }),
      models: (s) => [...(model ? [model] : []), ...(own?.(s) ?? []).filter((m) => m.name !== model?.name)],
    };
    const situation = scenario.situations.find((s) => s.name.startsWith(b.situation ?? ''))!;
    const { findings } = runCase(
      {
        scenario: changed,
        situation,
        stack: scenario.stacks[0]!,
        residue: 0,
        seed: 0n,
        fail: [],
        without: b.without ? [b.without] : [],
        ...(b.schedule && { schedule: b.schedule }),
      },
      b.stubs ? mutant(b.stubs[0], [b.stubs[1], b.stubs[2]]) : ownStubs(),
    );
    expect(findings.length, 'nobody noticed').toBeGreaterThan(0);
    expect(findings[0]!.message).toMatch(b.says);
    const named = new Set(invariants.map((i) => i.name));
    expect([...new Set(findings.map((f) => f.check).filter((check) => named.has(check)))]).toEqual([b.invariant]);
  });

  test('each has one', () => {
    const covered = new Set(broken.map((b) => b.invariant));
    expect(invariants.map((i) => i.name).filter((name) => !covered.has(name))).toEqual([]);
  });
});
