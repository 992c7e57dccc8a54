/** callgate disasm: machine code back to text, from an ELF file, from bytes in a file or on the command line. */
import { decode } from '#emu/decode/decode.ts';
import type { Instruction } from '#emu/decode/instruction.ts';
import { hexBytes } from '#emu/trace/text.ts';
import type { syntaxes } from '../choices.ts';
import { type Code, readCode, type Stretch } from '../disasm/elf-code.ts';
import { goLines, goName, type Line } from '../disasm/go-text.ts';
import { fail } from '../fail.ts';
import { readBytes } from '../files.ts';
import { integer } from '../integer.ts';
import { output } from '../output.ts';

export interface DisasmOptions {
  readonly hex?: string;
  readonly at: string;
  readonly syntax: (typeof syntaxes)[number];
  readonly symbol?: string;
  readonly json?: boolean;
}

export async function disasm(path: string | undefined, options: DisasmOptions): Promise<number> {
  if ((path === undefined) === (options.hex === undefined))
    fail('disasm: give a FILE, or bytes with --hex, and only one of these');
  const { stretches, code } = path === undefined ? flat(parseHex('--hex', options.hex!), options) : open(path, options);
  const wanted = stretches.filter((s) => options.symbol === undefined || isCalled(s, options.symbol));
  if (!wanted.length) fail(`${path ?? '--hex'}: has no code called ${options.symbol}`);
  const { syntax } = options;
  const { icedLines } = syntax === 'go' ? {} : await import('../disasm/iced.ts');
  const linesOf = (s: Stretch): Line[] => (icedLines && syntax !== 'go' ? icedLines(s, syntax) : goLines(s, code));
  const print = output();
  if (options.json)
    print(
      JSON.stringify(
        wanted.map((s) => stretchJson(s, linesOf(s))),
        undefined,
        2,
      ),
    );
  else
    wanted.forEach((s, i) => {
      if (i) print('');
      for (const line of page(s, linesOf(s), syntax)) print(line);
    });
  print.flush();
  return 0;
}

interface Opened {
  readonly stretches: readonly Stretch[];
  readonly code: Code | undefined;
}

const isCalled = (s: Stretch, name: string): boolean => s.name === name || goName(s.name) === goName(name);

/** An ELF file; else text of hexadecimal digits; else the bytes themselves. */
function open(path: string, options: DisasmOptions): Opened {
  const bytes = readBytes(path);
  if (!bytes.length) fail(`${path}: is empty; nothing to disassemble`);
  if (bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46) {
    if (options.at !== '0') fail(`--at goes with bytes: ${path} is an ELF file, which says where it lies`);
    const code = readCode(path, bytes);
    // What fills the room between functions is nobody's.
    return { stretches: code.stretches.filter((s) => s.isNamed || !isPadding(s.bytes)), code };
  }
  if (/\.[sS]$/.test(path) && !bytes.includes(0)) fail(`${path}: is assembly text; callgate asm assembles it`);
  const text = new TextDecoder('latin1').decode(bytes);
  return flat(/^[\s\da-fA-F]+$/.test(text) ? parseHex(path, text) : bytes, options);
}

/** Nothing but zeros, breakpoints and instructions that do nothing. */
function isPadding(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; ) {
    const insn = decode(bytes.subarray(at, at + 15), 0n);
    const isIdle = insn !== undefined && insn !== 'short' && isNop(insn);
    if (!isIdle && bytes[at] !== 0 && bytes[at] !== INT3) return false;
    at += isIdle ? insn.length : 1;
  }
  return true;
}

/** XCHG AX, AX with a prefix counts: assemblers write it for two bytes of nothing. */
const isNop = ({ form, bytes }: Instruction): boolean =>
  form.name.startsWith('NOP') || (bytes[0] === 0x66 && bytes.at(-1) === 0x90);
const INT3 = 0xcc;

function flat(bytes: Uint8Array, { at }: DisasmOptions): Opened {
  const address = BigInt.asUintN(64, integer('--at', at));
  return { stretches: [{ name: 'code', isNamed: true, address, bytes, patches: new Map() }], code: undefined };
}

function parseHex(what: string, text: string): Uint8Array {
  const digits = text.replace(/\s|0x|,/g, '');
  if (!/^([\da-fA-F]{2})+$/.test(digits))
    fail(`${what}: give bytes as pairs of hexadecimal digits, such as '48 89 c3'`);
  return Uint8Array.from(digits.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

/** One stretch as lines; in Go's syntax they are a function that assembles to the same bytes. */
function* page(s: Stretch, lines: readonly Line[], syntax: DisasmOptions['syntax']): Generator<string> {
  const where = `0x${s.address.toString(16)}, ${s.bytes.length} bytes`;
  const name = s.isNamed ? s.name : `${s.name}+0x${s.address.toString(16)}`;
  const head = syntax === 'go' ? `TEXT ${goName(name)}(SB), 4, $0` : `${name}:`;
  yield `${head}  ${syntax === 'att' ? '#' : syntax === 'go' ? '//' : ';'} ${where}`;
  for (const { address, bytes, text, comment, label } of lines) {
    if (label) yield `${label}:`;
    const note = [`0x${address.toString(16)}`, hexBytes(bytes), comment].filter((t) => t !== undefined).join('  ');
    yield syntax === 'go'
      ? `\t${text.padEnd(TEXT_WIDTH)}  // ${note}`
      : `  0x${address.toString(16).padStart(4, '0')}  ${hexBytes(bytes).padEnd(BYTES_WIDTH)}  ${text}`;
  }
}

const TEXT_WIDTH = 36;
const BYTES_WIDTH = 32;

const stretchJson = (s: Stretch, lines: readonly Line[]): object => ({
  name: s.isNamed ? s.name : null,
  address: `0x${s.address.toString(16)}`,
  size: s.bytes.length,
  instructions: lines.map((l) => ({
    address: `0x${l.address.toString(16)}`,
    bytes: hexBytes(l.bytes, ''),
    text: l.text,
    comment: l.comment ?? null,
  })),
});
