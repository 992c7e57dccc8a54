/** The x87 over several instructions: pointers, pending exceptions, whole states saved and loaded; and what is recorded. */
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { Cpu } from '#emu/cpu/cpu.ts';
import type { Step } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { Random } from '#runtime/junk.ts';
import { randomState } from '../witness/cases.ts';
import { Bench, differences } from '../witness/ours.ts';
import { CODE, hasSilicon, missingSilicon, onSilicon } from '../witness/silicon.ts';

/** Instructions in Go's spelling, separated by semicolons. */
function code(text: string): Uint8Array {
  const source = `TEXT ·f(SB), 4, $0\n${text}\n`;
  const object = assemble('x87.s', { read: () => source }, { includeDirs: [], defines: {} });
  expect(object.diagnostics).toEqual([]);
  return object.functions[0]!.code;
}

/** What is the processor's own in the data page: selectors in an environment at 64(R13), and in an area at R13 MXCSR_MASK. */
const OPERANDS = 64;
const SELECTORS = [80, 81, 88, 89];
const AREA_OWN = [28, 29, 30, 31, ...Array.from({ length: 48 }, (_, n) => 416 + n)];

/** Bytes that differ, by their distance from R13. */
const differing = (silicon: Uint8Array, ours: Uint8Array, own: readonly number[]): string[] =>
  [...silicon].flatMap((v, n) =>
    v === ours[n] || own.includes(n - OPERANDS) ? [] : [`byte ${n - OPERANDS}: silicon ${v}, ours ${ours[n]}`],
  );

const sequences = [
  'FLDPI; FSTENV 64(R13)',
  'FMOVD 8(R13), F0; FADDD 16(R13), F0; FSTENV 64(R13)',
  'FMOVF 8(R13), F0; FLDZ; FXCHD F0, F3; FSTENV 64(R13)',
  'FINIT; FSAVE 64(R13)',
  'FINIT; FLD1; FLDPI; FLDZ; FSAVE 64(R13); FRSTOR 64(R13)',
  'FSAVE 64(R13); FRSTOR 64(R13)',
  'FINIT; FSTCW (R13); ANDW $0xffc0, (R13); FLDCW (R13); FLD1; FLDZ; FDIVDP F0, F1; FLDPI',
  'FINIT; FSTCW (R13); ANDW $0xffc0, (R13); FLDCW (R13); FLD1; FLDZ; FDIVDP F0, F1; FSTENV 64(R13); FLDPI',
  'FINIT; FSTCW (R13); ANDW $0xffc0, (R13); FLDCW (R13); FABS; FSTSW AX; FCLEX; WAIT',
  'FXSAVE64 (R13); FINIT; FXRSTOR64 (R13)',
  'MOVQ (R13), M3; FSTENV 64(R13)',
  'FINIT; FLDPI; PADDB M7, M6; EMMS; FSTENV 64(R13)',
  // Everything reset, then saved: what is in use is said in XSTATE_BV.
  'MOVL $7, AX; XORL DX, DX; MOVQ DX, 512(R13); MOVQ DX, 520(R13); MOVQ DX, 528(R13); XRSTOR64 (R13); XSAVE64 (R13)',
  'MOVL $6, AX; XORL DX, DX; XSAVEC64 (R13); PXOR X1, X1; XRSTOR64 (R13)',
];

describe.skipIf(!hasSilicon)(`x87 on silicon${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const random = new Random(20260301n);
  const bench = new Bench((parts) => new Interpreter(parts));

  test.each(sequences)('%s', (text) => {
    const bytes = code(text);
    const cases = Array.from({ length: 40 }, () => ({ code: bytes, before: randomState(random) }));
    const results = onSilicon(cases);
    const wrong = cases.flatMap((c, i) => {
      const { after, ...silicon } = results[i]!;
      const ours = bench.run(c, text.split(';').length);
      const own = text.includes('XSAVE') ? AREA_OWN : SELECTORS;
      const registers = differences({ ...silicon, after: { ...after, data: ours.after.data } }, ours, 0xcd5n);
      return (
        [...(registers ? [registers] : []), ...differing(after.data, ours.after.data, own)].slice(0, 4).join('; ') || []
      );
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});

/** ESC's eight opcodes with every register form and every /digit of memory at (R13), behind `prefix`. */
function escapes(prefix: readonly number[]): Uint8Array[] {
  const rex = prefix.at(-1) === 0x48 ? [...prefix.slice(0, -1), 0x49] : [...prefix, 0x41];
  return Array.from({ length: 8 }, (_, n) => 0xd8 + n).flatMap((opcode) => [
    ...Array.from({ length: 64 }, (_, m) => Uint8Array.of(...prefix, opcode, 0xc0 + m)),
    ...Array.from({ length: 8 }, (_, digit) => Uint8Array.of(...rex, opcode, 0x45 | (digit << 3), 0)),
  ]);
}

test.skipIf(!hasSilicon)('every escape opcode behind prefixes is #UD, pending or neither where the CPU says so', () => {
  const random = new Random(20260302n);
  const bench = new Bench((parts) => new Interpreter(parts));
  const prefixes = [[], [0x66], [0x48], [0x66, 0x48], [0xf3], [0x66, 0xf2], [0xf0]];
  const cases = prefixes.flatMap(escapes).map((bytes) => ({ code: bytes, before: randomState(random) }));
  const results = onSilicon(cases);
  const wrong = cases.flatMap((c, i) => {
    const { signal } = bench.run(c);
    return signal === results[i]!.signal
      ? []
      : [`${Buffer.from(c.code).toString('hex')}: ${results[i]!.signal}, ours ${signal}`];
  });
  expect(wrong).toEqual([]);
});

test('a recorder hears of control words and data registers that change', () => {
  const mem = new Memory();
  mem.map(CODE, 4096n, PROT.read | PROT.exec, 'code');
  mem.pokeBytes(CODE, code('FLD1; FLDPI; FADDDP F0, F1; FXCHD F0, F0'));
  const cpu = new Cpu(mem.frames);
  cpu.rip = CODE;
  const steps: Step[] = [];
  new Interpreter({ cpu, mem, clock: () => 0n }).run(4, { retired: (s) => steps.push(s) });
  expect(steps.map((s) => s.others)).toEqual([
    [
      ['FSW', 0x3800n],
      ['FTW', 0x80n],
      ['FPR7', 0x3fff_8000_0000_0000_0000n],
    ],
    [
      ['FSW', 0x3000n],
      ['FTW', 0xc0n],
      ['FPR6', 0x4000_c90f_daa2_2168_c235n],
    ],
    // Rounded up: C1. An exact tie goes to even.
    [
      ['FSW', 0x3820n],
      ['FTW', 0x80n],
      ['FPR7', 0x4001_8487_ed51_10b4_611an],
    ],
    [],
  ]);
});
