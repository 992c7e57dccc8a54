/** munmap(2), mprotect(2), madvise(2), brk(2). "measured": Linux 6.18 answered the same, under strace 6.1. */
import { beforeEach, describe, expect, test } from 'vitest';
import { EINVAL, ENOMEM, Guest } from './guest.ts';

const B = 0x2000_0000n;
let g: Guest;

/** Eight pages of 7s at B, with a hole at B+0x2000. */
beforeEach(() => {
  g = new Guest();
  g.call('mmap', B, 0x8000, 3, 0x32, -1, 0);
  for (let p = B; p < B + 0x8000n; p += 0x1000n) g.memory.poke(p, 1, 7n);
  g.call('munmap', B + 0x2000n, 0x1000);
});

describe('munmap (measured)', () => {
  test('removes whole pages; what is not mapped is no error', () => {
    expect(g.call('munmap', B + 0x4000n, 1)).toBe('munmap(0x20004000, 1) = 0');
    expect(g.call('munmap', B + 0x4000n, 4096)).toBe('munmap(0x20004000, 4096) = 0');
    expect(g.regions()).toEqual([
      '20000000-20002000 rw- [anon]',
      '20003000-20004000 rw- [anon]',
      '20005000-20008000 rw- [anon]',
    ]);
  });

  test.each([
    ['unaligned', B + 1n, 4096],
    ['no length', B, 0],
    ['beyond TASK_SIZE', 0x7ffffffff000n, 4096],
    ['partly beyond it', 0x7fffffffe000n, 8192],
    ['wrapping round', B, -1n],
    ['a kernel address', -4096n, 4096],
  ] as const)('EINVAL: %s', (_why, address, length) => {
    const before = g.regions();
    expect(g.result('munmap', address, length)).toBe(EINVAL);
    expect(g.regions()).toEqual(before);
  });
});

describe('mprotect (measured)', () => {
  test('changes pages', () => {
    expect(g.call('mprotect', B + 0x1000n, 1, 1)).toBe('mprotect(0x20001000, 1, PROT_READ) = 0');
    expect(g.call('mprotect', B + 0x3000n, 4096, 0)).toBe('mprotect(0x20003000, 4096, PROT_NONE) = 0');
    expect(g.result('mprotect', B, 4096, 8)).toBe('0');
    expect(g.regions()).toEqual([
      '20000000-20001000 --- [anon]',
      '20001000-20002000 r-- [anon]',
      '20003000-20004000 --- [anon]',
      '20004000-20008000 rw- [anon]',
    ]);
  });

  test('no length is no error, even with unknown bits', () => {
    expect(g.call('mprotect', B, 0, 0x10)).toBe('mprotect(0x20000000, 0, 0x10 /* PROT_??? */) = 0');
  });

  test('ENOMEM at a hole, and the pages before it have changed', () => {
    expect(g.result('mprotect', B, 0x4000, 1)).toBe(ENOMEM);
    expect(g.regions()).toEqual(['20000000-20002000 r-- [anon]', '20003000-20008000 rw- [anon]']);
  });

  test.each([
    ['nothing mapped at the start', B + 0x2000n, 0x2000, 0],
    ['wrapping round', B, -1n, 1],
    ['far too long', B, -4096n, 1],
    ['at the end of user space', 0x7fffffffe000n, 8192, 1],
  ] as const)('ENOMEM: %s', (_why, address, length, prot) => {
    const before = g.regions();
    expect(g.result('mprotect', address, length, prot)).toBe(ENOMEM);
    expect(g.regions()).toEqual(before);
  });

  test.each([
    ['unaligned', B + 1n, 1, '0x20000001, 4096, PROT_READ'],
    ['unknown bit', B, 0x10, '0x20000000, 4096, 0x10 /* PROT_??? */'],
    ['a bit above 32', B, 0x100000001n, '0x20000000, 4096, PROT_READ|0x100000000'],
    ['PROT_GROWSDOWN on what cannot grow', B, 0x1000001, '0x20000000, 4096, PROT_READ|PROT_GROWSDOWN'],
    ['both directions', B, 0x3000001, '0x20000000, 4096, PROT_READ|PROT_GROWSDOWN|PROT_GROWSUP'],
  ] as const)('EINVAL: %s', (_why, address, prot, shown) => {
    const before = g.regions();
    expect(g.call('mprotect', address, 4096, prot)).toBe(`mprotect(${shown}) = ${EINVAL}`);
    expect(g.regions()).toEqual(before);
  });
});

