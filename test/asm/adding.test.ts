/** docs/ADDING.md holds: the row on that page, put into a copy of its chapter, is all that an instruction needs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Decoder, DecoderOptions, Formatter, FormatterSyntax } from 'iced-x86';
import { build } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CodeSymbol } from '#asm/object.ts';
import type * as Sandbox from './sandbox.ts';

const page = readFileSync('docs/ADDING.md', 'utf8');
const block = (kind: string): string => new RegExp(`\`\`\`${kind}\\n([\\s\\S]*?)\`\`\``).exec(page)![1]!;
const chapter = resolve('src/emu/isa/forms/arithmetic.ts');

/** The chapter as it would be with the two blocks of the page in it. */
function changed(): string {
  const text = readFileSync(chapter, 'utf8');
  const table = 'export const arithmetic: readonly Form[] = [\n';
  expect(text).toContain(table);
  const comment = text.lastIndexOf('\n\n', text.indexOf(table)) + 2;
  const withMeaning = `${text.slice(0, comment)}${block('ts meaning')}\n${text.slice(comment)}`;
  return withMeaning.replace(table, `${table}${block('ts row')}`);
}

const dir = mkdtempSync(join(tmpdir(), 'callgate-adding-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The same sources, bundled, with the chapter changed or as it is. */
async function sandbox(name: string, withRow: boolean): Promise<typeof Sandbox> {
  const file = join(dir, `${name}.mjs`);
  await build({
    input: 'test/asm/sandbox.ts',
    platform: 'node',
    external: [/^node:/],
    plugins: [{ name: 'adding', load: (id) => (withRow && id === chapter ? changed() : null) }],
    output: { file, format: 'esm', codeSplitting: false },
    logLevel: 'warn',
  });
  return import(file);
}

describe('an instruction is one row', () => {
  let added: typeof Sandbox;
  let before: typeof Sandbox;
  beforeAll(async () => {
    [added, before] = [await sandbox('added', true), await sandbox('before', false)];
  });
  const source = `#define NOSPLIT 4\n${/```\n(TEXT ·bump[\s\S]*?)```/.exec(page)![1]!}`;
  const code = (box: typeof Sandbox): CodeSymbol => box.assembleText(source).functions[0]!;

  test('without it nobody knows the instruction', () => {
    expect(before.assembleText(source).diagnostics.map((d) => d.message)).toEqual(['unrecognized instruction "AADDQ"']);
    expect(before.disassemble(Uint8Array.of(0x48, 0x0f, 0x38, 0xfc, 0x07))).toBeUndefined();
  });

  test('the assembler encodes it as the page says', () => {
    expect(added.assembleText(source).diagnostics).toEqual([]);
    const promised = /AADDQ AX, \(DI\) +\/\/ ([0-9a-f ]+)/.exec(page)![1]!.replaceAll(' ', '');
    expect(Buffer.from(code(added).code).toString('hex')).toContain(promised);
    const refused = added.assembleText('TEXT ·f(SB), 4, $0\n\tAADDQ AX, BX\n').diagnostics;
    expect(refused.map((d) => d.message)).toEqual(['invalid instruction: AADDQ AX, BX']);
  });

  test('iced-x86 reads the bytes as the same instruction', () => {
    const decoder = new Decoder(64, Uint8Array.of(0x48, 0x0f, 0x38, 0xfc, 0x07), DecoderOptions.None);
    expect(new Formatter(FormatterSyntax.Nasm).format(decoder.decode())).toBe('aadd [rdi],rax');
  });

  test('the disassembler prints it', () => {
    expect(added.disassemble(Uint8Array.of(0x48, 0x0f, 0x38, 0xfc, 0x07))).toBe('AADDQ AX, (DI)');
    expect(added.disassemble(Uint8Array.of(0x0f, 0x38, 0xfc, 0x4b, 0x08))).toBe('AADDL CX, 0x8(BX)');
  });

  test.each(['interp', 'jit'] as const)('%s executes it, and no flag changes', (engine) => {
    const after = added.execute(engine, code(added).code, { value: 40n, by: 2n });
    expect(after).toEqual({ value: 42n, flagsChanged: 0n });
    expect(added.execute(engine, code(added).code, { value: 2n ** 64n - 1n, by: 1n })).toEqual({
      value: 0n,
      flagsChanged: 0n,
    });
  });
});
