/**
 * The row: one instruction form. Legend:
 *
 *   name       Go's mnemonic
 *   encoding   Intel's notation (SDM vol. 2, 3.1.1.1): `REX.W 83 /0 ib`, `66 0F 6F /r`, `50+r`, `0F 05`
 *              NP: no 66/F2/F3 prefix may stand before it; NFx: no F2/F3; ib iw id io: immediate bytes; cb cd: branch displacement
 *   operands   Intel's order and names: rm64 = ModRM.rm, register or memory; r64 = ModRM.reg, or the opcode's +r
 *              VEX.256.66.0F38.W0 …: a VEX prefix; xmmV, ymmV are VEX.vvvv. EVEX.512.66.0F38.W0 …: an EVEX prefix (evex.ts)
 *   meaning    what it does; a row without one assembles and disassembles, and stops the machine when executed
 *
 * Of several rows with one name the assembler takes the first that fits, so their order is Go's choice among equal
 * encodings. Of several rows with one encoding the decoder takes the first.
 */
import { type Encoding, parseEncoding } from './encoding.ts';
import type { Feature } from './feature.ts';
import type { HiddenKind, OperandKind } from './operand.ts';
import type { Meaning } from './ops.ts';

export interface Traits {
  /** May carry a LOCK prefix when its destination is memory. */
  readonly lock?: boolean;
  /** Reads and writes its first operand. LOCK-able rows do, but those that say they see to it themselves. */
  readonly modifies?: boolean;
  /** Operands that stand nowhere in the text: they follow the others. */
  readonly hidden?: readonly HiddenKind[];
  /** Go writes the operands in Intel's order (CMPQ left, right) rather than source first. */
  readonly intelOrder?: boolean;
  /** Go writes the immediate last rather than first (CMPPD X1, X2, $7). */
  readonly immediateLast?: boolean;
  /** Destination, indices and mask of a gather: registers that must not be the same. #UD, and not to be assembled. */
  readonly distinct?: boolean;
  /** When it faults, vector registers keep what was `put` before: executed again, it goes on from there (gathers). */
  readonly resumes?: boolean;
  /** What a REP prefix does: repeat CX times, or also stop on ZF. */
  readonly rep?: 'count' | 'compare';
  /** Only without REX.B: 90 is NOP, 41 90 is XCHG R8D, EAX. */
  readonly noRexB?: boolean;
  /** Go's assembler has no such spelling; the decoder needs a name for the bytes all the same. */
  readonly decodeOnly?: boolean;
  /** EVEX: the destination may have a mask, one that merges or also one that zeroes; or must have one (gathers). */
  readonly mask?: 'merge' | 'zero' | 'needed';
  /** EVEX between registers: may suppress exceptions (SAE), or do so and say how to round as well (ER). */
  readonly control?: 'SAE' | 'ER';
  /** Go's bytes for it are not a whole instruction: assembled, never decoded. */
  readonly truncated?: boolean;
  /** The CPUID bit that must be set for it to exist; on a CPU without it the bytes are #UD. */
  readonly feature?: Feature;
  /** What the encoding means on a CPU without the feature is another row's (LZCNT's F3 is ignored: BSR). */
  readonly elseIgnored?: boolean;
}

export type Form = Row & Traits;

/**
 * What every row has. Its encoding is parsed when somebody looks at it: of two thousand rows one file needs a few dozen.
 */
class Row {
  readonly name: string;
  readonly operands: readonly OperandKind[];
  readonly meaning: Meaning | undefined;
  readonly #text: string;
  #encoding: Encoding | undefined;
  #isVector: boolean | undefined;

  constructor(name: string, text: string, operands: readonly OperandKind[], meaning: Meaning | undefined) {
    this.name = name;
    this.operands = operands;
    this.meaning = meaning;
    this.#text = text;
  }

  /** Throws where the row is mistyped. */
  get encoding(): Encoding {
    this.#encoding ??= parseEncoding(this.#text);
    return this.#encoding;
  }

  /** Some operand is a vector or x87 register: prefixes then select the row rather than a size. */
  get isVector(): boolean {
    this.#isVector ??= this.operands.some((k) => 'file' in k && vectorFiles.has(k.file));
    return this.#isVector;
  }

  /** This row with something else about it. */
  with(change: Traits & { readonly operands?: readonly OperandKind[] }): Form {
    return Object.assign(new Row(this.name, this.#text, this.operands, this.meaning), this, change);
  }
}

const vectorFiles: ReadonlySet<string> = new Set(['xmm', 'ymm', 'zmm', 'k', 'mmx', 'st']);

/** Turns operands from Intel's order to Go's, or back. Returns the same array. */
export function turn<T>({ intelOrder, immediateLast }: Traits, operands: T[]): T[] {
  if (intelOrder) return operands;
  const last = immediateLast ? operands.pop() : undefined;
  operands.reverse();
  if (last !== undefined) operands.push(last);
  return operands;
}

/** Rows of a chapter that exist only with a CPUID feature: this one, where a row does not name another. */
export const requires = (feature: Feature, rows: readonly Form[]): Form[] =>
  rows.map((f) => (f.feature ? f : f.with({ feature })));

export function form(
  name: string,
  encoding: string,
  operands: readonly OperandKind[],
  meaning?: Meaning,
  traits: Traits = {},
): Form {
  const modifies = traits.modifies ?? traits.lock ?? false;
  return Object.assign(new Row(name, encoding, operands, meaning), traits, { modifies });
}
