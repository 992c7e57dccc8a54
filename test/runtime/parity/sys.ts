/** System calls, directly and through C. */
import { m as mLayout } from '#runtime/layout/go1.19.ts';
import type { Callee, Case, Row } from './row.ts';

const JUNK = 0xfeed_face_8000_0000n;
/** Two 32-bit words in one. */
export const pair = (low: bigint, high: bigint): bigint => BigInt.asUintN(32, low) | (BigInt.asUintN(32, high) << 32n);
/** An int32 with junk above it. */
const int = (v: bigint): bigint => pair(v, JUNK >> 32n);

/** A result, two with something in their upper halves, an errno, the lowest of them, and what is below. */
const answers = [7n, 0x7123_4567_8000n, 0x7123_ffff_ff00n, -22n, -4095n, -4096n] as const;

/** A stub that makes system calls and looks at what comes back. */
const plain = (stub: string, ...args: bigint[]): Row => ({
  stub,
  convention: 'ABI0',
  cases: answers.map((a): Case => ({ what: `kernel says ${a}`, on: 'curg', args, answers: [a, a + 1n, a + 2n] })),
});

const APART = 0x1_0000_0000n;
const long = (n: bigint): bigint => 0x7fff_1234_0000n + n;

/** A C function in a variable, as runtime/cgo puts it there. */
const throughC = (stub: string, variable: string, c: Callee, args: readonly bigint[]): Row => ({
  stub,
  convention: 'ABI0',
  callees: { 'a C function': c },
  cases: (['g0', 'gsignal', 'none'] as const).map((on) => ({
    what: `on ${on}`,
    on,
    args,
    prepare: (rig) => rig.variable(variable, 'a C function'),
  })),
});

const childRuns = (what: string, more: Partial<Case>): Case => ({
  what,
  on: 'g0',
  answers: [0n, 4711n, 0n, 0n, 'ends'],
  callees: { child: { convention: 'ABI0', args: 0, also: ['R14'] } },
  ...more,
});

const cloneArgs = (mp: boolean, gp: boolean): Pick<Case, 'prepare'> => ({
  prepare: (rig) => {
    const hi = rig.mem.peek(rig.other.stack + 8n, 8);
    const [m, g] = [mp ? rig.heap : 0n, gp ? rig.other.at : 0n];
    rig.args(int(0x5_0f00n), hi - 0x40n, m, g, rig.program.gate('child'));
    // The child's TLS slot is its m's, and nobody's yet.
    rig.poke(rig.heap + BigInt(mLayout.fields.tls[0]), 0n);
  },
});

const clock = (what: string, on: Case['on'], vdso: boolean): Case => ({
  what: `${what}, ${vdso ? 'vDSO' : 'no vDSO'}`,
  on,
  prepare: (rig) => vdso && rig.variable('runtime.vdsoClockgettimeSym', 'vDSO'),
  callees: {
    vDSO: {
      convention: 'C',
      args: 2,
      looks: (rig) => ({ timespec: rig.reg('SI') }),
      does: (rig) => rig.timespec(rig.reg('SP') + 8n),
    },
  },
});

// biome-ignore format: table
export const sys: readonly Row[] = [
  plain('runtime.exit', int(3n)),
  plain('runtime.open', long(0n), pair(0x8000n, 0o644n)),
  plain('runtime.closefd', int(5n)),
  plain('runtime.write1', long(1n), long(2n), int(100n)),
  plain('runtime.read', int(3n), long(2n), int(100n)),
  plain('runtime.gettid'),
  plain('runtime.raise', int(11n)),
  plain('runtime.getpid'),
  plain('runtime.tgkill', long(3n), long(4n), long(5n)),
  plain('runtime.mincore', long(1n), long(2n), long(3n)),
  plain('runtime.rtsigprocmask', int(2n), long(2n), long(3n), int(8n)),
  plain('runtime.rt_sigaction', long(1n), long(2n), long(3n), long(4n)),
  plain('runtime.sigaltstack', long(1n), long(2n)),
  plain('runtime.futex', long(1n), pair(-5n, -6n), long(3n), long(4n), int(-7n)),
  plain('runtime.osyield'),
  plain('runtime.sched_getaffinity', long(1n), long(2n), long(3n)),
  plain('runtime.madvise', long(1n), long(2n), int(14n)),
  plain('runtime.sysMmap', long(1n), long(2n), pair(3n, 0x32n), pair(-1n, 0xffff_f000n)),
  plain('runtime.sysMunmap', long(1n), long(2n)),
  { stub: 'runtime.settls', convention: 'ABI0', cases: answers.map((a) => ({ what: `kernel says ${a}`, on: 'none', answers: [a], prepare: (rig) => rig.set('DI', rig.m.tls) })) },
  { stub: 'runtime.usleep', convention: 'ABI0', cases: [0n, 999_999n, 1_000_000n, 3_500_007n, 0xffff_ffffn].map((us) => ({ what: `${us} µs`, on: 'curg', args: [int(us)] })) },
  { stub: 'runtime.exitThread', convention: 'ABI0', cases: [
    { what: 'the kernel ends it', on: 'g0', prepare: (rig) => rig.args(rig.heap + 4n), answers: ['ends'] },
    { what: 'the kernel returns', on: 'g0', prepare: (rig) => rig.args(rig.heap + 4n), resumes: true },
  ] },
  { stub: 'runtime.nanotime1', convention: 'ABI0', readsG: true, cases: [true, false].flatMap((vdso) => [
    clock('goroutine', 'curg', vdso),
    clock('g0', 'g0', vdso),
    clock('signal', 'gsignal', vdso),
  ]) },
  { stub: 'runtime.clone', convention: 'ABI0', cases: [
    { what: 'parent', on: 'g0', answers: [0x7123_4567_8000n], ...cloneArgs(true, true) },
    { what: 'parent, a zero in the lower half', on: 'g0', answers: [APART], ...cloneArgs(true, true) },
    { what: 'parent, refused', on: 'g0', answers: [-11n], ...cloneArgs(true, true) },
    childRuns('child', cloneArgs(true, true)),
    childRuns('child without m', { ...cloneArgs(false, true), answers: [0n, 0n, 0n, 'ends'] }),
    childRuns('child without g', { ...cloneArgs(true, false), answers: [0n, 0n, 0n, 'ends'] }),
    childRuns('child on a stack that is not its g\'s', { prepare: (rig) => {
      cloneArgs(true, true).prepare!(rig);
      rig.mem.poke(rig.other.stack + 8n, 8, rig.mem.peek(rig.other.stack + 8n, 8) - 0x800n);
    } }),
  ] },
  throughC('runtime.callCgoMmap', '_cgo_mmap', { convention: 'C', args: 6, result: 0x7123_4567_8000n }, [long(1n), long(2n), pair(3n, 0x32n), pair(-1n, 0xffff_f000n)]),
  throughC('runtime.callCgoMunmap', '_cgo_munmap', { convention: 'C', args: 2 }, [long(1n), long(2n)]),
  throughC('runtime.callCgoSigaction', '_cgo_sigaction', { convention: 'C', args: 3, result: 0x7123_4567_8000n }, [long(1n), long(2n), long(3n)]),
];
