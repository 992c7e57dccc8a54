/** From stack to stack: goroutine, g0 and C. */
import { gobuf } from '#runtime/layout/go1.19.ts';
import { view } from '#runtime/layout/view.ts';
import type { Rig } from './rig.ts';
import type { Callee, Case, Row } from './row.ts';

const ends: Callee = { convention: 'ABI0', args: 0, returns: false };
const go: Callee = { convention: 'ABI0', args: 0 };
const every: readonly Case['on'][] = ['curg', 'g0', 'gsignal'];
const APART = 0x1_0000_0000n;
const FN = 0x7fff_0000_0001n;

/** A closure in the heap. */
const closure = (rig: Rig): bigint => {
  rig.mem.poke(rig.heap + 0x40n, 8, rig.program.gate('fn'));
  return rig.heap + 0x40n;
};

const goesOn = (what: string, prepare: (rig: Rig) => void): Case => ({
  what,
  on: 'g0',
  callees: { 'where it goes on': { convention: 'ABIInternal', args: 0, also: ['AX', 'DX'], returns: false } },
  prepare: (rig) => {
    rig.args(rig.other.sched);
    const buf = view(rig.mem, gobuf, rig.other.sched);
    buf.pc = rig.program.gate('where it goes on');
    [buf.ret, buf.ctxt, buf.bp] = [FN, FN + 1n, FN + 2n];
    prepare(rig);
  },
});

const bad: Readonly<Record<string, Callee>> = {
  'runtime.badmorestackg0': go,
  'runtime.badmorestackgsignal': go,
  'runtime.newstack': { ...go, looks: (rig) => ({ g: rig.currentG }) },
};
/** A prologue has called: its return address is the caller's, and above is what called it. */
const grows = (stub: string): Row => ({
  stub,
  convention: 'ABI0',
  callees: bad,
  cases: every.flatMap((on) => [
    { what: `on ${on}`, on, args: [0x7fff_0000_0001n] },
    {
      what: `on ${on}, newstack does not return`,
      on,
      args: [0x7fff_0000_0001n],
      callees: { 'runtime.newstack': ends },
    },
  ]),
});

/** What debuggers look for on g0's stack: how deep the goroutine's was, or where RSP was, and which g. */
const fromGo: Callee = {
  convention: 'C',
  args: 1,
  result: 0x7123_4567_8000n,
  looks: (rig) => {
    const sp = rig.reg('SP') + 8n;
    return { depth: rig.mem.peek(sp + 40n, 8), g: rig.mem.peek(sp + 48n, 8) };
  },
};

const checked = (what: string, at: (lo: bigint, hi: bigint, sp: bigint) => readonly [bigint, bigint]): Case => ({
  what,
  on: 'curg',
  prepare: (rig) => {
    const stk = rig.curg.stack;
    const [lo, hi] = at(rig.mem.peek(stk, 8), rig.mem.peek(stk + 8n, 8), rig.reg('SP'));
    rig.mem.poke(stk, 8, lo);
    rig.mem.poke(stk + 8n, 8, hi);
  },
});

