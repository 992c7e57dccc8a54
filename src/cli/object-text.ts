/** An assembled file as text: a listing, its symbols, its bytes, or JSON. */
import type { CodeSymbol, ObjectFile, Relocation } from '#asm/object.ts';
import { decode } from '#emu/decode/decode.ts';
import { print as printInsn } from '#emu/decode/print.ts';
import { baseName, hexBytes } from '#emu/trace/text.ts';
import type { asmFormats } from './choices.ts';
import { objectJson } from './object-json.ts';
import { paint } from './style.ts';
import { table } from './table.ts';

type TextFormat = Exclude<(typeof asmFormats)[number], 'elf'>;

export function objectText(object: ObjectFile, format: TextFormat, isForFile: boolean): string {
  switch (format) {
    case 'listing':
      return object.functions.map((f) => listing(f, isForFile)).join('\n\n');
    case 'symbols':
      return symbols(object);
    case 'hex':
      return object.functions.map((f) => `${name(f)} ${hexBytes(f.code, '')}`).join('\n');
    case 'obj-json':
      return JSON.stringify(objectJson(object), undefined, 2);
  }
}

/** One of several on standard output: under its file's name, or, as JSON, which names it, on one line. */
export function partText(object: ObjectFile, format: TextFormat): string {
  if (format === 'obj-json') return JSON.stringify(objectJson(object));
  const text = objectText(object, format, false);
  return text && `${paint('bold', `${object.path}:`)}\n${text}`;
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
function listing(f: CodeSymbol, isForFile: boolean): string {
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
  return `${isForFile ? head : paint('bold', head)}\n${table(rows)}`;
}
