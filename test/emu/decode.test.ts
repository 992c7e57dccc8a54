/** Rows read forwards and backwards agree, and iced-x86 agrees with both. */
import * as fc from 'fast-check';
import { CpuidFeature, Decoder, DecoderOptions } from 'iced-x86';
import { describe, expect, test } from 'vitest';
import { decode } from '#emu/decode/decode.ts';
import { print } from '#emu/decode/print.ts';
import { holds, refusal, suits } from '#emu/isa/accept.ts';
import { Bytes } from '#emu/isa/bytes.ts';
import { type Argument, encode, templateOf } from '#emu/isa/encode.ts';
import { type Decorations, roundings, undecorated } from '#emu/isa/evex.ts';
import type { Form } from '#emu/isa/form.ts';
import { evexForms } from '#emu/isa/forms/avx512/index.ts';
import { forms } from '#emu/isa/forms/index.ts';
import type { OperandKind, RegisterFile, VectorFile } from '#emu/isa/operand.ts';

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

const gpr = fc.integer({ min: 0, max: 15 }).map((n): Argument => ({ kind: 'gpr', n, byte: false, high: false }));
const highest: Partial<Record<RegisterFile, number>> = { mmx: 7, st: 7, k: 7, xmm: 31, ymm: 31, zmm: 31 };
const registerOf = (file: RegisterFile): fc.Arbitrary<Argument> =>
  file === 'gpr' ? gpr : fc.integer({ min: 0, max: highest[file] ?? 15 }).map((n) => ({ kind: file, n }));
const plainMemory = fc
  .record({
    segment: fc.constantFrom(undefined, 'FS', 'GS'),
    base: fc.option(fc.integer({ min: 0, max: 15 }), { nil: undefined }),
    index: fc.option(
      fc.integer({ min: 0, max: 15 }).filter((n) => n !== 4),
      { nil: undefined },
    ),
    scale: fc.constantFrom(1, 2, 4, 8),
    disp: fc.oneof(fc.constantFrom(0, 1, -1, 127, 128, -128, -129), fc.integer()).map(BigInt),
  })
  .map((m): Argument => ({ kind: 'mem', ...m, segment: m.segment as 'FS' | 'GS' | undefined, symbolic: undefined }));

/** VSIB: any of the vector registers is the index, and there is always one. */
const memoryOf = (vsib: VectorFile | undefined): fc.Arbitrary<Argument> =>
  vsib
    ? fc.tuple(plainMemory, fc.integer({ min: 0, max: 31 })).map(([m, index]) => ({ ...m, index, vsib }) as Argument)
    : plainMemory;

function argument(kind: OperandKind): fc.Arbitrary<Argument> {
  switch (kind.slot) {
    case 'fixed':
      return fc.constant(
        kind.file === 'gpr' ? { kind: 'gpr', n: kind.n, byte: false, high: false } : { kind: kind.file, n: kind.n },
      );
    case 'one':
      return fc.constant({ kind: 'imm', value: 1n });
    case 'imm': {
      const bits = 8 * kind.size;
      return (
        kind.signed
          ? fc.bigInt(-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n)
          : fc.bigInt(0n, 2n ** BigInt(bits) - 1n)
      ).map((value) => ({ kind: 'imm', value }));
    }
    case 'rel':
      return fc.constant({ kind: 'target', size: kind.size });
    case 'rm': {
      const register = registerOf(kind.file);
      const memory = memoryOf(kind.vsib);
      return kind.allow === 'memory' ? memory : kind.allow === 'register' ? register : fc.oneof(register, memory);
    }
    case 'reg':
    case 'vvvv':
    case 'is4':
      if (kind.block && kind.file !== 'gpr')
        return fc.integer({ min: 0, max: 7 }).map((n) => ({ kind: 'block', file: kind.file, n: 4 * n }) as Argument);
      return kind.among && kind.file !== 'gpr'
        ? fc.constantFrom(...kind.among).map((n) => ({ kind: kind.file, n }) as Argument)
        : registerOf(kind.file);
    case 'moffs':
      return plainMemory.map((m) => ({ ...m, base: undefined, index: undefined }) as Argument);
    case 'twice':
      return gpr;
  }
}

/** What may be beside an EVEX row's operands, some of it. Zeroing is for registers, and of lanes that a mask takes out. */
const decorationsOf = (form: Form, args: readonly Argument[]): fc.Arbitrary<Decorations> =>
  form.encoding.evex
    ? fc
        .record({
          mask: fc.integer({ min: form.mask === 'needed' ? 1 : 0, max: form.mask ? 7 : 0 }),
          zeroing: fc.boolean(),
          broadcast: fc.boolean(),
          control: fc.constantFrom(undefined, 'SAE' as const, ...roundings),
        })
        .map((d) => ({ ...d, zeroing: d.zeroing && d.mask > 0 && args[0]!.kind !== 'mem' }))
    : fc.constant(undecorated);

const instructionOf = (rows: readonly Form[]) =>
  fc
    .constantFrom(...rows.filter((f) => !f.truncated))
    .chain((form) => fc.tuple(...form.operands.map(argument)).map((args) => ({ form, args: args as Argument[] })))
    .chain(({ form, args }) => decorationsOf(form, args).map((decorations) => ({ form, args, decorations })))
    .filter(({ form, args }) => suits(form, args) && form.operands.every((kind, i) => holds(kind, args[i]!)))
    .filter(({ form, args, decorations }) => refusal(form, args, decorations) === undefined)
    // 90 with a register that is not RAX's own is XCHG; the NOP row covers the other.
    .map(({ form, args, decorations }) => {
      const bytes = new Bytes();
      encode(templateOf(form), args, decorations, bytes);
      return { form, decorations, bytes: bytes.contents };
    });

