/** mmap(2). "measured": the same call on Linux 6.18 under strace 6.1 printed the same line, addresses aside. */
import { describe, expect, test } from 'vitest';
import { EBADF, EINVAL, ENOMEM, EPERM, Guest } from './guest.ts';

const RW = 3;
const ANON = 0x22; // MAP_PRIVATE|MAP_ANONYMOUS
const FIXED = 0x10;
const NOREPLACE = 0x10_0000;
const B = 0x2000_0000n;

describe('placement', () => {
  test('goes downwards from a fixed base, and fills the highest gap that fits', () => {
    const g = new Guest();
    expect(g.call('mmap', 0, 4096, RW, ANON, -1, 0)).toBe(
      'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffe000',
    );
    expect(g.result('mmap', 0, 0x3000, RW, ANON, -1, 0)).toBe('0x7ffff7ffb000');
    expect(g.result('mmap', 0, 1, RW, ANON, -1, 0)).toBe('0x7ffff7ffa000');
    expect(g.result('munmap', 0x7ffff7ffb000n, 0x2000)).toBe('0');
    expect(g.result('mmap', 0, 0x3000, RW, ANON, -1, 0)).toBe('0x7ffff7ff7000');
    expect(g.result('mmap', 0, 0x1000, RW, ANON, -1, 0)).toBe('0x7ffff7ffc000');
  });

  test('what lies above the base, or across it, is no place to go', () => {
    const g = new Guest();
    g.memory.map(0x7ffffffde000n, 0x21000n, RW, '[stack]');
    expect(g.result('mmap', 0, 4096, RW, ANON, -1, 0)).toBe('0x7ffff7ffe000');
    g.memory.map(0x7ffff7ffd000n, 0x10000n, RW, 'across');
    expect(g.result('mmap', 0, 4096, RW, ANON, -1, 0)).toBe('0x7ffff7ffc000');
  });

  test('starts upwards from a third of the address space when nothing is left below the base', () => {
    const g = new Guest();
    g.memory.map(0x1_0000n, 0x7ffff7fff000n - 0x1_0000n, 0, 'all');
    expect(g.result('mmap', 0, 4096, RW, ANON, -1, 0)).toBe('0x7ffff7fff000');
    expect(g.result('mmap', 0, 0x800_0000, RW, ANON, -1, 0)).toBe(ENOMEM);
  });

  test('a free hint is rounded down and honoured, a taken one is not (measured)', () => {
    const g = new Guest();
    expect(g.result('mmap', B + 1n, 5000, RW, ANON, -1, 0)).toBe('0x20000000');
    expect(g.result('mmap', B, 5000, RW, ANON, -1, 0)).toBe('0x7ffff7ffd000');
    expect(g.result('mmap', 0x7ffffffff000n, 4096, RW, ANON, -1, 0)).toBe('0x7ffff7ffc000');
    expect(g.regions().slice(0, 1)).toEqual(['20000000-20002000 rw- [anon]']);
  });

  test('a hint below mmap_min_addr is raised to it (measured)', () => {
    expect(new Guest().result('mmap', 0x1000, 4096, RW, ANON, -1, 0)).toBe('0x10000');
  });

  test('MAP_32BIT stays in the second gigabyte, unless the hint is lower (measured)', () => {
    const g = new Guest();
    expect(g.result('mmap', 0, 4096, RW, ANON | 0x40, -1, 0)).toBe('0x40000000');
    expect(g.result('mmap', 0x9000_0000n, 4096, RW, ANON | 0x40, -1, 0)).toBe('0x40001000');
    expect(g.result('mmap', 0x3000_0000, 4096, RW, ANON | 0x40, -1, 0)).toBe('0x30000000');
  });

  test('huge reservations cost nothing', () => {
    const g = new Guest();
    expect(g.result('mmap', 0, 1n << 45n, 0, ANON | 0x4000, -1, 0)).toBe('0x5ffff7fff000');
    expect(g.memory.frames.bytes.length).toBe(4 * 65536);
  });
});

describe('MAP_FIXED', () => {
  test('replaces what was there, contents included (measured)', () => {
    const g = new Guest();
    g.result('mmap', B, 0x3000, RW, ANON, -1, 0);
    g.memory.poke(B + 0x1000n, 8, 7n);
    expect(g.call('mmap', B + 0x1000n, 4096, 1, ANON | FIXED, -1, 0)).toBe(
      'mmap(0x20001000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x20001000',
    );
    expect(g.memory.peek(B + 0x1000n, 8)).toBe(0n);
    expect(g.regions()).toEqual([
      '20000000-20001000 rw- [anon]',
      '20001000-20002000 r-- [anon]',
      '20002000-20003000 rw- [anon]',
    ]);
  });

  test('MAP_FIXED_NOREPLACE: EEXIST over a mapping, the address itself otherwise (measured)', () => {
    const g = new Guest();
    g.result('mmap', B, 0x2000, RW, ANON, -1, 0);
    expect(g.call('mmap', B + 0x1000n, 4096, RW, ANON | NOREPLACE, -1, 0)).toBe(
      'mmap(0x20001000, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0) = -1 EEXIST (File exists)',
    );
    expect(g.result('mmap', B + 0x2000n, 4096, RW, ANON | NOREPLACE, -1, 0)).toBe('0x20002000');
  });

  test('EINVAL unaligned, ENOMEM beyond TASK_SIZE (measured), EPERM below mmap_min_addr', () => {
    const g = new Guest();
    expect(g.result('mmap', B + 1n, 4096, RW, ANON | FIXED, -1, 0)).toBe(EINVAL);
    expect(g.result('mmap', B + 1n, 4096, RW, ANON | NOREPLACE, -1, 0)).toBe(EINVAL);
    expect(g.result('mmap', 0x7ffffffff000n, 4096, RW, ANON | FIXED, -1, 0)).toBe(ENOMEM);
    expect(g.result('mmap', 0x7fffffffe000n, 8192, RW, ANON | NOREPLACE, -1, 0)).toBe(ENOMEM);
    expect(g.result('mmap', 0x7fffffffe000n, 4096, RW, ANON | FIXED, -1, 0)).toBe('0x7fffffffe000');
    expect(g.result('mmap', 0, 4096, RW, ANON | FIXED, -1, 0)).toBe(EPERM);
  });
});

