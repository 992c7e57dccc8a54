/** A framed function becomes bytes: rows chosen, branches as short as they can be, relocations and tables noted. */
import type { Diagnostic } from './diagnostic.ts';
import type { Framed } from './frame.ts';
import { layOut } from './layout.ts';
import type { CodeSymbol } from './object.ts';
import { type Encodings, encodePiece, type Piece, piece } from './piece.ts';
import type { Func, Instr } from './program.ts';
import { relocations } from './relocate.ts';
import { funcdata, lines, pcdata, pcsp } from './tables.ts';

export function emit(f: Func, framed: Framed, report: (d: Diagnostic) => void, seen: Encodings): CodeSymbol {
  const pieces = framed.body.map(piece);
  const targets = new Set(pieces.map((p) => p.instr.target));
  const pieceOf = new Map<Instr, Piece>();
  for (const p of pieces) if (targets.has(p.instr)) pieceOf.set(p.instr, p);
  for (const p of pieces) {
    if (p.instr.target) p.to = pieceOf.get(p.instr.target);
    encodePiece(p, report, seen);
  }
  layOut(pieces, report);
  const last = pieces.at(-1);
  const code = new Uint8Array(last ? last.offset + last.bytes.length : 0);
  for (const { bytes, offset } of pieces) for (let i = 0; i < bytes.length; i++) code[offset + i] = bytes[i]!;
  return {
    symbol: f.symbol,
    at: f.at,
    flags: framed.flags,
    args: framed.args,
    locals: framed.locals,
    writesSp: framed.writesSp,
    code,
    relocations: relocations(pieces),
    lines: lines(pieces),
    pcsp: pcsp(pieces),
    pcdata: pcdata(pieces),
    funcdata: funcdata(pieces),
  };
}
