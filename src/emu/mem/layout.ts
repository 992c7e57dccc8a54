/** How a guest address splits into page and offset, and what a page may be used for. */

export const PAGE_BITS = 12n;
export const PAGE_SIZE = 4096;

/** PROT_* of mmap(2); also the permission bits of a region. */
export const PROT = { none: 0, read: 1, write: 2, exec: 4 } as const;

/** TASK_SIZE: user space ends one page below the end of the lower canonical half. */
export const USER_END = 0x7fff_ffff_f000n;

export const pageDown = (a: bigint): bigint => a & ~0xfffn;
export const pageUp = (a: bigint): bigint => (a + 0xfffn) & ~0xfffn;

/** Bits 63–47 all alike: the addresses a CPU with 48-bit virtual addresses accepts. */
export const isCanonical = (a: bigint): boolean => {
  const top = a >> 47n;
  return top === 0n || top === 0x1ffffn;
};
