/** Fault rules: how they are written, and what they do. */
import { describe, expect, test } from 'vitest';
import { NS_PER_CALL, START_NS } from '../../../src/emu/linux/clock.ts';
import { parseRule, RuleError } from '../../../src/emu/linux/rules.ts';
import { DATA, Guest } from './guest.ts';

describe('parsing', () => {
  const ever = Number.POSITIVE_INFINITY;
  test.each([
    ['mmap:ENOMEM', { call: 'mmap', errno: 12, first: 1, last: ever }],
    ['mmap:ENOMEM@2', { call: 'mmap', errno: 12, first: 2, last: 2 }],
    ['mmap:ENOMEM@2+', { call: 'mmap', errno: 12, first: 2, last: ever }],
    ['munmap:EINVAL@1-3', { call: 'munmap', errno: 22, first: 1, last: 3 }],
    [' clone3:EAGAIN ', { call: 'clone3', errno: 11, first: 1, last: ever }],
  ])('%s', (text, rule) => {
    expect(parseRule(text)).toEqual(rule);
  });

  test.each([
    ['mmap:ENOMM@2', 'no errno is called ENOMM; did you mean ENOMEM?'],
    ['mmap:enomem', 'no errno is called enomem; did you mean ENOMEM?'],
    ['mmap:12', 'no errno is called 12'],
    ['mmap:', "no errno is called ''"],
    ['mmpa:ENOMEM', 'no system call is called mmpa; did you mean mmap?'],
    ['frobnicate:ENOMEM', 'no system call is called frobnicate'],
    ['toString:ENOMEM', 'no system call is called toString'],
    ['mmap:toString', 'no errno is called toString'],
    ['mmap', 'write CALL:ERRNO or CALL:ERRNO@WHICH, such as mmap:ENOMEM@2'],
    ['', 'write CALL:ERRNO or CALL:ERRNO@WHICH, such as mmap:ENOMEM@2'],
    ['mmap:ENOMEM:2', 'write CALL:ERRNO or CALL:ERRNO@WHICH, such as mmap:ENOMEM@2'],
    ['mmap:ENOMEM@', "'' does not say which calls; write @2 (the second), @2+ (from it on) or @1-3"],
    ['mmap:ENOMEM@x', "'x' does not say which calls; write @2 (the second), @2+ (from it on) or @1-3"],
    ['mmap:ENOMEM@2-', "'2-' does not say which calls; write @2 (the second), @2+ (from it on) or @1-3"],
    ['mmap:ENOMEM@0', 'calls are counted from 1'],
    ['mmap:ENOMEM@3-1', 'no call is both from 3 on and up to 1; write @1-3'],
  ])('%j is refused', (text, why) => {
    expect(() => parseRule(text)).toThrow(new RuleError(`--fail '${text}': ${why}`));
  });

  test('the message names the place the rule came from', () => {
    expect(() => parseRule('x', 'scenario.ts:3')).toThrow("scenario.ts:3 'x': write CALL:ERRNO");
  });
});

describe('an injected failure', () => {
  const mmap = (g: Guest): string => g.result('mmap', 0, 4096, 3, 0x22, -1, 0);

  test('says so, and has no effect', () => {
    const g = new Guest('mmap:ENOMEM@2');
    expect(mmap(g)).toBe('0x7ffff7ffe000');
    const before = g.regions();
    expect(g.call('mmap', 0, 4096, 3, 0x22, -1, 0)).toBe(
      'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = -1 ENOMEM (Cannot allocate memory) (INJECTED)',
    );
    expect(g.regions()).toEqual(before);
    expect(mmap(g)).toBe('0x7ffff7ffd000');
    expect(g.clock.nowNs).toBe(START_NS + 3n * NS_PER_CALL);
  });

  test('also for calls that end or sleep', () => {
    const g = new Guest('exit_group:EPERM@1', 'nanosleep:EINTR', 'clock_gettime:EINVAL');
    g.poke64(DATA, 5, 0);
    expect(g.call('exit_group', 1)).toBe('exit_group(1) = -1 EPERM (Operation not permitted) (INJECTED)');
    expect(g.task.exited).toBeUndefined();
    expect(g.call('nanosleep', DATA, 0)).toBe(
      'nanosleep({tv_sec=5, tv_nsec=0}, NULL) = -1 EINTR (Interrupted system call) (INJECTED)',
    );
    expect(g.call('clock_gettime', 1, DATA)).toBe(
      'clock_gettime(CLOCK_MONOTONIC, 0x20000) = -1 EINVAL (Invalid argument) (INJECTED)',
    );
    expect(g.clock.nowNs).toBe(START_NS + 3n * NS_PER_CALL);
  });

  test('the outcome carries -errno and the mark', () => {
    const outcome = new Guest('getpid:EPERM').outcome('getpid', []);
    expect(outcome).toMatchObject({
      kind: 'return',
      value: 2n ** 64n - 1n,
      record: { injected: true, name: 'getpid' },
    });
  });

  const pattern = (rules: string[]): string => {
    const g = new Guest(...rules);
    return Array.from({ length: 5 }, () => (mmap(g).startsWith('-1') ? 'x' : '.')).join('');
  };
  test.each([
    [['mmap:ENOMEM'], 'xxxxx'],
    [['mmap:ENOMEM@2'], '.x...'],
    [['mmap:ENOMEM@2+'], '.xxxx'],
    [['mmap:ENOMEM@2-3'], '.xx..'],
    [['mmap:ENOMEM@1', 'mmap:EPERM@4'], 'x..x.'],
    [['munmap:EINVAL'], '.....'],
  ])('%j of five calls: %s', (rules, expected) => {
    expect(pattern(rules)).toBe(expected);
  });

  test('of two rules that fit, the first decides', () => {
    expect(mmap(new Guest('mmap:EPERM@1', 'mmap:ENOMEM'))).toContain('EPERM');
  });

  test('a call without a row can be made to fail too', () => {
    const { kernel, task } = new Guest('clone3:EAGAIN');
    expect(kernel.call(task, 435, [1n, 88n])).toMatchObject({ kind: 'return', record: { args: ['0x1', '0x58'] } });
  });
});
