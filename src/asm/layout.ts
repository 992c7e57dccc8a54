/**
 * Where each instruction goes, and with it how far each branch must reach (cmd/internal/obj/x86/asm6.go, span6).
 *
 * In passes, since a branch forward is as long as what it jumps over. The first pass has them all short. A branch forward
 * that turns out not to reach is long in every later pass; a branch backward knows its distance each time anew.
 */
import { hasFormForAl } from './choose.ts';
import type { Diagnostic } from './diagnostic.ts';
import { encodePiece, type Piece } from './piece.ts';
import type { Operand } from './syntax.ts';

type Report = (d: Diagnostic) => void;

export function layOut(pieces: readonly Piece[], report: Report): void {
  const branches = pieces.filter((p) => p.to);
  const backward = new Set(branches.filter((p) => p.to!.order <= p.order));
  const forward = branches.filter((p) => !backward.has(p));
  for (let isFirst = true; ; isFirst = false) {
    place(pieces, backward, report);
    const tooShort = forward.filter((p) => p.reach === 1 && distance(p) > 127);
    if (tooShort.length === 0) break;
    for (const p of tooShort) reencode(p, 4, report);
    if (isFirst) for (const p of pieces) nameAl(p, report);
  }
  for (const p of branches) {
    const at = p.encoded?.targetAt;
    if (at === undefined) continue;
    const value = displacement(p, backward.has(p));
    for (let i = 0; i < p.reach; i++) p.bytes[at + i] = (value >> (8 * i)) & 255;
  }
}

/** From the end of a branch to its target. */
const distance = (p: Piece): number => p.to!.offset - (p.offset + p.bytes.length);

/** What is written there. Go forgets that JCXZL has a prefix when it jumps back, and so misses by a byte. */
const displacement = (p: Piece, isBackward: boolean): number =>
  distance(p) + (isBackward && p.instr.mnemonic === 'JCXZL' ? 1 : 0);

function place(pieces: readonly Piece[], backward: ReadonlySet<Piece>, report: Report): void {
  let at = 0;
  for (const p of pieces) {
    p.offset = at;
    // As if every short branch had two bytes.
    if (backward.has(p)) reencode(p, p.to!.offset - (at + 2) < -128 ? 4 : 1, report);
    at += p.bytes.length;
  }
}

function reencode(p: Piece, reach: 1 | 4, report: Report): void {
  if (p.reach === reach || p.isFar) return;
  p.reach = reach;
  encodePiece(p, report);
}

/** In Go's second pass `SUBB $4, AX` has become `SUBB $4, AL`, which is a byte shorter: it renames registers as it encodes. */
function nameAl(p: Piece, report: Report): void {
  const { operands, mnemonic } = p.instr;
  if (!p.encoded || !operands.some(isAx) || !hasFormForAl(mnemonic)) return;
  p.instr.operands = operands.map((o) => (isAx(o) ? { ...o, name: 'AL' } : o));
  encodePiece(p, report);
}

const isAx = (o: Operand): o is Operand & { kind: 'register' } => o.kind === 'register' && o.name === 'AX';
