/** Which row an instruction's arguments are for, and what they become beside it: the first of its name that fits. */
import { type Argument, overlap, refusal, takes } from '#emu/isa/encode.ts';
import { type Decorations, undecorated } from '#emu/isa/evex.ts';
import { type Form, turned } from '#emu/isa/form.ts';
import { formsNamed } from '#emu/isa/forms/index.ts';
import { parseSuffixes } from './suffix.ts';

export interface Choice {
  readonly form: Form;
  /** Intel's order, without the mask. */
  readonly args: readonly Argument[];
  readonly decorations: Decorations;
}

/** `args` are in Go's order. A string says what is wrong with them; undefined: no row takes them. */
export function choose(
  mnemonic: string,
  args: readonly Argument[],
  suffixes: readonly string[],
): Choice | string | undefined {
  const asked = parseSuffixes(suffixes);
  if (typeof asked === 'string') return asked;
  const plain = suffixes.length ? { ...asked, mask: 0 } : undecorated;
  const rows = formsNamed(mnemonic);
  // Go looks at the registers of a gather before it looks for a row.
  if (rows[0]?.distinct && overlap(args)) return overlap(args);
  const reversed = args.toReversed();
  for (const form of rows) {
    const more = args.length - form.operands.length;
    if (more !== 0 && (more !== 1 || !form.mask)) continue;
    const intel = form.intelOrder || form.immediateLast ? turned(form, args) : reversed;
    const mask = form.mask && intel.length === form.operands.length + 1 ? intel[1] : undefined;
    const isMasked = mask?.kind === 'k' && mask.n > 0;
    const ordered = isMasked ? intel.toSpliced(1, 1) : intel;
    const decorations = isMasked ? { ...plain, mask: mask.n } : plain;
    if (takes(form, ordered, decorations)) {
      return refusal(form, ordered, decorations) ?? { form, args: ordered, decorations };
    }
  }
  return undefined;
}

/** Does AL, unlike other byte registers, have a shorter encoding in this instruction? */
export function hasFormForAl(mnemonic: string): boolean {
  let has = forAl.get(mnemonic);
  if (has === undefined) {
    has = formsNamed(mnemonic).some((f) =>
      f.operands.some((k) => k.slot === 'fixed' && k.file === 'gpr' && k.w === 8 && k.n === 0),
    );
    forAl.set(mnemonic, has);
  }
  return has;
}
const forAl = new Map<string, boolean>();
