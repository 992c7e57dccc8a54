/** Every EVEX row there is, by CPUID feature; made of its line when somebody first asks for its name or opcode. */
import { type Line, rowsOf } from '../../evex.ts';
import type { Feature } from '../../feature.ts';
import type { Form } from '../../form.ts';
import { bytesWords } from './bytes-words.ts';
import { doublewordsQuadwords } from './doublewords-quadwords.ts';
import {
  bitAlgorithms,
  byteCompress,
  bytePermutes,
  conflictDetection,
  exponentialReciprocal,
  fusedFourfold,
  integerFused,
  neuralNetworks,
  populationCount,
  prefetch,
  wideAes,
  wideCarryless,
  wideGalois,
  wordsFourfold,
} from './extensions.ts';
import { foundationFloat } from './foundation-float.ts';
import { foundationInteger } from './foundation-integer.ts';
import { foundationMove } from './foundation-move.ts';

// biome-ignore format: table
const groups: readonly (readonly [feature: Feature, lines: readonly Line[]])[] = [
  ['AVX512F',          foundationMove],
  ['AVX512F',          foundationInteger],
  ['AVX512F',          foundationFloat],
  ['AVX512BW',         bytesWords],
  ['AVX512DQ',         doublewordsQuadwords],
  ['AVX512CD',         conflictDetection],
  ['AVX512ER',         exponentialReciprocal],
  ['AVX512PF',         prefetch],
  ['AVX512_4FMAPS',    fusedFourfold],
  ['AVX512_4VNNIW',    wordsFourfold],
  ['AVX512_BITALG',    bitAlgorithms],
  ['AVX512_IFMA',      integerFused],
  ['AVX512_VBMI',      bytePermutes],
  ['AVX512_VBMI2',     byteCompress],
  ['AVX512_VNNI',      neuralNetworks],
  ['AVX512_VPOPCNTDQ', populationCount],
  // The older features, at 512 bits and with the registers from 16 on.
  ['AVX512F',          wideAes],
  ['AVX512F',          wideGalois],
  ['AVX512F',          wideCarryless],
];

/** By name: the lines, and behind the first question the rows. */
const made = new Map<string, Form[]>();
const lines = new Map<string, (readonly [Feature, Line])[]>();
for (const [feature, group] of groups) {
  for (const line of group) {
    const others = lines.get(line[0]);
    if (others) others.push([feature, line]);
    else lines.set(line[0], [[feature, line]]);
  }
}

export const evexNames: ReadonlySet<string> = new Set(lines.keys());

export function evexFormsNamed(name: string): readonly Form[] {
  const kept = made.get(name);
  if (kept) return kept;
  const rows = (lines.get(name) ?? []).flatMap(([feature, line]) => rowsOf(line, feature));
  made.set(name, rows);
  return rows;
}

/** All of them. */
export const evexForms = (): readonly Form[] => [...evexNames].flatMap(evexFormsNamed);
