/** What of an instruction's bytes the linker must fill in. */
import type { Instr } from './instr.ts';
import type { Relocation } from './object.ts';
import type { Operand } from './syntax.ts';

type Target = Pick<Relocation, 'symbol' | 'isStatic' | 'abi'>;

function symbolOf(o: Operand | undefined): Target {
  const s = o?.kind === 'memory' ? o.symbol : undefined;
  return { symbol: s?.name ?? '', isStatic: s?.isStatic ?? false, abi: s?.abi ?? 'ABI0' };
}

/** In the order of their places. `bytes` are what `encoded` speaks of. */
export function relocations(code: readonly Instr[], bytes: Uint8Array): Relocation[] {
  const out: Relocation[] = [];
  for (const i of code) {
    const { targetAt, dispAt, size } = i.encoded;
    if (targetAt === undefined && dispAt === undefined && (i.name !== 'CALL' || size === 0)) continue;
    out.push(...relocate(i, bytes));
  }
  return out;
}

function relocate(i: Instr, bytes: Uint8Array): Relocation[] {
  const { name, operands, encoded } = i;
  const out: Relocation[] = [];
  const memory = operands.find((o) => o.kind === 'memory');
  const [first] = operands;
  if (encoded.targetAt !== undefined && !i.branch) {
    const address = first?.kind === 'immediate' ? first.value : undefined;
    const offset = i.offset + encoded.targetAt;
    if (address !== undefined) return [{ offset, size: 4, kind: 'R_PCREL', ...symbolOf(first), addend: address }];
    out.push({
      offset,
      size: 4,
      kind: 'R_CALL',
      ...symbolOf(memory),
      // Of `JMP sym+8(SB)` Go keeps the symbol only.
      addend: name === 'CALL' ? (memory?.offset ?? 0n) : 0n,
    });
  } else if (name === 'CALL' && encoded.targetAt === undefined && !memory?.indirect) {
    // Go marks the opcode, not the REX prefix it puts in front at the end.
    const rex = (bytes[encoded.from]! & 0xf0) === 0x40 ? 1 : 0;
    out.push({
      offset: i.offset + rex,
      size: 0,
      kind: 'R_CALLIND',
      symbol: '',
      isStatic: false,
      abi: 'ABI0',
      addend: 0n,
    });
  }
  if (encoded.dispAt !== undefined) {
    const offset = i.offset + encoded.dispAt;
    const addend = memory?.offset ?? 0n;
    if (memory?.base === 'TLS')
      out.push({ offset, size: 4, kind: 'R_TLS_LE', symbol: 'TLS', isStatic: false, abi: 'ABI0', addend });
    else {
      // The CPU adds the displacement to the next instruction's address; the linker counts from the field's end.
      const behind = BigInt(encoded.size - encoded.dispAt - 4);
      out.push({ offset, size: 4, kind: 'R_PCREL', ...symbolOf(memory), addend: addend - behind });
    }
  }
  return out.sort((a, b) => a.offset - b.offset);
}