const chapters = [
  ['legacy and VEX', instructionOf(forms)],
  ['EVEX', instructionOf(evexForms())],
] as const;

/** Several rows may share an encoding; the decoder then answers with the first. */
const sameEncoding = (a: Form, b: Form): boolean =>
  a.encoding.opcode === b.encoding.opcode && a.encoding.map === b.encoding.map;

/** What AVX-512 has become since Go 1.19. */
const unknownToGo = new Set([CpuidFeature.AVX512_FP16, CpuidFeature.AVX512_BF16, CpuidFeature.AVX512_VP2INTERSECT]);

describe('decoding', () => {
  test.each(chapters)('%s: what a row encodes decodes to that encoding, whole', (_, anyInstruction) => {
    fc.assert(
      fc.property(anyInstruction, ({ form, decorations, bytes }) => {
        const insn = decode(bytes, 0x40_1000n);
        expect(insn, `${form.name} ${hex(bytes)}`).toBeTypeOf('object');
        if (!insn || insn === 'short') return;
        expect(insn.length).toBe(bytes.length);
        expect(insn.decorations).toEqual(decorations);
        expect(
          sameEncoding(insn.form, form) || insn.form.encoding.plusR || form.encoding.plusR,
          `${form.encoding.text} became ${insn.form.encoding.text}`,
        ).toBe(true);
        expect(print(insn)).toMatch(/^[A-Z0-9]+/);
      }),
      { numRuns: 5000, seed: 1 },
    );
  });

  test.each(chapters)('%s: iced-x86 finds the same instruction boundaries', (_, anyInstruction) => {
    fc.assert(
      fc.property(anyInstruction, ({ form, bytes }) => {
        const decoder = new Decoder(64, bytes, DecoderOptions.None);
        const theirs = decoder.decode();
        const [length, valid] = [theirs.length, theirs.code !== 0];
        theirs.free();
        decoder.free();
        expect({ valid, length }, `${form.name} ${hex(bytes)}`).toEqual({ valid: true, length: bytes.length });
      }),
      { numRuns: 5000, seed: 2 },
    );
  });

  test('EVEX prefixes with any bits in them: iced-x86 finds the same instructions', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const prefixed = fc
      .tuple(byte, fc.integer({ min: 1, max: 3 }), byte, byte, byte, fc.uint8Array({ minLength: 10, maxLength: 10 }))
      .map(([p0, map, p1, p2, opcode, rest]) => Uint8Array.of(0x62, (p0 & 0xf0) | map, p1 | 4, p2, opcode, ...rest));
    let found = 0;
    fc.assert(
      fc.property(prefixed, (bytes) => {
        const decoder = new Decoder(64, bytes, DecoderOptions.None);
        const theirs = decoder.decode();
        const isKnown = theirs.code !== 0 && !theirs.cpuidFeatures().some((f) => unknownToGo.has(f));
        const length = isKnown ? theirs.length : undefined;
        theirs.free();
        decoder.free();
        const ours = decode(bytes, 0n);
        if (isKnown) found++;
        expect(ours === 'short' ? ours : ours?.length, hex(bytes)).toBe(length);
      }),
      { numRuns: 40_000, seed: 4 },
    );
    expect(found).toBeGreaterThan(400);
  });

  test('bytes that end too early are short, and nothing throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 15 }), (bytes) => {
        const insn = decode(bytes, 0n);
        if (insn && insn !== 'short') expect(insn.length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 20_000, seed: 3 },
    );
    expect(decode(Uint8Array.of(0x48, 0x8b), 0n)).toBe('short');
    expect(decode(Uint8Array.of(0x0f, 0x0b), 0n)).toMatchObject({ length: 2 });
    expect(decode(Uint8Array.of(0x06), 0n)).toBeUndefined();
    expect(decode(Uint8Array.of(0xf0, 0x89, 0x00), 0n), 'LOCK MOV').toBeUndefined();
  });
});

describe('printing', () => {
  // biome-ignore format: table
  const cases: [string, string][] = [
    ['4883e4f0',             'ANDQ $-0x10, SP'],
    ['48895c2408',           'MOVQ BX, 0x8(SP)'],
    ['64488b0c25f8ffffff',   'MOVQ FS:-0x8, CX'],
    ['c70425f1000000f1000000', 'MOVL $0xf1, 0xf1'],
    ['f0480fb10b',           'LOCK; CMPXCHGQ CX, (BX)'],
    ['f348a5',               'REP; MOVSQ'],
    ['483b4c8310',           'CMPQ CX, 0x10(BX)(AX*4)'],
    ['66450fefff',           'PXOR X15, X15'],
    ['0f94c0',               'SETEQ AL'],
    ['88e0',                 'MOVB AH, AL'],
    ['4088f7',               'MOVB SIB, DIB'],
    ['90',                   'NOP'],
    ['4190',                 'XCHGL AX, R8'],
    ['f390',                 'PAUSE'],
    ['cd03',                 'INT $0x3'],
    ['0f05',                 'SYSCALL'],
  ];
  test.each(cases)('%s is %s', (bytes, text) => {
    const insn = decode(Buffer.from(bytes, 'hex'), 0x40_1000n);
    expect(insn && insn !== 'short' && print(insn)).toBe(text);
  });

  test('a branch names its target', () => {
    const insn = decode(Buffer.from('e8fb000000', 'hex'), 0x1000n);
    expect(insn && insn !== 'short' && print(insn, (a) => (a === 0x1100n ? 'main.f' : undefined))).toBe(
      'CALL main.f(SB)',
    );
  });
});
