/** An instruction with everything but its distances decided, and how it becomes bytes. */
import { type Argument, type Encoded, encode } from '#emu/isa/encode.ts';
import { argument } from './argument.ts';
import { choose } from './choose.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Instr } from './program.ts';
import { prefixBytes, rawData } from './pseudo.ts';
import type { MemoryOperand, Operand } from './syntax.ts';
import { printInstr } from './text.ts';

export interface Piece {
  readonly instr: Instr;
  encoded: Encoded | undefined;
  bytes: number[];
  /** Target piece of a local branch, and the bytes of its displacement. */
  to: Piece | undefined;
  reach: 1 | 4;
  /** It has no short form. */
  isFar: boolean;
  offset: number;
  /** Which of its function it is. */
  readonly order: number;
}

const none: number[] = [];

export const piece = (instr: Instr, order: number): Piece => ({
  instr,
  encoded: undefined,
  bytes: none,
  to: undefined,
  reach: 1,
  isFar: false,
  offset: 0,
  order,
});

/** What instructions that were written alike have become, by the operands that they share. */
export type Encodings = Map<readonly Operand[], { readonly mnemonic: string; readonly encoded: Encoded }>;

export function encodePiece(p: Piece, report: (d: Diagnostic) => void, seen?: Encodings): void {
  const { mnemonic, operands, at } = p.instr;
  const isShared = p.instr.isExpanded && !p.to;
  const before = isShared ? seen?.get(operands) : undefined;
  if (before?.mnemonic === mnemonic) {
    p.encoded = before.encoded;
    p.bytes = before.encoded.bytes;
    return;
  }
  p.encoded = undefined;
  const invalid = (): void => report({ at, message: `invalid instruction: ${printInstr(p.instr)}` });
  if (mnemonic === 'NOP' && operands.length > 1) return invalid();
  if (mnemonic === 'NOP' || mnemonic === 'PCDATA' || mnemonic === 'FUNCDATA') return;
  const prefix = prefixBytes.get(mnemonic);
  if (prefix !== undefined) {
    if (operands.length) return invalid();
    p.bytes = [prefix];
    return;
  }
  const size = rawData.get(mnemonic);
  if (size !== undefined) {
    const bytes = operands.flatMap((o) => (o.kind === 'immediate' ? little(o.value, size) : []));
    if (operands.length !== 1 || bytes.length !== size) return invalid();
    p.bytes = bytes;
    return;
  }
  let chosen = chooseFor(p);
  if (chosen === undefined && p.to && p.reach === 1) {
    p.reach = 4;
    chosen = chooseFor(p);
    p.isFar = chosen !== undefined;
  }
  // LOOP and JCXZ know only the short form.
  if (chosen === undefined && p.bytes.length) return report({ at, message: `loop too far: ${printInstr(p.instr)}` });
  if (chosen === undefined) return invalid();
  if (typeof chosen === 'string') return report({ at, message: `${chosen}: ${printInstr(p.instr)}` });
  if (chosen.args.some(isTooFar)) return report({ at, message: `offset too large in ${printInstr(p.instr)}` });
  try {
    p.encoded = encode(chosen.form, chosen.args, chosen.decorations);
    p.bytes = p.encoded.bytes;
    if (isShared) seen?.set(operands, { mnemonic, encoded: p.encoded });
  } catch {
    invalid();
  }
}

/** The row for a piece as far as it must reach. */
function chooseFor({ instr, to, reach }: Piece): ReturnType<typeof choose> {
  const args = instr.operands.map((o): Argument | undefined => {
    // Through a variable one calls, but does not jump.
    if (o.kind === 'memory' && o.indirect && instr.mnemonic !== 'CALL') return undefined;
    if (isCodeSymbol(instr, o) || isCodeAddress(instr, o)) return { kind: 'target', size: 4 };
    return to && (o.kind === 'label' || o.kind === 'pc') ? { kind: 'target', size: reach } : argument(o);
  });
  return args.every((a) => a !== undefined) ? choose(instr.mnemonic, args, instr.suffixes) : undefined;
}

/** A displacement has 32 bits and its sign is copied; an address beyond that cannot be written. */
const isTooFar = (a: Argument): boolean =>
  a.kind === 'mem' && a.symbolic === undefined && BigInt.asIntN(32, a.disp) !== a.disp;

/** `CALL $0x1000`: an address that the linker subtracts the instruction's own from. */
const isCodeAddress = (i: Instr, o: Operand): boolean =>
  (i.mnemonic === 'CALL' || i.mnemonic === 'JMP') &&
  o.kind === 'immediate' &&
  o.value >= -0x8000_0000n &&
  o.value < 0x1_0000_0000n;

/** `CALL sym(SB)`, `JMP sym(SB)`: always far, the linker knows how far. */
const isCodeSymbol = (i: Instr, o: Operand): o is MemoryOperand =>
  o.kind === 'memory' &&
  o.pseudo === 'SB' &&
  !o.indirect &&
  !o.addressOf &&
  o.base === undefined &&
  (i.mnemonic === 'CALL' || i.mnemonic === 'JMP');

/** The low bytes of a constant, little-endian. */
function little(v: bigint, size: number): number[] {
  const halves = [Number(BigInt.asIntN(32, v)), Number(BigInt.asIntN(32, v >> 32n))];
  const bytes: number[] = [];
  for (let i = 0; i < size; i++) bytes.push((halves[i >> 2]! >> (8 * (i & 3))) & 255);
  return bytes;
}
