/** Every row that has a meaning, on random operands: the interpreter leaves what the host's CPU leaves. */
import { describe, expect, test } from 'vitest';
import { Cpu } from '#emu/cpu/cpu.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { type Argument, encode } from '#emu/isa/encode.ts';
import type { Form } from '#emu/isa/form.ts';
import { forms } from '#emu/isa/forms/index.ts';
import type { OperandKind } from '#emu/isa/operand.ts';
import type { Fault } from '#emu/mem/fault.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { Random } from '#runtime/junk.ts';
import {
  CODE,
  type CpuState,
  DATA,
  DATA_SIZE,
  hasSilicon,
  missingSilicon,
  onSilicon,
  type SiliconCase,
  type SiliconResult,
  XMMS,
} from '../witness/silicon.ts';

const CASES_PER_FORM = 60;
/** Where RSP points: inside the data page, so that pushes can be compared. */
const STACK = DATA + 384n;
/** What user code sees of RFLAGS here: CF PF AF ZF SF DF OF. */
const FLAG_MASK = 0xcd5n;

/** Rows that leave straight-line code, or whose answer is not the instruction's alone. */
const elsewhere = /^(J|LOOP|CALL|RET|SYSCALL|INT|CPUID|RDTSC|PUSHF|POPF|HLT|UD2|LEAVE)/;
const testable = forms.filter((f) => f.meaning && !elsewhere.test(f.name) && f.operands.every((k) => k.slot !== 'rel'));

/** Flags that the manual calls undefined, and on which processors differ. `count`: a shift's, as the CPU masks it. */
const undefinedFlags = (f: Form, count: number): bigint => {
  const [CF, PF, AF, ZF, SF, OF] = [1n, 4n, 16n, 64n, 128n, 2048n];
  if (/^I?MUL/.test(f.name)) return PF | AF | ZF | SF;
  if (/^I?DIV/.test(f.name)) return CF | PF | AF | ZF | SF | OF;
  if (/^BS[FR]/.test(f.name)) return CF | PF | AF | SF | OF;
  if (/^[LT]ZCNT/.test(f.name)) return PF | AF | SF | OF;
  if (/^BT/.test(f.name)) return PF | AF | SF | OF;
  if (/^(SH|SA)/.test(f.name)) return AF | (count === 1 ? 0n : OF) | (count >= widthOf(f) ? CF : 0n);
  if (/^RO|^RC/.test(f.name)) return count === 1 ? 0n : OF;
  return 0n;
};

const widthOf = (f: Form): number => ({ B: 8, W: 16, L: 32, Q: 64 })[f.name.at(-1)!]!;

/** The signal that Linux makes of our fault. */
const signalOf = (fault: Fault): number =>
  ({ page: 11, protection: 11, stack: 7, undefined: 4, divide: 8, simd: 8, x87: 8, 'no-meaning': -1 })[fault.kind];

const edges = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

function word(r: Random): bigint {
  const v = r.next();
  return v & 1n ? v : edges[Number((v >> 8n) % BigInt(edges.length))]!;
}

const pick = (r: Random, n: number): number => Number(r.next() % BigInt(n));

/** Random registers; a memory operand lies in the data page, at a displacement from R13 (which is DATA + 64). */
function argumentFor(kind: OperandKind, r: Random, memory: boolean): Argument {
  switch (kind.slot) {
    case 'fixed':
      return { kind: 'gpr', n: kind.n, byte: false, high: false };
    case 'one':
      return { kind: 'imm', value: 1n };
    case 'imm': {
      const v = word(r);
      return { kind: 'imm', value: kind.signed ? BigInt.asIntN(8 * kind.size, v) : BigInt.asUintN(8 * kind.size, v) };
    }
    case 'rel':
      throw new Error('no branches here');
    case 'rm':
      if (kind.allow === 'memory' || (memory && kind.allow === 'both')) {
        return {
          kind: 'mem',
          segment: undefined,
          base: 13,
          index: undefined,
          scale: 1,
          disp: BigInt(pick(r, 4) ? 16 * pick(r, 8) : pick(r, 128)),
          symbolic: undefined,
        };
      }
      return register(kind, r);
    default:
      return register(kind, r);
  }
}

