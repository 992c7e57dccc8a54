/** A served call as text, exactly as `strace -a1` prints it. */
import { describeErrno, errnoOf } from './errno.ts';
import { showHex } from './show.ts';

/** What there is to say about one call. Plain data: memory may have changed since. */
export interface CallRecord {
  readonly tid: number;
  readonly number: number;
  readonly name: string;
  /** Arguments as text; one the call does not use is left out. */
  readonly args: readonly string[];
  /** 64-bit pattern, -errno included; undefined for a call that has not returned (yet). */
  readonly value: bigint | undefined;
  readonly returns: 'address' | 'number';
  /** Made to fail by a rule. */
  readonly injected: boolean;
  /** Its task sleeps. */
  readonly blocked: boolean;
}

export function strace(r: CallRecord): string {
  const call = `${r.name}(${r.args.join(', ')}`;
  if (r.blocked) return `${call} <unfinished ...>`;
  return `${call}) = ${showResult(r)}${r.injected ? ' (INJECTED)' : ''}`;
}

/** The second half of a call that blocked. */
export function straceResumed(r: CallRecord, value: bigint): string {
  return `<... ${r.name} resumed>) = ${showResult({ ...r, value })}`;
}

function showResult({ value, returns }: CallRecord): string {
  if (value === undefined) return '?';
  const errno = errnoOf(value);
  if (errno !== undefined) return `-1 ${describeErrno(errno)}`;
  return returns === 'address' ? showHex(BigInt.asUintN(64, value)) : String(BigInt.asIntN(64, value));
}
