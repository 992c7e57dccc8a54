/** callgate asm: what files assemble to, each by itself. */
import { elfObject } from '#asm/elf.ts';
import type { ObjectFile } from '#asm/object.ts';
import { AssemblyErrors, assembleFile, library } from '../assembly.ts';
import type { asmFormats } from '../choices.ts';
import { destinations } from '../destinations.ts';
import type { DiagnosticOptions } from '../diagnostics.ts';
import { fail } from '../fail.ts';
import { writeWhole } from '../files.ts';
import { writeAll } from '../output.ts';

type Format = (typeof asmFormats)[number];

export interface AsmOptions extends DiagnosticOptions {
  readonly goroot?: string;
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly format: Format;
  readonly output?: string;
  readonly package: string;
  readonly goamd64: string;
  readonly json?: boolean;
}

/** What is made of a.s in a folder. */
// biome-ignore format: table
const EXTENSIONS: Readonly<Record<Format, string>> = {
  'listing':  '.lst',
  'symbols':  '.sym',
  'hex':      '.hex',
  'obj-json': '.json',
  'elf':      '.o',
};

/** On a page by itself, one of several on a page, or in a file: pages may be a terminal's. */
type Form = 'page' | 'part' | 'file';

/** A file that is bad, or cannot be written, takes nothing from the others. */
export async function asm(paths: readonly string[], options: AsmOptions): Promise<number> {
  const format = formatOf(options, paths.length);
  const lib = library(options);
  const { output } = options;
  const targets = output === undefined ? undefined : destinations(paths, output, EXTENSIONS[format]);
  const form = targets ? 'file' : paths.length > 1 ? 'part' : 'page';
  let status = 0;
  let before = '';
  for (const [i, path] of paths.entries()) {
    let bytes: Uint8Array;
    try {
      const object = assembleFile(path, lib, options);
      if (object.diagnostics.length) throw new AssemblyErrors(object.diagnostics, options);
      bytes =
        format === 'elf' ? elfObject(object, { packagePath: options.package }) : await textOf(object, format, form);
      if (targets) writeWhole(targets[i]!, bytes);
    } catch (e) {
      const { explain } = await import('../explain.ts');
      status = Math.max(status, explain(e, path));
      continue;
    }
    if (targets || !bytes.length) continue;
    // A standard output that takes no more has nothing to hope for from the next file.
    writeAll(1, encode(before));
    writeAll(1, bytes);
    before = format === 'obj-json' ? '' : '\n';
  }
  return status;
}

/** The options are read before the files: what they ask for is known to be sensible. */
function formatOf({ json, format, output }: AsmOptions, files: number): Format {
  if (json && format !== 'listing' && format !== 'obj-json') fail(`--json is --format obj-json: not with ${format}`);
  if (json) return 'obj-json';
  if (format === 'elf' && output === undefined) {
    if (files > 1) fail('--format elf makes an object of each file: give -o DIR');
    if (process.stdout.isTTY) fail('--format elf is no text: give -o FILE');
  }
  return format;
}

async function textOf(object: ObjectFile, format: Exclude<Format, 'elf'>, form: Form): Promise<Uint8Array> {
  // What an ELF file can do without.
  const { objectText, partText } = await import('../object-text.ts');
  const text = form === 'part' ? partText(object, format) : objectText(object, format, form === 'file');
  if (text) return encode(`${text}\n`);
  const why =
    format === 'symbols' ? 'it defines nothing' : 'it has no code (no TEXT in it); --format symbols shows its data';
  console.error(`callgate: ${object.path}: nothing to show: ${why}`);
  return encode('');
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
