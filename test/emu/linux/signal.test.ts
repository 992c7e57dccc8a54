/** rt_sigaction(2), rt_sigprocmask(2), sigaltstack(2). "measured": Linux 6.18 answered the same, under strace 6.1. */
import { beforeEach, describe, expect, test } from 'vitest';
import { R } from '../../../src/emu/cpu/layout.ts';
import { BAD, DATA, EFAULT, EINVAL, ENOMEM, EPERM, Guest, READ_ONLY } from './guest.ts';

const OLD = DATA + 0x100n;
let g: Guest;
beforeEach(() => {
  g = new Guest();
});

describe('rt_sigaction (measured)', () => {
  const shown =
    '{sa_handler=0x401000, sa_mask=~[], sa_flags=SA_RESTORER|SA_ONSTACK|SA_RESTART|SA_SIGINFO, sa_restorer=0x402000}';
  const none = '{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}';
  beforeEach(() => g.poke64(DATA, 0x401000, 0x1c000004, 0x402000, -1));

  test('sets and reads back; SIGKILL and SIGSTOP leave the mask', () => {
    expect(g.call('rt_sigaction', 10, DATA, OLD, 8)).toBe(`rt_sigaction(SIGUSR1, ${shown}, ${none}, 8) = 0`);
    expect(g.call('rt_sigaction', 10, 0, OLD, 8)).toBe(
      `rt_sigaction(SIGUSR1, NULL, ${shown.replace('~[]', '~[KILL STOP]')}, 8) = 0`,
    );
    expect(g.memory.peek(OLD + 24n, 8)).toBe(0xffff_ffff_fffb_feffn);
    expect(g.call('rt_sigaction', 10, 0, 0, 8)).toBe('rt_sigaction(SIGUSR1, NULL, NULL, 8) = 0');
    expect(g.kernel.sigactions.get(10)?.handler).toBe(0x401000n);
  });

  test('unknown flags are dropped', () => {
    g.poke64(DATA, 1, 0xc0000c23n, 0x402000, 0x300000000n);
    expect(g.call('rt_sigaction', 12, DATA, 0, 8)).toBe(
      'rt_sigaction(SIGUSR2, {sa_handler=SIG_IGN, sa_mask=[RT_1 RT_2], sa_flags=SA_NODEFER|SA_RESETHAND|SA_NOCLDSTOP|SA_NOCLDWAIT|0xc20}, NULL, 8) = 0',
    );
    expect(g.call('rt_sigaction', 12, 0, OLD, 8)).toContain('SA_NOCLDWAIT|0x800}');
  });

  test('all 64 signals; the realtime ones have strace names', () => {
    expect(g.call('rt_sigaction', 64, DATA, OLD, 8)).toBe(`rt_sigaction(SIGRT_32, ${shown}, ${none}, 8) = 0`);
    expect(g.call('rt_sigaction', 32, 0, OLD, 8)).toBe(`rt_sigaction(SIGRTMIN, NULL, ${none}, 8) = 0`);
    for (let s = 1; s <= 64; s++) expect(g.result('rt_sigaction', s, 0, OLD, 8)).toBe('0');
  });

  test.each([-1, 0, 65, 100])('EINVAL: signal %i', (signal) => {
    expect(g.call('rt_sigaction', signal, 0, OLD, 8)).toBe(`rt_sigaction(${signal}, NULL, 0x20100, 8) = ${EINVAL}`);
  });

  test('EINVAL: an action for SIGKILL or SIGSTOP; reading theirs is fine', () => {
    expect(g.call('rt_sigaction', 9, DATA, 0, 8)).toBe(`rt_sigaction(SIGKILL, ${shown}, NULL, 8) = ${EINVAL}`);
    expect(g.call('rt_sigaction', 19, DATA, 0, 8)).toBe(`rt_sigaction(SIGSTOP, ${shown}, NULL, 8) = ${EINVAL}`);
    expect(g.call('rt_sigaction', 9, 0, OLD, 8)).toBe(`rt_sigaction(SIGKILL, NULL, ${none}, 8) = 0`);
    expect(g.kernel.sigactions.size).toBe(0);
  });

  test('EINVAL: size, before anything is read', () => {
    expect(g.call('rt_sigaction', 10, DATA, 0, 16)).toBe(`rt_sigaction(SIGUSR1, ${shown}, NULL, 16) = ${EINVAL}`);
    expect(g.result('rt_sigaction', 0, BAD, 0, 16)).toBe(EINVAL);
  });

  test('EFAULT: the new action, before its signal is looked at; the old one, after the change', () => {
    expect(g.call('rt_sigaction', 10, BAD, 0, 8)).toBe(`rt_sigaction(SIGUSR1, 0x8, NULL, 8) = ${EFAULT}`);
    expect(g.result('rt_sigaction', 0, BAD, 0, 8)).toBe(EFAULT);
    expect(g.kernel.sigactions.size).toBe(0);
    expect(g.call('rt_sigaction', 10, 0, BAD, 8)).toBe(`rt_sigaction(SIGUSR1, NULL, 0x8, 8) = ${EFAULT}`);
    expect(g.result('rt_sigaction', 10, DATA, READ_ONLY, 8)).toBe(EFAULT);
    expect(g.kernel.sigactions.size).toBe(1);
  });
});

