/**
 * Where each instruction goes, and with it how far each branch must reach (cmd/internal/obj/x86/asm6.go, span6).
 *
 * In passes, since a branch forward is as long as what it jumps over. The first pass has them all short. A branch forward
 * that turns out not to reach is long in every later pass; a branch backward knows its distance each time anew.
 */
import type { Encoder } from './encoder.ts';
import type { Branch, Instr } from './instr.ts';
import type { Operand } from './syntax.ts';

type Jump = Instr & { readonly branch: Branch };

/** The instructions have been encoded. Returns how many bytes they are. */
export function layOut(code: readonly Instr[], encoder: Encoder): number {
  const jumps = code.filter((i): i is Jump => i.branch !== undefined);
  let size = place(code, encoder);
  for (let isFirst = true; ; isFirst = false) {
    const tooShort = jumps.filter((i) => !i.branch.isBackward && i.branch.reach === 1 && distance(i) > 127);
    if (tooShort.length === 0) break;
    for (const i of tooShort) reach(i, i.branch, 4, encoder);
    if (isFirst) for (const i of code) nameAl(i, encoder);
    size = place(code, encoder);
  }
  for (const i of jumps) encoder.patch(i.encoded, displacement(i));
  return size;
}

/** From the end of a jump to its target. */
const distance = ({ branch, offset, encoded }: Jump): number => branch.target.offset - (offset + encoded.size);

/** What is written there. Go forgets that JCXZL has a prefix when it jumps back, and so misses by a byte. */
const displacement = (i: Jump): number => distance(i) + (i.branch.isBackward && i.name === 'JCXZL' ? 1 : 0);

function place(code: readonly Instr[], encoder: Encoder): number {
  let at = 0;
  for (const i of code) {
    const isFirst = i.offset < 0;
    i.offset = at;
    const { branch } = i;
    if (branch !== undefined) {
      // What has no place yet lies ahead.
      if (isFirst) branch.isBackward = branch.target.offset >= 0;
      // As if every short branch had two bytes.
      if (branch.isBackward) reach(i, branch, branch.target.offset - (at + 2) < -128 ? 4 : 1, encoder);
    }
    at += i.encoded.size;
  }
  return at;
}

function reach(i: Instr, branch: Branch, bytes: 1 | 4, encoder: Encoder): void {
  if (branch.reach === bytes || branch.isFar) return;
  branch.reach = bytes;
  encoder.encode(i);
}

/** In Go's second pass `SUBB $4, AX` has become `SUBB $4, AL`, which is a byte shorter: it renames registers as it encodes. */
function nameAl(i: Instr, encoder: Encoder): void {
  const { operands, mnemonic, encoded } = i;
  if (encoded.size === 0 || !operands.some(isAx) || !mnemonic.hasFormForAl) return;
  i.operands = operands.map((o) => (isAx(o) ? { ...o, name: 'AL' } : o));
  encoder.encode(i);
}

const isAx = (o: Operand): o is Operand & { kind: 'register' } => o.kind === 'register' && o.name === 'AX';
