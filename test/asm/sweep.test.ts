/** Every mnemonic of Go's assembler with every pair of operands: what it takes we take, and make of it what it makes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { GoRefusal, goAsm, goroot, missingGo } from '../witness/go.ts';
import { parityOf } from '../witness/go-parity.ts';

const root = goroot!;
const operands = ['AX', 'R9B', 'CX', 'SP', 'X1', 'X17', 'Y2', 'Z3', 'K2', 'F3'].concat([
  '8(R10)(R11*4)',
  'sym(SB)',
  '$1',
  '$-129',
  '$0x80000000',
]);
const uses = ['', ...operands.map((a) => ` ${a}`), ...operands.flatMap((a) => operands.map((b) => ` ${a}, ${b}`))];

/** Jumps want labels, and END, TEXT and the like are no instructions. Gathers of too few operands make Go's tool panic. */
const elsewhere = /^(J[A-Z]+|LOOP.*|CALL|XBEGIN|ADJSP|LAST|VP?GATHER.*|FLDENV)$/;

// biome-ignore format: table
const reasons: readonly (readonly [mnemonics: RegExp, why: string])[] = [
  [/^(CMPXCHG(8|16)B|INVLPG|INVPCID|XRSTORS?(64)?|MOVNT(I[LQ]|O|P[DS])|MOV[HL]PD)$/, 'Go takes a register where the CPU takes memory only'],
  [/^CVTPL2P[DS]$/,           'Go takes a general register for an MMX register'],
  [/^(BOUNDW|PUSHAW|POPAW)$/, 'not in 64-bit mode'],
];

const BATCH = 80;

describe.skipIf(!goroot)(`go tool asm${goroot ? '' : ` (${missingGo})`}`, () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'callgate-sweep-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const table = goroot ? readFileSync(`${root}/src/cmd/internal/obj/x86/anames.go`, 'utf8') : '';
  const names = [...table.matchAll(/^\t(?:obj\.A_\w+: +)?"(\w+)",/gm)]
    .map(([, n]) => n!)
    .filter((n) => !elsewhere.test(n));

  interface Line {
    readonly name: string;
    readonly text: string;
  }
  /** A function for each mnemonic; which line of the text is which. */
  function source(lines: readonly Line[]): { text: string; byLine: Map<number, Line> } {
    const out: string[] = [];
    const byLine = new Map<number, Line>();
    lines.forEach((line, i) => {
      if (line.name !== lines[i - 1]?.name) out.push(`TEXT ·${line.name}(SB), 4, $0`);
      byLine.set(out.push(`\t${line.text}`), line);
    });
    return { text: `${out.join('\n')}\n`, byLine };
  }

  async function refusedByGo(path: string, byLine: Map<number, Line>): Promise<Set<Line>> {
    const said = await goAsm(path, { root, packagePath: 'p' }).then(
      () => '',
      (e) => {
        if (!(e instanceof GoRefusal)) throw e;
        return e.message;
      },
    );
    const complaints = [...said.matchAll(/t\.s:(\d+)/g)].flatMap(([, n]) => byLine.get(Number(n)) ?? []);
    if (said && complaints.length === 0) throw new Error(`go tool asm: ${said.slice(0, 300)}`);
    return new Set(complaints);
  }

  test('pairs of operands', async () => {
    let taken = 0;
    const [onlyGo, onlyWe, differences]: [string[], string[], string[]] = [[], [], []];
    for (let i = 0; i < names.length; i += BATCH) {
      const lines = names.slice(i, i + BATCH).flatMap((name) => uses.map((use) => ({ name, text: name + use })));
      const path = join(dir, 't.s');
      const { text, byLine } = source(lines);
      writeFileSync(path, text);
      const refused = await refusedByGo(path, byLine);
      const ours = assemble(
        path,
        { read: (p) => (p === path ? text : undefined) },
        { includeDirs: [], defines: {}, everyError: true },
      );
      const complained = new Set(ours.diagnostics.map((d) => byLine.get(d.at.line)));
      onlyGo.push(...lines.filter((l) => !refused.has(l) && complained.has(l)).map((l) => l.name));
      onlyWe.push(...lines.filter((l) => refused.has(l) && !complained.has(l)).map((l) => l.text));
      const both = lines.filter((l) => !refused.has(l) && !complained.has(l));
      taken += both.length;
      writeFileSync(path, source(both).text);
      differences.push(...(await parityOf(path, { root, packagePath: 'p' })).differences);
    }
    console.log(
      `pairs of operands: ${names.length} mnemonics, ${names.length * uses.length} lines, ${taken} taken by both`,
    );
    expect(differences).toEqual([]);
    expect(onlyWe).toEqual([]);
    expect([...new Set(onlyGo)].filter((n) => !reasons.some(([mnemonics]) => mnemonics.test(n)))).toEqual([]);
    expect(reasons.filter(([mnemonics]) => !onlyGo.some((n) => mnemonics.test(n))).map(([, why]) => why)).toEqual([]);
    expect(taken).toBeGreaterThan(5000);
  });
});