describe('rt_sigprocmask (measured)', () => {
  const mask = (how: number, set: number | bigint): string => {
    g.poke64(DATA, set);
    return g.call('rt_sigprocmask', how, DATA, OLD, 8);
  };

  test('block, unblock, set', () => {
    expect(mask(0, 0x4200)).toBe('rt_sigprocmask(SIG_BLOCK, [USR1 TERM], [], 8) = 0');
    expect(mask(0, 2)).toBe('rt_sigprocmask(SIG_BLOCK, [INT], [USR1 TERM], 8) = 0');
    expect(mask(1, 0x200)).toBe('rt_sigprocmask(SIG_UNBLOCK, [USR1], [INT USR1 TERM], 8) = 0');
    expect(mask(2, 0x380000000n)).toBe('rt_sigprocmask(SIG_SETMASK, [RTMIN RT_1 RT_2], [INT TERM], 8) = 0');
    expect(g.task.sigmask).toBe(0x380000000n);
  });

  test('SIGKILL and SIGSTOP cannot be blocked', () => {
    expect(mask(2, -1)).toBe('rt_sigprocmask(SIG_SETMASK, ~[], [], 8) = 0');
    expect(g.call('rt_sigprocmask', 0, 0, OLD, 8)).toBe('rt_sigprocmask(SIG_BLOCK, NULL, ~[KILL STOP], 8) = 0');
  });

  test('every name', () => {
    expect(mask(2, 0xffff00)).toBe(
      'rt_sigprocmask(SIG_SETMASK, [KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU], [], 8) = 0',
    );
  });

  test('EINVAL: an unknown way, but only with a set; a wrong size', () => {
    expect(mask(3, 0x4200)).toBe(`rt_sigprocmask(0x3 /* SIG_??? */, [USR1 TERM], 0x20100, 8) = ${EINVAL}`);
    expect(g.call('rt_sigprocmask', 3, 0, OLD, 8)).toBe('rt_sigprocmask(0x3 /* SIG_??? */, NULL, [], 8) = 0');
    expect(g.call('rt_sigprocmask', 0, DATA, 0, 16)).toBe(`rt_sigprocmask(SIG_BLOCK, 0x20000, NULL, 16) = ${EINVAL}`);
    expect(g.task.sigmask).toBe(0n);
  });

  test('EFAULT: the set, before the way is looked at; the old set, after the change', () => {
    expect(g.call('rt_sigprocmask', 99, BAD, 0, 8)).toBe(
      `rt_sigprocmask(0x63 /* SIG_??? */, 0x8, NULL, 8) = ${EFAULT}`,
    );
    g.poke64(DATA, 2);
    expect(g.call('rt_sigprocmask', 0, DATA, BAD, 8)).toBe(`rt_sigprocmask(SIG_BLOCK, [INT], 0x8, 8) = ${EFAULT}`);
    expect(g.task.sigmask).toBe(2n);
  });
});

