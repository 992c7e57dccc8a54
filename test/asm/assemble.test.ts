/** The back end: encodings chosen, branches relaxed, frames, relocations, and what is said of bad source. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { type LinkError, link } from '#asm/link.ts';
import type { ObjectFile } from '#asm/object.ts';
import { DEFINES } from '#runtime/stubs.ts';
import { goroot, missingGo } from '../witness/go.ts';
import { parityOf } from '../witness/go-parity.ts';

const object = (text: string): ObjectFile =>
  assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: DEFINES });
const code = (line: string): string => {
  const o = object(`TEXT ·f(SB), 4, $0\n\t${line}\n`);
  expect(o.diagnostics).toEqual([]);
  return Buffer.from(o.functions[0]!.code).toString('hex');
};
const errors = (text: string): string[] => object(text).diagnostics.map((d) => `${d.at.line}: ${d.message}`);

describe('encodings that surprise (measured with go tool asm)', () => {
  // biome-ignore format: table
  test.each([
    ['MOVQ $0, AX',                    '48c7c000000000'],
    ['MOVQ $0x80000000, AX',           'b800000080'],
    ['MOVQ $0x7fffffff, AX',           '48c7c0ffffff7f'],
    ['MOVQ $0x123456789abcdef0, AX',   '48b8f0debc9a78563412'],
    ['MOVL $0xf1, 0xf1',               'c70425f1000000f1000000'],
    ['CMPQ AX, $0xfffffffffffff001',   '483d01f0ffff'],
    ['MOVLQZX CX, CX',                 '8bc9'],
    ['XCHGQ CX, AX',                   '4891'],
    ['INT $3',                         'cd03'],
    ['BYTE $0xcc',                     'cc'],
    ['MOVQ 0(R12), AX',                '498b0424'],
    ['MOVQ 0(R13), AX',                '498b4500'],
    ['MOVQ 0(BP), AX',                 '488b4500'],
    ['ANDQ $~15, SP',                  '4883e4f0'],
    ['LOCK; CMPXCHGQ CX, 0(BX)',       'f0480fb10b'],
    ['REP; MOVSQ',                     'f348a5'],
    ['PXOR X15, X15',                  '66450fefff'],
    ['XORPS X15, X15',                 '450f57ff'],
    ['MOVQ AX, X0',                    '66480f6ec0'],
    ['MOVQ X0, AX',                    '66480f7ec0'],
    ['SETEQ AX',                       '0f94c0'],
    ['ADJSP $0x80',                    '4883c480'],
    ['ADJSP $-0x80',                   '4883ec80'],
    ['SUBQ $128, SP',                  '4881ec80000000'],
    ['MOVQ -8(SP)(AX*1), BX',          '488b5c04f8'],
    ['MOVB SI, DI',                    '4088f7'],
    ['QUAD $0x0102030405060708',       '0807060504030201'],
  ])('%s', (line, bytes) => {
    expect(code(line)).toBe(bytes);
  });
});

describe('branches', () => {
  const far = (n: number): string => Array.from({ length: n }, () => '\tNOP; BYTE $0x90').join('\n');
  const first = (n: number): string => {
    const o = object(`TEXT ·f(SB), 4, $0\n\tJEQ end\n${far(n)}\nend:\n\tRET\n`);
    return Buffer.from(o.functions[0]!.code.subarray(0, 6)).toString('hex');
  };
  test('reach 127 bytes in two bytes, and take six beyond', () => {
    expect(first(127)).toMatch(/^747f/);
    expect(first(128)).toBe('0f8480000000');
  });

  test('one that grows pushes another out of reach', () => {
    // JMP start would reach in two bytes, were it not for the four that JEQ end takes more.
    const o = object(`TEXT ·f(SB), 4, $0\nstart:\n\tJEQ end\n${far(123)}\n\tJMP start\n${far(10)}\nend:\n\tRET\n`);
    const bytes = o.functions[0]!.code;
    expect(Buffer.from(bytes.subarray(0, 6)).toString('hex')).toBe('0f848a000000');
    expect(Buffer.from(bytes.subarray(129, 134)).toString('hex')).toBe('e97affffff');
  });
});

test('a jump to a jump goes where that goes, as in Go', () => {
  const o = object('TEXT ·f(SB), 4, $0\n\tJEQ a\n\tBYTE $1\na:\n\tJMP b\n\tBYTE $2\nb:\n\tRET\nc:\n\tJMP c\n');
  expect(Buffer.from(o.functions[0]!.code).toString('hex')).toBe('740401eb0102c3ebfe');
});

test('frame tables follow pushes, ADJSP and RET', () => {
  const o = object('TEXT ·f(SB), 4, $16-8\n\tPUSHQ AX\n\tPOPQ AX\n\tRET\n\tNOP\n\tINT $3\n');
  expect(o.functions[0]!.locals).toBe(24);
  expect(o.functions[0]!.pcsp).toEqual([
    { offset: 0, value: 0 },
    { offset: 4, value: 24 },
    { offset: 15, value: 32 },
    { offset: 16, value: 24 },
    { offset: 25, value: 0 },
    { offset: 26, value: 24 },
  ]);
});

describe('what is wrong is said with its line, and all of it', () => {
  // biome-ignore format: table
  test.each([
    ['FROB AX, BX',               'unrecognized instruction "FROB"'],
    ['MOVQ AX, $1',               'invalid instruction: MOVQ AX, $1'],
    ['MOVQ (AX)(SP*2), CX',       'invalid instruction: MOVQ (AX)(SP*2), CX'],
    ['ADDQ X0, AX',               'invalid instruction: ADDQ X0, AX'],
    ['MOVB AH, R8',               'invalid instruction: MOVB AH, R8'],
    ['MOVQ AL, BX',               'invalid instruction: MOVQ AL, BX'],
    ['MOVQ 0x123456789(AX), BX',  'offset too large in MOVQ 4886718345(AX), BX'],
    ['JMP nowhere',               'undefined label nowhere'],
    ['JMP 9(PC)',                 'invalid branch target 9(PC)'],
    ['JMP 3(PC)',                 'invalid branch target 3(PC)'],
    ['MOVQ.Z AX, BX',             'invalid instruction: MOVQ.Z AX, BX'],
    ['VADDPD.Z.Z X1, X2, K1, X3', 'Z suffix should be the last; duplicate suffix "Z"'],
    ['VADDPD.BCST.SAE (AX), X2, X3', "can't combine rounding/SAE and broadcast"],
    ['VADDPD.RN (AX), X2, X3',    'unknown suffix "RN"'],
    ['VADDPD.SAE.RN_SAE Z1, Z2, Z3', 'bad suffix combination'],
    ['MOVQ a+8(FP)(AX), BX',      'invalid instruction: MOVQ a+8(FP)(AX), BX'],
    ['MOVQ x(SB)(AX*1), BX',      'invalid instruction: MOVQ x(SB)(AX*1), BX'],
    ['BYTE $1, $2',               'invalid instruction: BYTE $1, $2'],
    ['PUSHQ AX; RET; POPQ AX',    '.f: unbalanced PUSH/POP'],
  ])('%s', (line, message) => {
    expect(errors(`TEXT ·f(SB), 4, $0\n\t${line}\n\tRET\n`)).toContain(`2: ${message}`);
  });

  test('a short-only branch that cannot reach', () => {
    const source = `TEXT ·f(SB), 4, $0\na:\n${'\tMOVQ $0x123456789, AX\n'.repeat(14)}\tLOOP a\n\tRET\n`;
    expect(errors(source)).toEqual(['17: loop too far: LOOP a']);
  });

  test('several in one file, in order', () => {
    expect(errors('TEXT ·f(SB), 4, $0\n\tFROB\n\tMOVQ $\n\tJMP x\n\tRET\n')).toEqual([
      '2: unrecognized instruction "FROB"',
      expect.stringMatching(/^3: /),
      '4: undefined label x',
    ]);
  });

  test('an instruction outside a function, a label twice, DATA beyond its symbol', () => {
    expect(errors('TEXT ·f<ABIInternal>(SB), 0, $0\n\tRET\n')).toContain('1: TEXT ".f": ABIInternal requires NOSPLIT');
    expect(errors('\tMOVQ AX, BX\n\tRET\n')).toEqual(['1: MOVQ outside a TEXT']);
    expect(errors('TEXT ·f(SB), 4, $0\na:\na:\n\tRET\n')).toEqual(['3: label "a" multiply defined']);
    expect(errors('DATA x<>+8(SB)/8, $1\nGLOBL x<>(SB), 8, $8\n')).toEqual([
      '1: DATA write out of bounds of x, which has 8 bytes',
    ]);
  });
});

describe('linking', () => {
  const image = (text: string, external: () => bigint | undefined = () => undefined) =>
    link([object(text)], { base: 0x40_1000n, packagePath: 'main', tlsOffset: -8n, external });

  test('calls, data, addresses and TLS are patched', () => {
    const { sections, symbols } = image(
      'TEXT ·f(SB), 4, $0\n\tCALL ·g(SB)\n\tMOVQ x<>+8(SB), AX\n\tMOVQ (TLS), CX\n\tRET\nTEXT ·g(SB), 4, $0\n\tRET\n' +
        'DATA x<>+0(SB)/8, $·g(SB)\nDATA x<>+8(SB)/8, $7\nGLOBL x<>(SB), 16, $16\n',
    );
    const [text, data] = sections;
    const f = symbols.find((s) => s.name === 'main.f')!;
    const g = symbols.find((s) => s.name === 'main.g')!;
    const x = symbols.find((s) => s.name === 'x')!;
    const view = new DataView(text!.bytes.buffer);
    expect([f.address, g.address]).toEqual([0x40_1000n, 0x40_1020n]);
    expect(f.address + 5n + BigInt(view.getInt32(1, true))).toBe(g.address);
    expect(f.address + 12n + BigInt(view.getInt32(8, true))).toBe(x.address + 8n);
    expect(view.getInt32(12 + 5, true)).toBe(-8);
    expect(new DataView(data!.bytes.buffer).getBigUint64(0, true)).toBe(g.address);
    expect(text!.bytes[0x1f]).toBe(0xcc);
  });

  test('undefined and duplicated names are refused, each once', () => {
    const refused = (text: string): string[] => {
      try {
        image(text);
        return [];
      } catch (e) {
        return (e as LinkError).diagnostics.map((d) => `${d.at.line}: ${d.message}`);
      }
    };
    expect(refused('TEXT ·f(SB), 4, $0\n\tCALL ·g(SB)\n\tCALL ·g(SB)\n\tRET\n')).toEqual([
      '2: main.f: relocation target main.g not defined',
    ]);
    expect(refused('TEXT ·f(SB), 4, $0\n\tRET\nTEXT ·f(SB), 4, $0\n\tRET\n')).toEqual([
      '3: duplicated definition of symbol main.f, also at t.s:1',
    ]);
  });
});

describe.skipIf(!goroot)(`frames, as go tool asm makes them${goroot ? '' : ` (${missingGo})`}`, () => {
  // biome-ignore format: table
  const frames = [
    '4, $0', '4, $0-8', '4, $8', '4, $16-24', '4, $120', '4, $128', '4, $-8', '516, $16', '0, $0', '0, $16', '0, $112', '0, $120-8',
    '0, $128', '0, $4080', '0, $4096', '0, $65536', '64, $32', '68, $32', '32, $0', '36, $24-8', '32, $200', '2048, $8',
  ];
  const body = (call: boolean): string =>
    `\tMOVQ a+0(FP), AX\n\tMOVQ AX, x-8(SP)\n\tMOVQ 8(SP), CX\n\tPUSHQ CX\n\tMOVQ a+0(FP), DX\n\tPOPQ CX\n${call ? '\tCALL ·other(SB)\n' : ''}\tCMPQ AX, CX\n\tJEQ out\n\tRET\nout:\n\tMOVQ $1, AX\n\tRET\n`;

  test.each(
    frames.flatMap(
      (f) =>
        [
          [f, false],
          [f, true],
        ] as const,
    ),
  )('TEXT %s, calling: %s', async (flags, call) => {
    const abi = flags.startsWith('68') ? '<ABIInternal>' : '';
    const text = `TEXT ·f${abi}(SB), ${flags}\n${body(call)}`;
    const dir = mkdtempSync(join(tmpdir(), 'callgate-frame-'));
    try {
      const path = join(dir, 't.s');
      writeFileSync(path, text);
      expect(await parityOf(path, { root: goroot!, packagePath: 'runtime' })).toMatchObject({
        refused: false,
        functions: 1,
        differences: [],
      });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
