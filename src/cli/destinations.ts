/** Where what is made of files goes: -o as go build has it. */
import { basename, join } from 'node:path';
import { fail } from './fail.ts';
import { fileId, makeFolder, statsOf } from './files.ts';

/**
 * A path for each of `sources`, in their order: `output` itself, or in `output` where that is a folder, as
 * folder/a.o of x/a.s when the `extension` is .o. A folder whose name ends in a slash is made. Two files never become one,
 * and none is written over a source.
 */
export function destinations(sources: readonly string[], output: string, extension: string): readonly string[] {
  if (output === '') fail('-o: give a file or a folder');
  const isNew = output.endsWith('/');
  const isFolder = isNew || statsOf(output)?.isDirectory() === true;
  if (!isFolder && sources.length > 1)
    fail(`-o ${output}: for several files give a folder; one that ends in / is made`);
  const targets = isFolder ? inFolder(sources, output, extension) : [output];
  keepSources(sources, targets);
  if (isNew) makeFolder(output);
  return targets;
}

function inFolder(sources: readonly string[], folder: string, extension: string): readonly string[] {
  const taken = new Map<string, string>();
  for (const source of sources) {
    const target = join(folder, basename(source, '.s') + extension);
    const other = taken.get(target);
    if (other !== undefined) fail(`${other} and ${source}: both would be ${target}; assemble them into two folders`);
    taken.set(target, source);
  }
  return [...taken.keys()];
}

function keepSources(sources: readonly string[], targets: readonly string[]): void {
  const ids = new Map(sources.map((source) => [idOf(source), source]));
  for (const target of targets) {
    const id = idOf(target);
    const source = id === undefined ? undefined : ids.get(id);
    if (source !== undefined) fail(`${target}: would be written over the source ${source}; give another -o`);
  }
}

function idOf(path: string): string | undefined {
  const stats = statsOf(path);
  return stats?.isFile() ? fileId(stats) : undefined;
}
