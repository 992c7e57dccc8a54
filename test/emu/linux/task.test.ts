/** exit(2) and friends, arch_prctl(2), getpid(2). "measured": Linux 6.18 answered the same, under strace 6.1. */
import { describe, expect, test } from 'vitest';
import { strace } from '../../../src/emu/linux/strace.ts';
import { BAD, DATA, EFAULT, EINVAL, ENOSYS, EPERM, Guest, READ_ONLY } from './guest.ts';

describe('exit', () => {
  test('exit_group ends every task; the status is the low 8 bits (measured)', () => {
    const g = new Guest();
    const other = g.addTask();
    const outcome = g.outcome('exit_group', [0x103]);
    if (outcome.kind !== 'exit') throw new Error(`exit_group answered ${outcome.kind}`);
    expect(outcome).toMatchObject({ status: 3, group: true });
    expect(strace(outcome.record)).toBe('exit_group(259) = ?');
    expect([g.task.exited, other.exited]).toEqual([259, 259]);
  });

  test('exit ends one task', () => {
    const g = new Guest();
    const other = g.addTask();
    expect(g.kernel.isAlone).toBe(false);
    expect(g.outcome('exit', [-1], other)).toMatchObject({ kind: 'exit', status: 255, group: false });
    expect(g.kernel.isAlone).toBe(true);
    expect(g.task.exited).toBeUndefined();
  });
});

describe('arch_prctl (measured)', () => {
  test('sets and reads the bases', () => {
    const g = new Guest();
    expect(g.call('arch_prctl', 0x1002, 0x7fffffffefffn)).toBe('arch_prctl(ARCH_SET_FS, 0x7fffffffefff) = 0');
    expect(g.call('arch_prctl', 0x1001, 0)).toBe('arch_prctl(ARCH_SET_GS, 0) = 0');
    expect(g.task.cpu.fsBase).toBe(0x7fffffffefffn);
    expect(g.call('arch_prctl', 0x1003, DATA)).toBe('arch_prctl(ARCH_GET_FS, [0x7fffffffefff]) = 0');
    g.task.cpu.gsBase = 0x1234n;
    expect(g.call('arch_prctl', 0x1004, DATA + 8n)).toBe('arch_prctl(ARCH_GET_GS, [0x1234]) = 0');
    expect([g.memory.peek(DATA, 8), g.memory.peek(DATA + 8n, 8)]).toEqual([0x7fffffffefffn, 0x1234n]);
  });

  test.each([0x7ffffffff000n, 0x800000000000n, 0xffff800000000000n])('EPERM: a base of 0x%s', (base) => {
    const g = new Guest();
    expect(g.call('arch_prctl', 0x1002, base)).toBe(`arch_prctl(ARCH_SET_FS, 0x${base.toString(16)}) = ${EPERM}`);
    expect(g.call('arch_prctl', 0x1001, base)).toBe(`arch_prctl(ARCH_SET_GS, 0x${base.toString(16)}) = ${EPERM}`);
    expect([g.task.cpu.fsBase, g.task.cpu.gsBase]).toEqual([0n, 0n]);
  });

  test('EFAULT: nowhere to store', () => {
    expect(new Guest().call('arch_prctl', 0x1003, BAD)).toBe(`arch_prctl(ARCH_GET_FS, 0x8) = ${EFAULT}`);
    expect(new Guest().result('arch_prctl', 0x1004, READ_ONLY)).toBe(EFAULT);
  });

  test('EINVAL: unknown code; CPUID faulting is off and stays off', () => {
    const g = new Guest();
    expect(g.call('arch_prctl', 0x3001, 0xc0000002n)).toBe(`arch_prctl(0x3001 /* ARCH_??? */, 0xc0000002) = ${EINVAL}`);
    expect(g.call('arch_prctl', 99, 0)).toBe(`arch_prctl(0x63 /* ARCH_??? */, 0) = ${EINVAL}`);
    expect(g.call('arch_prctl', 0x1011, 5)).toBe('arch_prctl(ARCH_GET_CPUID) = 1');
    expect(g.call('arch_prctl', 0x1012, 1)).toBe('arch_prctl(ARCH_SET_CPUID, 0x1) = -1 ENODEV (No such device)');
  });
});

test('who is asking', () => {
  const g = new Guest();
  const other = g.addTask();
  expect(g.call('getpid')).toBe('getpid() = 1000');
  expect(g.call('gettid')).toBe('gettid() = 1000');
  expect(g.callAs(other, 'getpid')).toBe('getpid() = 1000');
  expect(g.callAs(other, 'gettid')).toBe('gettid() = 1001');
  expect(g.callAs(other, 'set_tid_address', DATA)).toBe('set_tid_address(0x20000) = 1001');
});

test('sched_yield', () => {
  expect(new Guest().call('sched_yield')).toBe('sched_yield() = 0');
});

test('what a C library asks for at start (measured, but for rseq)', () => {
  const g = new Guest();
  expect(g.call('set_robust_list', DATA, 24)).toBe('set_robust_list(0x20000, 24) = 0');
  expect(g.call('set_robust_list', DATA, 25)).toBe(`set_robust_list(0x20000, 25) = ${EINVAL}`);
  expect(g.result('rseq', DATA, 32, 0, 0x53053053)).toBe(ENOSYS);
});
