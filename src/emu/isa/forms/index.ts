/** Every row there is, chapter by chapter, and the names Go gives some of them besides. */
import type { Form } from '../form.ts';
import { arithmetic } from './arithmetic.ts';
import { evexFormsNamed, evexNames } from './avx512/index.ts';
import { bmi } from './bmi.ts';
import { branch } from './branch.ts';
import { convert } from './convert.ts';
import { crypto } from './crypto.ts';
import { float } from './float.ts';
import { fma } from './fma.ts';
import { mmx } from './mmx.ts';
import { move } from './move.ts';
import { opmask } from './opmask.ts';
import { privileged } from './privileged.ts';
import { segment } from './segment.ts';
import { shift } from './shift.ts';
import { spelling } from './spelling.ts';
import { string } from './string.ts';
import { system } from './system.ts';
import { vectorInteger } from './vector-integer.ts';
import { vectorMasked } from './vector-masked.ts';
import { vectorMove } from './vector-move.ts';
import { vectorShuffle } from './vector-shuffle.ts';
import { x87 } from './x87.ts';
import { xsave } from './xsave.ts';

/** In the order the assembler tries them. */
export const chapters: Readonly<Record<string, readonly Form[]>> = {
  arithmetic,
  // Before the general moves: MOVQ and MOVL between memory and vector registers are tried first, as in Go.
  mmx,
  vectorMove,
  vectorInteger,
  vectorShuffle,
  vectorMasked,
  float,
  convert,
  fma,
  opmask,
  move,
  shift,
  bmi,
  branch,
  string,
  system,
  segment,
  privileged,
  crypto,
  x87,
  xsave,
};
/** All but those with an EVEX prefix (avx512/index.ts). */
export const forms: readonly Form[] = Object.values(chapters).flat();

const byName = new Map<string, Form[]>();
for (const f of [...forms, ...spelling]) {
  if (f.decodeOnly) continue;
  const rows = byName.get(f.name);
  if (rows) rows.push(f);
  else byName.set(f.name, [f]);
}

const withEvex = new Map<string, readonly Form[]>();

/** Rows by mnemonic, in the order the assembler tries them: VEX before EVEX. */
export function formsNamed(name: string): readonly Form[] {
  if (!evexNames.has(name)) return byName.get(name) ?? [];
  let rows = withEvex.get(name);
  if (!rows) {
    rows = [...(byName.get(name) ?? []), ...evexFormsNamed(name)];
    withEvex.set(name, rows);
  }
  return rows;
}

export const isMnemonic = (name: string): boolean => byName.has(name) || evexNames.has(name);

export const mnemonics = (): readonly string[] => [...new Set([...byName.keys(), ...evexNames])];
