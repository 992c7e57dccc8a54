/** A framed function becomes bytes: rows chosen, branches as short as they can be, relocations noted. */
import { type Argument, type Encoded, encode } from '#emu/isa/encode.ts';
import { argument } from './argument.ts';
import { choose } from './choose.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Framed } from './frame.ts';
import type { CodeSymbol, Relocation, Span } from './object.ts';
import type { Func, Instr } from './program.ts';
import { prefixBytes, rawData } from './pseudo.ts';
import type { MemoryOperand, Operand, Position } from './syntax.ts';
import { printInstr } from './text.ts';

/** An instruction with everything but its distances decided. */
interface Piece {
  readonly instr: Instr;
  encoded: Encoded | undefined;
  bytes: Uint8Array;
  /** Target piece of a local branch. */
  to: Piece | undefined;
  offset: number;
}

const none = new Uint8Array();

export function emit(f: Func, framed: Framed, report: (d: Diagnostic) => void): CodeSymbol {
  const pieces = framed.body.map(
    (i): Piece => ({ instr: i, encoded: undefined, bytes: none, to: undefined, offset: 0 }),
  );
  const pieceOf = new Map(pieces.map((p) => [p.instr, p]));
  for (const p of pieces) {
    if (p.instr.target) p.to = pieceOf.get(p.instr.target);
    encodePiece(p, 1, report);
  }
  relax(pieces, report);

  const last = pieces.at(-1);
  const code = new Uint8Array(last ? last.offset + last.bytes.length : 0);
  const relocations: Relocation[] = [];
  const lines: Span<Position>[] = [];
  const pcsp: Span<number>[] = [{ offset: 0, value: 0 }];
  let depth = 0;
  for (const p of pieces) {
    code.set(p.bytes, p.offset);
    if (p.bytes.length && lines.at(-1)?.value !== p.instr.at) lines.push({ offset: p.offset, value: p.instr.at });
    relocations.push(...relocate(p));
    if (p.instr.spadj === 0) continue;
    depth += p.instr.spadj;
    const at = p.offset + p.bytes.length;
    if (pcsp.at(-1)!.offset === at) pcsp.pop();
    pcsp.push({ offset: at, value: depth });
  }
  return {
    symbol: f.symbol,
    at: f.at,
    flags: framed.flags,
    args: f.args,
    locals: framed.locals,
    writesSp: framed.writesSp,
    code,
    relocations,
    lines,
    pcsp,
  };
}

function encodePiece(p: Piece, branchSize: 1 | 4, report: (d: Diagnostic) => void): void {
  const { mnemonic, operands, at } = p.instr;
  p.encoded = undefined;
  const invalid = (): void => report({ at, message: `invalid instruction: ${printInstr(p.instr)}` });
  if (mnemonic === 'NOP' || mnemonic === 'END') return;
  if (mnemonic in prefixBytes) {
    p.bytes = Uint8Array.of(prefixBytes[mnemonic]!);
    return;
  }
  const size = rawData[mnemonic];
  if (size !== undefined) {
    const bytes = operands.flatMap((o) => (o.kind === 'immediate' ? little(o.value, size) : []));
    if (operands.length !== 1 || bytes.length !== size) return invalid();
    p.bytes = Uint8Array.from(bytes);
    return;
  }
  const args = operands.map((o): Argument | undefined => {
    if (isCodeSymbol(p.instr, o)) return { kind: 'target', size: 4 };
    return p.to && (o.kind === 'label' || o.kind === 'pc') ? { kind: 'target', size: branchSize } : argument(o);
  });
  if (!args.every((a) => a !== undefined)) return invalid();
  const chosen = choose(mnemonic, args, p.instr.suffixes);
  // LOOP and JCXZ know only the short form; everything else grows.
  if (chosen === undefined) return invalid();
  if (typeof chosen === 'string') return report({ at, message: `${chosen}: ${printInstr(p.instr)}` });
  if (chosen.args.some(isTooFar)) return report({ at, message: `offset too large in ${printInstr(p.instr)}` });
  try {
    p.encoded = encode(chosen.form, chosen.args, chosen.decorations);
    p.bytes = p.encoded.bytes;
  } catch {
    invalid();
  }
}

