/** Instructions of the assembler's own: they have no row, because they have no opcode. */

/** Bytes per operand of the directives that put raw data between instructions. */
export const rawData: ReadonlyMap<string, number> = new Map(Object.entries({ BYTE: 1, WORD: 2, LONG: 4, QUAD: 8 }));
/** Prefixes that Go writes as instructions. */
export const prefixBytes: ReadonlyMap<string, number> = new Map(
  Object.entries({ LOCK: 0xf0, REP: 0xf3, REPN: 0xf2, XACQUIRE: 0xf2, XRELEASE: 0xf3 }),
);

export const isPseudoInstruction = (m: string): boolean =>
  rawData.has(m) || prefixBytes.has(m) || m === 'NOP' || m === 'ADJSP' || m === 'END';
