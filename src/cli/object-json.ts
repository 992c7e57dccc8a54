/** An assembled file as JSON: all that its object says. */
import type { CodeSymbol, DataSymbol, ObjectFile, Relocation, Span } from '#asm/object.ts';
import type { SymbolName } from '#asm/syntax.ts';
import { textFlags } from '#asm/textflag.ts';
import { hexBytes } from '#emu/trace/text.ts';

export const objectJson = (o: ObjectFile): object => ({
  file: o.path,
  text: o.functions.map(codeJson),
  data: o.data.map(dataJson),
});

const codeJson = (f: CodeSymbol): object => ({
  ...nameJson(f.symbol),
  line: f.at.line,
  flags: flagNames(f.flags),
  size: f.code.length,
  /** Locals and the saved BP. */
  frame: f.locals,
  args: f.args ?? null,
  writesSp: f.writesSp,
  code: hexBytes(f.code, ''),
  relocations: f.relocations.map(relocationJson),
  pcsp: spans(f.pcsp),
  pcfile: spans(changes(f.lines, (at) => at.file)),
  pcline: spans(changes(f.lines, (at) => at.line)),
  pcdata: f.pcdata.map(spans),
  funcdata: f.funcdata.map((s) => (s ? nameJson(s) : null)),
});

const dataJson = (d: DataSymbol): object => ({
  ...nameJson(d.symbol),
  line: d.at.line,
  flags: flagNames(d.flags),
  size: d.size,
  /** The rest is zero. */
  bytes: hexBytes(d.bytes, ''),
  relocations: d.relocations.map(relocationJson),
});

const nameJson = ({ name, isStatic, abi }: SymbolName): object => ({ name, static: isStatic, abi });

const relocationJson = (r: Relocation): object => ({
  kind: r.kind,
  offset: r.offset,
  size: r.size,
  // Beyond 2^53 a number would not be what it was.
  addend: Number.isSafeInteger(Number(r.addend)) ? Number(r.addend) : String(r.addend),
  symbol: r.symbol,
  static: r.isStatic,
  abi: r.abi,
});

const flagNames = (flags: number): string[] =>
  Object.entries(textFlags).flatMap(([name, bit]) => (flags & bit ? [name] : []));

const spans = <T>(all: readonly Span<T>[]): [offset: number, value: T][] => all.map((s) => [s.offset, s.value]);

/** One aspect of a value, from where it is another one. */
function changes<T, U>(all: readonly Span<T>[], of: (value: T) => U): Span<U>[] {
  const out: Span<U>[] = [];
  for (const { offset, value } of all) {
    if (!out.length || out.at(-1)!.value !== of(value)) out.push({ offset, value: of(value) });
  }
  return out;
}