/** A displacement has 32 bits and its sign is copied; an address beyond that cannot be written. */
const isTooFar = (a: Argument): boolean =>
  a.kind === 'mem' && a.symbolic === undefined && BigInt.asIntN(32, a.disp) !== a.disp;

/** `CALL sym(SB)`, `JMP sym(SB)`: always far, the linker knows how far. */
const isCodeSymbol = (i: Instr, o: Operand): o is MemoryOperand =>
  o.kind === 'memory' &&
  o.pseudo === 'SB' &&
  !o.indirect &&
  !o.addressOf &&
  o.base === undefined &&
  (i.mnemonic === 'CALL' || i.mnemonic === 'JMP');

/** Every local branch starts short; one that cannot reach grows, until all reach. */
function relax(pieces: readonly Piece[], report: (d: Diagnostic) => void): void {
  const branches = pieces.filter((p) => p.to);
  const short = new Set(branches);
  for (let grown = true; grown; ) {
    grown = false;
    let at = 0;
    for (const p of pieces) {
      p.offset = at;
      at += p.bytes.length;
    }
    for (const p of branches) {
      const distance = p.to!.offset - (p.offset + p.bytes.length);
      if (!short.has(p) || (distance >= -128 && distance <= 127)) continue;
      short.delete(p);
      encodePiece(p, 4, report);
      grown = true;
    }
  }
  for (const p of branches) {
    const at = p.encoded?.targetAt;
    if (at === undefined) continue;
    const distance = BigInt(p.to!.offset - (p.offset + p.bytes.length));
    p.bytes.set(little(distance, short.has(p) ? 1 : 4), at);
  }
}

function relocate(p: Piece): Relocation[] {
  const { encoded, instr } = p;
  if (!encoded) return [];
  const symbolOf = (o: Operand | undefined): { symbol: string; isStatic: boolean; abi: 'ABI0' | 'ABIInternal' } => {
    const s = o?.kind === 'memory' ? o.symbol : undefined;
    return { symbol: s?.name ?? '', isStatic: s?.isStatic ?? false, abi: s?.abi ?? 'ABI0' };
  };
  const out: Relocation[] = [];
  const memory = instr.operands.find((o) => o.kind === 'memory');
  if (encoded.targetAt !== undefined && !p.to) {
    out.push({
      offset: p.offset + encoded.targetAt,
      size: 4,
      kind: 'R_CALL',
      ...symbolOf(memory),
      addend: memory?.offset ?? 0n,
    });
  } else if (instr.mnemonic === 'CALL' && encoded.targetAt === undefined && !memory?.indirect) {
    // Go marks the opcode, not the REX prefix it puts in front at the end.
    const rex = (p.bytes[0]! & 0xf0) === 0x40 ? 1 : 0;
    out.push({
      offset: p.offset + rex,
      size: 0,
      kind: 'R_CALLIND',
      symbol: '',
      isStatic: false,
      abi: 'ABI0',
      addend: 0n,
    });
  }
  if (encoded.dispAt !== undefined) {
    const offset = p.offset + encoded.dispAt;
    const addend = memory?.offset ?? 0n;
    if (memory?.base === 'TLS')
      out.push({ offset, size: 4, kind: 'R_TLS_LE', symbol: 'TLS', isStatic: false, abi: 'ABI0', addend });
    else {
      // The CPU adds the displacement to the next instruction's address; the linker counts from the field's end.
      const behind = BigInt(p.bytes.length - encoded.dispAt - 4);
      out.push({ offset, size: 4, kind: 'R_PCREL', ...symbolOf(memory), addend: addend - behind });
    }
  }
  return out.sort((a, b) => a.offset - b.offset);
}

function little(v: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((v >> BigInt(8 * i)) & 0xffn));
}
