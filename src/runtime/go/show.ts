/** Arguments as the trace shows them. */

import { hex } from '#emu/trace/text.ts';

export { hex };

const int = (v: bigint): string => BigInt.asIntN(32, v).toString();

/** addr, n, prot, flags, fd, off of the mmap family. */
export const showMmap = ([addr, n, prot, flags, fd, off]: readonly bigint[]): string =>
  [
    hex(addr!),
    hex(n!),
    hex(BigInt.asUintN(32, prot!)),
    hex(BigInt.asUintN(32, flags!)),
    int(fd!),
    hex(BigInt.asUintN(32, off!)),
  ].join(', ');
