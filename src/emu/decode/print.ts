/** Instructions in Go's syntax, as `go tool objdump` writes them: source first, registers without their R. */
import { turn } from '../isa/form.ts';
import type { VectorFile } from '../isa/operand.ts';
import type { Place } from '../isa/place.ts';
import type { Instruction } from './instruction.ts';

/** Name for an address: "runtime.mmap", "runtime.mmap+0x12". Undefined when nothing is known about it. */
export type NameOf = (address: bigint) => string | undefined;

const WIDE = ['AX', 'CX', 'DX', 'BX', 'SP', 'BP', 'SI', 'DI'];
const LOW = ['AL', 'CL', 'DL', 'BL', 'SPB', 'BPB', 'SIB', 'DIB'];
const LETTERS: Readonly<Record<VectorFile, string>> = { xmm: 'X', ymm: 'Y', zmm: 'Z' };
const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];
const HIGH = ['AH', 'CH', 'DH', 'BH'];

/** Go's name of general register `n`: AX, R8. */
export const goRegister = (n: number): string => WIDE[n] ?? `R${n}`;

const signedHex = (v: bigint): string => (v < 0n ? `-0x${(-v).toString(16)}` : `0x${v.toString(16)}`);

function register(p: Place & { in: 'gpr' }): string {
  if (p.w !== 8) return goRegister(p.n);
  return p.high ? HIGH[p.n]! : (LOW[p.n] ?? `R${p.n}B`);
}

function memory(p: Place & { in: 'mem' }, vsib: VectorFile, nameOf: NameOf): string {
  if (p.ripRelative) {
    const name = nameOf(p.disp);
    return name ? `${name}(SB)` : `0x${p.disp.toString(16)}`;
  }
  const disp = BigInt.asIntN(64, p.disp);
  const prefix = p.segment ? `${p.segment}:` : '';
  if (p.base === undefined && p.index === undefined) return `${prefix}${signedHex(disp)}`;
  const base = p.base === undefined ? '' : `(${goRegister(p.base)})`;
  const index =
    p.index === undefined ? '' : `(${p.vectorIndex ? `${LETTERS[vsib]}${p.index}` : goRegister(p.index)}*${p.scale})`;
  return `${prefix}${disp === 0n && p.base !== 4 ? '' : signedHex(disp)}${base}${index}`;
}

function operand(p: Place, insn: Instruction, nameOf: NameOf): string {
  const kind = insn.form.operands[insn.operands.indexOf(p)];
  switch (p.in) {
    case 'gpr':
      return register(p);
    case 'xmm': {
      const letter = p.w === 512 ? 'Z' : p.w === 256 ? 'Y' : 'X';
      return kind && 'block' in kind ? `[${letter}${p.n}-${letter}${p.n + 3}]` : `${letter}${p.n}`;
    }
    case 'k':
      return `K${p.n}`;
    case 'mmx':
      return `M${p.n}`;
    case 'st':
      return `F${p.n}`;
    case 'seg':
      return SEGMENTS[p.n]!;
    case 'cr':
    case 'dr':
      return `${p.in.toUpperCase()}${p.n}`;
    case 'mem':
      return memory(p, kind?.slot === 'rm' ? (kind.vsib ?? 'xmm') : 'xmm', nameOf);
    case 'imm': {
      if (kind?.slot !== 'rel') {
        return `$${signedHex(kind?.slot === 'imm' && kind.signed ? BigInt.asIntN(p.w, p.value) : p.value)}`;
      }
      const name = nameOf(p.value);
      return name ? `${name}(SB)` : `0x${p.value.toString(16)}`;
    }
  }
}

export function print(insn: Instruction, nameOf: NameOf = () => undefined): string {
  // Hidden operands follow the written ones.
  const written = insn.operands.slice(0, insn.form.operands.length);
  const { mask, zeroing, broadcast, control } = insn.decorations;
  const intel = written.map((p) => operand(p, insn, nameOf));
  if (mask) intel.splice(1, 0, `K${mask}`);
  const args = turn(insn.form, intel);
  const suffixes = `${control ? `.${control}` : ''}${broadcast ? '.BCST' : ''}${zeroing ? '.Z' : ''}`;
  const prefix = insn.lock ? 'LOCK; ' : insn.repeat ? `${insn.repeat}; ` : '';
  return `${prefix}${insn.form.name}${suffixes}${args.length ? ` ${args.join(', ')}` : ''}`;
}
