/** #define: reading a macro's definition, and putting its arguments into its body. */
import { fail } from './diagnostic.ts';
import type { Token } from './lex.ts';

export interface Macro {
  readonly name: string;
  /** Undefined for a macro without parentheses; `A()` has an empty list. */
  readonly parameters: readonly string[] | undefined;
  readonly body: readonly Token[];
  /** For each token of the body the number of the parameter that it is, or −1. */
  readonly slots: readonly number[];
}

/** Reads a definition from the tokens after `#define NAME`, up to and including the newline that ends it. */
export function defineMacro(name: string, line: readonly Token[]): Macro {
  // An empty definition may end with the file; any other needs its newline.
  if (line.length === 1) return { name, parameters: undefined, body: [], slots: [] };
  const opens = line[0]!.text === '(' && line[0]!.isGlued;
  const { parameters, end } = opens ? readParameters(name, line) : { parameters: undefined, end: 0 };
  const body = readBody(name, line.slice(end));
  const slots = body.map(({ kind, text }) => (kind === 'identifier' ? (parameters?.indexOf(text) ?? -1) : -1));
  return { name, parameters, body, slots };
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

/** The macro's tokens with arguments for parameters; undefined when there are more than `room`. */
export function expandMacro(
  { parameters = [], body, slots }: Macro,
  args: readonly (readonly Token[])[],
  room: number,
): readonly Token[] | undefined {
  if (parameters.length === 0) return body.length > room ? undefined : body;
  const tokens: Token[] = [];
  for (let i = 0; i < body.length; i++) {
    const token = body[i]!;
    const value = slots[i] === -1 ? undefined : args[slots[i]!];
    // Counted before it is made: a short macro used with a long argument is long times short.
    if (tokens.length + (value?.length ?? 1) > room) return undefined;
    // As in Go, a parameter whose argument is empty stays as it is written.
    if (value === undefined || value.length === 0) tokens.push(token);
    else for (const t of value) tokens.push(t);
  }
  return tokens;
}
