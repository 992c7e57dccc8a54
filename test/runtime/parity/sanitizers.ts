/** What tells ThreadSanitizer and MemorySanitizer, and what the first asks back. */

import type { Rig } from './rig.ts';
import type { Callee, Case, Row } from './row.ts';

const onEvery: readonly Case['on'][] = ['curg', 'g0', 'gsignal'];
const c = (args: number): Callee => ({ convention: 'C', args });

interface Ranges {
  readonly heap: readonly [start: bigint, end: bigint];
  readonly data: readonly [start: bigint, end: bigint];
}
const HALF = 1n << 63n;
const APART = 1n << 32n;
/** Ranges across the sign, and whose ends have less in their lower halves than their starts. */
const layouts: readonly Ranges[] = [
  { data: [0x10_0000_1000n, 0x12_0000_0800n], heap: [HALF - APART + 0x1000n, HALF + APART + 0x800n] },
  { heap: [0x10_0000_1000n, 0x12_0000_0800n], data: [HALF - APART + 0x1000n, HALF + APART + 0x800n] },
];
const around = ([start, end]: readonly [bigint, bigint]): bigint[] => [
  start - APART,
  start - 1n,
  start,
  start + APART,
  end - APART,
  end - 1n,
  end,
  end + APART,
];

/** An address for each outcome of each comparison, whoever makes it wrongly. */
const places = (of: readonly Ranges[]): (readonly [at: bigint, prepare: (rig: Rig) => void])[] =>
  of.flatMap((r) =>
    [0n, ...around(r.data), ...around(r.heap), -0x1000n].map(
      (at) =>
        [
          BigInt.asUintN(64, at),
          (rig: Rig) => {
            rig.variable('runtime.racearenastart', r.heap[0]);
            rig.variable('runtime.racearenaend', r.heap[1]);
            rig.variable('runtime.racedatastart', r.data[0]);
            rig.variable('runtime.racedataend', r.data[1]);
          },
        ] as const,
    ),
  );
const few = places(layouts.slice(0, 1));

const access = (stub: string, callee: string, size: boolean): Row => ({
  stub,
  convention: 'ABIInternal',
  callees: { [callee]: c(size ? 4 : 3) },
  cases: onEvery.flatMap((on) =>
    few.map(
      ([at, prepare]): Case => ({
        what: `0x${at.toString(16)} on ${on}`,
        on,
        prepare: (rig) => {
          prepare(rig);
          rig.set('AX', at);
          if (size) rig.set('BX', 0x7fff_0000_0123n);
        },
      }),
    ),
  ),
});

const accessPc = (stub: string, callee: string): Row => ({
  stub,
  convention: 'ABI0',
  readsG: true,
  results: ['X15', 'R14'],
  callees: { [callee]: c(4) },
  cases: few.map(([at, prepare]) => ({
    what: `0x${at.toString(16)}`,
    on: 'curg',
    args: [at, 0x7fff_0000_0123n, 0x7fff_ffff_ffffn],
    prepare,
  })),
});

const msan = (stub: string, callee: string, args: number): Row => ({
  stub,
  convention: 'ABI0',
  callees: { [callee]: c(args) },
  cases: ([...onEvery, 'none'] as const).map((on) => ({
    what: `on ${on}`,
    on,
    args: [0x7fff_0000_0001n, 0x7fff_0000_0002n, 0x7fff_0000_0003n],
  })),
});

/** The sanitizer calls back: TLS names whoever called it, RSP is on g0's stack. */
const asks = (what: string, command: bigint, prepare: (rig: Rig) => void): Case => ({
  what,
  on: 'g0',
  prepare: (rig) => {
    rig.set('DI', command);
    rig.set('SI', rig.heap + 8n);
    prepare(rig);
  },
});

