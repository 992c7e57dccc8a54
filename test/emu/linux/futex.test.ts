/** futex(2). "measured": Linux 6.18 answered the same, under strace 6.1; for several tasks, with four pthreads. */
import { beforeEach, describe, expect, test } from 'vitest';
import { BOOT_NS, NS_PER_CALL, START_NS } from '../../../src/emu/linux/clock.ts';
import type { Task } from '../../../src/emu/linux/kernel.ts';
import { straceResumed } from '../../../src/emu/linux/strace.ts';
import { BAD, DATA, EAGAIN, EFAULT, EINVAL, ENOSYS, ETIMEDOUT, Guest } from './guest.ts';

const F = DATA;
const F2 = DATA + 0x100n;
const T = DATA + 0x200n;
const [WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAIT_BITSET, WAKE_BITSET] = [0, 1, 3, 4, 9, 10];
const PRIVATE = 128;
const REALTIME = 256;

let g: Guest;
beforeEach(() => {
  g = new Guest();
  g.memory.poke(F, 4, 5n);
  g.poke64(T, 0, 1000);
});

describe('alone', () => {
  test('EAGAIN: the word has another value (measured)', () => {
    expect(g.call('futex', F, WAIT, 4, 0, 0, 0)).toBe(`futex(0x20000, FUTEX_WAIT, 4, NULL) = ${EAGAIN}`);
    expect(g.call('futex', F, WAIT | PRIVATE, 0xffffffff, 0, 0, 0)).toBe(
      `futex(0x20000, FUTEX_WAIT_PRIVATE, 4294967295, NULL) = ${EAGAIN}`,
    );
  });

  test('ETIMEDOUT: the clock jumps (measured)', () => {
    expect(g.call('futex', F, WAIT | PRIVATE, 5, T, 0, 0)).toBe(
      `futex(0x20000, FUTEX_WAIT_PRIVATE, 5, {tv_sec=0, tv_nsec=1000}) = ${ETIMEDOUT}`,
    );
    expect(g.clock.nowNs).toBe(START_NS + NS_PER_CALL + 1000n);
    expect(g.kernel.waiters).toEqual([]);
  });

  test('ETIMEDOUT: the bitset form waits until a point in time, on either clock (measured)', () => {
    expect(g.call('futex', F, WAIT_BITSET | PRIVATE, 5, T, 0, -1)).toBe(
      `futex(0x20000, FUTEX_WAIT_BITSET_PRIVATE, 5, {tv_sec=0, tv_nsec=1000}, FUTEX_BITSET_MATCH_ANY) = ${ETIMEDOUT}`,
    );
    expect(g.clock.nowNs).toBe(START_NS + NS_PER_CALL); // long past
    g.poke64(T, BOOT_NS / 1_000_000_000n + 7n, 0);
    expect(g.call('futex', F, WAIT_BITSET | PRIVATE | REALTIME, 5, T, 0, 0x10)).toBe(
      `futex(0x20000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 5, {tv_sec=1577836807, tv_nsec=0}, 0x10) = ${ETIMEDOUT}`,
    );
    expect(g.clock.nowNs).toBe(7_000_000_000n);
  });

  test('without a time limit it blocks, as data', () => {
    const outcome = g.outcome('futex', [F, WAIT | PRIVATE, 5, 0, 0, 0]);
    expect(outcome).toMatchObject({ kind: 'block', on: { futex: F } });
    expect(JSON.stringify(outcome, (_k, v) => (typeof v === 'bigint' ? String(v) : v))).toContain('"futex":"131072"');
  });

  test('nobody to wake (measured)', () => {
    expect(g.call('futex', F, WAKE, 1, 0, 0, 0)).toBe('futex(0x20000, FUTEX_WAKE, 1) = 0');
    expect(g.call('futex', F, WAKE | PRIVATE, 1, 0, 0, 0)).toBe('futex(0x20000, FUTEX_WAKE_PRIVATE, 1) = 0');
    expect(g.call('futex', F, WAKE_BITSET | PRIVATE, 5, 0, 0, -1)).toBe(
      'futex(0x20000, FUTEX_WAKE_BITSET_PRIVATE, 5, FUTEX_BITSET_MATCH_ANY) = 0',
    );
  });
});

