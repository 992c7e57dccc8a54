/** The address space: protection, page borders, holes, and the cheapness of what is not touched. */
import { describe, expect, test } from 'vitest';
import { Trap } from '#emu/mem/fault.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';

const RW = PROT.read | PROT.write;

const faultOf = (f: () => unknown): unknown => {
  try {
    f();
  } catch (e) {
    if (e instanceof Trap) return e.fault;
    throw e;
  }
  return undefined;
};
const shape = (m: Memory): string[] =>
  m.regions.map((r) => `${r.start.toString(16)}-${r.end.toString(16)} ${r.prot} ${r.name}`);

describe('access', () => {
  test('little-endian at every size, across a page border too', () => {
    const m = new Memory();
    m.map(0x1000n, 0x2000n, RW, 'x');
    for (const at of [0x1000n, 0x1ff9n, 0x1fffn]) {
      for (const size of [1, 2, 4, 8, 16]) {
        const v = 0x0123456789abcdef_fedcba9876543210n & ((1n << BigInt(8 * size)) - 1n);
        m.write(at, size, v);
        expect(m.read(at, size)).toBe(v);
      }
    }
    m.write(0x1ffen, 4, 0x44332211n);
    expect([...m.peekBytes(0x1ffen, 4)]).toEqual([0x11, 0x22, 0x33, 0x44]);
  });

  test('untouched memory reads as zero, and mapping again clears it', () => {
    const m = new Memory();
    m.map(0x1000n, 0x1000n, RW, 'x');
    expect(m.read(0x1008n, 8)).toBe(0n);
    m.write(0x1008n, 8, 7n);
    m.map(0x1000n, 0x1000n, RW, 'y');
    expect(m.read(0x1008n, 8)).toBe(0n);
  });

  test('faults name the first byte that cannot be accessed, and change nothing', () => {
    const m = new Memory();
    m.map(0x1000n, 0x1000n, RW, 'x');
    m.map(0x2000n, 0x1000n, PROT.read, 'ro');
    expect(faultOf(() => m.write(0x1ffcn, 8, -1n))).toEqual({
      kind: 'page',
      address: 0x2000n,
      access: 'write',
      size: 8,
      mapped: true,
    });
    expect(m.read(0x1ffcn, 4)).toBe(0n);
    expect(faultOf(() => m.read(0x2ffcn, 8))).toEqual({
      kind: 'page',
      address: 0x3000n,
      access: 'read',
      size: 8,
      mapped: false,
    });
    expect(faultOf(() => m.fetch(0x1000n, 15))).toMatchObject({ access: 'execute', mapped: true });
    expect(faultOf(() => m.read(0x8000_0000_0000n, 1))).toMatchObject({ kind: 'protection' });
    expect(faultOf(() => m.read(0x7fff_ffff_fffcn, 8))).toMatchObject({ kind: 'protection' });
    expect(faultOf(() => m.read(0xffff_8000_0000_0000n, 8))).toMatchObject({ kind: 'page', mapped: false });
  });

  test('a fetch gives what is executable, up to the edge', () => {
    const m = new Memory();
    m.map(0x1000n, 0x1000n, PROT.read | PROT.exec, 'code');
    m.map(0x2000n, 0x1000n, RW, 'data');
    expect(m.fetch(0x1ffdn, 15).length).toBe(3);
    expect(m.fetch(0x1000n, 15).length).toBe(15);
  });
});

describe('regions', () => {
  test('are carved by unmap, protect and map', () => {
    const m = new Memory();
    m.map(0x1000n, 0x5000n, RW, 'x');
    m.unmap(0x2000n, 0x1000n);
    expect(m.protect(0x4000n, 0x1000n, PROT.read)).toBe(true);
    expect(shape(m)).toEqual(['1000-2000 3 x', '3000-4000 3 x', '4000-5000 1 x', '5000-6000 3 x']);
    m.map(0x3000n, 0x2000n, PROT.none, 'y');
    expect(shape(m)).toEqual(['1000-2000 3 x', '3000-5000 0 y', '5000-6000 3 x']);
  });

  test('protect over a hole changes nothing', () => {
    const m = new Memory();
    m.map(0x1000n, 0x1000n, RW, 'x');
    expect(m.protect(0x1000n, 0x2000n, PROT.read)).toBe(false);
    expect(shape(m)).toEqual(['1000-2000 3 x']);
  });

  test('gap finds the lowest room', () => {
    const m = new Memory();
    m.map(0x1000n, 0x1000n, RW, 'a');
    m.map(0x3000n, 0x1000n, RW, 'b');
    expect(m.gap(0x1000n, 0x10000n, 0x1000n)).toBe(0x2000n);
    expect(m.gap(0x1000n, 0x10000n, 0x2000n)).toBe(0x4000n);
    expect(m.gap(0x1000n, 0x4000n, 0x2000n)).toBeUndefined();
  });
});

test('reservations of terabytes cost no frames; touched pages cost one each and are reused', () => {
  const m = new Memory();
  m.map(0x1000_0000_0000n, 1n << 44n, RW, 'reserve');
  const before = m.frames.bytes.length;
  m.write(0x1000_0000_0000n, 8, 1n);
  m.write(0x1fff_0000_0000n, 8, 1n);
  expect(m.frames.bytes.length).toBe(before);
  for (let i = 0n; i < 1000n; i++) m.write(0x1000_0000_0000n + i * 0x1000n, 8, i);
  const grown = m.frames.bytes.length;
  expect(grown).toBeGreaterThanOrEqual(1000 * 4096);
  expect(m.read(0x1000_0000_0000n + 999n * 0x1000n, 8)).toBe(999n);
  m.discard(0x1000_0000_0000n, 1n << 44n);
  expect(m.read(0x1000_0000_0000n + 999n * 0x1000n, 8)).toBe(0n);
  for (let i = 0n; i < 1000n; i++) m.write(0x1200_0000_0000n + i * 0x1000n, 8, i);
  expect(m.frames.bytes.length).toBe(grown);
});

test('code that an engine holds is known to have changed: by a store, a remap, a discard', () => {
  const m = new Memory();
  const changes: ((m: Memory) => unknown)[] = [
    (x) => x.poke(0x1004n, 1, 0x90n),
    (x) => x.pokeBytes(0x1000n, Uint8Array.of(1)),
    (x) => x.map(0x1000n, 0x1000n, PROT.read | PROT.exec, 'again'),
    (x) => x.protect(0x1000n, 0x1000n, RW),
    (x) => x.discard(0x1000n, 0x1000n),
  ];
  m.map(0x1000n, 0x2000n, PROT.read | PROT.exec | PROT.write, 'code');
  for (const change of changes) {
    m.watchCode(0x1002n, 4);
    const epoch = m.codeEpoch;
    m.poke(0x2000n, 1, 1n);
    expect(m.codeEpoch).toBe(epoch);
    change(m);
    expect(m.codeEpoch).toBe(epoch + 1);
  }
});
