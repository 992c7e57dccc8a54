/** Other spellings that Go's assembler takes, and the canonical name it prints (cmd/asm/internal/arch). */

// biome-ignore format: table
export const aliases: Readonly<Record<string, string>> = {
  JA: 'JHI',  JAE: 'JCC', JB: 'JCS',  JBE: 'JLS', JC: 'JCS',  JCC: 'JCC', JCS: 'JCS', JE: 'JEQ',
  JEQ: 'JEQ', JG: 'JGT',  JGE: 'JGE', JGT: 'JGT', JHI: 'JHI', JHS: 'JCC', JL: 'JLT',  JLE: 'JLE',
  JLO: 'JCS', JLS: 'JLS', JLT: 'JLT', JMI: 'JMI', JNA: 'JLS', JNAE: 'JCS', JNB: 'JCC', JNBE: 'JHI',
  JNC: 'JCC', JNE: 'JNE', JNG: 'JLE', JNGE: 'JLT', JNL: 'JGE', JNLE: 'JGT', JNO: 'JOC', JNP: 'JPC',
  JNS: 'JPL', JNZ: 'JNE', JO: 'JOS',  JOC: 'JOC', JOS: 'JOS', JP: 'JPS',  JPC: 'JPC', JPE: 'JPS',
  JPL: 'JPL', JPO: 'JPC', JPS: 'JPS', JS: 'JMI',  JZ: 'JEQ',
  MASKMOVDQU: 'MASKMOVOU', MOVD: 'MOVQ', MOVDQ2Q: 'MOVQ', MOVNTDQ: 'MOVNTO', MOVOA: 'MOVO',
  MOVBEWW: 'MOVBEW', MOVBELL: 'MOVBEL', MOVBEQQ: 'MOVBEQ',
  UNDEF: 'UD2',
  PSLLDQ: 'PSLLO', PSRLDQ: 'PSRLO', PADDD: 'PADDL', PSHUFL: 'PSHUFD',
};
