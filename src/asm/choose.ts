/** Which row an instruction's arguments are for, and what they become beside it: the first of its name that takes them. */
import { CLASSES, classOf, holds, isParticular, overlap, refusal, suits } from '#emu/isa/accept.ts';
import { type Argument, type Template, templateOf } from '#emu/isa/encode.ts';
import { type Decorations, undecorated } from '#emu/isa/evex.ts';
import type { Form } from '#emu/isa/form.ts';
import type { OperandKind } from '#emu/isa/operand.ts';
import type { Mnemonic } from './mnemonic.ts';
import { parseSuffixes } from './suffix.ts';

export interface Choice {
  readonly template: Template;
  /** Intel's order, without the mask. */
  readonly args: readonly Argument[];
  readonly decorations: Decorations;
}

/** A row for arguments of certain classes. */
export interface Candidate {
  readonly form: Form;
  readonly template: Template;
  /** The second argument is its mask. */
  readonly hasMask: boolean;
  /** Operands that do not take every value. */
  readonly particular: readonly Particular[];
}

interface Particular {
  readonly kind: OperandKind;
  readonly operand: number;
}

/** `args` are in Intel's order, where a mask comes second. A string says what is wrong; undefined: no row takes them. */
export function choose(
  mnemonic: Mnemonic,
  args: readonly Argument[],
  suffixes: readonly string[],
): Choice | string | undefined {
  const asked = parseSuffixes(suffixes);
  if (typeof asked === 'string') return asked;
  // Go looks at the registers of a gather before it looks for a row.
  if (mnemonic.distinct && overlap(args)) return overlap(args);
  for (const { form, template, hasMask, particular } of candidates(mnemonic, args)) {
    // Only EVEX has anything to ask for.
    if (suffixes.length > 0 && !template.encoding.evex) continue;
    const mask = hasMask ? maskOf(args) : 0;
    const others = hasMask ? args.toSpliced(1, 1) : args;
    // K0 is no mask.
    if ((hasMask && mask === 0) || !holdsAll(particular, others)) continue;
    if (suffixes.length === 0 && mask === 0) return { template, args: others, decorations: undecorated };
    const decorations = { ...asked, mask };
    return refusal(form, others, decorations) ?? { template, args: others, decorations };
  }
  return undefined;
}

function holdsAll(particular: readonly Particular[], args: readonly Argument[]): boolean {
  for (const { kind, operand } of particular) if (!holds(kind, args[operand]!)) return false;
  return true;
}

function maskOf([, mask]: readonly Argument[]): number {
  return mask?.kind === 'k' ? mask.n : 0;
}

/** The rows whose values are worth a look: few. */
function candidates({ candidates, rows }: Mnemonic, args: readonly Argument[]): readonly Candidate[] {
  let key = 1;
  for (const arg of args) key = key * CLASSES + classOf(arg);
  let found = candidates.get(key);
  if (found === undefined) {
    found = rows.flatMap((form) => candidate(form, args) ?? []);
    // What nothing takes is not worth remembering, and there is no end of it.
    if (found.length > 0) candidates.set(key, found);
  }
  return found;
}

function candidate(form: Form, args: readonly Argument[]): Candidate | undefined {
  const { operands, mask } = form;
  const hasMask = mask !== undefined && args.length === operands.length + 1 && args[1]!.kind === 'k';
  if (mask === 'needed' && !hasMask) return undefined;
  if (!suits(form, hasMask ? args.toSpliced(1, 1) : args)) return undefined;
  const particular = operands.flatMap((kind, operand) => (isParticular(kind) ? [{ kind, operand }] : []));
  return { form, template: templateOf(form), hasMask, particular };
}
