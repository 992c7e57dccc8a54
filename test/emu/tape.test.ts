/** The tape: the interpreter and the translator write the same bytes, and everything that was done follows from them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import type { Instruction } from '#emu/decode/instruction.ts';
import type { Engine, EngineParts, MakeEngine, Recorder, Step, Stop } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Jit, jit } from '#emu/engine/jit/jit.ts';
import { layoutOf, MAX_PLAIN } from '#emu/engine/tape/format.ts';
import { records } from '#emu/engine/tape/records.ts';
import { replay } from '#emu/engine/tape/replay.ts';
import { forms } from '#emu/isa/forms/index.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { loadProgram } from '#emu/program.ts';
import { traceJson } from '#emu/trace/ndjson.ts';
import { Random } from '#runtime/junk.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { BUDGET, runCase } from '#runtime/verdict.ts';
import { ownStubs } from '../runtime/fixture.ts';
import { makeCase, randomState } from '../witness/cases.ts';
import type { SiliconCase } from '../witness/silicon.ts';
import { BUILDS, compile, hasGcc, missingGcc, programs } from './programs/compile.ts';

const CODE = 0x2000_0000n;
const DATA = 0x3000_0000n;

/** Translates at once, so that nearly nothing is left to the interpreter inside it. */
const eager =
  (tape = 1 << 16): MakeEngine =>
  (parts) =>
    new Jit(parts, { warm: 1, few: 1, patience: 0, tape });
const interp: MakeEngine = (parts) => new Interpreter(parts);

interface Batch {
  readonly bytes: Uint8Array;
  readonly code: ReadonlyMap<bigint, Instruction>;
}

/** A page of code, a page of data, and an engine. */
class Machine {
  readonly mem = new Memory();
  readonly cpu = new Cpu(this.mem.frames);
  readonly engine: Engine;
  readonly #clean = this.cpu.save();

  constructor(make: MakeEngine, prot: number = PROT.read | PROT.exec) {
    this.mem.map(CODE, 4096n, prot, 'code');
    this.mem.map(DATA, 4096n, PROT.read | PROT.write, 'data');
    this.engine = make({ cpu: this.cpu, mem: this.mem, clock: () => 0n });
  }

  load({ code, before }: SiliconCase): void {
    const { cpu, mem } = this;
    cpu.restore(this.#clean);
    mem.pokeBytes(CODE, code);
    mem.pokeBytes(DATA, new Uint8Array(4096));
    mem.pokeBytes(DATA, before.data);
    before.gprs.forEach((v, n) => cpu.setGpr(n, v));
    before.vectors.forEach((v, n) => cpu.setXmm(n & 15, v, n < 16 ? 0 : 1));
    const { registers, ...control } = before.x87;
    const rest = { mxcsr: before.mxcsr, rflags: before.flags, rip: CODE, fop: 0, fip: 0n, fdp: 0n, random: 1n };
    Object.assign(cpu, control, rest);
    registers.forEach((v, n) => cpu.setX87(n, v));
  }

  /** Run onto the tape. Every batch is whole records, and what they are about is known while it is handed over. */
  tape(budget: number): { stop: Stop; bytes: Buffer; batches: Batch[] } {
    const batches: Batch[] = [];
    const stop = this.engine.run(budget, {
      retired: () => expect.unreachable('a step, where bytes were asked for'),
      tape: (bytes, code) => {
        const about = [...records(bytes, code)].map(({ insn }) => [insn.address, insn] as const);
        batches.push({ bytes: bytes.slice(), code: new Map(about) });
      },
    });
    return { stop, bytes: Buffer.concat(batches.map((b) => b.bytes)), batches };
  }

  steps(budget: number): { stop: Stop; steps: Step[] } {
    const steps: Step[] = [];
    const stop = this.engine.run(budget, { retired: (s) => steps.push(s) });
    return { stop, steps };
  }

  /** Registers but RIP, and data. */
  state(): { registers: Uint8Array; data: Uint8Array } {
    const { rip } = this.cpu;
    this.cpu.rip = 0n;
    const registers = this.cpu.save();
    this.cpu.rip = rip;
    return { registers, data: this.mem.peekBytes(DATA, 4096) };
  }
}

function assembled(source: string): Uint8Array {
  const lines = source.split(';').map((l) => (l.trim().endsWith(':') ? `${l.trim()}\n` : `\t${l.trim()}\n`));
  const text = `TEXT ·f(SB), 4, $0\n${lines.join('')}`;
  const object = assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: {} });
  expect(object.diagnostics).toEqual([]);
  return object.functions[0]!.code;
}

