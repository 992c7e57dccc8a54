/** Every row there is, chapter by chapter, and the names Go gives some of them besides. */
import type { Form } from '../form.ts';
import { arithmetic } from './arithmetic.ts';
import { bmi } from './bmi.ts';
import { branch } from './branch.ts';
import { convert } from './convert.ts';
import { crypto } from './crypto.ts';
import { float } from './float.ts';
import { fma } from './fma.ts';
import { mmx } from './mmx.ts';
import { move } from './move.ts';
import { privileged } from './privileged.ts';
import { segment } from './segment.ts';
import { shift } from './shift.ts';
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
export const forms: readonly Form[] = Object.values(chapters).flat();

const byName = new Map<string, Form[]>();
for (const f of forms) {
  if (f.decodeOnly) continue;
  const rows = byName.get(f.name);
  if (rows) rows.push(f);
  else byName.set(f.name, [f]);
}

/** Rows by mnemonic, in the order the assembler tries them. */
export const formsByName: ReadonlyMap<string, readonly Form[]> = byName;
