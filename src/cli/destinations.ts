/** Where what is made of files goes: -o as go build has it. */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fail } from './fail.ts';
import { makeFolder } from './files.ts';

/**
 * A path for each of `sources`, in their order: `output` itself, or in `output` where that is a folder, as
 * folder/a.o of x/a.s when the `extension` is .o. A folder whose name ends in a slash is made. Two files never become one.
 */
export function destinations(sources: readonly string[], output: string, extension: string): readonly string[] {
  const isNew = output.endsWith('/');
  if (!isNew && !statSync(output, { throwIfNoEntry: false })?.isDirectory()) {
    if (sources.length > 1) fail(`-o ${output}: for several files give a folder; one that ends in / is made`);
    return [output];
  }
  const taken = new Map<string, string>();
  for (const source of sources) {
    const target = join(output, basename(source, '.s') + extension);
    const other = taken.get(target);
    if (other !== undefined) fail(`${other} and ${source}: both would be ${target}; assemble them into two folders`);
    taken.set(target, source);
  }
  if (isNew) makeFolder(output);
  return [...taken.keys()];
}