function started(make: MakeEngine, code: Uint8Array, prot?: number): Machine {
  const m = new Machine(make, prot);
  m.mem.pokeBytes(CODE, code);
  m.cpu.rip = CODE;
  m.cpu.setGpr(R.sp, DATA + 0x800n);
  m.cpu.setGpr(R.di, DATA);
  return m;
}

const plain = (s: Step): object => ({ ...s, insn: Buffer.from(s.insn.bytes).toString('hex') });

// LOCK-less rows of every chapter; branches have tests of their own, and these look at the host or the clock.
const usable = forms.filter(
  (f) => f.meaning && !/^(CPUID|RDTSC)/.test(f.name) && f.operands.every((k) => k.slot !== 'rel'),
);

/** Some instructions in a row, one state before them. */
function block(r: Random): { case: SiliconCase; count: number } {
  const parts: Uint8Array[] = [];
  for (let tries = 0; tries < 12 && parts.length < 6; tries++) {
    const c = makeCase(usable[Number(r.next() % BigInt(usable.length))]!, r, (r.next() & 1n) === 1n);
    if (c) parts.push(c.code);
  }
  const before = randomState(r);
  const gprs = [...before.gprs];
  [gprs[R.cx], gprs[R.si], gprs[R.di]] = [r.next() & 0x3fn, DATA + 128n, DATA + 160n];
  return {
    case: { code: Buffer.concat([...parts, Buffer.of(0xcc)]), before: { ...before, gprs } },
    count: parts.length,
  };
}

describe('random blocks', () => {
  const r = new Random(11n);
  const blocks = Array.from({ length: 150 }, () => block(r));
  const [a, b] = [new Machine(interp), new Machine(eager())];

  test('the interpreter and the translator write the same bytes', () => {
    for (const { case: c, count } of blocks) {
      a.load(c);
      b.load(c);
      const [x, y] = [a.tape(count), b.tape(count)];
      expect(y.stop).toEqual(x.stop);
      expect(y.bytes.toString('hex'), Buffer.from(c.code).toString('hex')).toBe(x.bytes.toString('hex'));
      expect(b.state()).toEqual(a.state());
    }
    expect((b.engine as Jit).translated).toBeGreaterThan(blocks.length / 2);
  });

  test('steps read from the tape are those that the interpreter tells', () => {
    for (const { case: c, count } of blocks) {
      a.load(c);
      b.load(c);
      const [x, y] = [a.steps(count), b.steps(count)];
      expect(y.steps.map(plain)).toEqual(x.steps.map(plain));
      expect(y.stop).toEqual(x.stop);
    }
  });

  test('played back, the tape gives all registers and memory', () => {
    const c = new Machine(interp);
    for (const { case: given, count } of blocks) {
      a.load(given);
      c.load(given);
      const { stop, batches } = a.tape(count);
      // An unmasked floating-point exception leaves its flags in MXCSR, and no record (SDM vol. 1, 11.5.3).
      if (stop.why === 'fault' && stop.fault.kind === 'simd') continue;
      for (const { bytes, code } of batches) replay(bytes, (at) => code.get(at)!, c.cpu, c.mem);
      expect(c.state()).toEqual(a.state());
    }
  });
});

/** Every kind of record: flags always and sometimes, a vector, stores, REP, MXCSR's flags, a call, the x87. */
const everything =
  `MOVQ $40, BX; next:; MOVQ BX, CX; SHLQ CX, AX; ADDQ $7, AX; MOVQ AX, (DI); PUSHQ AX; POPQ DX; MOVQ AX, X1;
  PADDQ X1, X2; MOVOU X2, 64(DI); CVTSQ2SD AX, X3; ADDSD X3, X4; LEAQ 128(DI), DI; MOVQ $3, CX; REP; STOSB; MOVQ $${DATA}, DI; FLD1;
  FMOVDP F0, 96(DI); VZEROUPPER; STD; CLD; DECQ BX; JNE next; INT $3`.replaceAll('\n', '');

