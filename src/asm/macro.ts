/** #define: reading a macro's definition, and putting its arguments into its body. */
import { fail } from './diagnostic.ts';
import type { Token } from './lex.ts';
import type { Position } from './syntax.ts';

export interface Macro {
  readonly name: string;
  /** Undefined for a macro without parentheses; `A()` has an empty list. */
  readonly parameters: readonly string[] | undefined;
  readonly body: readonly Token[];
}

/** Reads a definition from the tokens after `#define NAME`, up to and including the newline that ends it. */
export function defineMacro(name: string, line: readonly Token[]): Macro {
  // An empty definition may end with the file; any other needs its newline.
  if (line.length === 1) return { name, parameters: undefined, body: [] };
  const opens = line[0]!.text === '(' && line[0]!.isGlued;
  const { parameters, end } = opens ? readParameters(name, line) : { parameters: undefined, end: 0 };
  return { name, parameters, body: readBody(name, line.slice(end)) };
}

function readParameters(name: string, line: readonly Token[]): { parameters: string[]; end: number } {
  const parameters: string[] = [];
  let wantsName = true;
  for (let i = 1; i < line.length; i++) {
    const { kind, text } = line[i]!;
    if (text === ')') return { parameters, end: i + 1 };
    if (text !== ',' && kind !== 'identifier') break;
    if ((text === ',') === wantsName) fail(`bad syntax in definition for macro: ${name}`);
    if (text !== ',') {
      if (parameters.includes(text)) fail(`duplicate argument ${text} in definition for macro: ${name}`);
      parameters.push(text);
    }
    wantsName = text === ',';
  }
  return fail(`bad definition for macro: ${name}`);
}

/** The body without its final newline. A backslash keeps a newline, or another backslash, in it. */
function readBody(name: string, line: readonly Token[]): Token[] {
  const body: Token[] = [];
  for (let i = 0; i < line.length; i++) {
    let token = line[i]!;
    if (token.kind === 'newline') break;
    if (token.text === '\\') {
      token = line[++i]!;
      if (token.kind !== 'newline' && token.text !== '\\') {
        fail(`can only escape \\ or \\n in definition for macro: ${name}`);
      }
    }
    if (token.kind === 'end') fail(`missing newline in definition for macro: ${name}`);
    if (token.kind !== 'build') body.push(token);
  }
  return body;
}

/** What each token of the body becomes: itself or, for a parameter, the argument given for it. */
function substitutions(macro: Macro, args: readonly (readonly Token[])[]): (readonly Token[])[] {
  const { parameters = [], body } = macro;
  const given = new Map(parameters.map((parameter, i) => [parameter, args[i] ?? []]));
  return body.map((token) => {
    const value = token.kind === 'identifier' ? given.get(token.text) : undefined;
    // As in Go, a parameter whose argument is empty stays as it is written.
    return value === undefined || value.length === 0 ? [token] : value;
  });
}

/** The macro's tokens with arguments for parameters, all standing `at` its use; undefined when there are more than `room`. */
export function expandMacro(
  macro: Macro,
  args: readonly (readonly Token[])[],
  at: Position,
  room: number,
): Token[] | undefined {
  const parts = substitutions(macro, args);
  // Counted before it is made: a short macro used with a long argument is long times short.
  if (parts.reduce((size, part) => size + part.length, 0) > room) return undefined;
  return parts.flatMap((part) => part.map((token) => ({ ...token, at })));
}
