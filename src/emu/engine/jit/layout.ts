/** Where the translator keeps its tables in linear memory: byte offsets from the start of its area. */

/** Entries of each software TLB and of the cache of indirect branches. Powers of two. */
export const TLB_ENTRIES = 4096;
export const JUMP_ENTRIES = 4096;
/** Words that direct branches between regions read: one for each address that is branched to. */
export const LINKS = 65536;

const CONTROL = 128;
const TLB_BYTES = 16 * TLB_ENTRIES;
const JUMP_BYTES = 16 * JUMP_ENTRIES;

/**
 * `budget`: instructions left when translated code returned. `missed`: the last guest address that a TLB did not
 * know, `missedWrite` whether it was to be written. `kindC`, `leavesC`: lazy carry; `kindR`, `leavesR`: the other flags.
 * `tape`, `packed`: of traced code, where the next record goes, and all flags.
 * TLB entry: address of the page (64 bits), then what to add to the low 32 bits of an address to find its host byte.
 * Jump cache entry: guest address (64 bits), then the index in the function table.
 */
// biome-ignore format: table
export const AREA = {
  budget: 0, missed: 8, missedWrite: 16, kindC: 20, kindR: 24, leavesC: 32, leavesR: 56,
  tape: 96, packed: 100,
  tlbRead: CONTROL,
  tlbWrite: CONTROL + TLB_BYTES,
  jumps: CONTROL + 2 * TLB_BYTES,
  links: CONTROL + 2 * TLB_BYTES + JUMP_BYTES,
  size: CONTROL + 2 * TLB_BYTES + JUMP_BYTES + 4 * LINKS,
} as const;

/** Why translated code returned. */
export const EXIT = {
  /** RIP is at an address nothing is translated for, or that the caches did not know. */
  lookup: 0,
  /** The instruction at RIP is the interpreter's: a page the TLB does not know, a fault, something rare. */
  interpret: 1,
  /** Fewer instructions are left than the way to the next check has. */
  budget: 2,
} as const;

/** Which entry of the jump cache an address may be in. */
export const jumpSlot = (address: bigint): number => Number((address ^ (address >> 12n)) & BigInt(JUMP_ENTRIES - 1));