describe('madvise (measured)', () => {
  const DONTNEED = 4;

  test('MADV_DONTNEED: private pages read as zero, whatever their protection', () => {
    g.call('mprotect', B + 0x1000n, 4096, 0);
    expect(g.call('madvise', B + 0x1000n, 1, DONTNEED)).toBe('madvise(0x20001000, 1, MADV_DONTNEED) = 0');
    expect([0n, 0x1000n].map((p) => g.memory.peek(B + p, 1))).toEqual([7n, 0n]);
  });

  test('MADV_DONTNEED leaves shared memory alone, MADV_REMOVE clears it', () => {
    g.call('mmap', B + 0x2000n, 4096, 3, 0x31, -1, 0);
    g.memory.poke(B + 0x2000n, 1, 9n);
    expect(g.result('madvise', B + 0x2000n, 4096, DONTNEED)).toBe('0');
    expect(g.memory.peek(B + 0x2000n, 1)).toBe(9n);
    expect(g.result('madvise', B + 0x2000n, 4096, 9)).toBe('0');
    expect(g.memory.peek(B + 0x2000n, 1)).toBe(0n);
    expect(g.result('madvise', B + 0x2000n, 4096, 8)).toBe(EINVAL);
    expect(g.result('madvise', B + 0x2000n, 4096, 18)).toBe(EINVAL);
  });

  test('ENOMEM over a hole, and the mapped parts are served', () => {
    expect(g.result('madvise', B, 0x4000, DONTNEED)).toBe(ENOMEM);
    expect([0n, 0x1000n, 0x3000n, 0x4000n].map((p) => g.memory.peek(B + p, 1))).toEqual([0n, 0n, 0n, 7n]);
    expect(g.result('madvise', B + 0x2000n, 4096, DONTNEED)).toBe(ENOMEM);
    expect(g.result('madvise', B + 0x2000n, 4096, 22)).toBe(ENOMEM);
  });

  test.each([0, 1, 2, 3, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23])(
    'advice %i is accepted and changes nothing',
    (advice) => {
      expect(g.result('madvise', B, 4096, advice)).toBe('0');
      expect(g.memory.peek(B, 1)).toBe(7n);
    },
  );

  test('huge page advice by name', () => {
    expect(g.call('madvise', B, 4096, 14)).toBe('madvise(0x20000000, 4096, MADV_HUGEPAGE) = 0');
    expect(g.call('madvise', B, 4096, 15)).toBe('madvise(0x20000000, 4096, MADV_NOHUGEPAGE) = 0');
  });

  test('no length is no error', () => {
    expect(g.call('madvise', B, 0, DONTNEED)).toBe('madvise(0x20000000, 0, MADV_DONTNEED) = 0');
  });

  test.each([
    ['unknown advice', B, 4096, 99, '0x20000000, 4096, 0x63 /* MADV_??? */'],
    ['unknown advice without length', B, 0, 99, '0x20000000, 0, 0x63 /* MADV_??? */'],
    ['unaligned', B + 1n, 4096, DONTNEED, '0x20000001, 4096, MADV_DONTNEED'],
    ['wrapping round', B, -4096n, DONTNEED, '0x20000000, 18446744073709547520, MADV_DONTNEED'],
    ['length that rounds to zero', B, -1n, DONTNEED, '0x20000000, 18446744073709551615, MADV_DONTNEED'],
    ['MADV_REMOVE on private memory', B, 4096, 9, '0x20000000, 4096, MADV_REMOVE'],
    ['MADV_COLLAPSE', B, 4096, 25, '0x20000000, 4096, MADV_COLLAPSE'],
    ['MADV_HWPOISON', B, 4096, 100, '0x20000000, 4096, MADV_HWPOISON'],
  ] as const)('EINVAL: %s', (_why, address, length, advice, shown) => {
    expect(g.call('madvise', address, length, advice)).toBe(`madvise(${shown}) = ${EINVAL}`);
    expect(g.memory.peek(B, 1)).toBe(7n);
  });

  test('EINVAL: populating what may not be touched', () => {
    g.call('mprotect', B, 4096, 0);
    expect(g.result('madvise', B, 4096, 22)).toBe(EINVAL);
    expect(g.result('madvise', B, 4096, 23)).toBe(EINVAL);
  });
});

describe('brk (measured)', () => {
  const START = 0x5555_5555_9000n;

  test('answers the break, moved or not', () => {
    expect(g.call('brk', 0)).toBe('brk(NULL) = 0x555555559000');
    expect(g.call('brk', START + 0x3000n)).toBe('brk(0x55555555c000) = 0x55555555c000');
    g.memory.poke(START + 0x2900n, 1, 7n);
    expect(g.call('brk', START + 0x2800n)).toBe('brk(0x55555555b800) = 0x55555555b800');
    expect(g.memory.peek(START + 0x2900n, 1)).toBe(7n); // the page is still in use
    expect(g.regions(START)).toEqual(['555555559000-55555555c000 rw- [heap]']);
    expect(g.result('brk', START - 1n)).toBe('0x55555555b800');
    expect(g.result('brk', START + 0x800000000000n)).toBe('0x55555555b800');
    expect(g.result('brk', START)).toBe('0x555555559000');
    expect(g.regions(START)).toEqual([]);
  });

  test('stays where it was when another mapping is in the way', () => {
    g.call('mmap', START + 0x4000n, 4096, 3, 0x32, -1, 0);
    expect(g.result('brk', START + 0x4001n)).toBe('0x555555559000');
    expect(g.result('brk', START + 0x3001n)).toBe('0x555555559000'); // one page must stay between them
    expect(g.result('brk', START + 0x3000n)).toBe('0x55555555c000');
  });
});