describe('errors (measured)', () => {
  test('EINVAL: misaligned address, empty bitset', () => {
    expect(g.call('futex', F + 1n, WAKE | PRIVATE, 1, 0, 0, 0)).toBe(
      `futex(0x20001, FUTEX_WAKE_PRIVATE, 1) = ${EINVAL}`,
    );
    expect(g.call('futex', F + 2n, WAIT | PRIVATE, 1, 0, 0, 0)).toBe(
      `futex(0x20002, FUTEX_WAIT_PRIVATE, 1, NULL) = ${EINVAL}`,
    );
    expect(g.call('futex', F, WAIT_BITSET | PRIVATE, 5, 0, 0, 0)).toBe(
      `futex(0x20000, FUTEX_WAIT_BITSET_PRIVATE, 5, NULL, 0) = ${EINVAL}`,
    );
    expect(g.call('futex', F, WAKE_BITSET | PRIVATE, 5, 0, 0, 0)).toBe(
      `futex(0x20000, FUTEX_WAKE_BITSET_PRIVATE, 5, 0) = ${EINVAL}`,
    );
  });

  test('EINVAL: a bad timeout, before the value is looked at', () => {
    g.poke64(T, 0, 1_000_000_000);
    for (const value of [4, 5]) expect(g.result('futex', F, WAIT | PRIVATE, value, T, 0, 0)).toBe(EINVAL);
  });

  test('EFAULT', () => {
    expect(g.call('futex', F, WAIT | PRIVATE, 5, BAD, 0, 0)).toBe(
      `futex(0x20000, FUTEX_WAIT_PRIVATE, 5, 0x8) = ${EFAULT}`,
    );
    expect(g.call('futex', BAD, WAIT | PRIVATE, 1, 0, 0, 0)).toBe(
      `futex(0x8, FUTEX_WAIT_PRIVATE, 1, NULL) = ${EFAULT}`,
    );
    expect(g.call('futex', 0, WAIT | PRIVATE, 4, 0, 0, 0)).toBe(`futex(NULL, FUTEX_WAIT_PRIVATE, 4, NULL) = ${EFAULT}`);
    expect(g.call('futex', BAD, WAKE, 1, 0, 0, 0)).toBe(`futex(0x8, FUTEX_WAKE, 1) = ${EFAULT}`);
    expect(g.call('futex', 0xffff800000000000n, WAKE | PRIVATE, 1, 0, 0, 0)).toBe(
      `futex(0xffff800000000000, FUTEX_WAKE_PRIVATE, 1) = ${EFAULT}`,
    );
  });

  test('waking a private futex needs no memory there', () => {
    expect(g.call('futex', BAD, WAKE | PRIVATE, 1, 0, 0, 0)).toBe('futex(0x8, FUTEX_WAKE_PRIVATE, 1) = 0');
    expect(g.result('futex', 0x7ffffffff000n, WAKE | PRIVATE, 1, 0, 0, 0)).toBe('0');
  });

  test('ENOSYS: FUTEX_CLOCK_REALTIME where it does not belong, unknown operations', () => {
    expect(g.call('futex', F, WAIT | PRIVATE | REALTIME, 5, T, 0, 0)).toBe(
      `futex(0x20000, FUTEX_WAIT_PRIVATE|FUTEX_CLOCK_REALTIME, 5, {tv_sec=0, tv_nsec=1000}) = ${ENOSYS}`,
    );
    expect(g.call('futex', F, WAKE | PRIVATE | REALTIME, 5, 0, 0, 0)).toBe(
      `futex(0x20000, 0x181 /* FUTEX_??? */, 5) = ${ENOSYS}`,
    );
    expect(g.call('futex', F, 2, 0, 0, 0, 0)).toBe(`futex(0x20000, FUTEX_FD, 0) = ${ENOSYS}`);
    expect(g.call('futex', F, 99, 0, 0, 0, 0)).toBe(
      `futex(0x20000, 0x63 /* FUTEX_??? */, 0, NULL, NULL, 0) = ${ENOSYS}`,
    );
    expect(g.call('futex', F, 0x1080, 4, 0, 0, 0)).toBe(`futex(0x20000, 0x1080 /* FUTEX_??? */, 4, NULL) = ${ENOSYS}`);
  });

  test('a requeue: EINVAL for negative counts and misaligned addresses', () => {
    expect(g.result('futex', F, REQUEUE | PRIVATE, -1, 2, F2, 0)).toBe(EINVAL);
    expect(g.result('futex', F, REQUEUE | PRIVATE, 1, -1, F2, 0)).toBe(EINVAL);
    expect(g.result('futex', F, REQUEUE | PRIVATE, 1, 1, F2 + 1n, 0)).toBe(EINVAL);
  });
});

