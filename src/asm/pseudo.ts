/** Instructions of the assembler's own: they have no row, because they have no opcode. */

/** Bytes per operand of the directives that put raw data between instructions. */
export const rawData: Readonly<Record<string, number>> = { BYTE: 1, WORD: 2, LONG: 4, QUAD: 8 };
/** Prefixes that Go writes as instructions. */
export const prefixBytes: Readonly<Record<string, number>> = {
  LOCK: 0xf0,
  REP: 0xf3,
  REPN: 0xf2,
  XACQUIRE: 0xf2,
  XRELEASE: 0xf3,
};

export const isPseudoInstruction = (m: string): boolean =>
  m in rawData || m in prefixBytes || m === 'NOP' || m === 'ADJSP' || m === 'END';
