/**
 * Machine code as Go assembly that assembles to the same bytes. Each line is tried: one that our assembler would make into
 * other bytes (another encoding of the same instruction, an address that only a linker knows, no instruction at all) is given
 * as BYTE, with what it says as a comment.
 */
import { assemble } from '#asm/assemble.ts';
import { decode } from '#emu/decode/decode.ts';
import type { Instruction } from '#emu/decode/instruction.ts';
import { print } from '#emu/decode/print.ts';
import type { Code, Patch, Stretch } from './elf-code.ts';

export interface Line {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** A line of assembly, without indentation. */
  readonly text: string;
  /** What `text` means, where it is BYTE and that is known; what is to be patched. */
  readonly comment: string | undefined;
  /** Some branch leads here. */
  readonly label: string | undefined;
}

const [R_X86_64_PC32, R_X86_64_PLT32] = [2, 4] as const;
/** Those that Go has a spelling for: `symbol(SB)`. */
const isRelative = ({ type }: Patch): boolean => type === R_X86_64_PC32 || type === R_X86_64_PLT32;

/** A name as Go's assembler reads it. What cannot stand in a name becomes an underscore. */
export function goName(name: string): string {
  const spelled = name
    .replace(/[^\p{L}\p{Nd}_./]/gu, '_')
    .replaceAll('.', '·')
    .replaceAll('/', '∕');
  return /^\p{Nd}/u.test(spelled) ? `_${spelled}` : spelled;
}

interface Piece {
  readonly offset: number;
  readonly length: number;
  readonly insn: Instruction | undefined;
}

export function goLines(stretch: Stretch, code: Code | undefined): Line[] {
  const pieces = cut(stretch.bytes, stretch.address);
  const at = new Map(pieces.map((p) => [stretch.address + BigInt(p.offset), p]));
  const target = (p: Piece): bigint | undefined => {
    const last = p.insn?.form.operands.findIndex((k) => k.slot === 'rel') ?? -1;
    const place = p.insn?.operands[last];
    return place?.in === 'imm' && !patchOf(stretch, p) ? place.value : undefined;
  };
  const texts = pieces.map((p): string | undefined => {
    if (!p.insn) return undefined;
    const to = target(p);
    if (to !== undefined && at.has(to)) return `${p.insn.form.name} ${labelOf(to)}`;
    return print(p.insn, (address) => addressName(address, p, stretch, code));
  });
  const isWritten = new Set(pieces.keys());
  for (const i of pieces.keys()) if (texts[i] === undefined) isWritten.delete(i);
  const labels = new Set(pieces.map(target).filter((to) => to !== undefined && at.has(to)));
  const lineOf = (i: number): string => (isWritten.has(i) ? texts[i]! : raw(bytesOf(stretch, pieces[i]!)));
  for (;;) {
    const source = pieces.map((p, i) => {
      const address = stretch.address + BigInt(p.offset);
      return `${labels.has(address) ? `${labelOf(address)}: ` : ''}${lineOf(i)}\n`;
    });
    const made = assembled(source);
    const wrong = [...isWritten].filter((i) => made[i] !== hex(bytesOf(stretch, pieces[i]!)));
    if (!wrong.length) break;
    // Distances are right only when everything between is: branches are judged last.
    const first = wrong.filter((i) => target(pieces[i]!) === undefined);
    for (const i of first.length ? first : wrong) isWritten.delete(i);
  }
  return pieces.map((p, i): Line => {
    const address = stretch.address + BigInt(p.offset);
    const meant = isWritten.has(i) ? undefined : texts[i];
    const patch = patchOf(stretch, p);
    const patched = patch && !(isRelative(patch) && isWritten.has(i)) ? patchText(patch) : undefined;
    const comment = [meant, patched].filter((t) => t !== undefined).join(' ');
    return {
      address,
      bytes: bytesOf(stretch, p),
      text: lineOf(i),
      comment: comment || undefined,
      label: labels.has(address) ? labelOf(address) : undefined,
    };
  });
}

/** Instruction after instruction; a byte that begins none is a piece of its own. */
function cut(bytes: Uint8Array, address: bigint): Piece[] {
  const pieces: Piece[] = [];
  for (let offset = 0; offset < bytes.length; offset += pieces.at(-1)!.length) {
    const insn = decode(bytes.subarray(offset, offset + 15), address + BigInt(offset));
    const isWhole = insn !== undefined && insn !== 'short';
    pieces.push({ offset, length: isWhole ? insn.length : 1, insn: isWhole ? insn : undefined });
  }
  return pieces;
}

const bytesOf = ({ bytes }: Stretch, p: Piece): Uint8Array => bytes.subarray(p.offset, p.offset + p.length);
const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const labelOf = (address: bigint): string => `L${address.toString(16)}`;
const raw = (bytes: Uint8Array): string => Array.from(bytes, (b) => `BYTE $0x${b.toString(16)}`).join('; ');

function patchOf({ patches }: Stretch, p: Piece): Patch | undefined {
  for (let at = p.offset; at < p.offset + p.length; at++) if (patches.has(at)) return patches.get(at);
  return undefined;
}

const patchText = ({ type, symbol, addend }: Patch): string =>
  `relocation ${type} ${symbol}${addend < 0n ? '' : '+'}${addend}`;

const named = (name: string, offset: bigint): string =>
  `${goName(name)}${offset === 0n ? '' : `${offset < 0n ? '' : '+'}${offset}`}`;

/** The address that a RIP-relative operand or a branch of `p` names. */
function addressName(address: bigint, p: Piece, stretch: Stretch, code: Code | undefined): string | undefined {
  for (let at = p.offset; at < p.offset + p.length; at++) {
    const patch = stretch.patches.get(at);
    // The field counts from itself, the CPU from the end of the instruction.
    if (patch && isRelative(patch)) return named(patch.symbol, patch.addend + BigInt(p.offset + p.length - at));
  }
  const found = code?.nameOf(address, stretch);
  return found && named(found.name, found.offset);
}

/** What each line becomes on its place among the others, in hexadecimal; an empty string where it is refused. */
function assembled(lines: readonly string[]): string[] {
  const path = 'disassembled.s';
  const source = `TEXT ·f(SB), 4, $0\n${lines.join('')}`;
  const { functions, diagnostics } = assemble(
    path,
    { read: (p) => (p === path ? source : undefined) },
    { includeDirs: [], defines: {}, everyError: true },
  );
  const out = lines.map(() => '');
  const refused = new Set(diagnostics.map((d) => d.at.line));
  for (const { code, lines: spans } of functions) {
    spans.forEach(({ offset, value }, i) => {
      if (!refused.has(value.line)) out[value.line - 2] += hex(code.subarray(offset, spans[i + 1]?.offset));
    });
  }
  return out;
}
