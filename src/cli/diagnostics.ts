/** What is wrong with a source, as Go says it, with the line and a caret below it for people. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Diagnostic } from '#asm/diagnostic.ts';
import type { caretModes } from './choices.ts';
import { paint } from './style.ts';

export interface DiagnosticOptions {
  /** Every error, not only the first ten. */
  readonly allErrors?: boolean;
  /** `auto`: on a terminal. */
  readonly caret?: (typeof caretModes)[number];
}

/** As Go's assembler: after this many the rest is not printed. */
const MAX_ERRORS = 10;

export function diagnosticsText(all: readonly Diagnostic[], { allErrors, caret = 'auto' }: DiagnosticOptions): string {
  const shown = allErrors ? all : all.slice(0, MAX_ERRORS);
  const withCaret = caret === 'always' || (caret === 'auto' && process.stderr.isTTY === true);
  const linesOf = new Map<string, readonly string[]>();
  const texts = shown.map((d) => {
    const said = `${d.at.file}:${d.at.line}: ${d.message}`;
    const picture = withCaret ? pointer(d, linesOf) : undefined;
    return picture === undefined ? said : `${said}\n${picture}`;
  });
  const more = all.length - shown.length;
  if (more > 0) texts.push(`too many errors: ${more} more (-e shows them)`);
  return texts.join('\n');
}

/** The source line and where in it; undefined where the place is not known. */
function pointer({ at }: Diagnostic, linesOf: Map<string, readonly string[]>): string | undefined {
  let lines = linesOf.get(at.file);
  if (!lines) {
    lines = existsSync(at.file) && statSync(at.file).isFile() ? readFileSync(at.file, 'utf8').split('\n') : [];
    linesOf.set(at.file, lines);
  }
  const line = lines[at.line - 1]?.trimEnd().replace(/^\uFEFF/, '');
  if (at.column === undefined || line === undefined || at.column > line.length + 1) return undefined;
  const before = line.slice(0, at.column - 1);
  const [token] = /^[\p{L}\p{Nd}_·∕.]+/u.exec(line.slice(at.column - 1)) ?? [''];
  // Tabs stay tabs, so that the caret stands below its place whatever a tab is.
  const room = [...before].map((c) => (c === '\t' ? c : ' ')).join('');
  return `${line}\n${room}${paint('green', `^${'~'.repeat(Math.max(0, [...token].length - 1))}`)}`;
}
