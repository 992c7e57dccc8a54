/** write(2) to standard output and standard error: the only files there are. */
import { EBADF, EFAULT } from './errno.ts';
import type { Result, System } from './system.ts';

/** The most that one call transfers (MAX_RW_COUNT). */
const MAX_COUNT = 0x7fff_f000n;
const CANONICAL_END = 1n << 47n;

/**
 * Hand bytes to the host; write(2), and NOTES there for the limit.
 * EBADF: not standard output or standard error. EFAULT: the buffer cannot be read, or is no user address.
 */
export function write(k: System, a: { fd: number; buf: bigint; count: bigint }): Result {
  if (a.fd !== 1 && a.fd !== 2) return -EBADF;
  if (a.buf + a.count > CANONICAL_END) return -EFAULT;
  const count = a.count < MAX_COUNT ? a.count : MAX_COUNT;
  if (!k.memory.allows(a.buf, count, 'read')) return -EFAULT;
  if (count > 0n) k.output(a.fd, k.memory.peekBytes(a.buf, Number(count)));
  return count;
}
