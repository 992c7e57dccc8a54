/** What directives have on their lines: names, strings, nothing more. Messages are spaced as Go spaces them. */
import { fail } from './diagnostic.ts';
import type { Line } from './line.ts';
import { unquote } from './quote.ts';
import type { Word } from './word.ts';

/** Go has no text for the end of a file. */
export function quotedText(word: Word): string {
  return JSON.stringify(word.kind === 'end' ? '' : word.text);
}

export function macroName({ words }: Line): Word {
  const [word] = words;
  if (word!.kind !== 'identifier') fail(`expected identifier after # directive ; got ${quotedText(word!)}`);
  return word!;
}

export function expectNewline(line: Line, index: number, directive: string): void {
  const word = line.words[index]!;
  if (word.kind !== 'newline') fail(`expected newline after ${directive} ; got ${quotedText(word)}`);
}

export function quotedName(word: Word, what: string): string {
  const bytes = unquote(word.text);
  if (bytes === undefined) fail(`unquoting ${what} invalid syntax`);
  return new TextDecoder().decode(bytes);
}
