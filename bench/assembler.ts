/** npm run bench -- asm: our assembler against Go's, on the largest amd64 files of a Go tree. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { assemble } from '#asm/assemble.ts';
import { elfObject } from '#asm/elf.ts';
import type { ObjectFile } from '#asm/object.ts';
import { type AssemblerTree, measureTree } from './assembler-tree.ts';
import { timed } from './process.ts';
import { markdown } from './report.ts';
import { geometricMean, median } from './statistics.ts';

/** The largest of `*_amd64.s` that Linux builds, and the largest of the assembler's own suite. */
const FILES = [
  'vendor/golang.org/x/crypto/chacha20poly1305/chacha20poly1305_amd64.s',
  'crypto/internal/nistec/p256_asm_amd64.s',
  'crypto/sha1/sha1block_amd64.s',
  'crypto/sha512/sha512block_amd64.s',
  'crypto/aes/gcm_amd64.s',
  'crypto/sha256/sha256block_amd64.s',
  'cmd/asm/internal/asm/testdata/amd64enc.s',
] as const;

/** So often is a file assembled before it counts as warm, and then for one sample. */
const WARMING = 150;
const REPEATS = 20;

export interface AssemblerFile {
  readonly file: string;
  readonly lines: number;
  /** Of code that comes out of it. */
  readonly bytes: number;
  /** Median seconds: `go tool asm` and `callgate asm --format elf` as processes, and the latter's work in this one. */
  readonly tool: number;
  readonly cold: number;
  readonly warm: number;
}

export interface AssemblerResults {
  readonly runs: number;
  /** `node -e 0`: what no process of ours can undercut. */
  readonly node: number;
  readonly files: readonly AssemblerFile[];
  readonly tree: AssemblerTree;
}

export class NoToolchain extends Error {}

