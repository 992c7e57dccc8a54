/** callgate asm: what a file assembles to. */
import { elfObject } from '#asm/elf.ts';
import { AssemblyErrors, assembleFile, library } from '../assembly.ts';
import type { asmFormats } from '../choices.ts';
import type { DiagnosticOptions } from '../diagnostics.ts';
import { fail } from '../fail.ts';
import { writeWhole } from '../files.ts';
import { writeAll } from '../output.ts';

export interface AsmOptions extends DiagnosticOptions {
  readonly goroot?: string;
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly format: (typeof asmFormats)[number];
  readonly output?: string;
  readonly package: string;
  readonly goamd64: string;
  readonly json?: boolean;
}

export async function asm(path: string, options: AsmOptions): Promise<number> {
  const format = formatOf(options);
  const object = assembleFile(path, library(options), options);
  if (object.diagnostics.length) throw new AssemblyErrors(object.diagnostics, options);
  if (format === 'elf') {
    if (options.output === undefined && process.stdout.isTTY) fail('--format elf is no text: give -o FILE');
    deliver(elfObject(object, { packagePath: options.package }), options.output);
    return 0;
  }
  // What an ELF file can do without.
  const { objectText } = await import('../object-text.ts');
  const text = objectText(object, format, options.output !== undefined);
  deliver(new TextEncoder().encode(text && `${text}\n`), options.output);
  if (!text)
    console.error(`callgate: ${path}: nothing to show: ${format === 'symbols' ? 'it defines nothing' : NO_CODE}`);
  return 0;
}

const NO_CODE = 'it has no code (no TEXT in it); --format symbols shows its data';

/** The options are read before the file: what they ask for is known to be sensible. */
function formatOf({ json, format }: AsmOptions): AsmOptions['format'] {
  if (json && format !== 'listing' && format !== 'obj-json') fail(`--json is --format obj-json: not with ${format}`);
  return json ? 'obj-json' : format;
}

function deliver(bytes: Uint8Array, path: string | undefined): void {
  if (path === undefined) writeAll(1, bytes);
  else writeWhole(path, bytes);
}