function register(kind: OperandKind, r: Random): Argument {
  if ('file' in kind && kind.file === 'xmm') return { kind: 'xmm', n: pick(r, XMMS) };
  const usable = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15];
  const n = usable[pick(r, usable.length)]!;
  const high = 'w' in kind && kind.w === 8 && n < 4 && pick(r, 3) === 0;
  return { kind: 'gpr', n, byte: false, high };
}

function randomState(r: Random): CpuState {
  const gprs = Array.from({ length: 16 }, () => word(r));
  gprs[4] = STACK;
  gprs[13] = DATA + 64n;
  return {
    gprs,
    flags: 0x202n | (r.next() & 0x8d5n),
    xmms: Array.from({ length: XMMS }, () => (r.next() << 64n) | r.next()),
    data: Uint8Array.from({ length: DATA_SIZE }, () => Number(r.next() & 0xffn)),
  };
}

function makeCase(f: Form, r: Random, memory: boolean): SiliconCase | undefined {
  const before = randomState(r);
  const gprs = [...before.gprs];
  if (f.name === 'XLAT') gprs[3] = DATA;
  if (f.rep) {
    // String instructions walk from the middle of the data page.
    gprs[6] = DATA + 128n + BigInt(pick(r, 64));
    gprs[7] = DATA + 160n + BigInt(pick(r, 64));
    gprs[1] = BigInt(pick(r, 6));
  }
  const args = f.operands.map((k) => argumentFor(k, r, memory));
  if (/^BT/.test(f.name) && args[0]!.kind === 'mem' && args[1]!.kind === 'gpr')
    gprs[args[1]!.n] = (BigInt(pick(r, 512)) - 128n) & 0xffff_ffff_ffff_ffffn;
  if (/^I?DIV/.test(f.name) && pick(r, 4)) gprs[2] = 0n;
  try {
    const { bytes } = encode(f, args);
    const code = f.rep && pick(r, 2) ? Uint8Array.of(pick(r, 2) ? 0xf3 : 0xf2, ...bytes) : bytes;
    // REPNE before MOVS, STOS and LODS is reserved.
    if (code[0] === 0xf2 && f.rep === 'count') return undefined;
    return { code, before: { ...before, gprs } };
  } catch {
    return undefined;
  }
}

const mem = new Memory();
const cpu = new Cpu(mem.frames);
const interpreter = new Interpreter({ cpu, mem, clock: () => 0n });
mem.map(CODE, 4096n, PROT.read | PROT.exec, 'code');
mem.map(DATA, 4096n, PROT.read | PROT.write, 'data');

function onInterpreter({ code, before }: SiliconCase): { signal: number; after: CpuState } {
  mem.pokeBytes(CODE, code);
  mem.pokeBytes(DATA, before.data);
  before.gprs.forEach((v, n) => cpu.setGpr(n, v));
  before.xmms.forEach((v, n) => cpu.setXmm(n, v));
  cpu.rflags = before.flags;
  cpu.rip = CODE;
  const stop = interpreter.run(1);
  return {
    signal: stop.why === 'fault' ? signalOf(stop.fault) : 0,
    after: {
      gprs: before.gprs.map((_, n) => cpu.gpr(n)),
      flags: cpu.rflags,
      xmms: before.xmms.map((_, n) => cpu.xmm(n)),
      data: mem.peekBytes(DATA, DATA_SIZE),
    },
  };
}

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

const show = (s: CpuState, mask: bigint): string =>
  [
    ...s.gprs.map((v) => v.toString(16)),
    `flags ${(s.flags & mask).toString(16)}`,
    ...s.xmms.map((v) => v.toString(16)),
    Buffer.from(s.data).toString('hex'),
  ].join('\n');

