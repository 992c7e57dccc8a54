/** The suite of Go's own assembler passes whole: bytes, their way back through the disassembler, and error messages. */
import { Decoder, DecoderOptions } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { decode } from '#emu/decode/decode.ts';
import { print } from '#emu/decode/print.ts';
import { goLines } from '../../src/cli/disasm/go-text.ts';
import { goAsm, goroot, missingGo } from '../witness/go.ts';
import {
  assembleFile,
  bytesByLine,
  errorFile,
  expectedErrors,
  nameOf,
  suiteFiles,
  suiteLines,
} from '../witness/go-suite.ts';

/** Go 1.19's suite has that many; another Go's may have more. */
const ENCODINGS = 25_220;

const files = goroot ? suiteFiles().map((path) => ({ path, object: assembleFile(path), lines: suiteLines(path) })) : [];
const encodings = files.flatMap(({ path, object, lines }) => {
  const bytes = bytesByLine(object);
  return lines.map((line) => ({ ...line, path, bytes: bytes.get(line.number) ?? '' }));
});

/** Every text as a function of its own; what it became, or what was said of it. */
function assembled(texts: readonly string[]): string[] {
  const source = texts.map((text, i) => `TEXT ·f${i}(SB), 4, $0\n\t${text}\n`).join('');
  const { functions, diagnostics } = assemble(
    'lines.s',
    { read: (p) => (p === 'lines.s' ? source : undefined) },
    { includeDirs: [], defines: {} },
  );
  const said = new Map(diagnostics.map((d) => [d.at.line, d.message]));
  return functions.map((f, i) => said.get(2 * i + 2) ?? Buffer.from(f.code).toString('hex'));
}

/** Bytes of the suite that are no instruction: UD1 without its ModRM byte, zeroing (.Z) without a mask. */
function isInstruction(bytes: string): boolean {
  const decoder = new Decoder(64, Buffer.from(bytes, 'hex'), DecoderOptions.None);
  const insn = decoder.decode();
  const whole = insn.code !== 0 && 2 * insn.length === bytes.length;
  insn.free();
  decoder.free();
  return whole;
}

/** What callgate disasm makes of bytes that are no instruction. */
function asBytes(bytes: string): string {
  const stretch = { name: 'f', isNamed: true, address: 0n, bytes: Buffer.from(bytes, 'hex'), patches: new Map() };
  return goLines(stretch, undefined)
    .map((line) => line.text)
    .join('; ');
}

const finish = (wrong: readonly string[], total: number, what: string): void => {
  console.log(`${what}: ${total - wrong.length} / ${total}`);
  expect(wrong.slice(0, 20)).toEqual([]);
};

describe.skipIf(!goroot)(`Go's assembler suite${goroot ? '' : ` (${missingGo})`}`, () => {
  test('every line becomes the bytes it names', () => {
    expect(files.flatMap(({ object }) => object.diagnostics)).toEqual([]);
    const wrong = encodings
      .filter(({ bytes, either }) => !either.includes(bytes))
      .map((e) => `${nameOf(e.path)}:${e.number}: ${e.text}: ${e.bytes}, not ${e.either.join(' or ')}`);
    finish(wrong, encodings.length, 'Go suite, encodings');
    expect(encodings.length).toBeGreaterThanOrEqual(ENCODINGS);
  });

  test('of several encodings it is the one that go tool asm takes', async () => {
    for (const { path, object } of files) {
      const { symbols } = await goAsm(path, { root: goroot!, packagePath: 'p' });
      const theirs = symbols.filter((s) => s.kind === 'TEXT');
      const ours = object.functions.map((f) => ({ name: f.symbol.name, bytes: Buffer.from(f.code) }));
      expect(ours.length, nameOf(path)).toBeGreaterThan(0);
      const differ = ours.filter((f, i) => !f.bytes.equals(theirs[i]!.bytes)).map((f) => f.name);
      expect(differ, nameOf(path)).toEqual([]);
    }
  });

  test('disassembled and assembled again they are the same bytes', () => {
    const whole = encodings.map((e) => isInstruction(e.bytes));
    const texts = encodings.map(({ bytes }, i) => {
      if (!whole[i]) return asBytes(bytes);
      const insn = decode(Buffer.from(bytes, 'hex'), 0n);
      return insn && insn !== 'short' && 2 * insn.length === bytes.length ? print(insn) : 'UNREAD';
    });
    const again = assembled(texts);
    const wrong = encodings.flatMap((e, i) =>
      again[i] === e.bytes ? [] : [`${nameOf(e.path)}:${e.number}: ${e.text}: ${e.bytes}: ${texts[i]}: ${again[i]}`],
    );
    finish(wrong, encodings.length, 'Go suite, round trip');
    expect(encodings.filter((_, i) => !whole[i]).map((e) => e.text)).toEqual(['UD1', 'VADDPD.Z X30, X1, X0']);
  });

  test('what is wrong with a line is said in Go’s words, of these lines only', () => {
    const said = new Map(assembleFile(errorFile).diagnostics.map((d) => [d.at.line, d.message]));
    const expected = expectedErrors();
    const wrong = expected.flatMap((want, i) => {
      const got = said.get(i + 1);
      return want === undefined ? (got ?? []) : got?.includes(want) ? [] : [`${i + 1}: ${got}, not ${want}`];
    });
    finish(wrong, expected.filter(Boolean).length, 'Go suite, errors');
  });
});