describe('one loop with everything in it', () => {
  const code = assembled(everything);
  const whole = started(interp, code).tape(2000);

  test('it has plain and explicit records, and stops at its INT', () => {
    expect(whole.stop.why).toBe('trap');
    const { bytes, code: at } = whole.batches[0]!;
    const kinds = [...records(bytes, (a) => at.get(a)!)].map(({ insn }) => layoutOf(insn) !== undefined);
    expect(kinds.filter(Boolean).length).toBeGreaterThan(700);
    expect(kinds.filter((k) => !k).length).toBeGreaterThan(100);
  });

  test('a buffer of any size gives the same bytes', () => {
    for (let size = MAX_PLAIN; size < 40 * MAX_PLAIN; size += 104) {
      const { stop, bytes, batches } = started(eager(size), code).tape(2000);
      expect(stop).toEqual(whole.stop);
      expect(bytes.equals(whole.bytes)).toBe(true);
      expect(Math.max(...batches.map((b) => b.bytes.length))).toBeLessThanOrEqual(size);
    }
  });

  test('a run stops after exactly so many instructions, and has so many records', () => {
    const m = started(eager(), code);
    for (let n = 0; n < 40; n++) {
      const { stop, batches } = m.tape(n);
      expect(stop).toEqual({ why: 'budget', retired: n });
      expect(batches.flatMap((b) => [...records(b.bytes, (a) => b.code.get(a)!)]).length).toBe(n);
    }
  });

  test('runs with and without a recorder take turns', () => {
    const [a, b] = [started(interp, code), started(eager(), code)];
    for (const [i, n] of [33, 100, 7, 250, 64, 90, 128, 99].entries()) {
      const recorder: Recorder | undefined = i % 2 ? { retired: () => {}, tape: () => {} } : undefined;
      expect(b.engine.run(n, recorder)).toEqual(a.engine.run(n, recorder));
      expect(b.state()).toEqual(a.state());
    }
  });
});

test('a record longer than the buffer goes alone', () => {
  const code = assembled('MOVQ $100, CX; REP; STOSQ; INCQ AX; INT $3');
  const whole = started(interp, code).tape(9);
  const { bytes, batches } = started(eager(MAX_PLAIN), code).tape(9);
  expect(bytes.equals(whole.bytes)).toBe(true);
  expect(batches.map((b) => b.bytes.length)).toEqual([16, 16 + 2 * 16 + 100 * 24, 16 + 8]);
});

test('code that rewrites itself is told as it was when it ran', () => {
  // Each turn adds one to the immediate of MOVL $1, AX, to which SI points.
  const rewriting = assembled('MOVL $50, CX; next:; MOVL $1, AX; ADDQ AX, BX; INCB (SI); DECL CX; JNE next; INT $3');
  const at = CODE + BigInt(Buffer.from(rewriting).indexOf(Buffer.of(0xb8, 1, 0, 0, 0)));
  const all = PROT.read | PROT.write | PROT.exec;
  const machine = (make: MakeEngine): Machine => {
    const m = started(make, rewriting, all);
    m.cpu.setGpr(R.si, at + 1n);
    return m;
  };
  const [x, y] = [machine(interp).steps(1000), machine(eager()).steps(1000)];
  expect(y.steps.map(plain)).toEqual(x.steps.map(plain));
  const loaded = y.steps.filter((s) => s.insn.address === at);
  expect(loaded.map((s) => s.insn.bytes[1])).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  expect(machine(eager()).tape(1000).bytes.equals(machine(interp).tape(1000).bytes)).toBe(true);
});

describe('a fault', () => {
  // Walks up the data page and off its end.
  const code = assembled('next:; INCQ AX; MOVQ AX, (DI); ADDQ $8, DI; MOVQ 8(DI), DX; JMP next');

  test('in the middle of a block leaves no record of its instruction, and all before it', () => {
    const [a, b] = [started(interp, code), started(eager(), code)];
    const [x, y] = [a.tape(1e5), b.tape(1e5)];
    expect(y.stop).toEqual(x.stop);
    expect(y.stop).toMatchObject({ why: 'fault', fault: { kind: 'page', address: DATA + 4096n, access: 'read' } });
    expect(y.bytes.equals(x.bytes)).toBe(true);
    expect([b.cpu.rip, b.state()]).toEqual([a.cpu.rip, a.state()]);
  });

  test('is told after the steps before it, the last of which leads to it', () => {
    const m = started(eager(), code);
    const { stop, steps } = m.steps(1e5);
    expect(steps.length).toBe(stop.retired);
    expect(steps.at(-1)!.next).toBe(m.cpu.rip);
    for (const [i, s] of steps.slice(1).entries()) expect(steps[i]!.next).toBe(s.insn.address);
  });
});

