/** What Go has in C or takes from libc: the way into mstart, and what C code of scenarios calls. */
import type { Case, Row } from './row.ts';

/** Go has it in gcc_amd64.S. setg_gcc gives back what C gives back, but R14. */
export const thread: Row = {
  stub: 'crosscall_amd64',
  convention: 'C',
  callees: {
    setg: { convention: 'C', args: 1, does: (rig) => rig.set('R14', rig.other.at) },
    fn: { convention: 'ABI0', args: 0, also: ['R14'] },
  },
  cases: [
    {
      what: 'a new thread',
      on: 'none',
      prepare: (rig) => {
        rig.set('DI', rig.program.gate('fn'));
        rig.set('SI', rig.program.gate('setg'));
        rig.set('DX', rig.other.at);
      },
    },
  ],
};

const sleeps = (us: bigint, answer = 0n): Case => ({
  what: `${us} µs`,
  on: 'g0',
  answers: [answer],
  prepare: (rig) => rig.set('DI', 0xfeed_0000_0000_0000n | us),
});
const yields = (what: string, answer: bigint): Case => ({ what, on: 'g0', answers: [answer] });

export const usleep: Row = {
  stub: 'usleep',
  convention: 'C',
  results: ['EAX'],
  cases: [sleeps(0n), sleeps(1n), sleeps(999_999n), sleeps(0xffff_ffffn), sleeps(2n, -4n)],
};
export const schedYield: Row = {
  stub: 'sched_yield',
  convention: 'C',
  results: ['EAX'],
  cases: [yields('yields', 0n), yields('may not', -1n)],
};
/** The fourth argument comes in another register than the kernel wants it in. */
const waits = (what: string, answer: bigint): Case => ({
  what,
  on: 'g0',
  answers: [answer],
  prepare: (rig) => {
    rig.set('DI', 0x1234n);
    rig.set('SI', 0x80n);
    rig.set('DX', 7n);
    rig.set('CX', 0x5678n);
  },
});
export const futex: Row = {
  stub: 'futex',
  convention: 'C',
  results: ['EAX'],
  cases: [waits('woken', 0n), waits('another value', -11n)],
};
/** Run for comparison: nothing but a RET. */
export const nothing: Row = { stub: 'runtime.systemstack_switch', convention: 'C', cases: [yields('returns', 0n)] };
