/** What of an instruction's bytes the linker must fill in. */
import type { Encoded } from '#emu/isa/encode.ts';
import type { Relocation } from './object.ts';
import type { Piece } from './piece.ts';
import type { Operand } from './syntax.ts';

type Target = Pick<Relocation, 'symbol' | 'isStatic' | 'abi'>;

function symbolOf(o: Operand | undefined): Target {
  const s = o?.kind === 'memory' ? o.symbol : undefined;
  return { symbol: s?.name ?? '', isStatic: s?.isStatic ?? false, abi: s?.abi ?? 'ABI0' };
}

/** In the order of their places. */
export function relocations(pieces: readonly Piece[]): Relocation[] {
  const out: Relocation[] = [];
  for (const p of pieces) {
    const { encoded, instr } = p;
    if (!encoded || (encoded.targetAt === undefined && encoded.dispAt === undefined && instr.mnemonic !== 'CALL'))
      continue;
    out.push(...relocate(p, encoded));
  }
  return out;
}

function relocate(p: Piece, encoded: Encoded): Relocation[] {
  const { instr } = p;
  const out: Relocation[] = [];
  const memory = instr.operands.find((o) => o.kind === 'memory');
  const [first] = instr.operands;
  if (encoded.targetAt !== undefined && !p.to) {
    const address = first?.kind === 'immediate' ? first.value : undefined;
    const offset = p.offset + encoded.targetAt;
    if (address !== undefined) return [{ offset, size: 4, kind: 'R_PCREL', ...symbolOf(first), addend: address }];
    out.push({
      offset,
      size: 4,
      kind: 'R_CALL',
      ...symbolOf(memory),
      // Of `JMP sym+8(SB)` Go keeps the symbol only.
      addend: instr.mnemonic === 'CALL' ? (memory?.offset ?? 0n) : 0n,
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
