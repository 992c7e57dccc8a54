/** What directives have on their lines: names, strings, nothing more. Messages are spaced as Go spaces them. */
import { fail } from './diagnostic.ts';
import type { Token } from './lex.ts';
import { unquote } from './quote.ts';

/** Go has no text for the end of a file. */
export function quotedText(token: Token): string {
  return JSON.stringify(token.kind === 'end' ? '' : token.text);
}

export function macroName(line: readonly Token[]): string {
  const [token] = line;
  if (token!.kind !== 'identifier') {
    fail(`expected identifier after # directive ; got ${quotedText(token!)}`);
  }
  return token!.text;
}

export function expectNewline(line: readonly Token[], index: number, directive: string): void {
  const token = line[index]!;
  if (token.kind !== 'newline') fail(`expected newline after ${directive} ; got ${quotedText(token)}`);
}

export function quotedName(token: Token, what: string): string {
  const bytes = unquote(token.text);
  if (bytes === undefined) fail(`unquoting ${what} invalid syntax`);
  return new TextDecoder().decode(bytes);
}