// biome-ignore format: table
export const switches: readonly Row[] = [
  { stub: 'runtime.gogo', convention: 'ABI0', cases: [
    goesOn('another goroutine', () => {}),
    goesOn('no g in the gobuf', (rig) => { view(rig.mem, gobuf, rig.other.sched).g = 0n; }),
  ] },
  { stub: 'runtime.mcall', convention: 'ABIInternal',
    callees: { fn: { convention: 'ABIInternal', args: 1, also: ['DX'] }, 'runtime.badmcall': ends, 'runtime.badmcall2': ends },
    cases: every.map((on) => ({ what: `on ${on}`, on, prepare: (rig) => rig.set('AX', closure(rig)) })) },
  { stub: 'runtime.systemstack_switch', convention: 'ABI0', cases: [{ what: 'run, which never happens', on: 'curg' }] },
  // Its callers count on all that it leaves alone.
  { stub: 'gosave_systemstack_switch', convention: 'ABI0', readsG: true, results: ['AX', 'BX', 'CX', 'DX', 'SI', 'DI', 'R8', 'R14'], cases: [
    { what: 'on curg', on: 'curg' },
    { what: 'a context that would be lost', on: 'curg', prepare: (rig) => { view(rig.mem, gobuf, rig.curg.sched).ctxt = APART; } },
  ] },
  { stub: 'runtime.systemstack', convention: 'ABI0', readsG: true,
    callees: { fn: { convention: 'ABIInternal', args: 0, also: ['DX'] }, 'runtime.badsystemstack': go },
    cases: [
      ...every.map((on): Case => ({ what: `on ${on}`, on, prepare: (rig) => { rig.args(closure(rig)); rig.cpu.setXmm(15, 0n); } })),
      { what: 'a g that is neither', on: 'curg', prepare: (rig) => { rig.args(closure(rig)); rig.currentG = rig.other.at; } },
      { what: 'fn comes back as another g of the M', on: 'curg', prepare: (rig) => { rig.args(closure(rig)); rig.cpu.setXmm(15, 0n); },
        callees: { fn: { convention: 'ABIInternal', args: 0, also: ['DX'], does: (rig) => { rig.currentG = rig.gsignal.at; } } } },
    ] },
  { stub: 'runtime.asmcgocall', convention: 'ABI0', readsG: true, callees: { 'a C function': fromGo }, cases: [
    ...([...every, 'none'] as const).map((on): Case => ({ what: `on ${on}`, on, args: [0n, FN], prepare: (rig) => rig.args(rig.program.gate('a C function')) })),
    { what: 'the stack grows meanwhile', on: 'curg', args: [0n, FN], prepare: (rig) => rig.args(rig.program.gate('a C function')),
      callees: { 'a C function': { ...fromGo, does: (rig) => rig.growStack() } } },
    { what: 'a context that would be lost', on: 'curg', args: [0n, FN], prepare: (rig) => {
      rig.args(rig.program.gate('a C function'));
      view(rig.mem, gobuf, rig.curg.sched).ctxt = APART;
    } },
  ] },
  { stub: 'runtime.asmcgocall_no_g', convention: 'ABI0', callees: { 'a C function': { convention: 'C', args: 1 } },
    cases: (['none', 'g0', 'gsignal'] as const).map((on): Case => ({ what: `on ${on}`, on, args: [0n, FN], prepare: (rig) => rig.args(rig.program.gate('a C function')) })) },
  grows('runtime.morestack'),
  grows('runtime.morestack_noctxt'),
  { stub: 'runtime.goexit', convention: 'ABI0', callees: { 'runtime.goexit1': { ...ends, looks: (rig) => ({ inside: rig.program.isInside(rig.mem.peek(rig.reg('SP'), 8)) }) } },
    cases: [0n, 1n].map((by) => ({ what: `entered ${by} bytes in`, on: 'curg', prepare: (rig) => { rig.cpu.rip += by; } })) },
  { stub: 'runtime.mstart', convention: 'ABI0', callees: { 'runtime.mstart0': go }, cases: [{ what: 'on g0', on: 'g0' }] },
  { stub: 'runtime.setg', convention: 'ABI0', cases: [{ what: 'another g', on: 'g0', prepare: (rig) => rig.args(rig.other.at) }, { what: 'none', on: 'g0', args: [0n] }] },
  { stub: 'runtime.stackcheck', convention: 'ABI0', cases: [
    checked('inside', (lo, hi) => [lo, hi]),
    checked('on the low bound', (_, hi, sp) => [sp, hi]),
    checked('just above it', (_, hi, sp) => [sp - 1n, hi]),
    checked('below it', (_, hi, sp) => [sp + 8n, hi]),
    checked('on the high bound', (lo, _, sp) => [lo, sp]),
    checked('just below it', (lo, _, sp) => [lo, sp + 1n]),
    checked('above it', (lo, _, sp) => [lo, sp - 8n]),
    checked('4 GiB above the stack', (_, __, sp) => [sp - APART - 0x100n, sp - APART + 0x100n]),
    checked('4 GiB below it', (_, __, sp) => [sp + APART - 0x100n, sp + APART + 0x100n]),
    checked('bounds with their highest bit set', (_, __, sp) => [sp - 1n, 0xffff_ffff_ffff_f000n]),
  ] },
  { stub: 'runtime.abort', convention: 'ABI0', cases: [{ what: 'stops', on: 'curg' }, { what: 'a debugger goes on', on: 'curg', resumes: true }] },
];

