/** Numbers as strace spells them. */

export const hex = (n: bigint | number): string => `0x${n.toString(16)}`;

export const showPointer = (p: bigint): string => (p === 0n ? 'NULL' : hex(p));

/** C's %#lx: zero has no prefix. */
export const showHex = (n: bigint): string => (n === 0n ? '0' : hex(n));

/** Names of bits, in the order in which strace prints them. */
export type Bits = Readonly<Record<string, number>>;

/** `PROT_READ|0x10`; `0x10` with a comment when no bit has a name; `zero` when no bit is set. */
export function showBits(value: bigint, bits: Bits, unknown: string, zero = '0'): string {
  if (value === 0n) return zero;
  let rest = value;
  const known: string[] = [];
  for (const [name, bit] of Object.entries(bits)) {
    if (!(rest & BigInt(bit))) continue;
    known.push(name);
    rest &= ~BigInt(bit);
  }
  if (known.length === 0) return showUnknown(value, unknown);
  return rest ? `${known.join('|')}|${hex(rest)}` : known.join('|');
}

export const showUnknown = (value: bigint, unknown: string): string => `${hex(value)} /* ${unknown} */`;

/** strace shows this many bytes of a buffer (its option -s). */
export const SHOWN_BYTES = 32;

const letters: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

/** A C string literal; octal escapes take three digits only where the next byte is an octal digit. */
export function showBytes(bytes: Uint8Array, length: bigint): string {
  const text = [...bytes].map((b, i) => {
    const letter = letters[b];
    if (letter) return letter;
    if (b >= 0x20 && b < 0x7f) return String.fromCharCode(b);
    const next = bytes[i + 1];
    const digits = next !== undefined && next >= 0x30 && next <= 0x37 ? 3 : 1;
    return `\\${b.toString(8).padStart(digits, '0')}`;
  });
  return `"${text.join('')}"${length > BigInt(bytes.length) ? '...' : ''}`;
}
