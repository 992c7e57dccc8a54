/** nanosleep(2), clock_gettime(2), sysinfo(2), the virtual clock. "measured": Linux 6.18 answered the same, under strace 6.1. */
import { describe, expect, test } from 'vitest';
import { BOOT_NS, NS_PER_CALL, START_NS } from '../../../src/emu/linux/clock.ts';
import { BAD, DATA, EFAULT, EINVAL, Guest, READ_ONLY } from './guest.ts';

describe('nanosleep (measured)', () => {
  test('a task that is alone sleeps at once: the clock jumps', () => {
    const g = new Guest();
    g.poke64(DATA, 2, 500);
    expect(g.call('nanosleep', DATA, 0)).toBe('nanosleep({tv_sec=2, tv_nsec=500}, NULL) = 0');
    expect(g.clock.nowNs).toBe(START_NS + NS_PER_CALL + 2_000_000_500n);
  });

  test('with others it blocks until then, and time passes only when the machine says so', () => {
    const g = new Guest();
    g.addTask();
    g.poke64(DATA, 0, 5000);
    const outcome = g.outcome('nanosleep', [DATA, 0]);
    if (outcome.kind !== 'block') throw new Error(`nanosleep answered ${outcome.kind}`);
    expect(outcome.on).toEqual({ untilNs: START_NS + NS_PER_CALL + 5000n });
    expect(g.clock.nowNs).toBe(START_NS + NS_PER_CALL);
    expect(g.kernel.expire(g.task, outcome.on)).toBe(0n);
    expect(g.clock.nowNs).toBe(START_NS + NS_PER_CALL + 5000n);
  });

  test('the remainder is not written without a signal, not even to a bad pointer', () => {
    const g = new Guest();
    g.poke64(DATA, 0, 0);
    expect(g.call('nanosleep', DATA, BAD)).toBe('nanosleep({tv_sec=0, tv_nsec=0}, 0x8) = 0');
  });

  test.each([
    [0, 1_000_000_000, '{tv_sec=0, tv_nsec=1000000000}'],
    [0, -1, '{tv_sec=0, tv_nsec=18446744073709551615}'],
    [-1, 0, '{tv_sec=-1, tv_nsec=0}'],
  ])('EINVAL: %i s %i ns', (sec, nsec, shown) => {
    const g = new Guest();
    g.poke64(DATA, sec, nsec);
    expect(g.call('nanosleep', DATA, 0)).toBe(`nanosleep(${shown}, NULL) = ${EINVAL}`);
    expect(g.clock.nowNs).toBe(START_NS + NS_PER_CALL);
  });

  test('EFAULT', () => {
    expect(new Guest().call('nanosleep', BAD, 0)).toBe(`nanosleep(0x8, NULL) = ${EFAULT}`);
    expect(new Guest().call('nanosleep', 0, 0)).toBe(`nanosleep(NULL, NULL) = ${EFAULT}`);
  });

  test('a sleep for ever ends at the last time there is', () => {
    const g = new Guest();
    g.poke64(DATA, 2n ** 63n - 1n, 0);
    expect(g.result('nanosleep', DATA, 0)).toBe('0');
    expect(g.clock.nowNs).toBe(2n ** 63n - 1n);
  });
});

describe('clock_gettime', () => {
  test('time is fixed at the start and moves by one step per call', () => {
    const g = new Guest();
    expect(g.call('clock_gettime', 1, DATA)).toBe('clock_gettime(CLOCK_MONOTONIC, {tv_sec=1, tv_nsec=1000}) = 0');
    expect(g.call('clock_gettime', 0, DATA)).toBe(
      'clock_gettime(CLOCK_REALTIME, {tv_sec=1577836801, tv_nsec=2000}) = 0',
    );
    expect(g.call('clock_gettime', 3, DATA)).toBe(
      'clock_gettime(CLOCK_THREAD_CPUTIME_ID, {tv_sec=0, tv_nsec=3000}) = 0',
    );
    expect(g.memory.peek(DATA + 8n, 8)).toBe(3000n);
    expect(BOOT_NS).toBe(BigInt(Date.UTC(2020, 0, 1)) * 1_000_000n);
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 11])('clock %i can be read (measured)', (id) => {
    expect(new Guest().result('clock_gettime', id, DATA)).toBe('0');
  });

  test.each([
    [8, 'CLOCK_REALTIME_ALARM'],
    [9, 'CLOCK_BOOTTIME_ALARM'],
    [10, 'CLOCK_SGI_CYCLE'],
    [99, '0x63 /* CLOCK_??? */'],
    [-1, '0xffffffff /* CLOCK_??? */'],
  ])('EINVAL before EFAULT: clock %i (measured)', (id, shown) => {
    expect(new Guest().call('clock_gettime', id, BAD)).toBe(`clock_gettime(${shown}, 0x8) = ${EINVAL}`);
  });

  test('EFAULT (measured)', () => {
    expect(new Guest().call('clock_gettime', 1, BAD)).toBe(`clock_gettime(CLOCK_MONOTONIC, 0x8) = ${EFAULT}`);
    expect(new Guest().call('clock_gettime', 1, 0)).toBe(`clock_gettime(CLOCK_MONOTONIC, NULL) = ${EFAULT}`);
    expect(new Guest().result('clock_gettime', 1, READ_ONLY)).toBe(EFAULT);
  });
});

describe('sysinfo', () => {
  test('an idle machine, up since the clock began; the rest of the struct is zero', () => {
    const g = new Guest();
    g.poke64(DATA, ...new Array(14).fill(-1));
    const uptime = (START_NS + NS_PER_CALL) / 1_000_000_000n;
    expect(g.call('sysinfo', DATA)).toBe(
      `sysinfo({uptime=${uptime}, loads=[0, 0, 0], totalram=1073741824, freeram=1073741824, sharedram=0, bufferram=0, ` +
        'totalswap=0, freeswap=0, procs=1, totalhigh=0, freehigh=0, mem_unit=1}) = 0',
    );
    const words = Array.from({ length: 14 }, (_, n) => g.memory.peek(DATA + BigInt(8 * n), 8));
    expect(words).toEqual([uptime, 0n, 0n, 0n, 1n << 30n, 1n << 30n, 0n, 0n, 0n, 0n, 1n, 0n, 0n, 1n]);
  });

  test.each([BAD, READ_ONLY])('%d cannot be written', (at) => {
    expect(new Guest().call('sysinfo', at)).toBe(`sysinfo(0x${at.toString(16)}) = ${EFAULT}`);
  });
});
