/** #define: reading a macro's definition, and putting its arguments into its body. */
import { fail } from './diagnostic.ts';
import { Line } from './line.ts';
import { buildConstraint, endOfText, newline, type Word } from './word.ts';

export interface Macro {
  readonly name: string;
  /** How many parameters it has: 0 for `A()`, undefined for a macro without parentheses. */
  readonly arity: number | undefined;
  readonly body: Line;
  /** The only word of its body, for which the name of a macro without parentheses stands. */
  readonly alias: Word | undefined;
  /** For each word of the body the number of the parameter that it is, or −1. */
  readonly slots: readonly number[];
}

/**
 * Reads a definition from what follows `#define`: the name, and all up to and including the newline that ends it. The
 * `#define` may itself come out of a macro.
 */
export function defineMacro(name: string, line: Line, isExpanded: boolean): Macro {
  const { words, places, length } = line;
  // An empty definition may end with the file; any other needs its newline.
  if (length === 2) return plainMacro(name, new Line());
  // `A(x)` defines a macro with arguments, `A (x)` does not. In a macro's body Go no longer sees the blank.
  const opens = words[1]!.text === '(' && (isExpanded || places[1] === places[0]! + name.length);
  if (!opens) return plainMacro(name, readBody(name, line, 1));
  const { parameters, end } = readParameters(name, line);
  const body = readBody(name, line, end);
  const slots = body.words.map((word) => parameters.get(word) ?? -1);
  return { name, arity: parameters.size, body, alias: undefined, slots };
}

/** One without parentheses. */
export const plainMacro = (name: string, body: Line): Macro => ({
  name,
  arity: undefined,
  body,
  alias: body.length === 1 ? body.words[0] : undefined,
  slots: [],
});

/** The parameters by number, and where the body begins. */
function readParameters(name: string, { words, length }: Line): { parameters: Map<Word, number>; end: number } {
  const parameters = new Map<Word, number>();
  let wantsName = true;
  for (let i = 2; i < length; i++) {
    const word = words[i]!;
    const { kind, text } = word;
    if (text === ')') return { parameters, end: i + 1 };
    if (text !== ',' && kind !== 'identifier') break;
    if ((text === ',') === wantsName) fail(`bad syntax in definition for macro: ${name}`);
    if (text !== ',') {
      if (parameters.has(word)) fail(`duplicate argument ${text} in definition for macro: ${name}`);
      parameters.set(word, parameters.size);
    }
    wantsName = text === ',';
  }
  return fail(`bad definition for macro: ${name}`);
}

/** The body, which begins there, without its final newline. A backslash keeps a newline, or another backslash, in it. */
function readBody(name: string, { words, places, length }: Line, from: number): Line {
  const body = new Line();
  for (let i = from; i < length; i++) {
    if (words[i] === newline) break;
    if (words[i]!.text === '\\') {
      const escaped = words[++i]!;
      if (escaped !== newline && escaped.text !== '\\') {
        fail(`can only escape \\ or \\n in definition for macro: ${name}`);
      }
    }
    const word = words[i]!;
    if (word === endOfText) fail(`missing newline in definition for macro: ${name}`);
    if (word !== buildConstraint) body.push(word, places[i]!);
  }
  return body;
}

/** The macro's words with arguments for parameters; undefined when there are more than `room`. */
export function expandMacro({ arity, body, slots }: Macro, args: readonly Line[], room: number): Line | undefined {
  if (!arity) return body.length > room ? undefined : body;
  const line = new Line();
  for (let i = 0; i < body.length; i++) {
    const slot = slots[i]!;
    const value = slot === -1 ? undefined : args[slot];
    // Counted before it is made: a short macro used with a long argument is long times short.
    if (line.length + (value?.length ?? 1) > room) return undefined;
    // As in Go, a parameter whose argument is empty stays as it is written.
    if (value === undefined || value.length === 0) line.push(body.words[i]!, body.places[i]!);
    else for (let k = 0; k < value.length; k++) line.push(value.words[k]!, value.places[k]!);
  }
  return line;
}
