/** Go's numeric literals to values, with strconv's complaints. */
import { fail } from './diagnostic.ts';
import { unquote } from './quote.ts';

const integer = /^(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;

/** An unsigned literal of up to 64 bits. */
export function parseUint(text: string): bigint {
  const value = magnitude(text, 'ParseUint');
  if (value >= 1n << 64n) fail(`strconv.ParseUint: parsing "${text}": value out of range`);
  return value;
}

/** A literal that must fit a signed 64-bit integer. */
export function parseInt64(text: string): bigint {
  const value = magnitude(text, 'ParseInt');
  if (value >= 1n << 63n) fail(`strconv.ParseInt: parsing "${text}": value out of range`);
  return value;
}

function magnitude(text: string, parser: string): bigint {
  // No literal that fits is this long, and reading a huge one takes quadratic time.
  if (text.length > 1000) fail(`strconv.${parser}: parsing "${text.slice(0, 20)}…": value out of range`);
  if (!integer.test(text)) fail(`strconv.${parser}: parsing "${text}": invalid syntax`);
  const digits = text.includes('_') ? text.replaceAll('_', '') : text;
  const isOctal = digits.startsWith('0') && digits.charAt(1) >= '0' && digits.charAt(1) <= '7';
  return BigInt(isOctal ? `0o${digits}` : digits);
}

export function parseFloat64(text: string): number {
  const value = /^0[xX]/.test(text) ? hexFloat(text) : decimalFloat(text);
  if (value === undefined) fail(`strconv.ParseFloat: parsing "${text}": invalid syntax`);
  if (!Number.isFinite(value)) fail(`strconv.ParseFloat: parsing "${text}": value out of range`);
  return value;
}

function decimalFloat(text: string): number | undefined {
  return /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : undefined;
}

/** `0x1.8p3`: the mantissa as an integer, the point as part of the exponent. */
function hexFloat(text: string): number | undefined {
  const parts = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/.exec(text);
  if (parts === null) return undefined;
  const [, whole, fraction, exponent] = parts as unknown as [string, string, string, string];
  if (whole + fraction === '') return undefined;
  // Two steps, since 2 ** -1074 is still a number and 2 ** -1080 times a large mantissa must not become 0 too early.
  const scale = Number(exponent) - 4 * fraction.length;
  const half = Math.trunc(scale / 2);
  return Number(`0x${whole}${fraction}`) * 2 ** half * 2 ** (scale - half);
}

/** The code point of 'c'. */
export function parseChar(text: string): bigint {
  const bytes = unquote(text);
  if (bytes === undefined || bytes.length === 0) return fail('invalid char literal');
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const isMalformed = decoded.startsWith('\uFFFD') && !(bytes[0] === 0xef && bytes[1] === 0xbf && bytes[2] === 0xbd);
  if (isMalformed) fail('illegal UTF-8 encoding for character constant');
  const value = decoded.codePointAt(0)!;
  if (decoded.length !== String.fromCodePoint(value).length) fail('invalid char literal');
  return BigInt(value);
}
