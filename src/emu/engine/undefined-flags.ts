/** Flags that the manual leaves undefined after an instruction: on these any two engines may differ, and processors do. */
import { FLAGS } from '../cpu/layout.ts';
import type { Instruction } from '../decode/instruction.ts';

const { CF, PF, AF, ZF, SF, OF } = FLAGS;
const mask = (...bits: readonly number[]): number => bits.reduce((m, b) => m | (1 << b), 0);

/** `count`: the shift count as the processor masks it; `w`: operand width. */
type Undefined = (count: number, w: number) => number;
const always =
  (...bits: readonly number[]): Undefined =>
  () =>
    mask(...bits);

// SDM vol. 2, "Flags Affected" of each.
// biome-ignore format: table
const rows: readonly (readonly [names: RegExp, flags: Undefined])[] = [
  [/^I?MUL\d?[BWLQ]$/,     always(PF, AF, ZF, SF)],
  [/^I?DIV[BWLQ]$/,        always(CF, PF, AF, ZF, SF, OF)],
  [/^BS[FR][WLQ]$/,        always(CF, PF, AF, SF, OF)],
  [/^(LZCNT|TZCNT)[WLQ]$/, always(PF, AF, SF, OF)],
  [/^BT[CRS]?[WLQ]$/,      always(PF, AF, SF, OF)],
  [/^(AND|OR|XOR|TEST|ANDN)[BWLQ]$/, always(AF)],
  [/^(BLSI|BLSR|BLSMSK|BZHI|BEXTR)[LQ]$/, always(PF, AF, SF)],
  [/^RO[LR][BWLQ]$|^RC[LR][BWLQ]$/, (n) => (n === 1 ? 0 : mask(OF))],
  // Also the double shifts, which share their names with the others in Go.
  [/^S[HA][LR][BWLQ]$/,    (n, w) => mask(AF) | (n === 1 ? 0 : mask(OF)) | (n >= w ? mask(CF) : 0)],
];

/** A mask of RFLAGS bits. `cl`: the low byte of RCX before the instruction. */
export function undefinedFlags({ form, operands }: Instruction, cl: number): number {
  const row = rows.find(([names]) => names.test(form.name));
  if (!row) return 0;
  const dst = operands[0];
  const w = dst && 'w' in dst ? dst.w : 64;
  const last = operands.at(-1);
  const given = operands.length > 1 && last?.in === 'imm' ? Number(last.value & 0xffn) : cl;
  const count = given & (w === 64 ? 63 : 31);
  const flags = row[1](count, w);
  // A double shift by more than the width leaves nothing that can be relied on.
  return form.operands.length === 3 && /^SH/.test(form.name) && count > w ? flags | mask(CF, PF, ZF, SF, OF) : flags;
}
