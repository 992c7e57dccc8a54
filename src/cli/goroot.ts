/** A Go tree on this machine: is it one we know, and what does its toolchain say of struct layouts? */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail } from './fail.ts';

/** The release whose layouts src/runtime/layout holds. */
const RELEASE = 'go1.19';

export interface GoTree {
  readonly root: string;
  /** The toolchain's go_asm.h for package runtime; undefined when there is no toolchain. */
  readonly header: string | undefined;
}

export function goTree(dir: string, progress: (what: string) => void): GoTree {
  const root = resolve(dir);
  const runtime = join(root, 'src/runtime');
  if (!existsSync(join(runtime, 'asm_amd64.s')))
    fail(`--goroot ${dir}: no src/runtime/asm_amd64.s there; give the folder that 'go env GOROOT' prints`);
  const version = existsSync(join(root, 'VERSION'))
    ? readFileSync(join(root, 'VERSION'), 'utf8').split('\n')[0]!.trim()
    : 'a tree without a VERSION file';
  if (version !== RELEASE && !version.startsWith(`${RELEASE}.`)) {
    fail(`--goroot ${dir}: is ${version}; this callgate knows the layouts of ${RELEASE}`);
  }
  const hasCompiler = existsSync(join(root, COMPILER));
  return { root, header: hasCompiler ? keptHeader(root, { path: 'runtime' }, progress) : undefined };
}

const COMPILER = 'pkg/tool/linux_amd64/compile';

/** A package as `go build` sees it. */
export interface GoPackage {
  readonly path: string;
  /** A tag, or a mode like race that is one: it chooses among the package's files. */
  readonly tag?: string | undefined;
}

/** go_asm.h, made once per toolchain, then kept in the user's cache: it takes the compiler some seconds. */
export function keptHeader(root: string, of: GoPackage, progress: (what: string) => void): string {
  const { size, mtimeMs } = statSync(join(root, COMPILER));
  const what = [root, size, mtimeMs, of.path, of.tag ?? ''].join(' ');
  // Loaded here: only a Go tree needs it, and every command would wait for it.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const key = createHash('sha256').update(what).digest('hex').slice(0, 16);
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'callgate');
  const kept = join(cache, `go_asm-${key}.h`);
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  progress('asking the Go toolchain for struct layouts');
  const text = generate(root, of);
  try {
    mkdirSync(cache, { recursive: true });
    const partial = `${kept}.${process.pid}`;
    writeFileSync(partial, text);
    renameSync(partial, kept);
  } catch {
    // A cache that cannot be written is no reason to stop.
  }
  return text;
}

/** What `go build` does: note the assembly's symbols, then compile with -asmhdr. */
export function generate(root: string, { path, tag }: GoPackage = { path: 'runtime' }): string {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-'));
  const cwd = join(root, 'src', path);
  const go = join(root, 'bin/go');
  const env = {
    ...process.env,
    GOROOT: root,
    GOFLAGS: '',
    GOOS: 'linux',
    GOARCH: 'amd64',
    GO111MODULE: 'off',
    CGO_ENABLED: '1',
  };
  const run = (...args: string[]): string =>
    execFileSync(go, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const tags = tag === undefined ? [] : ['-tags', tag];
  const files = (kind: string): string[] =>
    run('list', ...tags, '-f', `{{join .${kind} "\\n"}}`, path)
      .trim()
      .split('\n');
  const isRuntime = /^runtime(\/internal\/|$)/.test(path);
  try {
    // The real header does not exist yet; noting symbols works with an empty one.
    writeFileSync(join(dir, 'go_asm.h'), '');
    const symabis = join(dir, 'symabis');
    const defines = ['-D', 'GOOS_linux', '-D', 'GOARCH_amd64', '-D', 'GOAMD64_v1'];
    run(
      'tool',
      'asm',
      '-p',
      path,
      '-I',
      dir,
      '-I',
      join(root, 'pkg/include'),
      ...defines,
      '-compiling-runtime',
      '-gensymabis',
      '-o',
      symabis,
      ...files('SFiles'),
    );
    const out = join(dir, 'out.h');
    run(
      'tool',
      'compile',
      '-std',
      '-c=4',
      ...(isRuntime ? ['-+'] : []),
      '-p',
      path,
      '-symabis',
      symabis,
      '-asmhdr',
      out,
      '-o',
      join(dir, 'x.o'),
      ...files('GoFiles'),
    );
    return readFileSync(out, 'utf8');
  } catch (e) {
    const said = e instanceof Error && 'stderr' in e ? String(e.stderr).trim().split('\n')[0] : String(e);
    return fail(`--goroot ${root}: its toolchain could not describe package ${path}: ${said}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