describe('refusals (measured)', () => {
  const refused = (...args: (number | bigint)[]): string => new Guest().call('mmap', ...args);

  test('EINVAL: no length', () => {
    expect(refused(0, 0, RW, ANON, -1, 0)).toBe(
      `mmap(NULL, 0, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = ${EINVAL}`,
    );
  });

  test('EINVAL: neither shared nor private', () => {
    expect(refused(0, 4096, RW, 0x20, -1, 0)).toBe(
      `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_FILE|MAP_ANONYMOUS, -1, 0) = ${EINVAL}`,
    );
    expect(refused(0, 4096, RW, 0x23, -1, 0)).toBe(
      `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED_VALIDATE|MAP_ANONYMOUS, -1, 0) = ${EINVAL}`,
    );
    expect(refused(0, 4096, RW, 0x24, -1, 0)).toBe(
      `mmap(NULL, 4096, PROT_READ|PROT_WRITE, 0x4 /* MAP_??? */|MAP_ANONYMOUS, -1, 0) = ${EINVAL}`,
    );
  });

  test('EINVAL: offset within a page; shared memory that grows', () => {
    expect(refused(0, 4096, RW, ANON, -1, 1)).toBe(
      `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0x1) = ${EINVAL}`,
    );
    expect(refused(0, 4096, RW, 0x121, -1, 0)).toContain(EINVAL);
  });

  test('EBADF: there are no files', () => {
    expect(refused(0, 4096, RW, 2, 77, 0)).toBe(
      `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE, 77, 0) = ${EBADF}`,
    );
    expect(refused(0, 0, RW, 2, -1, 0)).toContain(EBADF);
  });

  test.each([0x800000000000n, 0x7fffffffe000n, -1n, -4096n])('ENOMEM: no room for %d bytes', (length) => {
    expect(refused(0, length, RW, ANON, -1, 0)).toContain(ENOMEM);
  });

  test('ENOMEM: no huge pages', () => {
    expect(refused(0, 4096, RW, ANON | 0x4_0000, -1, 0)).toContain(`MAP_HUGETLB, -1, 0) = ${ENOMEM}`);
  });
});

describe('arguments as the kernel sees them (measured)', () => {
  test('fd and flags are the low 32 bits', () => {
    expect(new Guest().call('mmap', 0, 4096, RW, 0xffffffff00000022n, 0xffffffffn, 0)).toBe(
      'mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7ffe000',
    );
  });

  test('unknown protection bits and flags are ignored, and every known one has its name', () => {
    expect(new Guest().result('mmap', 0, 4096, 0x13, ANON, -1, 0)).toBe('0x7ffff7ffe000');
    expect(new Guest().result('mmap', 0, 4096, 3, ANON | 0x80_0000, -1, 0)).toBe('0x7ffff7ffe000');
    expect(new Guest().call('mmap', 0, 0, 0xf, 0x1ffff2 | 0x22, -1, 0)).toBe(
      'mmap(NULL, 0, PROT_READ|PROT_WRITE|PROT_EXEC|PROT_SEM, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_32BIT|MAP_NORESERVE|' +
        'MAP_POPULATE|MAP_NONBLOCK|MAP_GROWSDOWN|MAP_DENYWRITE|MAP_EXECUTABLE|MAP_LOCKED|MAP_STACK|MAP_HUGETLB|MAP_SYNC|' +
        `MAP_FIXED_NOREPLACE|0x680, -1, 0) = ${EINVAL}`,
    );
    expect(new Guest().call('mmap', 0, 0, 0x300_0000, 0xfff7ffffn, -1, 1)).toBe(
      'mmap(NULL, 0, PROT_GROWSDOWN|PROT_GROWSUP, 0xf /* MAP_??? */|MAP_FIXED|MAP_ANONYMOUS|MAP_32BIT|MAP_NORESERVE|' +
        'MAP_POPULATE|MAP_NONBLOCK|MAP_GROWSDOWN|MAP_DENYWRITE|MAP_EXECUTABLE|MAP_LOCKED|MAP_STACK|MAP_HUGETLB|' +
        `MAP_FIXED_NOREPLACE|0x3e00680|63<<MAP_HUGE_SHIFT, -1, 0x1) = ${EINVAL}`,
    );
  });

  test('what may be written or executed may also be read', () => {
    const g = new Guest();
    g.call('mmap', B, 4096, 2, ANON, -1, 0);
    g.call('mmap', B + 0x1000n, 4096, 4, ANON, -1, 0);
    g.call('mmap', B + 0x2000n, 4096, 0, 0x21, -1, 0);
    expect(g.regions()).toEqual([
      '20000000-20001000 rw- [anon]',
      '20001000-20002000 r-x [anon]',
      '20002000-20003000 --- /dev/zero (deleted)',
    ]);
  });
});
