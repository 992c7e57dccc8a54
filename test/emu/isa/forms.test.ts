/** Every row, looked at: its encoding is parsed when it is first used, and a mistyped one must not lie there till then. */
import { describe, expect, test } from 'vitest';
import { type Form, form } from '#emu/isa/form.ts';
import { evexForms } from '#emu/isa/forms/avx512/index.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { spelling } from '#emu/isa/forms/spelling.ts';
import * as k from '#emu/isa/operand.ts';

/** Bytes of immediates and displacements that the operands want. is4 holds four bits of a constant besides. */
const tailOf = ({ operands }: Form): number[] =>
  operands.some(({ slot }) => slot === 'is4')
    ? [1]
    : operands.flatMap((kind) => (kind.slot === 'imm' || kind.slot === 'rel' ? [kind.size] : []));

/** Where encoding and operands do not agree. Throws when the encoding is not one. */
function faults(f: Form): string[] {
  const { vex, evex, modrm, digit, fixed, plusR, tail } = f.encoding;
  const has = (...slots: k.OperandKind['slot'][]): boolean => f.operands.some(({ slot }) => slots.includes(slot));
  // biome-ignore format: table
  const rules: readonly (readonly [isSo: boolean, rule: string])[] = [
    [String(tail) === String(tailOf(f)),                                    'immediates as the operands have them'],
    [has('rm', 'twice') === (modrm && fixed === undefined),                 'ModRM.rm is an operand, and no other byte'],
    [!has('reg') || plusR !== (modrm && digit === undefined),               'ModRM.reg or +r, where an operand is there'],
    [has('reg') || !plusR,                                                  'an operand in +r'],
    [!has('vvvv') || vex !== undefined || evex !== undefined,               'VEX or EVEX, where an operand is in vvvv'],
  ];
  return rules.filter(([isSo]) => !isSo).map(([, rule]) => `${f.name} ${f.encoding.text}: ${rule}`);
}

describe('every row is well written', () => {
  const all = Object.entries({ ...chapters, spelling, evex: evexForms() });
  test.each(all)('%s', (_, rows) => {
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.flatMap(faults)).toEqual([]);
  });
});

describe('a mistyped row', () => {
  // biome-ignore format: table
  test.each<[encoding: string, operands: readonly k.OperandKind[], complaint: string]>([
    ['REXW 83 /0 ib',              [k.rm64, k.imm8s64],       "encoding 'REXW 83 /0 ib': what is 'REXW'?"],
    ['83 /8 ib',                   [k.rm32, k.imm8s32],       "encoding '83 /8 ib': what is '/8'?"],
    ['83 C0 C1 ib',                [k.imm8],                 "encoding '83 C0 C1 ib': one opcode byte expected"],
    ['VEX.128.66.F38.W0 2C /r',    [k.xmm, k.xmmV, k.m128],   "encoding 'VEX.128.66.F38.W0': what is 'F38'?"],
    ['VEX.512.66.0F.WIG 58 /r',    [k.xmm, k.xmmV, k.m128],   "encoding 'VEX.512.66.0F.WIG': VEX has no 512 bits"],
  ])('%s', (encoding, operands, complaint) => {
    expect(() => form('MISTYPED', encoding, operands).encoding).toThrow(complaint);
  });

  test.each<[encoding: string, operands: readonly k.OperandKind[]]>([
    ['83 /0', [k.rm32, k.imm8s32]],
    ['83 /0 ib', [k.r32, k.imm8s32]],
    ['01 /0', [k.rm32, k.r32]],
    ['58+r', []],
    ['66 0F 58 /r', [k.xmm, k.xmmV, k.xmmM128]],
  ])('%s is not what its operands need', (encoding, operands) => {
    expect(faults(form('MISTYPED', encoding, operands))).not.toEqual([]);
  });
});
