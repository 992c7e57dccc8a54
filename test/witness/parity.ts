/** npm run parity: every assembly file of a Go tree, ours against `go tool asm`, a line for each. Exit code 1 on any difference. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { goroot, hasAssembler, missingGo } from './go.ts';
import { type GoFile, goFiles } from './go-files.ts';
import { type FileParity, parity } from './go-parity.ts';

const USAGE = 'npm run parity -- [--goroot DIR] [--tree DIR] [--goamd64 v1|v2|v3|v4] [PART-OF-A-PATH …]';
const MAX_SHOWN = 5;

class BadInput extends Error {}

/** npm runs scripts in the package's folder, and says where it was called. */
const fromHere = (path: string): string => resolve(process.env['INIT_CWD'] ?? '.', path);

function options(): { root: string; tree: string; goamd64: string; files: readonly GoFile[] } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { goroot: { type: 'string' }, tree: { type: 'string' }, goamd64: { type: 'string', default: 'v1' } },
  });
  if (!/^v[1-4]$/.test(values.goamd64)) throw new BadInput(`--goamd64 ${values.goamd64}: v1, v2, v3 or v4 is wanted`);
  const root = values.goroot === undefined ? goroot : fromHere(values.goroot);
  if (root === undefined) throw new BadInput(missingGo);
  if (!['src/runtime', 'VERSION'].every((f) => existsSync(join(root, f))) || !hasAssembler(root))
    throw new BadInput(`--goroot ${root}: no Go tree with VERSION, src/runtime and pkg/tool/linux_amd64/asm is there`);
  const version = readFileSync(`${root}/VERSION`, 'utf8').trim();
  if (!/^go1\.19(\.|\s|$)/.test(version))
    throw new BadInput(`--goroot ${root}: is ${version}; objects of go1.19 are compared`);
  const tree = values.tree === undefined ? `${root}/src` : fromHere(values.tree);
  if (!existsSync(tree) || !statSync(tree).isDirectory()) throw new BadInput(`--tree ${values.tree}: is not a folder`);
  const all = goFiles(tree);
  if (!all.length) throw new BadInput(`${tree}: no assembly file for linux/amd64 is in it`);
  const unknown = positionals.find((part) => !all.some((f) => f.path.includes(part)));
  if (unknown !== undefined) throw new BadInput(`${unknown}: no amd64 assembly file of ${tree} has that in its path`);
  const files = positionals.length ? all.filter((f) => positionals.some((part) => f.path.includes(part))) : all;
  return { root, tree, goamd64: values.goamd64, files };
}

function line({ path, mode }: GoFile, { functions, bytes, relocations, refused, differences }: FileParity): string {
  const name = `${path}${mode ? ` (${mode})` : ''}`.padEnd(72);
  if (refused) return `${name} refused by both`;
  const counts = `${String(functions).padStart(4)} functions ${String(bytes).padStart(7)} bytes ${String(relocations).padStart(5)} relocations`;
  return `${name} ${counts}  ${differences.length ? 'DIFFERENT' : 'same'}`;
}

async function main(): Promise<number> {
  const { files, ...where } = options();
  const progress = (what: string): void => console.error(`${what} …`);
  // The tool works on the next file while we work on this one.
  const start = (file: GoFile): Promise<FileParity> => parity(file, { ...where, progress });
  const total = { same: 0, refused: 0, different: 0, functions: 0, bytes: 0, relocations: 0 };
  let next = start(files[0]!);
  for (const [i, file] of files.entries()) {
    const result = await next;
    if (files[i + 1]) next = start(files[i + 1]!);
    console.log(line(file, result));
    for (const d of result.differences.slice(0, MAX_SHOWN)) console.log(`  ${d}`);
    const more = result.differences.length - MAX_SHOWN;
    if (more > 0) console.log(`  and ${more} more`);
    if (result.differences.length) total.different++;
    else if (result.refused) total.refused++;
    else {
      total.same++;
      total.functions += result.functions;
      total.bytes += result.bytes;
      total.relocations += result.relocations;
    }
  }
  const taken = files.length - total.refused;
  console.log(
    `${total.same} of ${taken} files the same: ${total.functions} functions, ${total.bytes} bytes, ${total.relocations} relocations, with their tables and data; ${total.refused} files refused by both`,
  );
  return total.different ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (e) {
  if (!(e instanceof BadInput) && !(e instanceof TypeError && 'code' in e)) throw e;
  console.error(`parity: ${(e as Error).message}: ${USAGE}`);
  process.exitCode = 2;
}
