/** A whole number that an option gives. */
import { fail } from './fail.ts';

export function integer(option: string, text: string): bigint {
  if (!/^-?(0x[0-9a-fA-F]+|[0-9]+)$/.test(text)) fail(`${option} '${text}': give a whole number, decimal or 0x…`);
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}
