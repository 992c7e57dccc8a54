/** Opmask registers: moves, logic, shifts and tests. SDM vol. 1, 15.6; vol. 2, KADDW. */
import type { Feature } from '../feature.ts';
import { type Form, form } from '../form.ts';
import type { OperandKind } from '../operand.ts';
import * as k from '../operand.ts';

/** How B, W, D and Q are told apart: prefix and W of most, of KMOV with a general register, and of the shifts. */
interface Size {
  readonly suffix: 'B' | 'W' | 'D' | 'Q';
  readonly feature: Feature;
  readonly pw: readonly [prefix: string, w: string];
  readonly general: readonly [prefix: string, w: string];
  readonly shift: readonly [w: string, add: 0 | 1];
  readonly memory: readonly [alone: OperandKind, orRegister: OperandKind];
  readonly register: readonly [reg: OperandKind, rm: OperandKind];
}

// biome-ignore format: table
const sizes: readonly Size[] = [
  { suffix: 'B', feature: 'AVX512DQ', pw: ['.66', 'W0'], general: ['.66', 'W0'], shift: ['W0', 0], memory: [k.m8,  k.kM8],  register: [k.r32, k.r32Rm] },
  { suffix: 'W', feature: 'AVX512F',  pw: ['',    'W0'], general: ['',    'W0'], shift: ['W1', 0], memory: [k.m16, k.kM16], register: [k.r32, k.r32Rm] },
  { suffix: 'D', feature: 'AVX512BW', pw: ['.66', 'W1'], general: ['.F2', 'W0'], shift: ['W0', 1], memory: [k.m32, k.kM32], register: [k.r32, k.r32Rm] },
  { suffix: 'Q', feature: 'AVX512BW', pw: ['',    'W1'], general: ['.F2', 'W1'], shift: ['W1', 1], memory: [k.m64, k.kM64], register: [k.r64, k.r64Rm] },
];

const hex = (n: number): string => n.toString(16).toUpperCase();

/** KMOV: to memory, to a general register, from mask or memory, from a general register. */
function moves({ suffix, feature, pw, general, memory, register }: Size): Form[] {
  const name = `KMOV${suffix}`;
  const rest = `${pw[0]}.0F.${pw[1]}`;
  const other = `${general[0]}.0F.${general[1]}`;
  return [
    form(name, `VEX.128${rest} 91 /r`, [memory[0], k.kreg], undefined, { feature }),
    form(name, `VEX.128${other} 93 /r`, [register[0], k.kregRm], undefined, { feature }),
    form(name, `VEX.128${rest} 90 /r`, [k.kreg, memory[1]], undefined, { feature }),
    form(name, `VEX.128${other} 92 /r`, [k.kreg, register[1]], undefined, { feature }),
  ];
}

/** dst ← a op b in all four sizes. `feature`: KADDW and KADDB came with DQ, the other words with F. */
function binary(stem: string, opcode: string, wordFeature: Feature = 'AVX512F'): Form[] {
  return sizes.map(({ suffix, feature, pw }) =>
    form(`${stem}${suffix}`, `VEX.256${pw[0]}.0F.${pw[1]} ${opcode} /r`, [k.kreg, k.kregV, k.kregRm], undefined, {
      feature: suffix === 'W' ? wordFeature : feature,
    }),
  );
}

function unary(stem: string, opcode: string, wordFeature: Feature = 'AVX512F'): Form[] {
  return sizes.map(({ suffix, feature, pw }) =>
    form(`${stem}${suffix}`, `VEX.128${pw[0]}.0F.${pw[1]} ${opcode} /r`, [k.kreg, k.kregRm], undefined, {
      feature: suffix === 'W' ? wordFeature : feature,
    }),
  );
}

function shift(stem: string, opcode: number): Form[] {
  return sizes.map(({ suffix, feature, shift: [w, add] }) =>
    form(
      `${stem}${suffix}`,
      `VEX.128.66.0F3A.${w} ${hex(opcode + add)} /r ib`,
      [k.kreg, k.kregRm, k.uimm8],
      undefined,
      {
        feature,
      },
    ),
  );
}

const three = [k.kreg, k.kregV, k.kregRm];

// biome-ignore format: table
export const opmask: readonly Form[] = [
  ...sizes.flatMap(moves),
  ...binary('KAND',    '41'),
  ...binary('KANDN',   '42'),
  ...binary('KOR',     '45'),
  ...binary('KXNOR',   '46'),
  ...binary('KXOR',    '47'),
  ...binary('KADD',    '4A', 'AVX512DQ'),
  form('KUNPCKBW', 'VEX.256.66.0F.W0 4B /r', three, undefined, { feature: 'AVX512F' }),
  form('KUNPCKWD', 'VEX.256.0F.W0 4B /r',    three, undefined, { feature: 'AVX512BW' }),
  form('KUNPCKDQ', 'VEX.256.0F.W1 4B /r',    three, undefined, { feature: 'AVX512BW' }),
  ...unary('KNOT',     '44'),
  ...unary('KORTEST',  '98'),
  ...unary('KTEST',    '99', 'AVX512DQ'),
  ...shift('KSHIFTR',  0x30),
  ...shift('KSHIFTL',  0x32),
];
