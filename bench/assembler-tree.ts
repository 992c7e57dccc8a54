/** A whole Go tree, cold: one process of ours, against the processes of `go tool asm` that a build starts. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { keptHeader } from '../src/cli/goroot.ts';
import { goAsmFlags } from '../test/witness/go.ts';
import { builtFiles } from '../test/witness/go-files.ts';
import { timed } from './process.ts';
import { median } from './statistics.ts';

export interface AssemblerTree {
  readonly files: number;
  readonly packages: number;
  readonly lines: number;
  /** Median seconds: `callgate asm` on all files, and the sum of `go tool asm` on those of each package, and on each. */
  readonly ours: number;
  readonly byPackage: number;
  readonly byFile: number;
}

interface Package {
  readonly path: string;
  readonly files: readonly string[];
  /** With its go_asm.h, if it has one, and its files under names that no other package has. */
  readonly work: string;
  readonly links: readonly string[];
}

export function measureTree(root: string, dir: string, runs: number, say: (text: string) => void): AssemblerTree {
  const packages = packagesOf(root, dir, say);
  const tool = join(root, 'pkg/tool/linux_amd64/asm');
  const object = join(dir, 'tree.o');
  const one = (p: Package, files: readonly string[]): number => {
    rmSync(object, { force: true });
    return timed([tool, ...goAsmFlags({ root, packagePath: p.path }, p.work), '-o', object, ...files]);
  };
  const sum = (times: readonly number[]): number => times.reduce((a, b) => a + b, 0);
  const byPackage = (): number => sum(packages.map((p) => one(p, p.files)));
  const byFile = (): number => sum(packages.flatMap((p) => p.files.map((file) => one(p, [file]))));
  const objects = join(dir, 'tree/');
  // Beside a link there are none of the headers that lie beside the file.
  const include = ['pkg/include', 'src/runtime', 'src/runtime/cgo'].flatMap((d) => ['-I', join(root, d)]);
  const ours = (): number => {
    rmSync(objects, { recursive: true, force: true });
    const options = ['--format', 'elf', ...include, '-o', objects];
    return timed([process.execPath, 'dist/callgate.js', 'asm', ...options, ...packages.flatMap((p) => p.links)]);
  };
  const samples = Array.from({ length: runs }, () => ({ ours: ours(), byPackage: byPackage(), byFile: byFile() }));
  const files = packages.flatMap((p) => p.files);
  return {
    files: files.length,
    packages: packages.length,
    lines: files.reduce((n, f) => n + readFileSync(f, 'utf8').split('\n').length - 1, 0),
    ours: median(samples.map((s) => s.ours)),
    byPackage: median(samples.map((s) => s.byPackage)),
    byFile: median(samples.map((s) => s.byFile)),
  };
}

function packagesOf(root: string, dir: string, say: (text: string) => void): Package[] {
  const files = builtFiles(join(root, 'src'));
  return [...new Set(files.map(dirname))].map((path) => {
    const own = files.filter((f) => dirname(f) === path).map((f) => join(root, 'src', f));
    const name = path.replaceAll('/', '-');
    const work = join(dir, name);
    mkdirSync(work);
    if (own.some((f) => /#include\s+"go_asm\.h"/.test(readFileSync(f, 'utf8'))))
      writeFileSync(join(work, 'go_asm.h'), keptHeader(root, { path }, say));
    const links = own.map((f) => join(work, `${name}-${basename(f)}`));
    for (const [i, link] of links.entries()) symlinkSync(own[i]!, link);
    return { path, files: own, work, links };
  });
}
