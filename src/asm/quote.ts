/** Go's quoted literals, "text" and 'c', to the bytes they stand for. */
const simple: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };
const digits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const encoder = new TextEncoder();

/** The bytes of a literal, quotes included in `literal`; undefined when it is malformed. `\x80` is that byte, not U+0080. */
export function unquote(literal: string): Uint8Array | undefined {
  const quote = literal.charAt(0);
  if (literal.length < 2 || !literal.endsWith(quote)) return undefined;
  const body = literal.slice(1, -1);
  const bytes: number[] = [];
  let plain = 0;
  for (let i = 0; i < body.length; ) {
    if (body.charAt(i) === quote) return undefined;
    if (body.charAt(i) !== '\\') {
      i++;
      continue;
    }
    for (const byte of encoder.encode(body.slice(plain, i))) bytes.push(byte);
    const escaped = readEscape(body, i + 1, quote);
    if (escaped === undefined) return undefined;
    for (const byte of escaped.bytes) bytes.push(byte);
    i = plain = escaped.end;
  }
  for (const byte of encoder.encode(body.slice(plain))) bytes.push(byte);
  return Uint8Array.from(bytes);
}

/** Reads the escape whose backslash stands just before `at`. */
function readEscape(body: string, at: number, quote: string): { bytes: Iterable<number>; end: number } | undefined {
  const c = body.charAt(at);
  if (c === quote) return { bytes: encoder.encode(quote), end: at + 1 };
  if (simple[c] !== undefined) return { bytes: [simple[c]], end: at + 1 };
  const octal = /^[0-7]{3}$/.exec(body.slice(at, at + 3));
  if (octal !== null) {
    const value = Number.parseInt(octal[0], 8);
    return value > 255 ? undefined : { bytes: [value], end: at + 3 };
  }
  const count = digits[c];
  if (count === undefined) return undefined;
  const hex = body.slice(at + 1, at + 1 + count);
  if (hex.length !== count || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
  const value = Number.parseInt(hex, 16);
  const end = at + 1 + count;
  if (c === 'x') return { bytes: [value], end };
  if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return undefined;
  return { bytes: encoder.encode(String.fromCodePoint(value)), end };
}
