/** What a C function sees of a system call: a value, or errno. */
import type { Frame } from '../frame.ts';

export interface LibcResult {
  /** 0 on success. */
  readonly errno: number;
  readonly value: bigint;
}

/** Make the call from C: it is traced like one made by machine code. */
export function libc(f: Frame, number: number, args: readonly bigint[]): LibcResult {
  const value = f.world.machine.syscall(number, args);
  const signed = BigInt.asIntN(64, value);
  return signed < 0n && signed >= -4095n ? { errno: Number(-signed), value: -1n } : { errno: 0, value };
}
