/** The stubs a world runs: ours, or those of a Go tree, with a user's file laid over them. */
import { assemble } from '#asm/assemble.ts';
import type { Diagnostic } from '#asm/diagnostic.ts';
import { type Image, link } from '#asm/link.ts';
import type { ObjectFile } from '#asm/object.ts';
import type { PreprocessOptions, Sources } from '#asm/preprocess.ts';
import type { MachineOptions } from '#emu/machine.ts';
import { goAsmHeader } from './layout/header.ts';
import type { External } from './world.ts';

/** Our stubs, by file, relative to their folder. */
const OWN = ['mmap.s', 'sigaction.s', 'stack.s', 'cgo.s', 'crosscall.s'] as const;
/** Where Go keeps the same functions, relative to GOROOT/src. */
const GO = ['runtime/sys_linux_amd64.s', 'runtime/asm_amd64.s', 'runtime/cgo/asm_amd64.s'] as const;

/** What Go's build defines for Linux on amd64. */
export const DEFINES = { GOOS_linux: '1', GOARCH_amd64: '1', GOAMD64_v1: '1' } as const;

/** g's slot lies right below the thread pointer (settls). */
const TLS_OFFSET = -8n;

export interface Library {
  readonly objects: readonly ObjectFile[];
  readonly sources: Sources;
  readonly options: PreprocessOptions;
  /** Files whose undefined names are no errors: Go's own. */
  readonly lenient: ReadonlySet<string>;
}

/** Our own stubs, in folder `dir`. */
export function ownLibrary(dir: string, files: Sources): Library {
  const options = { includeDirs: [`${dir}/include`], defines: DEFINES };
  const sources = withHeader(files, goAsmHeader());
  const objects = OWN.map((f) => assemble(`${dir}/${f}`, sources, options));
  return { objects, sources, options, lenient: new Set() };
}

/** Go's stubs. `header` is the toolchain's go_asm.h; without one, ours. */
export function goLibrary(goroot: string, header: string | undefined, files: Sources): Library {
  const options = { includeDirs: [`${goroot}/src/runtime`, `${goroot}/pkg/include`], defines: DEFINES };
  const sources = withHeader(files, header ?? goAsmHeader());
  const paths = GO.map((f) => `${goroot}/src/${f}`);
  return { objects: paths.map((p) => assemble(p, sources, options)), sources, options, lenient: new Set(paths) };
}

/** go_asm.h is generated, never found beside the sources. */
function withHeader(files: Sources, header: string): Sources {
  return { read: (path) => (path.endsWith('/go_asm.h') || path === 'go_asm.h' ? header : files.read(path)) };
}

export interface Stubs {
  readonly diagnostics: readonly Diagnostic[];
  readonly link: (base: bigint, external: External) => Image;
  readonly lenient: (file: string) => boolean;
  /** One image is run many times: what one machine has decoded serves the next. */
  readonly decoded: NonNullable<MachineOptions['decoded']>;
}

/** The library with a user's objects in front: a function they define replaces the library's of that name. */
export function stubs(library: Library, user: readonly ObjectFile[] = []): Stubs {
  const replaced = new Set(user.flatMap((o) => o.functions.map((f) => qualified(f.symbol.name))));
  const rest = library.objects.map((o) => ({
    ...o,
    functions: o.functions.filter((f) => f.symbol.isStatic || !replaced.has(qualified(f.symbol.name))),
  }));
  const objects = [...user, ...rest];
  return {
    diagnostics: objects.flatMap((o) => o.diagnostics),
    lenient: (file) => library.lenient.has(file),
    decoded: new Map(),
    link: (base, external) => link(objects, { base, packagePath: PACKAGE, tlsOffset: TLS_OFFSET, external }),
  };
}

const PACKAGE = 'runtime';
export const qualified = (name: string): string => (name.startsWith('.') ? PACKAGE + name : name);
