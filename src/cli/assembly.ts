/** Assembling what a command names, with our stubs or those of a Go tree within reach. */
import { assemble } from '#asm/assemble.ts';
import type { Diagnostic } from '#asm/diagnostic.ts';
import type { ObjectFile } from '#asm/object.ts';
import type { Sources } from '#asm/preprocess.ts';
import { goLibrary, type Library, ownLibrary } from '#runtime/stubs.ts';
import type { DiagnosticOptions } from './diagnostics.ts';
import { hostFiles, readAssembly, stubsDir } from './files.ts';
import { goTree } from './goroot.ts';
import { progress, progressDone } from './progress.ts';

/** A file, or the library, that does not assemble: with every reason. */
export class AssemblyErrors extends Error {
  readonly diagnostics: readonly Diagnostic[];
  readonly options: DiagnosticOptions;
  constructor(diagnostics: readonly Diagnostic[], options: DiagnosticOptions) {
    super('assembly failed');
    this.diagnostics = diagnostics;
    this.options = options;
  }
}

export function library(options: { readonly goroot?: string }): Library {
  if (options.goroot === undefined) return ownLibrary(stubsDir(), hostFiles);
  const tree = goTree(options.goroot, progress);
  progressDone();
  return goLibrary(tree.root, tree.header, stubsDir(), hostFiles);
}

/** Assemble a user's file with the library's headers within reach. */
export function assembleFile(
  path: string,
  lib: Library,
  options: { include: readonly string[]; define: readonly string[]; goamd64?: string } & DiagnosticOptions,
): ObjectFile {
  const text = readAssembly(path);
  const defines = Object.fromEntries(
    options.define.map((d) => (d.includes('=') ? [d.slice(0, d.indexOf('=')), d.slice(d.indexOf('=') + 1)] : [d, '1'])),
  );
  // One name of this kind is defined, as by go build.
  const { GOAMD64_v1, ...others } = lib.options.defines;
  const build = options.goamd64 ? { ...others, [`GOAMD64_${options.goamd64}`]: '1' } : lib.options.defines;
  const last = `${stubsDir()}/include`;
  // The go_asm.h of the user's package where Go would find it; the library's, which is the runtime's, in the last folder.
  const included = (name: string): string | undefined =>
    hostFiles.read(name) ?? (name.startsWith(`${last}/`) ? lib.sources.read(name) : undefined);
  const sources: Sources = { read: (name) => (name === path ? text : included(name)) };
  return assemble(path, sources, {
    includeDirs: [...options.include, ...lib.options.includeDirs, last],
    defines: { ...build, ...defines },
    everyError: options.allErrors ?? false,
  });
}
