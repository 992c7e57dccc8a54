/** The Go toolchain as a witness: where it is, and what its assembler makes of a file. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type GoObject, readGoObject, written } from './go-object.ts';

const candidates = [process.env['CALLGATE_GOROOT'], '/usr/lib/go-1.19'];

export const hasAssembler = (dir: string): boolean => existsSync(join(dir, 'pkg/tool/linux_amd64/asm'));

/** A Go 1.19 tree with its toolchain, or undefined. */
export const goroot = candidates.find((dir) => dir && hasAssembler(dir));

/** Why tests that need it are skipped. */
export const missingGo =
  'needs a Go 1.19 toolchain: install golang-1.19-go and golang-1.19-src, or set CALLGATE_GOROOT';

export interface GoAsmOptions {
  readonly root: string;
  readonly packagePath: string;
  /** Contents of go_asm.h; undefined: there is none. */
  readonly header?: string | undefined;
  /** v1 to v4. */
  readonly goamd64?: string;
}

/** The tool did not take the file: its own words. */
export class GoRefusal extends Error {}

/** What `go build` passes -compiling-runtime for (cmd/internal/objabi, IsRuntimePackagePath). */
const isRuntime = (path: string): boolean =>
  ['runtime', 'reflect', 'syscall', 'internal/bytealg'].includes(path) || path.startsWith('runtime/internal');

/** The options that `go build` gives its assembler: `work` is a folder with the package's go_asm.h. */
export function goAsmFlags(
  { root, packagePath, goamd64 = 'v1' }: Omit<GoAsmOptions, 'header'>,
  work: string,
): string[] {
  const includes = ['-I', work, '-I', join(root, 'pkg/include')];
  const defines = ['GOOS_linux', 'GOARCH_amd64', `GOAMD64_${goamd64}`].flatMap((name) => ['-D', name]);
  return ['-p', packagePath, ...includes, ...defines, ...(isRuntime(packagePath) ? ['-compiling-runtime'] : [])];
}

/** `go tool asm` on one file, with the options of `go build`. Rejects with a GoRefusal. */
export async function goAsm(path: string, options: GoAsmOptions): Promise<GoObject> {
  const { root, header, goamd64 = 'v1' } = options;
  const dir = mkdtempSync(join(tmpdir(), 'callgate-asm-'));
  try {
    if (header !== undefined) writeFileSync(join(dir, 'go_asm.h'), header);
    const out = join(dir, 'out.o');
    await run(join(root, 'pkg/tool/linux_amd64/asm'), [...goAsmFlags(options, dir), '-o', out, path], {
      cwd: dirname(path),
      env: { ...process.env, GOROOT: root, GOAMD64: goamd64, GOEXPERIMENT: '' },
    });
    return readGoObject(readFileSync(out), builtinsOf(root));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function run(tool: string, args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(tool, args, { ...options, maxBuffer: 1 << 26 }, (error, _stdout, stderr) => {
      if (!error) resolve();
      else reject(new GoRefusal(stderr.trim() || error.message));
    });
  });
}

/** Symbols of the runtime that objects name by number, in the order of goobj/builtinlist.go. */
function builtinsOf(root: string): readonly string[] {
  const known = builtins.get(root);
  if (known) return known;
  const text = readFileSync(join(root, 'src/cmd/internal/goobj/builtinlist.go'), 'utf8');
  const names = [...text.matchAll(/^\t\{"([^"]+)", (\d+)\},$/gm)].map(([, name, abi]) => written(name!, Number(abi)));
  builtins.set(root, names);
  return names;
}

const builtins = new Map<string, readonly string[]>();
