/** From the kernel into Go's signal handler, with and without C's traceback, and on to C's own handler. */

import type { Rig } from './rig.ts';
import type { Callee, Case, Row } from './row.ts';

const handler: Callee = { convention: 'ABIInternal', args: 3 };
const SIGPROF = 27n;
const SIGSEGV = 11n;

const signal = (rig: Rig, sig: bigint): void => {
  rig.set('DI', 0xfeed_0000_0000n | sig);
  rig.set('SI', 0x7fff_0000_0010n);
  rig.set('DX', 0x7fff_0000_0020n);
};
const arrives = (on: Case['on'], sig = SIGSEGV): Case => ({ what: `on ${on}`, on, prepare: (rig) => signal(rig, sig) });

/** Everything in place for a traceback through C; `but` takes one thing away. */
const inC = (what: string, but: (rig: Rig) => void, on: Case['on'] = 'gsignal', sig = SIGPROF): Case => ({
  what,
  on,
  prepare: (rig) => {
    signal(rig, sig);
    rig.variable('runtime.cgoTraceback', 0x7ff3_0000_0000n);
    rig.variable('_cgo_callers', 'callers');
    rig.variable('runtime.sigprofCallersUse', 0n);
    rig.m.ncgo = 1n;
    rig.curg.syscallsp = 0x7ff4_0000_0000n;
    rig.m.cgoCallers = 0x7ff5_0000_0000n;
    rig.m.cgoCallersUse = 0n;
    but(rig);
  },
});

// biome-ignore format: table
export const signals: readonly Row[] = [
  { stub: 'runtime.sigtramp', convention: 'C', callees: { 'runtime.sigtrampgo': handler }, cases: [arrives('gsignal'), arrives('curg'), arrives('none')] },
  { stub: 'runtime.sigprofNonGoWrapper', convention: 'C', callees: { 'runtime.sigprofNonGo': handler }, cases: [arrives('gsignal'), arrives('none')] },
  { stub: 'runtime.sigreturn', convention: 'C', cases: [{ what: 'the kernel goes elsewhere', on: 'gsignal', answers: ['ends'] }, { what: 'the kernel returns', on: 'gsignal' }] },
  { stub: 'runtime.sigfwd', convention: 'ABI0', callees: { 'a C handler': { convention: 'C', args: 3 } },
    cases: (['gsignal', 'curg', 'none'] as const).map((on) => ({ what: `on ${on}`, on, prepare: (rig) => {
      rig.args(rig.program.gate('a C handler'), 0xfeed_0000_000bn, 0x7fff_0000_0010n, 0x7fff_0000_0020n);
    } })) },
  { stub: 'runtime.cgoSigtramp', convention: 'C', callees: { 'runtime.sigtrampgo': handler, callers: { convention: 'C', args: 6 } }, cases: [
    inC('in C', () => {}),
    inC('in C, another signal', (rig) => { rig.m.cgoCallers += 0x40n; }, 'gsignal', SIGSEGV),
    inC('no traceback function', (rig) => rig.variable('runtime.cgoTraceback', 0n)),
    inC('no C side', (rig) => rig.variable('_cgo_callers', 0n)),
    inC('no m', (rig) => { rig.gsignal.m = 0n; }),
    inC('no call counted', (rig) => { rig.m.ncgo = 0n; }),
    inC('no goroutine', (rig) => { rig.m.curg = 0n; }),
    inC('not in a system call', (rig) => { rig.curg.syscallsp = 0n; }),
    inC('nowhere to put it', (rig) => { rig.m.cgoCallers = 0n; }),
    inC('somebody reads it', (rig) => { rig.m.cgoCallersUse = 1n; }),
    inC('no g', () => {}, 'none'),
    inC('no g, not the profiler', () => {}, 'none', SIGSEGV),
    inC('no g, the buffer is taken', (rig) => rig.variable('runtime.sigprofCallersUse', 1n), 'none'),
  ] },
];