describe('sigaltstack (measured)', () => {
  const disabled = '{ss_sp=NULL, ss_flags=SS_DISABLE, ss_size=0}';
  const set = (flags: number, size: number): string => {
    g.poke64(DATA, 0x24000, flags, size);
    return g.call('sigaltstack', DATA, 0);
  };

  test('sets and reads', () => {
    expect(g.call('sigaltstack', 0, OLD)).toBe(`sigaltstack(NULL, ${disabled}) = 0`);
    expect(set(0, 2048)).toBe('sigaltstack({ss_sp=0x24000, ss_flags=0, ss_size=2048}, NULL) = 0');
    expect(g.call('sigaltstack', DATA, OLD)).toBe(
      'sigaltstack({ss_sp=0x24000, ss_flags=0, ss_size=2048}, {ss_sp=0x24000, ss_flags=0, ss_size=2048}) = 0',
    );
    expect(g.call('sigaltstack', 0, 0)).toBe('sigaltstack(NULL, NULL) = 0');
  });

  test('SS_DISABLE forgets it, whatever the size; SS_AUTODISARM is remembered, SS_ONSTACK is not', () => {
    expect(set(2, 0)).toContain('= 0');
    expect(g.call('sigaltstack', 0, OLD)).toContain(disabled);
    expect(set(1, 4096)).toBe('sigaltstack({ss_sp=0x24000, ss_flags=SS_ONSTACK, ss_size=4096}, NULL) = 0');
    expect(g.call('sigaltstack', 0, OLD)).toContain('ss_flags=0,');
    expect(set(0x80000000, 4096)).toContain('= 0');
    expect(g.call('sigaltstack', 0, OLD)).toContain('{ss_sp=0x24000, ss_flags=SS_AUTODISARM, ss_size=4096}');
    expect(set(0x80000002, 4096)).toContain('= 0');
    expect(g.call('sigaltstack', 0, OLD)).toContain('{ss_sp=NULL, ss_flags=SS_DISABLE|SS_AUTODISARM, ss_size=0}');
  });

  test('ENOMEM: smaller than MINSIGSTKSZ', () => {
    expect(set(0, 2047)).toBe(`sigaltstack({ss_sp=0x24000, ss_flags=0, ss_size=2047}, NULL) = ${ENOMEM}`);
    expect(g.task.altStack.size).toBe(0n);
  });

  test('EINVAL: flags', () => {
    expect(set(4, 4096)).toBe(
      `sigaltstack({ss_sp=0x24000, ss_flags=0x4 /* SS_??? */, ss_size=4096}, NULL) = ${EINVAL}`,
    );
    expect(set(3, 4096)).toBe(
      `sigaltstack({ss_sp=0x24000, ss_flags=SS_ONSTACK|SS_DISABLE, ss_size=4096}, NULL) = ${EINVAL}`,
    );
  });

  test('EPERM: the task runs on it; a query says so', () => {
    set(0, 4096);
    g.task.cpu.setGpr(R.sp, 0x24800n);
    expect(g.call('sigaltstack', 0, OLD)).toContain('{ss_sp=0x24000, ss_flags=SS_ONSTACK, ss_size=4096}');
    expect(set(2, 0)).toContain(EPERM);
    g.task.cpu.setGpr(R.sp, 0x25001n);
    expect(set(2, 0)).toContain('= 0');
  });

  test('EFAULT: the new stack; the old one, after the change', () => {
    expect(g.call('sigaltstack', BAD, 0)).toBe(`sigaltstack(0x8, NULL) = ${EFAULT}`);
    g.poke64(DATA, 0x24000, 0, 4096);
    expect(g.call('sigaltstack', DATA, BAD)).toBe(
      `sigaltstack({ss_sp=0x24000, ss_flags=0, ss_size=4096}, 0x8) = ${EFAULT}`,
    );
    expect(g.task.altStack.size).toBe(4096n);
  });
});