describe('four tasks asleep (measured)', () => {
  let sleepers: Task[];
  const sleep = (op: number, bitset = -1): void => {
    sleepers = [1, 2, 3, 4].map(() => g.addTask());
    for (const t of sleepers) expect(g.outcome('futex', [F, op, 5, 0, 0, bitset], t).kind).toBe('block');
  };
  const woken = (op: number, count: number, address = F, bitset = -1): readonly number[] => {
    const outcome = g.outcome('futex', [address, op, count, 0, 0, bitset]);
    if (outcome.kind !== 'return') throw new Error(`a wake answered ${outcome.kind}`);
    expect(outcome.value).toBe(BigInt(outcome.wakes.length));
    return outcome.wakes;
  };

  test('wake: in order of arrival; a count of 0 or -1 wakes one; shared and private never meet', () => {
    sleep(WAIT | PRIVATE);
    expect(woken(WAKE | PRIVATE, 0)).toEqual([1001]);
    expect(woken(WAKE | PRIVATE, -1)).toEqual([1002]);
    expect(woken(WAKE, 9)).toEqual([]);
    expect(woken(WAKE | PRIVATE, 0x7fffffff)).toEqual([1003, 1004]);
    expect(g.kernel.waiters).toEqual([]);
  });

  test('a bitset wakes only those that share a bit', () => {
    sleep(WAIT_BITSET | PRIVATE, 2);
    expect(woken(WAKE_BITSET | PRIVATE, 9, F, 1)).toEqual([]);
    expect(woken(WAKE_BITSET | PRIVATE, 3, F, 3)).toEqual([1001, 1002, 1003]);
    expect(woken(WAKE | PRIVATE, 9)).toEqual([1004]);
  });

  test('requeue: wakes some, moves some, answers how many of both', () => {
    sleep(WAIT | PRIVATE);
    expect(g.call('futex', F, REQUEUE | PRIVATE, 1, 2, F2, 0)).toBe(
      'futex(0x20000, FUTEX_REQUEUE_PRIVATE, 1, 2, 0x20100) = 3',
    );
    expect(woken(WAKE | PRIVATE, 9)).toEqual([1004]);
    expect(woken(WAKE | PRIVATE, 9, F2)).toEqual([1002, 1003]);
  });

  test('compare and requeue: EAGAIN for another value', () => {
    sleep(WAIT | PRIVATE);
    expect(g.call('futex', F, CMP_REQUEUE | PRIVATE, 1, 2, F2, 3)).toBe(
      `futex(0x20000, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, 0x20100, 3) = ${EAGAIN}`,
    );
    expect(g.call('futex', F, CMP_REQUEUE | PRIVATE, 0, 9, F2, 5)).toBe(
      'futex(0x20000, FUTEX_CMP_REQUEUE_PRIVATE, 0, 9, 0x20100, 5) = 4',
    );
    expect(woken(WAKE_BITSET | PRIVATE, 9, F2, 1)).toEqual([1001, 1002, 1003, 1004]);
  });

  test('a time limit with others about: blocks until then, and expires', () => {
    sleep(WAIT | PRIVATE);
    const outcome = g.outcome('futex', [F, WAIT | PRIVATE, 5, T, 0, 0]);
    if (outcome.kind !== 'block') throw new Error(`a wait answered ${outcome.kind}`);
    const now = START_NS + 5n * NS_PER_CALL;
    expect(outcome.on).toEqual({ futex: F, untilNs: now + 1000n });
    const value = g.kernel.expire(g.task, outcome.on);
    expect(straceResumed(outcome.record, value)).toBe(`<... futex resumed>) = ${ETIMEDOUT}`);
    expect(g.clock.nowNs).toBe(now + 1000n);
    expect(g.kernel.waiters.length).toBe(4);
  });

  test('strace shows the first half of a call that blocks', () => {
    sleep(WAIT | PRIVATE);
    expect(g.callAs(sleepers[0]!, 'futex', F, WAIT | PRIVATE, 5, 0, 0, 0)).toBe(
      'futex(0x20000, FUTEX_WAIT_PRIVATE, 5, NULL <unfinished ...>',
    );
  });

  test('waiting without end cannot expire', () => {
    expect(() => g.kernel.expire(g.task, { futex: F })).toThrow('task 1000 waits without a time limit');
  });
});
