/** One file of a Go tree, assembled by Go's assembler and by ours: everything in which the objects differ. */
import { existsSync, readFileSync } from 'node:fs';
import { assemble } from '#asm/assemble.ts';
import type { CodeSymbol, DataSymbol, ObjectFile, Relocation, Span } from '#asm/object.ts';
import type { SymbolName } from '#asm/syntax.ts';
import { textFlags } from '#asm/textflag.ts';
import { decode } from '#emu/decode/decode.ts';
import { print } from '#emu/decode/print.ts';
import { hostFiles } from '../../src/cli/files.ts';
import { keptHeader } from '../../src/cli/goroot.ts';
import { type GoAsmOptions, GoRefusal, goAsm } from './go.ts';
import type { GoFile } from './go-files.ts';
import { type GoFunction, type GoObject, type GoSymbol, type PcTable, STATIC, written } from './go-object.ts';

export interface FileParity {
  readonly functions: number;
  readonly bytes: number;
  readonly relocations: number;
  /** Neither assembler takes the file: it is another machine's, or a test of error messages. */
  readonly refused: boolean;
  /** One a line, most telling first. Empty: the objects are the same. */
  readonly differences: readonly string[];
}

export interface ParityOptions {
  readonly root: string;
  /** What the files' paths start from: GOROOT/src, or sources of one's own. */
  readonly tree: string;
  readonly goamd64: string;
  readonly progress: (what: string) => void;
}

/** Both assemblers on one file of a tree, with the package's own go_asm.h where the file asks for one. */
export async function parity(file: GoFile, { root, tree, goamd64, progress }: ParityOptions): Promise<FileParity> {
  const path = `${tree}/${file.path}`;
  const packagePath = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/'))) || 'main';
  const wantsHeader = /#include\s+"go_asm\.h"/.test(readFileSync(path, 'utf8'));
  // Only the toolchain's own packages are compiled here; test data is none.
  const isPackage = tree === `${root}/src` && !packagePath.includes('testdata');
  const header =
    wantsHeader && isPackage ? keptHeader(root, { path: packagePath, tag: file.mode }, progress) : undefined;
  return parityOf(path, { root, packagePath, header, goamd64 });
}

/** Both assemblers on one file. */
export async function parityOf(path: string, options: GoAsmOptions): Promise<FileParity> {
  const { root, packagePath, header, goamd64 = 'v1' } = options;
  const theirs = await goAsm(path, options).catch((e) => {
    if (!(e instanceof GoRefusal)) throw e;
    return e;
  });
  const ours = assemble(path, sourcesWith(header), {
    includeDirs: [`${root}/pkg/include`],
    defines: { GOOS_linux: '1', GOARCH_amd64: '1', [`GOAMD64_${goamd64}`]: '1' },
  });
  const differences =
    theirs instanceof GoRefusal ? refusals(ours, theirs, path) : compare(ours, theirs, { root, packagePath });
  return {
    functions: ours.functions.length,
    bytes: ours.functions.reduce((n, f) => n + f.code.length, 0),
    relocations: [...ours.functions, ...ours.data].reduce((n, s) => n + s.relocations.length, 0),
    refused: theirs instanceof GoRefusal && differences.length === 0,
    differences,
  };
}

/** go_asm.h is generated, never found beside the sources. */
const sourcesWith = (header: string | undefined) => ({
  read: (path: string) => (header !== undefined && /(^|\/)go_asm\.h$/.test(path) ? header : hostFiles.read(path)),
});

/** Go stops after ten complaints and we go on: each line that it names, we must name too. */
function refusals(ours: ObjectFile, { message }: GoRefusal, path: string): string[] {
  const named = new Set(ours.diagnostics.map(({ at }) => at.line));
  const unnamed = message.split('\n').filter((said) => {
    const line = Number(said.split(`${path}:`)[1]?.match(/^\d+/)?.[0]);
    // Of a file that cannot be included Go complains one line later.
    return line && !named.has(said.includes('#include') ? line - 1 : line);
  });
  if (named.size === 0) return [`Go refuses what we take: ${message.split('\n')[0]}`];
  return unnamed.map((said) => `Go alone complains: ${said}`);
}

