/** Arguments as the trace shows them. */

export const hex = (v: bigint): string => `0x${v.toString(16)}`;
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