test('a plain record has what its row can write, and nothing for what it cannot', () => {
  const sizeOf = (source: string): number | undefined => {
    const insn = new Interpreter(started(interp, assembled(source)) as unknown as EngineParts).instructionAt(CODE)!;
    return layoutOf(insn)?.size;
  };
  // biome-ignore format: table
  const sizes: readonly (readonly [source: string, size: number | undefined])[] = [
    ['BYTE $0x90',                   8],
    ['CMPQ AX, BX',                  8],
    ['ADDQ AX, BX',                  16],
    ['SHLQ $3, BX',                  16],
    ['SHLQ $64, BX',                 16],
    ['SHLQ CX, BX',                  24],
    ['PUSHQ AX',                     32],
    ['XCHGQ AX, (BX)',               32],
    ['DIVQ BX',                      24],
    ['MOVOU X1, (BX)',               32],
    ['VPADDQ X1, X2, X3',            40],
    ['VZEROUPPER',                   264],
    ['VZEROALL',                     undefined],
    ['MOVSQ',                        40],
    ['FLD1',                         undefined],
    ['LDMXCSR (AX)',                 undefined],
    ['VPMASKMOVD X1, X2, (AX)',      undefined],
    ['WRFSBASEQ AX',                 undefined],
    ['POPFQ',                        undefined],
  ];
  expect(sizes.map(([s]) => [s, sizeOf(s)])).toEqual(sizes);
});

describe.each(scenarios.map((s) => s.name))('%s', (name) => {
  const scenario = scenarios.find((s) => s.name === name)!;

  /** All that an engine puts on the tape in one case, whatever the machine asked it to record. */
  function taped(make: MakeEngine, situation: (typeof scenario.situations)[number]): Buffer {
    const out: Buffer[] = [];
    const engine: MakeEngine = (parts) => {
      const inner = make(parts);
      const tape = (b: Uint8Array): void => void out.push(Buffer.from(b));
      return { run: (budget) => inner.run(budget, { retired: () => expect.unreachable(), tape }) };
    };
    runCase({ scenario, situation, stack: scenario.stacks[0]!, residue: 3, seed: 1n, fail: [], engine }, ownStubs());
    return Buffer.concat(out);
  }

  test('gives the same tape and the same trace in both engines', () => {
    for (const situation of scenario.situations) {
      expect(taped(eager(), situation).equals(taped(interp, situation))).toBe(true);
      const [a, b] = [interp, eager()].map((engine) => {
        const lines: string[] = [];
        const c = { scenario, situation, stack: scenario.stacks[0]!, residue: 3, seed: 1n, fail: [], engine };
        runCase(
          c,
          ownStubs(),
          BUDGET,
          ({ machine }) =>
            (e) =>
              lines.push(traceJson(e, machine.symbols)),
        );
        return lines;
      });
      expect(b).toEqual(a);
    }
  });
});

/** A whole program's tape: all batches one after the other. */
function programTape(path: string, make: MakeEngine): { tape: Buffer; retired: number } {
  const out: Buffer[] = [];
  const tape = (b: Uint8Array): void => void out.push(Buffer.from(b));
  const engine: MakeEngine = (parts) => {
    const inner = make(parts);
    return { run: (budget) => inner.run(budget, { retired: () => expect.unreachable(), tape }) };
  };
  const start = { path, args: [path], env: [], random: new Uint8Array(16) };
  const machine = loadProgram(readFileSync(path), start, { engine });
  machine.run(400_000);
  return { tape: Buffer.concat(out), retired: machine.retired };
}

describe.skipIf(!hasGcc)(`compiled by gcc${hasGcc ? '' : ` (${missingGcc})`}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-tape-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  // Mostly translated here: code is as warm as the engine wants it by default.
  test.each(['sha256', 'sort', 'doubles', 'strings'])('%s', (name) => {
    const path = join(dir, name);
    compile(join(programs, `${name}.c`), path, BUILDS.O2);
    const [a, b] = [interp, jit({ warm: 12 })].map((make) => programTape(path, make)) as [
      ReturnType<typeof programTape>,
      ReturnType<typeof programTape>,
    ];
    expect(a.retired).toBeGreaterThan(10_000);
    expect(b.retired).toBe(a.retired);
    expect(b.tape.equals(a.tape)).toBe(true);
  });
});