interface Place {
  readonly root: string;
  readonly packagePath: string;
}

/** Of two objects that are there. */
export function compare(ours: ObjectFile, theirs: GoObject, place: Place): string[] {
  const [first] = ours.diagnostics;
  if (first) return [`we refuse what Go takes: ${first.at.file}:${first.at.line}: ${first.message}`];
  const qualified = (name: string): string => (name.startsWith('.') ? place.packagePath + name : name);
  const mine = new Map([...ours.functions, ...ours.data].map((s) => [writtenAs(s.symbol, qualified), s]));
  const other = new Map(theirs.symbols.map((s) => [written(s.name, s.abi), s]));
  const files = theirs.files.map((f) => f.replace(/^gofile\.\./, '').replace(/^\$GOROOT/, place.root));
  const differences = [...other].flatMap(([key, go]) => {
    const s = mine.get(key);
    if (!s) return [`only Go has the symbol ${key}`];
    if (!go.function) return 'size' in s ? dataDifferences(s, go, qualified) : [`${go.name}: is data in Go's object`];
    return 'code' in s
      ? codeDifferences(s, go, go.function, { qualified, files })
      : [`${go.name}: is code in Go's object`];
  });
  return [...differences, ...[...mine.keys()].filter((k) => !other.has(k)).map((k) => `only we have the symbol ${k}`)];
}

const writtenAs = ({ name, isStatic, abi }: SymbolName, qualified: (n: string) => string): string =>
  written(qualified(name), isStatic ? STATIC : abi === 'ABIInternal' ? 1 : 0);

interface Naming {
  readonly qualified: (name: string) => string;
  readonly files: readonly string[];
}

function codeDifferences(f: CodeSymbol, go: GoSymbol, info: GoFunction, { qualified, files }: Naming): string[] {
  const differ = differing(go.name);
  const code = firstInstruction(f, go);
  const { NOSPLIT, DUPOK, REFLECTMETHOD, TOPFRAME } = textFlags;
  const flags = Object.entries({ DUPOK, NOSPLIT, REFLECTMETHOD }).filter(([, bit]) => f.flags & bit);
  return [
    ...(code ? [code] : []),
    ...differ('size', [f.code.length], [go.size]),
    ...differ('relocations', relocationsOf(f, qualified), go.relocations.map(relocationLine)),
    ...differ(
      'flags',
      flags.map(([name]) => name),
      go.flags,
    ),
    ...differ('arguments', [f.args ?? UNKNOWN_ARGS], [info.args]),
    ...differ('frame', [f.locals], [info.locals]),
    ...differ('function flags', [(f.flags & TOPFRAME ? 1 : 0) | (f.writesSp ? 2 : 0) | 4], [info.flags]),
    ...differ('pcsp', tableLines(f.pcsp), goLines(info.pcsp)),
    ...differ(
      'pcfile',
      column(f, (at) => at.file),
      goLines(info.pcfile, (n) => files[n] ?? String(n)),
    ),
    ...differ(
      'pcline',
      column(f, (at) => String(at.line)),
      goLines(info.pcline),
    ),
    ...differ('number of PCDATA tables', [f.pcdata.length], [info.pcdata.length]),
    ...f.pcdata.flatMap((t, i) => differ(`PCDATA $${i}`, tableLines(t), goLines(info.pcdata[i] ?? []))),
    ...differ(
      'FUNCDATA',
      f.funcdata.map((s) => (s ? writtenAs(s, qualified) : '')),
      info.funcdata,
    ),
  ];
}

/** objabi.ArgsSizeUnknown. */
const UNKNOWN_ARGS = -(2 ** 31);

function dataDifferences(d: DataSymbol, go: GoSymbol, qualified: (n: string) => string): string[] {
  const differ = differing(go.name);
  const isShared = (d.flags & textFlags.DUPOK) !== 0;
  const flags = isShared ? ['DUPOK'] : d.isConstant ? ['LOCAL'] : [];
  return [
    ...differ('kind', [kindOf(d)], [go.kind]),
    ...differ('flags', flags, go.flags),
    ...differ('size', [d.size], [go.size]),
    ...differ('bytes', hexRows(d.bytes), hexRows(go.bytes)),
    ...differ('relocations', relocationsOf(d, qualified), go.relocations.map(relocationLine)),
  ];
}

