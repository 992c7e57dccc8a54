/** Instructions become bytes, each by itself: how far a jump goes is filled in when it is known. */
import { Bytes } from '#emu/isa/bytes.ts';
import { type Argument, type Encoded, encode } from '#emu/isa/encode.ts';
import { turn } from '#emu/isa/form.ts';
import { argument } from './argument.ts';
import { choose } from './choose.ts';
import type { Diagnostic } from './diagnostic.ts';
import type { Instr } from './instr.ts';
import type { Mnemonic } from './mnemonic.ts';
import type { MemoryOperand, Operand } from './syntax.ts';
import { printInstr } from './text.ts';

export class Encoder {
  /** Of all instructions, in the order in which they were encoded. */
  readonly bytes = new Bytes();
  readonly #report: (d: Diagnostic) => void;
  /** Where an instruction's arguments are put together. */
  readonly #room: Argument[] = [];
  /** What instructions that were written alike have become, by the operands that they share. */
  readonly #alike = new Map<readonly Operand[], { readonly mnemonic: Mnemonic; readonly encoded: Encoded }>();

  constructor(report: (d: Diagnostic) => void) {
    this.#report = report;
  }

  encode(i: Instr): void {
    const { mnemonic, operands } = i;
    const isShared = i.isExpanded && i.branch === undefined;
    const before = isShared ? this.#alike.get(operands) : undefined;
    if (before?.mnemonic === mnemonic) {
      i.encoded = before.encoded;
      return;
    }
    const encoded = this.#encoded(i);
    if (typeof encoded === 'string') {
      this.#report({ at: i.at, message: encoded });
      return;
    }
    i.encoded = encoded;
    if (isShared) this.#alike.set(operands, { mnemonic, encoded });
  }

  /** A jump's displacement. */
  patch({ from, size, targetAt }: Encoded, displacement: number): void {
    if (targetAt === undefined) return;
    // Nothing stands behind it.
    for (let n = targetAt; n < size; n++) this.bytes.patch8(from + n, displacement >> (8 * (n - targetAt)));
  }

  /** A string says what is wrong. */
  #encoded(i: Instr): Encoded | string {
    const { mnemonic, operands, branch } = i;
    const invalid = (): string => `invalid instruction: ${printInstr(i)}`;
    if (mnemonic.isEmpty) return i.name === 'NOP' && operands.length > 1 ? invalid() : i.encoded;
    if (mnemonic.rows.length === 0) return this.#raw(i) ?? invalid();
    let chosen = this.#choose(i);
    if (chosen === undefined && branch?.reach === 1) {
      branch.reach = 4;
      chosen = this.#choose(i);
      branch.isFar = chosen !== undefined;
    }
    // LOOP and JCXZ know only the short form.
    if (chosen === undefined) return i.encoded.size ? `loop too far: ${printInstr(i)}` : invalid();
    if (typeof chosen === 'string') return `${chosen}: ${printInstr(i)}`;
    if (chosen.args.some(isTooFar)) return `offset too large in ${printInstr(i)}`;
    try {
      return encode(chosen.template, chosen.args, chosen.decorations, this.bytes);
    } catch {
      return invalid();
    }
  }

  /** The row for an instruction, a jump's as far as it must reach. */
  #choose(i: Instr): ReturnType<typeof choose> {
    const { mnemonic, operands, suffixes } = i;
    for (let n = 0; n < operands.length; n++) {
      const arg = argumentOf(i, operands[n]!);
      if (arg === undefined) return undefined;
      this.#room[n] = arg;
    }
    return choose(mnemonic, turn(mnemonic, this.#room.slice(0, operands.length)), suffixes);
  }

  /** What has no row: a prefix, or data. */
  #raw({ mnemonic: { prefix, raw }, operands }: Instr): Encoded | undefined {
    const from = this.bytes.length;
    const [o] = operands;
    if (prefix !== undefined && o === undefined) this.bytes.u8(prefix);
    else if (raw !== undefined && o?.kind === 'immediate' && operands.length === 1)
      for (let n = 0; n < raw; n++) this.bytes.u8(Number((o.value >> BigInt(8 * n)) & 0xffn));
    else return undefined;
    return { from, size: this.bytes.length - from, dispAt: undefined, targetAt: undefined };
  }
}

const targets = { 1: { kind: 'target', size: 1 }, 4: { kind: 'target', size: 4 } } as const;

function argumentOf({ name, branch }: Instr, o: Operand): Argument | undefined {
  if (o.kind === 'label' || o.kind === 'pc') return branch && targets[branch.reach];
  // Through a variable one calls, but does not jump.
  if (o.kind === 'memory' && o.indirect && name !== 'CALL') return undefined;
  if ((name === 'CALL' || name === 'JMP') && (isCodeSymbol(o) || isCodeAddress(o))) return targets[4];
  return argument(o);
}

/** A displacement has 32 bits and its sign is copied; an address beyond that cannot be written. */
const isTooFar = (a: Argument): boolean =>
  a.kind === 'mem' && a.symbolic === undefined && BigInt.asIntN(32, a.disp) !== a.disp;

/** `CALL $0x1000`: an address that the linker subtracts the instruction's own from. */
const isCodeAddress = (o: Operand): boolean =>
  o.kind === 'immediate' && o.value >= -0x8000_0000n && o.value < 0x1_0000_0000n;

/** `CALL sym(SB)`, `JMP sym(SB)`: always far, the linker knows how far. */
const isCodeSymbol = (o: Operand): o is MemoryOperand =>
  o.kind === 'memory' && o.pseudo === 'SB' && !o.indirect && !o.addressOf && o.base === undefined;