/** What a goroutine that called C left in its sched. */
const called = (rig: Rig): void => {
  const sched = view(rig.mem, gobuf, rig.curg.sched);
  sched.pc = rig.program.entry('runtime.systemstack_switch');
};
/** Above its arguments are the BP slot, which nobody writes, and the return to where C was called. */
const cgocallbackg: Callee = {
  convention: 'ABI0',
  args: 3,
  looks: (rig) => {
    const sp = rig.reg('SP');
    const saved = rig.mem.peek(rig.g0.sched, 8);
    return {
      g: rig.currentG,
      bpSlot: rig.mem.peek(sp + 0x20n, 8),
      bpOfCaller: rig.mem.peek(rig.reg('BP'), 8),
      pc: rig.mem.peek(sp + 0x28n, 8),
      unwindm: rig.mem.peek(saved, 8),
    };
  },
  does: (rig) => {
    // entersyscall on the way out leaves its own caller there.
    const sched = view(rig.mem, gobuf, rig.curg.sched);
    rig.poke(sched.at, 0x11n);
    rig.poke(sched.at + 8n, 0x22n);
  },
};
const clean = (rig: Rig): void => {
  const sp = rig.reg('SP');
  for (let at = sp - 0x100n; at < sp; at += 8n) rig.mem.poke(at, 8, 0n);
};
const needm: Callee = {
  convention: 'ABIInternal',
  args: 0,
  does: (rig) => {
    rig.currentG = rig.g0.at;
  },
};
const dropm: Callee = {
  convention: 'ABI0',
  args: 0,
  does: (rig) => {
    rig.currentG = 0n;
  },
};

// biome-ignore format: table
export const callbacks: readonly Row[] = [
  { stub: 'runtime.cgocallback', convention: 'ABI0', callees: { 'runtime.cgocallbackg': cgocallbackg, 'runtime.needm': needm, 'runtime.dropm': dropm }, cases: [
    { what: 'below a call of C', on: 'g0', args: [FN, FN + 1n, FN + 2n], prepare: called },
    { what: 'on a stack without junk', on: 'g0', args: [FN, FN + 1n, FN + 2n], prepare: (rig) => { called(rig); clean(rig); } },
    { what: 'on a thread of C\'s', on: 'none', args: [FN, FN + 1n, FN + 2n] },
    { what: 'the stack grows meanwhile', on: 'g0', args: [FN, FN + 1n, FN + 2n], prepare: called,
      callees: { 'runtime.cgocallbackg': { ...cgocallbackg, does: (rig) => { rig.growStack(); cgocallbackg.does!(rig); } } } },
  ] },
  { stub: 'crosscall2', convention: 'C', callees: { 'runtime.cgocallbackg': cgocallbackg, 'runtime.needm': needm, 'runtime.dropm': dropm },
    cases: (['g0', 'none'] as const).map((on) => ({ what: `on ${on}`, on, prepare: called })) },
  { stub: '_cgo_topofstack', convention: 'C', results: ['AX'], cases: (['g0', 'curg'] as const).map((on) => ({ what: `on ${on}`, on })) },
  // For C it is a function like any other, but that R14 becomes g.
  { stub: 'setg_gcc', convention: 'C', cases: [{ what: 'a new thread', on: 'none', prepare: (rig) => rig.set('DI', rig.other.at) }] },
];