/** Which of Go's sections it goes to: by its flags, and by whether any DATA says what is in it. */
function kindOf({ flags, bytes }: DataSymbol): string {
  if (flags & textFlags.RODATA) return 'RODATA';
  if (flags & textFlags.NOPTR) return bytes.length ? 'NOPTRDATA' : 'NOPTRBSS';
  if (flags & textFlags.TLSBSS) return 'TLSBSS';
  return bytes.length ? 'DATA' : 'BSS';
}

/** Of two lists, the first place where they are not the same. */
const differing =
  (symbol: string) =>
  (what: string, ours: readonly (string | number)[], theirs: readonly (string | number)[]): string[] => {
    const length = Math.max(ours.length, theirs.length);
    const at = Array.from({ length }, (_, i) => i).find((i) => ours[i] !== theirs[i]);
    return at === undefined ? [] : [`${symbol}: ${what}: ours ${ours[at] ?? 'none'}, Go's ${theirs[at] ?? 'none'}`];
  };

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');

const hexRows = (bytes: Uint8Array): string[] =>
  Array.from(
    { length: Math.ceil(bytes.length / 16) },
    (_, i) => `+${i * 16}: ${hex(bytes.subarray(16 * i, 16 * i + 16))}`,
  );

const relocationsOf = (s: CodeSymbol | DataSymbol, qualified: (n: string) => string): string[] =>
  s.relocations.map((r: Relocation) => {
    // Go's has no symbol; ours says what it is.
    const symbol = r.kind === 'R_TLS_LE' ? '' : writtenAs({ ...r, name: r.symbol }, qualified);
    return relocationLine({ ...r, symbol });
  });

const relocationLine = (r: { offset: number; size: number; kind: string; symbol: string; addend: bigint }): string =>
  `${r.offset}+${r.size} ${r.kind} ${r.symbol}+${r.addend}`;

const tableLines = (spans: readonly Span<number>[]): string[] =>
  spans.map(({ offset, value }) => `+${offset}: ${value}`);

const goLines = (table: PcTable, text = String as (n: number) => string): string[] =>
  table.map(([offset, value]) => `+${offset}: ${text(value)}`);

/** One part of the positions, where it changes. A function without bytes has none: Go's table then holds one −1. */
function column(f: CodeSymbol, part: (at: CodeSymbol['at']) => string): string[] {
  const values = f.lines.map(({ offset, value }) => ({ offset, value: part(value) }));
  const changes = values.filter(({ value }, i) => value !== values[i - 1]?.value);
  return changes.length ? changes.map(({ offset, value }) => `+${offset}: ${value}`) : ['+0: -1'];
}

/** The first instruction of ours whose bytes are not Go's, both sides, and where it was written. */
function firstInstruction(f: CodeSymbol, go: GoSymbol): string | undefined {
  const wrong = f.code.findIndex((byte, i) => byte !== go.bytes[i]);
  if (wrong < 0) return undefined;
  let at = 0;
  for (;;) {
    const { length } = instructionAt(f.code, at);
    if (at + length > wrong) break;
    at += length;
  }
  const line = f.lines.findLast(({ offset }) => offset <= at)?.value;
  const [a, b] = [instructionAt(f.code, at), instructionAt(go.bytes, at)];
  const written =
    line && existsSync(line.file) ? readFileSync(line.file, 'utf8').split('\n')[line.line - 1]!.trim() : '';
  const where = line ? `${line.file.slice(line.file.lastIndexOf('/') + 1)}:${line.line}: ${written}` : '';
  return `${go.name}+0x${at.toString(16)}: ours ${a.bytes} (${a.text}), Go's ${b.bytes} (${b.text}), from ${where}`;
}

function instructionAt(code: Uint8Array, at: number): { length: number; bytes: string; text: string } {
  const insn = decode(code.subarray(at, at + 15), BigInt(at));
  if (!insn || insn === 'short') return { length: 1, bytes: hex(code.subarray(at, at + 1)), text: 'no instruction' };
  return { length: insn.length, bytes: hex(code.subarray(at, at + insn.length)), text: print(insn) };
}
