/** callgate asm: what a file assembles to. */
import type { CodeSymbol, ObjectFile, Relocation } from '#asm/object.ts';
import { decode } from '#emu/decode/decode.ts';
import { print as printInsn } from '#emu/decode/print.ts';
import { baseName, hexBytes } from '#emu/trace/text.ts';
import { AssemblyErrors, assembleFile, library } from '../context.ts';
import { output } from '../output.ts';
import { paint } from '../style.ts';
import { table } from '../table.ts';

export interface AsmOptions {
  readonly goroot?: string;
  readonly include: readonly string[];
  readonly define: readonly string[];
  readonly format: 'listing' | 'bytes' | 'symbols';
  readonly json?: boolean;
}

export function asm(path: string, options: AsmOptions): number {
  const object = assembleFile(path, library(options), options);
  if (object.diagnostics.length) throw new AssemblyErrors(object.diagnostics);
  const print = output();
  if (options.json) print(JSON.stringify(objectJson(object), undefined, 2));
  else if (options.format === 'bytes')
    for (const f of object.functions) print(`${f.symbol.name} ${hexBytes(f.code, '')}`);
  else if (options.format === 'symbols') print(symbols(object));
  else print(object.functions.map(listing).join('\n\n'));
  print.flush();
  return 0;
}

const name = (f: CodeSymbol): string =>
  `${f.symbol.name}${f.symbol.isStatic ? '<>' : ''}${f.symbol.abi === 'ABIInternal' ? '<ABIInternal>' : ''}`;

function symbols(o: ObjectFile): string {
  const rows = o.functions.map((f) => [
    'T',
    String(f.code.length),
    `frame ${f.locals}`,
    f.args === undefined ? 'args ?' : `args ${f.args}`,
    name(f),
  ]);
  const data = o.data.map((d) => ['D', String(d.size), '', '', `${d.symbol.name}${d.symbol.isStatic ? '<>' : ''}`]);
  return table([...rows, ...data]);
}

const target = (r: Relocation): string =>
  `${r.symbol}${r.addend === 0n ? '' : `${r.addend < 0n ? '' : '+'}${r.addend}`}`;

/** Offset, bytes, what they are, where they come from, and what the linker will patch. */
function listing(f: CodeSymbol): string {
  const head = `${name(f)}  size ${f.code.length}, frame ${f.locals}, args ${f.args ?? 'unknown'}`;
  const rows: string[][] = [];
  let nextLine = 0;
  for (let at = 0; at < f.code.length; ) {
    const insn = decode(f.code.subarray(at, at + 15), BigInt(at));
    const length = insn && insn !== 'short' ? insn.length : 1;
    while (f.lines[nextLine] && f.lines[nextLine]!.offset <= at) nextLine++;
    const line = f.lines[nextLine - 1]?.value;
    const relocation = f.relocations.find((r) => r.offset >= at && r.offset < at + length && r.size > 0);
    // What the linker will put there has a name; what is there now is a zero.
    const nameOf = (a: bigint): string | undefined =>
      relocation ? relocation.symbol : a < BigInt(f.code.length) ? `${f.symbol.name}+0x${a.toString(16)}` : undefined;
    const text = insn && insn !== 'short' ? printInsn(insn, nameOf) : `BYTE $0x${f.code[at]!.toString(16)}`;
    rows.push([
      `  0x${at.toString(16).padStart(4, '0')}`,
      line ? `${baseName(line.file)}:${line.line}` : '',
      hexBytes(f.code.subarray(at, at + length)),
      text,
      relocation ? `${relocation.kind} ${target(relocation)}` : '',
    ]);
    at += length;
  }
  return `${paint('bold', head)}\n${table(rows)}`;
}

function objectJson(o: ObjectFile): object {
  const relocations = (rs: readonly Relocation[]): object[] =>
    rs.map((r) => ({ offset: r.offset, size: r.size, kind: r.kind, symbol: r.symbol, addend: Number(r.addend) }));
  return {
    file: o.path,
    functions: o.functions.map((f) => ({
      name: f.symbol.name,
      static: f.symbol.isStatic,
      abi: f.symbol.abi,
      flags: f.flags,
      size: f.code.length,
      frame: f.locals,
      args: f.args ?? null,
      code: hexBytes(f.code, ''),
      relocations: relocations(f.relocations),
      lines: f.lines.map((l) => [l.offset, l.value.line]),
      pcsp: f.pcsp.map((s) => [s.offset, s.value]),
    })),
    data: o.data.map((d) => ({
      name: d.symbol.name,
      static: d.symbol.isStatic,
      flags: d.flags,
      size: d.size,
      bytes: hexBytes(d.bytes, ''),
      relocations: relocations(d.relocations),
    })),
  };
}
