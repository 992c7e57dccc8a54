/** PCMPESTRI and its siblings: two texts of bytes or words, compared as the immediate byte says. SDM vol. 1, 4.1.1. */

/** Control bits: words instead of bytes, signed elements, how to compare, what to negate, which end or what shape to give. */
const WORDS = 1;
const SIGNED = 2;
const NEGATE = 0x10;
const MASKED = 0x20;
const MOST_SIGNIFICANT = 0x40;

interface Text {
  readonly elements: readonly bigint[];
  /** How many of them count. */
  readonly length: number;
}

/** Both texts' elements, and how many belong to them: up to the first zero, or as an explicit length says. */
function textOf(v: bigint, control: number, length: bigint | undefined): Text {
  const w = control & WORDS ? 16 : 8;
  const elements = Array.from({ length: 128 / w }, (_, i) => {
    const e = BigInt.asUintN(w, v >> BigInt(w * i));
    return control & SIGNED ? BigInt.asIntN(w, e) : e;
  });
  if (length !== undefined) {
    const n = length < 0n ? -length : length;
    return { elements, length: n > BigInt(elements.length) ? elements.length : Number(n) };
  }
  const end = elements.indexOf(0n);
  return { elements, length: end < 0 ? elements.length : end };
}

/** One bit for each element of `b`: whether it matches. Elements past a text's end never do, but in a search. */
function matches(a: Text, b: Text, how: number): boolean[] {
  const inA = a.elements.slice(0, a.length);
  const count = b.elements.length;
  const at = (j: number): bigint => b.elements[j]!;
  const each = (f: (j: number) => boolean): boolean[] => Array.from({ length: count }, (_, j) => f(j));
  switch (how) {
    // Equal to any of a's.
    case 0:
      return each((j) => j < b.length && inA.includes(at(j)));
    // Inside one of the ranges that a's pairs are.
    case 1:
      return each(
        (j) =>
          j < b.length && inA.some((low, i) => i % 2 === 0 && i + 1 < a.length && low <= at(j) && at(j) <= inA[i + 1]!),
      );
    // Equal at the same place; where both have ended they are equal.
    case 2:
      return each((j) => (j < a.length && j < b.length ? inA[j] === at(j) : j >= a.length && j >= b.length));
    // All of a begins here, as far as the register reaches.
    default:
      return each((j) => inA.every((e, i) => j + i >= count || (j + i < b.length && at(j + i) === e)));
  }
}

/** What an instruction of the family has computed: IntRes2 of the manual, and whether each text ended early. */
export interface Comparison {
  readonly bits: number;
  readonly elements: number;
  readonly shortA: boolean;
  readonly shortB: boolean;
}

/** `lengths`: RAX and RDX as signed numbers, or nothing when zeros end the texts. */
export function compareTexts(
  a: bigint,
  b: bigint,
  control: number,
  lengths?: { readonly a: bigint; readonly b: bigint },
): Comparison {
  const textA = textOf(a, control, lengths?.a);
  const textB = textOf(b, control, lengths?.b);
  const elements = textB.elements.length;
  const bits = matches(textA, textB, (control >> 2) & 3).reduce(
    (n, hit, j) => n | (Number(hit !== negates(control, j < textB.length)) << j),
    0,
  );
  return { bits, elements, shortA: textA.length < elements, shortB: textB.length < elements };
}

/** Negation of all results, or only of those of elements that belong to b. */
const negates = (control: number, isValid: boolean): boolean =>
  (control & NEGATE) !== 0 && ((control & MASKED) === 0 || isValid);

/** The index forms' ECX: the lowest or the highest one of the bits, or the number of elements. */
export function indexOf({ bits, elements }: Comparison, control: number): number {
  if (bits === 0) return elements;
  return control & MOST_SIGNIFICANT ? 31 - Math.clz32(bits) : 31 - Math.clz32(bits & -bits);
}

/** The mask forms' XMM0: the bits as they are, or every one spread over its element. */
export function maskOf({ bits, elements }: Comparison, control: number): bigint {
  if (!(control & MOST_SIGNIFICANT)) return BigInt(bits);
  const w = BigInt(128 / elements);
  let v = 0n;
  for (let j = 0; j < elements; j++) if ((bits >> j) & 1) v |= ((1n << w) - 1n) << (w * BigInt(j));
  return v;
}
