/** What holds for every call: numbers without a row, the tables' agreement, counting, saving. */
import { describe, expect, test } from 'vitest';
import { START_NS } from '../../../src/emu/linux/clock.ts';
import { describeErrno, errnos } from '../../../src/emu/linux/errno.ts';
import { allNames, nameOf } from '../../../src/emu/linux/names.ts';
import { coverage, table } from '../../../src/emu/linux/table.ts';
import { DATA, Guest } from './guest.ts';

describe('a number without a row', () => {
  test.each([
    [0, 'read'],
    [56, 'clone'],
    [333, 'io_pgetevents'],
    [424, 'pidfd_send_signal'],
    [435, 'clone3'],
    [500, 'syscall_0x1f4'],
    [-1, 'syscall_0xffffffff'],
  ])('%i stops the machine with the name %s; no time passes', (number, name) => {
    const { kernel, task, clock } = new Guest();
    expect(kernel.call(task, number, [])).toEqual({ kind: 'unknown', number, name });
    expect(clock.nowNs).toBe(START_NS);
  });
});

describe('the tables', () => {
  test('rows are in order, and none is there twice', () => {
    const numbers = table.map((r) => r.number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  test('all 0..334 and 424..469 have names, each its own', () => {
    const numbers = [...Array(335).keys(), ...Array.from({ length: 46 }, (_, i) => 424 + i)];
    expect(numbers.filter((n) => nameOf(n).startsWith('syscall_'))).toEqual([]);
    expect(new Set(allNames).size).toBe(allNames.length);
  });

  test('coverage lists every row, with a note where it is not the whole call', () => {
    const listed = coverage();
    expect(listed.map((c) => c.name)).toEqual(table.map((r) => r.name));
    expect(listed.filter((c) => (c.level === 'full') !== (c.note === ''))).toEqual([]);
    expect(listed.find((c) => c.number === 11)).toEqual({ number: 11, name: 'munmap', level: 'full', note: '' });
    expect(listed.find((c) => c.number === 334)?.level).toBe('refused');
  });

  test('errnos: 131 names, 1..133, without 41 and 58', () => {
    const numbers = Object.values(errnos).map(([n]) => n);
    const expected = Array.from({ length: 133 }, (_, i) => i + 1).filter((n) => n !== 41 && n !== 58);
    expect(numbers).toEqual(expected);
    expect(describeErrno(133)).toBe('EHWPOISON (Memory page has hardware error)');
    expect(describeErrno(4000)).toBe('4000 (Unknown error 4000)');
  });
});

test('what is saved comes back: clock, break, actions, masks, stacks, waiters, and the count that rules go by', () => {
  const g = new Guest('mmap:ENOMEM@2');
  const other = g.addTask();
  const mmap = (): string => g.result('mmap', 0, 4096, 3, 0x22, -1, 0);
  mmap();
  const saved = g.kernel.save();
  const disturb = (): string[] => {
    g.poke64(DATA, 0x401000, 0, 0, 0);
    const lines = [
      mmap(),
      g.call('brk', 0x55555555a000n),
      g.call('rt_sigaction', 10, DATA, DATA + 64n, 8),
      g.call('rt_sigprocmask', 0, DATA, DATA + 64n, 8),
      g.callAs(other, 'futex', DATA + 8n, 0, 0, 0, 0, 0),
      g.call('sigaltstack', 0, DATA + 64n),
    ];
    g.poke64(DATA, DATA, 0, 4096);
    lines.push(g.call('sigaltstack', DATA, 0), g.callAs(other, 'exit', 0), g.call('clock_gettime', 1, DATA));
    return lines;
  };
  const first = disturb();
  expect(g.kernel.isAlone).toBe(true);
  g.addTask();
  g.kernel.restore(saved);
  expect(g.kernel.tasks).toEqual([g.task, other]);
  expect(g.kernel.isAlone).toBe(false);
  expect(g.kernel.waiters).toEqual([]);
  g.memory.unmap(0x555555559000n, 0x1000n); // memory is the machine's to restore
  expect(disturb()).toEqual(first);
  expect(first[0]).toContain('(INJECTED)');
});

test('the argument object of a handler comes from its row: a wrong field is a type error', async () => {
  const { sys } = await import('../../../src/emu/linux/row.ts');
  const { ptr } = await import('../../../src/emu/linux/argument.ts');
  const row = sys(12, 'brk', { addr: ptr }, (_k, a) => a.addr + 1n);
  // @ts-expect-error the row has no such argument
  sys(12, 'brk', { addr: ptr }, (_k, a: { address: bigint }) => a.address);
  // @ts-expect-error 12 is brk
  sys(12, 'mmap', {}, () => 0);
  const g = new Guest();
  expect(row.serve(g.kernel, { addr: 41n }, g.task)).toBe(42n);
});
