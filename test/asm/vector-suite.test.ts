/** Every line of the Go assembler's own list of encodings that names a vector instruction, assembled by both. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { goAsm, goroot, missingGo } from '../witness/go.ts';

const own = (['mmx', 'vectorMove', 'vectorInteger', 'vectorShuffle', 'vectorMasked'] as const).flatMap(
  (c) => chapters[c]!,
);
const names = new Set(own.map((f) => f.name));

/** What only AVX-512 has (registers from 16 on, 512 bits, masks), and control registers, which are other rows'. */
const elsewhere = /\b([XY](1[6-9]|2\d|3[01])|Z\d+|K\d|[CD]R\d)\b/;

/** Lines that are not commented out, and that Go does not encode with EVEX alone (62 …). */
function linesOf(file: string): string[] {
  const text = readFileSync(`${goroot}/src/cmd/asm/internal/asm/testdata/${file}`, 'utf8');
  const lines = [...text.matchAll(/^\t([A-Z0-9]+) (.*?) *\/\/ (.*)$/gm)];
  return lines.flatMap(([, name, operands, bytes]) =>
    names.has(name!) && !elsewhere.test(operands!) && !bytes!.startsWith('62') ? [`${name} ${operands}`] : [],
  );
}

const functions = (lines: readonly string[]): string =>
  lines.map((line, i) => `TEXT ·f${i}(SB), 4, $0\n\t${line}\n`).join('');

function byGo(lines: readonly string[]): string[] {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-suite-'));
  try {
    const path = join(dir, 'lines.s');
    writeFileSync(path, functions(lines));
    const symbols = new Map(goAsm(path, { packagePath: 'p', header: '' }).map((s) => [s.name, s.bytes]));
    return lines.map((_, i) => symbols.get(`p.f${i}`) ?? 'nothing');
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function byUs(lines: readonly string[]): string[] {
  const source = functions(lines);
  const options = { includeDirs: [], defines: {} };
  const object = assemble('lines.s', { read: (p) => (p === 'lines.s' ? source : undefined) }, options);
  expect(object.diagnostics).toEqual([]);
  return object.functions.map((f) => Buffer.from(f.code).toString('hex'));
}

describe.skipIf(!goroot)(`go tool asm${goroot ? '' : ` (${missingGo})`}`, () => {
  test.each([
    ['amd64enc.s', 4500],
    ['amd64enc_extra.s', 250],
  ])('%s: the same bytes for every line', (file, atLeast) => {
    const lines = linesOf(file);
    expect(lines.length).toBeGreaterThan(atLeast);
    const [ours, theirs] = [byUs(lines), byGo(lines)];
    const text = (bytes: readonly string[]): string[] => lines.map((line, i) => `${line}: ${bytes[i]}`);
    expect(text(ours)).toEqual(text(theirs));
  });
});
