/** write(2). "measured": Linux 6.18 answered the same, under strace 6.1. */
import { beforeEach, describe, expect, test } from 'vitest';
import { BAD, DATA, EBADF, EFAULT, Guest, READ_ONLY } from './guest.ts';

let g: Guest;
beforeEach(() => {
  g = new Guest();
});
const put = (bytes: string): void =>
  g.memory.pokeBytes(
    DATA,
    Uint8Array.from(bytes, (c) => c.charCodeAt(0)),
  );

test('hands the bytes to the host', () => {
  put('hello\n');
  expect(g.call('write', 1, DATA, 6)).toBe('write(1, "hello\\n", 6) = 6');
  expect(g.call('write', 0xffffffff00000002n, DATA, 5)).toBe('write(2, "hello", 5) = 5');
  expect(g.result('write', 1, READ_ONLY, 1)).toBe('1');
  expect(g.written).toEqual(['1:hello\n', '2:hello', '1:\0']);
});

describe('how bytes are shown (measured)', () => {
  test.each([
    ['hi\n"\\\t\x01x\x1b7\0abc\x80\0\x01', '"hi\\n\\"\\\\\\t\\1x\\0337\\0abc\\200\\0\\1"'],
    ['\x001', '"\\0001"'],
    ['\x019\0', '"\\19\\0"'],
    ['\x7f\xff\r\v\f', '"\\177\\377\\r\\v\\f"'],
    ['A'.repeat(32), `"${'A'.repeat(32)}"`],
    ['A'.repeat(33), `"${'A'.repeat(32)}"...`],
  ])('%j', (bytes, shown) => {
    put(bytes);
    expect(g.call('write', 1, DATA, bytes.length)).toBe(`write(1, ${shown}, ${bytes.length}) = ${bytes.length}`);
  });
});

test('nothing to write: the pointer is not looked at, unless it is no user address (measured on a pipe)', () => {
  expect(g.call('write', 1, BAD, 0)).toBe('write(1, "", 0) = 0');
  expect(g.result('write', 1, 0xffff800000000000n, 0)).toBe(EFAULT);
  expect(g.written).toEqual([]);
});

test('EBADF, before the pointer is looked at (measured)', () => {
  put('hi');
  expect(g.call('write', 77, DATA, 2)).toBe(`write(77, "hi", 2) = ${EBADF}`);
  expect(g.call('write', 0, BAD, 4)).toBe(`write(0, 0x8, 4) = ${EBADF}`);
  expect(g.call('write', -5, BAD, 4)).toBe(`write(-5, 0x8, 4) = ${EBADF}`);
});

test('EFAULT, and nothing is written (measured on a pipe)', () => {
  expect(g.call('write', 1, BAD, 4)).toBe(`write(1, 0x8, 4) = ${EFAULT}`);
  expect(g.call('write', 1, DATA + 0x3ffcn, 8)).toBe(`write(1, 0x23ffc, 8) = ${EFAULT}`);
  expect(g.call('write', 1, DATA, -1n)).toContain(`..., 18446744073709551615) = ${EFAULT}`);
  expect(g.written).toEqual([]);
});
