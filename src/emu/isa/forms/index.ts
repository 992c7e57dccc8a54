/** Every row there is, chapter by chapter, and the names Go gives some of them besides. */
import type { Form } from '../form.ts';
import { arithmetic } from './arithmetic.ts';
import { branch } from './branch.ts';
import { move } from './move.ts';
import { shift } from './shift.ts';
import { sse } from './sse.ts';
import { string } from './string.ts';
import { system } from './system.ts';

/** In the order the assembler tries them. */
export const chapters: Readonly<Record<string, readonly Form[]>> = {
  arithmetic,
  // Before the general moves: MOVQ and MOVL between memory and vector registers are tried first, as in Go.
  sse,
  move,
  shift,
  branch,
  string,
  system,
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