// biome-ignore format: table
export const sanitizers: readonly Row[] = [
  access('runtime.raceread', '__tsan_read', false),
  access('runtime.racewrite', '__tsan_write', false),
  access('runtime.racereadrange', '__tsan_read_range', true),
  access('runtime.racewriterange', '__tsan_write_range', true),
  accessPc('runtime.racereadpc', '__tsan_read_pc'),
  accessPc('runtime.racewritepc', '__tsan_write_pc'),
  accessPc('runtime.racereadrangepc1', '__tsan_read_range'),
  accessPc('runtime.racewriterangepc1', '__tsan_write_range'),
  { stub: 'runtime.racefuncenter', convention: 'ABI0', readsG: true, results: ['DX', 'R14', 'X15'], callees: { __tsan_func_enter: c(2) },
    cases: onEvery.map((on) => ({ what: `on ${on}`, on, args: [0x7fff_0000_0001n] })) },
  { stub: 'runtime.racefuncexit', convention: 'ABI0', readsG: true, results: ['R14', 'X15'], callees: { __tsan_func_exit: c(1) },
    cases: onEvery.map((on) => ({ what: `on ${on}`, on })) },
  { stub: 'runtime.racecall', convention: 'ABI0', readsG: true, results: ['R14', 'X15'], callees: { __tsan_acquire: c(4) },
    cases: onEvery.map((on) => ({ what: `on ${on}`, on, args: [0n, 0x7fff_0000_0001n, 0x7fff_0000_0002n, 0x7fff_0000_0003n, 0x7fff_0000_0004n],
      prepare: (rig) => rig.poke(rig.reg('SP') + 8n, rig.program.gate('__tsan_acquire')) })) },
  { stub: 'racecall', convention: 'ABI0', readsG: true, results: ['BX', 'R14', 'X15'], callees: { __tsan_acquire: c(4) },
    cases: onEvery.map((on) => ({ what: `on ${on}`, on, prepare: (rig) => rig.set('AX', rig.program.gate('__tsan_acquire')) })) },
  { stub: 'racecalladdr', convention: 'ABI0', readsG: true, results: ['R14'], callees: { __tsan_read: c(4) },
    cases: places(layouts).map(([at, prepare]) => ({ what: `0x${at.toString(16)}`, on: 'curg', prepare: (rig) => {
      prepare(rig);
      rig.set('AX', rig.program.gate('__tsan_read'));
      rig.set('SI', at);
    } })) },
  { stub: 'runtime.racecallbackthunk', convention: 'C', callees: { 'runtime.racecallback': { convention: 'ABI0', args: 2, also: ['R14'] } }, cases: [
    // The rest of the registers: the sanitizer's fast path leans on it that only DI is taken.
    asks('the processor, for a goroutine', 0n, (rig) => { rig.currentG = rig.curg.at; }),
    asks('the processor, for g0', 0n, () => {}),
    asks('the processor, without a P', 0n, (rig) => { rig.currentG = rig.curg.at; rig.m.p = 0n; }),
    asks('symbols, for a goroutine', 1n, (rig) => { rig.currentG = rig.curg.at; }),
    asks('symbols, for g0', 1n, () => {}),
    asks('a command whose low half is zero', 0x1_0000_0000n, (rig) => { rig.currentG = rig.curg.at; }),
  ], results: ['AX', 'CX', 'DX', 'SI', 'R8', 'R9', 'R10', 'R11'] },
  msan('runtime.domsanread', '__msan_read_go', 2),
  msan('runtime.msanwrite', '__msan_write_go', 2),
  msan('runtime.msanmalloc', '__msan_malloc_go', 2),
  msan('runtime.msanfree', '__msan_free_go', 2),
  msan('runtime.msanmove', '__msan_memmove', 3),
  { stub: 'msancall', convention: 'ABI0', callees: { __msan_read_go: c(4) },
    cases: ([...onEvery, 'none'] as const).map((on) => ({ what: `on ${on}`, on, prepare: (rig) => rig.set('AX', rig.program.gate('__msan_read_go')) })) },
];