/** Throws NoToolchain. */
export function measureAssembler(goroot: string, runs: number, say: (text: string) => void): AssemblerResults {
  const tool = join(goroot, 'pkg/tool/linux_amd64/asm');
  if (!existsSync(tool)) throw new NoToolchain(`${tool}: no such file; name a Go 1.19 tree with CALLGATE_GOROOT`);
  const dir = mkdtempSync(join(tmpdir(), 'callgate-bench-asm-'));
  try {
    const nothing: number[] = [];
    const files = FILES.map((file): AssemblerFile => {
      say(file);
      return measureFile(goroot, file, dir, runs, () => nothing.push(timed([process.execPath, '-e', '0'])));
    });
    say('the whole tree');
    return { runs, node: median(nothing), files, tree: measureTree(goroot, dir, runs, say) };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function measureFile(goroot: string, file: string, dir: string, runs: number, beside: () => void): AssemblerFile {
  const path = join(goroot, 'src', file);
  const include = [join(goroot, 'pkg/include'), join(goroot, 'src/runtime')];
  const flags = include.flatMap((d) => ['-I', d]);
  const output = join(dir, 'out.o');
  // Both write an object, and neither has to replace one.
  const fresh = (...command: string[]): number => {
    rmSync(output, { force: true });
    return timed(command);
  };
  const tool = (): number => fresh(join(goroot, 'pkg/tool/linux_amd64/asm'), '-p', 'p', ...flags, '-o', output, path);
  const cold = (): number =>
    fresh(process.execPath, 'dist/callgate.js', 'asm', '--format', 'elf', ...flags, '-o', output, path);
  const inside = (): ObjectFile => {
    const object = assemble(path, { read: readSource }, { includeDirs: [...include, dirname(path)], defines: {} });
    elfObject(object, { packagePath: 'p' });
    return object;
  };
  const once = (): number => {
    const begun = performance.now();
    inside();
    return (performance.now() - begun) / 1000;
  };
  const warm = (): number => median(Array.from({ length: REPEATS }, once));
  const object = inside();
  const [first] = object.diagnostics;
  if (first) throw new Error(`${first.at.file}:${first.at.line}: ${first.message}`);
  for (let i = 1; i < WARMING; i++) inside();
  const samples: { tool: number; cold: number; warm: number }[] = [];
  for (let i = 0; i < runs; i++) {
    samples.push({ tool: tool(), cold: cold(), warm: warm() });
    beside();
  }
  return {
    file,
    lines: readFileSync(path, 'utf8').split('\n').length - 1,
    bytes: object.functions.reduce((n, f) => n + f.code.length, 0),
    tool: median(samples.map((s) => s.tool)),
    cold: median(samples.map((s) => s.cold)),
    warm: median(samples.map((s) => s.warm)),
  };
}

const readSource = (path: string): string | undefined =>
  existsSync(path) && statSync(path).isFile() ? readFileSync(path, 'utf8') : undefined;

const ms = (seconds: number): string => (seconds * 1000).toFixed(1);
const rate = (f: AssemblerFile, seconds: number): string => Math.round(f.lines / seconds / 1000).toLocaleString('en');
const times = (ratio: number): string => `${ratio.toFixed(2)}×`;
const yes = (reached: boolean): string => (reached ? 'yes' : 'no');

export const ASSEMBLING = 'Assembling, against go tool asm';

const WHOLE = 'the whole tree, cold: one process of ours, one of the tool’s for each file';

const treeText = ({ files, packages, lines, ours, byPackage, byFile }: AssemblerTree): string[] => [
  `The whole tree is what \`go build std cmd\` assembles for linux/amd64: ${lines.toLocaleString('en')} lines in ${files} files of ${packages} packages, without`,
  'test data and what only `-race`, `-msan`, `-asan` and the like bring in.',
  '',
  markdown([
    ['', 'processes', 'ms', 'ours / theirs'],
    ['callgate asm, all files', '1', ms(ours), '–'],
    ['go tool asm, a package’s files', String(packages), ms(byPackage), times(ours / byPackage)],
    ['go tool asm, a file, as go build runs it', String(files), ms(byFile), times(ours / byFile)],
  ]),
  '',
  'Processes run one after another, all of them write objects, and each package’s `go_asm.h` is made beforehand. One process',
  'has one `-p`: our objects name everything as one package’s. Objects in one folder need different names: our files are links,',
  'named after their packages.',
];

/** The section of docs/PERFORMANCE.md. */
export function assemblerReport({ files, runs, node, tree }: AssemblerResults, machine: string): string {
  const name = (f: AssemblerFile): string => f.file.slice(f.file.lastIndexOf('/') + 1);
  const mean = (of: (f: AssemblerFile) => number): number => geometricMean(files.map(of));
  const worst = (of: (f: AssemblerFile) => number): number => Math.max(...files.map(of));
  const warm = (f: AssemblerFile): number => f.warm / f.tool;
  const cold = (f: AssemblerFile): number => f.cold / f.tool;
  return [
    `## ${ASSEMBLING}`,
    '',
    '`npm run bench -- asm` measures and writes this section. `go tool asm` and *cold* are whole processes that write an object;',
    '*warm* is the same work (read, assemble, make an ELF object) in a process that has done it before.',
    '',
    machine,
    `Medians of ${runs} runs in turn, warm ones of the median of ${REPEATS} repeats. \`node -e 0\` takes ${ms(node)} ms.`,
    '',
    markdown([
      ['target', 'aim', 'geometric mean', 'worst', 'reached'],
      ['warm, against the tool’s whole process', '< 1×', times(mean(warm)), times(worst(warm)), yes(worst(warm) < 1)],
      ['cold, against the same', '< 3×', times(mean(cold)), times(worst(cold)), yes(worst(cold) < 3)],
      [WHOLE, '< 3×', times(tree.ours / tree.byFile), '–', yes(tree.ours < 3 * tree.byFile)],
    ]),
    '',
    ...treeText(tree),
    '',
    markdown([
      ['', 'lines', 'bytes', 'tool, ms', 'warm, ms', 'cold, ms', 'warm / tool', 'cold / tool'],
      ...files.map((f) => [
        name(f),
        f.lines.toLocaleString('en'),
        f.bytes.toLocaleString('en'),
        ms(f.tool),
        ms(f.warm),
        ms(f.cold),
        times(warm(f)),
        times(cold(f)),
      ]),
    ]),
    '',
    'The same as thousand lines a second:',
    '',
    markdown([
      ['', 'tool', 'warm', 'cold'],
      ...files.map((f) => [name(f), rate(f, f.tool), rate(f, f.warm), rate(f, f.cold)]),
    ]),
  ].join('\n');
}
