/**
 * Where Unicorn is not to be believed, row by row. Such instructions go to the interpreter instead, or stop the run.
 *
 * Seen on Unicorn 2.0.1 (QEMU 5.0.1). The witness is the interpreter, which silicon.test.ts holds to the host's CPU row by
 * row: unicorn.test.ts shows each divergence again with Unicorn trusted, and that there is none on any other row.
 */
import type { Cpu } from '../../cpu/cpu.ts';
import type { Instruction } from '../../decode/instruction.ts';
import type { Feature } from '../../isa/feature.ts';
import { chapters } from '../../isa/forms/index.ts';
import type { MemPlace } from '../../isa/place.ts';

export interface Divergence {
  /** Which instructions. */
  readonly concerns: (insn: Instruction) => boolean;
  /** And, when that depends on the registers, in which states. Told apart right before the instruction runs. */
  readonly when?: (insn: Instruction, cpu: Cpu) => boolean;
  readonly unicorn: string;
  readonly silicon: string;
}

const named =
  (names: RegExp) =>
  ({ form }: Instruction): boolean =>
    names.test(form.name);
/** By chapter of the manual (isa/forms/index.ts). */
const inChapters = (...names: readonly string[]): ((insn: Instruction) => boolean) => {
  const rows = new Set(names.flatMap((n) => chapters[n] ?? []));
  return ({ form }) => rows.has(form);
};
/** The x87 and MMX: D8 to DF, and whatever has an operand there. */
const x87 = ({ form }: Instruction): boolean =>
  form.name === 'EMMS' ||
  (form.encoding.map === '' && form.encoding.opcode >= 0xd8 && form.encoding.opcode <= 0xdf) ||
  form.operands.some((k) => 'file' in k && (k.file === 'st' || k.file === 'mmx'));
const needs =
  (...features: readonly Feature[]) =>
  ({ form }: Instruction): boolean =>
    form.feature !== undefined && features.includes(form.feature);

/** Legacy SSE with a 16-byte operand in memory: all but these fault when it is not aligned (SDM vol. 1, 4.1.1). */
const unaligned = /^(MOVUP|MOVOU|LDDQU|PCMP.STR)/;
const memory128 = ({ operands }: Instruction): MemPlace | undefined =>
  operands.find((p): p is MemPlace => p.in === 'mem' && p.w === 128);
const segmentBase = (p: MemPlace, cpu: Cpu): bigint =>
  p.segment === 'FS' ? cpu.fsBase : p.segment === 'GS' ? cpu.gsBase : 0n;
const isMisaligned = (insn: Instruction, cpu: Cpu): boolean => {
  const p = memory128(insn)!;
  const index = p.index === undefined ? 0n : cpu.gpr(p.index) * BigInt(p.scale);
  const base = p.base === undefined ? 0n : cpu.gpr(p.base);
  return ((p.disp + base + index + segmentBase(p, cpu)) & 15n) !== 0n;
};
const isDoubleShift = ({ form }: Instruction): boolean => /^SH[LR]/.test(form.name) && form.operands.length === 3;
const sameRegister = ({ operands: [a, b] }: Instruction): boolean => a?.in === 'xmm' && b?.in === 'xmm' && a.n === b.n;
const highGprWrite = ({ operands: [dst] }: Instruction): boolean => dst?.in === 'gpr' && dst.w === 32;

// biome-ignore format: table
export const divergences: readonly Divergence[] = [
  { concerns: (i) => i.form.encoding.vex !== undefined, unicorn: 'refuses VEX encodings, or takes them for SSE', silicon: 'AVX' },
  { concerns: inChapters('float', 'convert'), unicorn: 'leaves the exception flags of MXCSR alone, and never raises #XM', silicon: 'sets them' },
  { concerns: x87,                  unicorn: 'keeps no last instruction and operand',             silicon: 'keeps them for FSAVE' },
  { concerns: (i) => named(/^S[HA][LR]/)(i) && i.operands[0]?.in === 'mem', unicorn: 'loses CF when the destination is memory', silicon: 'the bit shifted out last' },
  { concerns: (i) => isDoubleShift(i) && i.form.name.endsWith('W'), unicorn: 'fills in other bits when the count exceeds 16', silicon: 'undefined' },
  { concerns: (i) => named(/^PH(ADD|SUB)/)(i) && sameRegister(i), unicorn: 'reads what it has just written when both operands are one', silicon: 'reads first' },
  { concerns: named(/^MASKMOV/),    unicorn: 'stores byte by byte, and goes on after a fault',    silicon: 'faults precisely' },
  { concerns: (i) => named(/^RET$/)(i) && i.operands[0]?.in === 'imm' && i.operands[0].value >= 0x8000n, unicorn: 'takes the byte count as signed', silicon: 'as unsigned' },
  { concerns: (i) => named(/^TEST/)(i) && i.form.encoding.digit === 1, unicorn: 'has no F6 /1 and F7 /1', silicon: 'the same as /0' },
  { concerns: named(/^BSWAPW/),     unicorn: 'swaps 32 bits in spite of the prefix', silicon: 'undefined: clears 16 bits' },
  { concerns: named(/^ENTER/),      unicorn: 'copies nested frame pointers otherwise',            silicon: 'as the manual says' },
  { concerns: named(/^(FXSAVE|FXRSTOR|FSAVE)/), unicorn: 'keeps no last x87 instruction, and has its own MXCSR', silicon: 'as the manual says' },
  { concerns: inChapters('segment'), unicorn: 'has flat selectors of 0 and the tables of ring 0',  silicon: "Linux's selectors" },
  { concerns: inChapters('privileged'), unicorn: 'runs at ring 0 and executes it',              silicon: '#GP(0)' },
  { concerns: named(/^(INVPCID|RDPKRU|WRPKRU|XEND|XTEST|XABORT|TPAUSE|UMWAIT|UMONITOR)$/), unicorn: 'has some of these extensions', silicon: '#UD without them' },
  { concerns: needs('SHA', 'ADX', 'FMA', 'F16C', 'RDPID', 'CLWB'), unicorn: 'has no such instruction in its default model', silicon: 'executes it' },
  { concerns: named(/^BS[FR]/),     unicorn: 'of zero, writes the destination',                   silicon: 'leaves the destination as it was' },
  { concerns: (i) => named(/^CMPXCHG[LQ]?/)(i) && highGprWrite(i), unicorn: 'keeps the upper half of a 32-bit destination', silicon: 'clears it' },
  { concerns: named(/^PCMP.STR/),   unicorn: 'gives other flags and masks, and crashes over some lengths',                       silicon: 'as the manual says' },
  { concerns: named(/^(RDRAND|RDSEED|RD[FG]SBASE|WR[FG]SBASE|XGETBV|XSAVE|XRSTOR)/), unicorn: 'asks the host, or faults', silicon: 'answers as CPUID promises' },
  { concerns: (i) => memory128(i) !== undefined && !unaligned.test(i.form.name), when: isMisaligned,
                                    unicorn: 'does not check alignment',                          silicon: '#GP(0)' },
];