describe.skipIf(!hasSilicon)(`silicon${hasSilicon ? '' : ` (${missingSilicon})`}`, () => {
  const random = new Random(20261121n);
  const jobs = testable.flatMap((f) =>
    Array.from({ length: CASES_PER_FORM }, (_, i) => makeCase(f, random, i % 2 === 1)).flatMap((c) =>
      c ? [{ f, c }] : [],
    ),
  );

  test(`${testable.length} rows agree with the host CPU`, () => {
    const results = onSilicon(jobs.map((j) => j.c));
    const wrong = jobs.flatMap(({ f, c }, i) => {
      const last = f.operands.at(-1);
      const given = last?.slot === 'one' ? 1n : last?.slot === 'imm' ? BigInt(c.code.at(-1)!) : c.before.gprs[1]!;
      const count = Number(given & (f.name.endsWith('Q') ? 63n : 31n));
      const difference = compare(c, results[i]!, FLAG_MASK & ~undefinedFlags(f, count));
      return difference ? [`${f.name} ${f.encoding.text}: ${hex(c.code)}: ${difference}`] : [];
    });
    expect(wrong).toEqual([]);
    expect(jobs.length).toBeGreaterThan(20_000);
  });

  // Prefixes in odd places and sizes, as no assembler writes them.
  // biome-ignore format: table
  const odd = [
    '66f3480f7ec8', '66f3410f6f4500', 'f266410f6f4500', 'f3660fefc1', '66f20f57c1', '664850', '664858', '666834126690', '666a01', '66c8000000',
    '486689c8', '48f30fb8c1', '404889c8', '484089c8', '66410fef4501', '410f574501', 'f34190', 'f6c801', '63c8', 'd1f0', 'c0f003', '0f1fc8', '0f19c0',
    'f30f1ec8', '0f1f4000', '662e0f1f840000000000', '66666666666666666666666666666690', '2e2e2e2e2e2e2e2e2e2e48b80102030405060708', '06', '27', 'd4', 'ea',
    'f089c8', 'f04889c8', 'f041014500', '480fbcc1', '0fbcc1', '0fbdc1', '660fbcc1', 'd2e0', 'd3f8', '48d3e8', '66d3d0', '88e0', '4088e0',
  ];

  test(`${odd.length} odd byte sequences do what the host CPU does`, () => {
    const cases = odd.flatMap((text) =>
      Array.from({ length: 20 }, () => ({ code: Buffer.from(text, 'hex'), before: randomState(random) })),
    );
    const results = onSilicon(cases);
    const quiet = FLAG_MASK & ~(4n | 16n | 128n | 2048n);
    const wrong = cases.flatMap((c, i) => {
      const difference = compare(
        c,
        results[i]!,
        /^(66)?(48)?0fb|^66?d|^48d|^d|^c0/.test(hex(c.code)) ? quiet & ~1n : FLAG_MASK,
      );
      return difference ? [`${hex(c.code)}: ${difference}`] : [];
    });
    expect(wrong).toEqual([]);
  });
});

/** What silicon and the interpreter disagree on, or nothing. Where we have no row there is nothing to compare. */
function compare(c: SiliconCase, silicon: SiliconResult, mask: bigint): string | undefined {
  const ours = onInterpreter(c);
  if (ours.signal === -1) return undefined;
  if (ours.signal !== silicon.signal) return `silicon signal ${silicon.signal}, ours ${ours.signal}`;
  if (silicon.signal !== 0) return undefined;
  const [a, b] = [show(silicon.after, mask).split('\n'), show(ours.after, mask).split('\n')];
  const lines = a.flatMap((l, n) => (l === b[n] ? [] : [`${n}: silicon ${l} ours ${b[n]}`]));
  return lines.length ? lines.join('; ').slice(0, 300) : undefined;
}
