/** Which assembly files of a Go tree belong to a build for linux/amd64: what go/build says of their names and constraints. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

export interface GoFile {
  /** Relative to GOROOT/src. */
  readonly path: string;
  /** What go build is told to make it one of the package's files: nothing, or one of `modes`. */
  readonly mode: string | undefined;
}

const systems =
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos';
const architectures =
  '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm';
const knownSystems = new Set(systems.split(' '));
const knownArchitectures = new Set(architectures.split(' '));

const RELEASE = 19;
const always = new Set([
  ...['linux', 'amd64', 'unix', 'gc', 'cgo', 'goexperiment.regabiwrappers', 'goexperiment.regabiargs'],
  ...Array.from({ length: RELEASE }, (_, i) => `go1.${i + 1}`),
]);

/** Ways of building for linux/amd64 that bring files of their own: -race, -msan, -asan, -tags libfuzzer, boringcrypto. */
export const modes = ['race', 'msan', 'asan', 'libfuzzer', 'boringcrypto'] as const;

/** Every assembly file under `src` that some build for linux/amd64 takes, test data included, by path. */
export function goFiles(src: string): GoFile[] {
  return assemblyFiles(src, '').flatMap((path): GoFile[] => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!nameHolds(name)) return [];
    const text = readFileSync(`${src}/${path}`, 'utf8');
    const mode = [undefined, ...modes].find((m) => textHolds(text, m));
    return mode === undefined && !textHolds(text, undefined) ? [] : [{ path, mode }];
  });
}

/** Of those, the ones that `go build std cmd` assembles, by path. */
export function builtFiles(src: string): string[] {
  const paths = goFiles(src).flatMap(({ path, mode }) => (mode || path.includes('testdata/') ? [] : [path]));
  // A folder without Go files is no package: x/sys/plan9 has assembly that says nothing of systems.
  return paths.filter((path) => {
    const dir = `${src}/${path.slice(0, path.lastIndexOf('/'))}`;
    return readdirSync(dir).some((name) => isBuilt(dir, name));
  });
}

const isBuilt = (dir: string, name: string): boolean =>
  /^[^_.].*\.go$/.test(name) &&
  !name.endsWith('_test.go') &&
  nameHolds(name) &&
  textHolds(readFileSync(`${dir}/${name}`, 'utf8'), undefined);

function assemblyFiles(root: string, dir: string): string[] {
  const names = readdirSync(`${root}/${dir}`).sort();
  return names.flatMap((name) => {
    const path = dir ? `${dir}/${name}` : name;
    if (name.endsWith('.s')) return [path];
    return statSync(`${root}/${path}`).isDirectory() ? assemblyFiles(root, path) : [];
  });
}

/** `name_GOOS_GOARCH_test.s`: what stands before the first underscore is never looked at. */
export function nameHolds(name: string): boolean {
  const parts = name.split('.')[0]!.split('_').slice(1);
  if (parts.at(-1) === 'test') parts.pop();
  const last = parts.at(-1) ?? '';
  if (knownArchitectures.has(last)) {
    const system = parts.at(-2) ?? '';
    return last === 'amd64' && (!knownSystems.has(system) || system === 'linux');
  }
  return !knownSystems.has(last) || last === 'linux';
}

/** The //go:build line above the code decides; without one, all `// +build` lines do. */
export function textHolds(text: string, mode: string | undefined): boolean {
  const has = (tag: string): boolean => always.has(tag) || tag === mode;
  const comments: string[] = [];
  // A block comment at the top is a licence.
  for (const line of text.replace(/^\s*\/\*[\s\S]*?\*\//, '').split('\n')) {
    if (line.trim() && !line.startsWith('//')) break;
    comments.push(line.trim());
  }
  const build = comments.find((c) => c.startsWith('//go:build '));
  if (build) return expressionHolds(build.slice('//go:build '.length), has);
  const holds = (term: string): boolean => (term.startsWith('!') ? !has(term.slice(1)) : has(term));
  // `// +build` counts only when a blank line follows.
  return comments
    .slice(0, comments.lastIndexOf('') + 1)
    .flatMap((c) => /^\/\/ ?\+build (.*)/.exec(c)?.[1] ?? [])
    .every((line) =>
      line
        .trim()
        .split(/\s+/)
        .some((option) => option.split(',').every(holds)),
    );
}

/** `a && !b || (c)`, with Go's precedence. */
function expressionHolds(text: string, has: (tag: string) => boolean): boolean {
  const tokens = text.match(/&&|\|\||[!()]|[\w.]+/g) ?? [];
  let at = 0;
  const accept = (token: string): boolean => {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  };
  const factor = (): boolean => {
    if (accept('!')) return !factor();
    if (!accept('(')) return has(tokens[at++] ?? '');
    const value = either();
    accept(')');
    return value;
  };
  const both = (): boolean => {
    let value = factor();
    while (accept('&&')) value = factor() && value;
    return value;
  };
  const either = (): boolean => {
    let value = both();
    while (accept('||')) value = both() || value;
    return value;
  };
  return either();
}
