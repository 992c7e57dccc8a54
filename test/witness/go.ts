/** The Go toolchain as a witness: where it is, and what its assembler makes of a file. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const candidates = [process.env['CALLGATE_GOROOT'], '/usr/lib/go-1.19'];

/** A Go 1.19 tree with its toolchain, or undefined. */
export const goroot = candidates.find((dir) => dir && existsSync(join(dir, 'pkg/tool/linux_amd64/asm')));

/** Why tests that need it are skipped. */
export const missingGo =
  'needs a Go 1.19 toolchain: install golang-1.19-go and golang-1.19-src, or set CALLGATE_GOROOT';

export interface GoSymbol {
  readonly name: string;
  /** TEXT, RODATA, NOPTRBSS … */
  readonly kind: string;
  readonly size: number;
  readonly args: bigint;
  readonly locals: bigint;
  readonly bytes: string;
  /** "offset+size type symbol+addend" */
  readonly relocations: readonly string[];
}

/** Numbers of cmd/internal/objabi.RelocType in Go 1.19. */
const relocationKinds: Record<string, string> = {
  1: 'R_ADDR',
  7: 'R_CALL',
  10: 'R_CALLIND',
  14: 'R_PCREL',
  15: 'R_TLS_LE',
};

export interface GoAsmOptions {
  readonly packagePath: string;
  readonly header: string;
}

/** `go tool asm -S`, parsed. Throws with the tool's own words when it refuses the file. */
export function goAsm(path: string, { packagePath, header }: GoAsmOptions): GoSymbol[] {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-asm-'));
  try {
    writeFileSync(join(dir, 'go_asm.h'), header);
    const includes = ['-I', dir, '-I', join(goroot!, 'pkg/include'), '-I', join(goroot!, 'src/runtime')];
    const defines = ['-D', 'GOOS_linux', '-D', 'GOARCH_amd64', '-D', 'GOAMD64_v1'];
    const runtime = packagePath === 'runtime' ? ['-compiling-runtime'] : [];
    const args = ['-S', '-p', packagePath, ...includes, ...defines, ...runtime, '-o', join(dir, 'out.o'), path];
    const listing = execFileSync(join(goroot!, 'pkg/tool/linux_amd64/asm'), args, {
      cwd: dirname(path),
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 1 << 28,
      env: { ...process.env, GOROOT: goroot! },
    });
    return parseListing(listing, packagePath);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Listings write the package being assembled as "". */
const unquoted = (name: string, packagePath: string): string => name.replace(/^""\./, `${packagePath}.`);

function parseListing(listing: string, packagePath: string): GoSymbol[] {
  const out: {
    name: string;
    kind: string;
    size: number;
    args: bigint;
    locals: bigint;
    bytes: string;
    relocations: string[];
  }[] = [];
  for (const line of listing.split('\n')) {
    const head = /^(\S+) S(\w+) .*?size=(\d+)(?: args=0x([0-9a-f]+) locals=0x([0-9a-f]+))?/.exec(line);
    if (head) {
      const [, name, kind, size, args, locals] = head;
      out.push({
        name: unquoted(name!, packagePath),
        kind: kind!,
        size: Number(size),
        args: BigInt(`0x${args ?? 0}`),
        locals: BigInt(`0x${locals ?? 0}`),
        bytes: '',
        relocations: [],
      });
      continue;
    }
    const current = out.at(-1);
    const bytes = /^\t0x[0-9a-f]+ ((?:[0-9a-f]{2} ){1,16})/.exec(line);
    const rel = /^\trel (\d+)\+(\d+) t=(\d+) (.*)$/.exec(line);
    if (current && bytes) current.bytes += bytes[1]!.replaceAll(' ', '');
    if (current && rel)
      current.relocations.push(
        `${rel[1]}+${rel[2]} ${relocationKinds[rel[3]!] ?? rel[3]} ${unquoted(rel[4]!, packagePath)}`,
      );
  }
  return out;
}
