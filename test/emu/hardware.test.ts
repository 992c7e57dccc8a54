/** The host's CPU as an engine: it agrees with the interpreter, faults are exact, and nothing gets out. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { Cpu } from '#emu/cpu/cpu.ts';
import { AT, R } from '#emu/cpu/layout.ts';
import type { Recorder, Step } from '#emu/engine/engine.ts';
import { HardwareEngine, hardware } from '#emu/engine/hardware/hardware.ts';
import { HardwareUnavailable } from '#emu/engine/hardware/host.ts';
import { NR } from '#emu/engine/hardware/kernel.ts';
import { openProbe } from '#emu/engine/hardware/probe.ts';
import { openSilicon } from '#emu/engine/hardware/silicon.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { Random } from '#runtime/junk.ts';
import { scenarios } from '#runtime/scenarios/index.ts';
import { BUDGET, runCase } from '#runtime/verdict.ts';
import { ownStubs } from '../runtime/fixture.ts';
import { definedTrace } from '../witness/defined-trace.ts';

const opened = await hardware().catch((e) => {
  if (e instanceof HardwareUnavailable) return e.message;
  throw e;
});
const missing = typeof opened === 'string' ? ` (${opened})` : '';
const hw = opened as Exclude<typeof opened, string>;
afterAll(() => {
  if (!missing) hw.dispose();
});

const CODE = 0x40_0000n;
const DATA = 0x60_0000n;
const STACK = DATA + 0x1000n;

type Setup = (cpu: Cpu, mem: Memory) => void;

function assembled(source: string): Uint8Array {
  const lines = source.split(';').map((l) => `\t${l.trim()}\n`);
  const text = `TEXT ·f(SB), 4, $0\n${lines.join('')}`;
  const object = assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: {} });
  expect(object.diagnostics).toEqual([]);
  return object.functions[0]!.code;
}

/** Code, read-only data behind it, two pages of data and stack; nothing mapped around them. */
function parts(code: string | Uint8Array, setup: Setup = () => {}) {
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.map(DATA, 0x2000n, PROT.read | PROT.write, 'stack');
  mem.pokeBytes(CODE, typeof code === 'string' ? assembled(code) : code);
  cpu.rip = CODE;
  cpu.setGpr(R.sp, STACK);
  setup(cpu, mem);
  return { cpu, mem, clock: () => 1_234_567n };
}

const hex = (b: Uint8Array): string => Buffer.from(b).toString('hex');

/** Everything a program can see. */
const state = ({ cpu, mem }: { cpu: Cpu; mem: Memory }): unknown => ({
  rip: cpu.rip.toString(16),
  gprs: Array.from({ length: 16 }, (_, n) => cpu.gpr(n).toString(16)),
  rflags: cpu.rflags.toString(16),
  registers: hex(cpu.save()),
  memory: hex(mem.peekBytes(DATA, 0x2000)).replace(/(00)+$/, ''),
});

function recording(): Recorder & { steps: Step[] } {
  const steps: Step[] = [];
  return { steps, retired: (s) => steps.push(s) };
}

/** The same program on both engines, step by step and at once: they stop for the same reason in the same state. */
function bothRun(code: string | Uint8Array, budget: number, setup?: Setup) {
  const ours = parts(code, setup);
  const expected = new Interpreter(ours).run(budget);
  const quiet = parts(code, setup);
  const stop = hw.engine(quiet).run(budget);
  expect(stop).toEqual(expected);
  expect(state(quiet)).toEqual(state(ours));

  const [a, b] = [recording(), recording()];
  new Interpreter(parts(code, setup)).run(budget, a);
  const told = parts(code, setup);
  expect(hw.engine(told).run(budget, b)).toEqual(expected);
  expect(state(told)).toEqual(state(ours));
  expect(b.steps).toEqual(a.steps);
  return { ...told, stop, steps: b.steps };
}

const set =
  (...values: readonly (readonly [n: number, v: bigint])[]): Setup =>
  (cpu) => {
    for (const [n, v] of values) cpu.setGpr(n, v);
  };

describe.skipIf(missing)(`hardware${missing}`, () => {
  describe('agrees with the interpreter', () => {
    test.each([
      [
        'arithmetic',
        'MOVQ $7, AX; MOVQ $-3, BX; ORQ $0x50, AX; NEGQ BX; ADDQ $5, AX; ADCQ BX, AX; SUBQ $100, AX; INT $3',
      ],
      ['a loop', 'MOVQ $20, CX; PUSHQ CX; POPQ AX; ADDQ AX, BX; RORQ $3, BX; DECQ CX; JNE -5(PC); INT $3'],
      ['call and return', 'LEAQ 9(R8), AX; CALL AX; INT $3; NOP; MOVQ SP, DX; RET'],
      [
        'memory',
        'MOVQ $0x1122334455667788, AX; MOVQ AX, 8(DI); MOVB AH, 1(DI); MOVL 9(DI), CX; XADDQ AX, 8(DI); INT $3',
      ],
      ['vectors', 'MOVQ $-1, AX; MOVQ AX, X1; MOVOU X1, 32(DI); PXOR X2, X2; PSUBB X1, X2; MOVOU X2, X9; INT $3'],
      [
        'flags through the stack',
        'STC; STD; PUSHFQ; POPQ AX; PUSHQ $0xcd7; POPFQ; PUSHFQ; PUSHQ $-1; PUSHW $3; POPFW; PUSHFW; INT $3',
      ],
    ])('%s', (_, source) => {
      const { stop } = bothRun(source, 500, set([R.di, DATA + 0x100n], [R.r8, CODE]));
      expect(stop).toMatchObject({ why: 'trap', vector: 3 });
    });

    test('a budget stops exactly there', () => {
      for (const budget of [0, 1, 2, 7]) {
        expect(bothRun('INCQ AX; INCQ AX; JMP -2(PC)', budget).stop).toEqual({ why: 'budget', retired: budget });
      }
    });

    test('repeated instructions count once, wherever they end', () => {
      const text = (_: Cpu, m: Memory): void => m.pokeBytes(DATA, new TextEncoder().encode('the quick brown fox'));
      const copy = bothRun('REP; MOVSB; INT $3', 9, (c, m) => {
        text(c, m);
        set([R.si, DATA], [R.di, DATA + 0xff8n], [R.cx, 19n])(c, m);
      });
      expect(copy.stop.retired).toBe(2);
      expect(copy.steps[0]!.stores.length).toBe(19);
      expect(new TextDecoder().decode(copy.mem.peekBytes(DATA + 0xff8n, 19))).toBe('the quick brown fox');
      bothRun('REP; STOSQ; INT $3', 9, set([R.di, DATA + 0x800n], [R.cx, 0n]));
      bothRun('REPN; SCASB; INT $3', 9, (c, m) => {
        text(c, m);
        set([R.di, DATA], [R.cx, 19n], [R.ax, 0x71n])(c, m);
      });
    });

    test('a store across pages, first touched by it', () => {
      const { mem, steps } = bothRun(
        'MOVQ AX, (DI); MOVQ (DI), BX; INT $3',
        9,
        set([R.ax, 0x0102030405060708n], [R.di, STACK - 3n]),
      );
      expect(mem.peek(STACK - 3n, 8)).toBe(0x0102030405060708n);
      expect(steps[0]!.stores).toEqual([{ address: STACK - 3n, size: 8, value: 0x0102030405060708n }]);
    });

    test('code that rewrites itself, and code across pages', () => {
      // INCQ AX is 48 FF C0 at offset 7; with C8 for its last byte it is DECQ AX.
      bothRun('MOVQ $3, CX; INCQ AX; MOVB $0xc8, 9(R8); DECQ CX; JNE -3(PC); INT $3', 100, (c, m) => {
        m.protect(CODE, 0x1000n, PROT.read | PROT.write | PROT.exec);
        c.setGpr(R.r8, CODE);
      });
      bothRun(Uint8Array.of(), 3, (c, m) => {
        m.map(CODE + 0x1000n, 0x1000n, PROT.exec | PROT.read, 'more code');
        m.pokeBytes(CODE + 0xffdn, assembled('MOVQ $0x123456789abcdef0, AX; INT $3'));
        c.rip = CODE + 0xffdn;
      });
    });

    test('CPUID and the time are ours', () => {
      const { cpu } = bothRun('CPUID; RDTSC; INT $3', 9);
      expect(cpu.gpr(R.ax)).toBe(1_234_567n);
    });
  });

  describe('faults', () => {
    const at = (n: number, v: bigint): Setup => set([n, v]);
    // biome-ignore format: table
    test.each([
      ['a read of nothing',           'MOVQ (BX), AX',     'page',       at(R.bx, 0x1234n)],
      ['a read beyond a region',      'MOVQ (BX), AX',     'page',       at(R.bx, DATA + 0x1ffdn)],
      ['a write to nothing',          'PUSHQ AX',          'page',       at(R.sp, DATA)],
      ['a write to code',             'ADDQ $1, (BX)',     'page',       at(R.bx, CODE)],
      ['a call without a stack',      'CALL AX',           'page',       at(R.sp, DATA)],
      ['the kernel\'s half',          'MOVQ AX, (BX)',     'page',       at(R.bx, 0xffff_8000_0000_0000n)],
      ['no address',                  'MOVQ (BX), AX',     'protection', at(R.bx, 1n << 48n)],
      ['no address, by RSP',          'PUSHQ AX',          'stack',      at(R.sp, 1n << 62n)],
      ['no address, by RBP',          'MOVQ 0(BP), AX',    'stack',      at(R.bp, 1n << 63n)],
      ['misalignment',                'MOVAPS X0, 8(BX)',  'protection', at(R.bx, DATA)],
      ['privilege',                   'HLT',               'protection', () => {}],
      ['another INT',                 'INT $0x81',         'protection', () => {}],
      ['a jump to no address',        'JMP AX',            'protection', at(R.ax, 1n << 60n)],
      ['UD2',                         'UD2',               'undefined',  () => {}],
      ['division by zero',            'DIVQ CX',           'divide',     at(R.cx, 0n)],
      ['a quotient too large',        'DIVQ CX',           'divide',     set([R.dx, 5n], [R.cx, 5n])],
      ['a page that was taken away',  'MOVQ (BX), AX',     'page',       (c, m) => { m.unmap(DATA, 0x1000n); c.setGpr(R.bx, DATA); }],
      ['PROT_NONE',                   'MOVQ AX, (BX)',     'page',       (c, m) => { m.protect(DATA, 0x1000n, PROT.none); c.setGpr(R.bx, DATA); }],
      ['SSE, unmasked',               'DIVSD X0, X1',      'simd',       (c) => { c.mxcsr = 0x1d80; c.setXmm(1, 0x3ff0_0000_0000_0000n); }],
      ['x87, pending',                'BYTE $0xd9; BYTE $0xe8', 'x87',   (c) => { c.fcw = 0x37e; c.fsw = 0x8081; }],
    ] as const satisfies readonly (readonly [string, string, string, Setup])[])('%s', (_, source, kind, setup) => {
      const { stop, cpu } = bothRun(source, 3, setup);
      expect(stop).toMatchObject({ why: 'fault', retired: 0, fault: { kind } });
      expect(cpu.rip).toBe(CODE);
    });

    test('falling off the end of code, and jumping to where none is', () => {
      const end = bothRun('BYTE $0x90', 3, (c, m) => {
        m.pokeBytes(CODE + 0xfffn, Uint8Array.of(0x90));
        c.rip = CODE + 0xfffn;
      });
      expect(end.stop).toMatchObject({
        retired: 1,
        fault: { kind: 'page', access: 'execute', address: CODE + 0x1000n },
      });
      expect(bothRun('JMP AX', 3, at(R.ax, DATA)).stop).toMatchObject({
        retired: 1,
        fault: { access: 'execute', mapped: true },
      });
    });

    test('REP stops at the element that faults, and can go on from there', () => {
      const p = parts('REP; STOSB; INT $3', set([R.di, DATA + 0x1ffdn], [R.cx, 6n]));
      const engine = hw.engine(p);
      expect(engine.run(9)).toMatchObject({
        why: 'fault',
        retired: 0,
        fault: { address: DATA + 0x2000n, access: 'write' },
      });
      expect([p.cpu.rip, p.cpu.gpr(R.cx)]).toEqual([CODE, 3n]);
      p.mem.map(DATA + 0x2000n, 0x1000n, PROT.read | PROT.write, 'more');
      expect(engine.run(9)).toEqual({ why: 'trap', vector: 3, retired: 2 });
    });
  });

  test('vector, x87 and MXCSR state goes there and comes back', () => {
    const random = new Random(7n);
    for (let i = 0; i < 50; i++) {
      const p = parts('BYTE $0x90', (c) => {
        for (let n = 0; n < 16; n++) {
          c.setGpr(n, random.next());
          c.setXmm(n, (random.next() << 64n) | random.next(), 0);
          c.setXmm(n, (random.next() << 64n) | random.next(), 1);
        }
        for (let n = 0; n < 8; n++) c.setX87(n, ((random.next() & 0xffffn) << 64n) | random.next());
        c.rflags = random.next() & 0x24_0cd5n;
        c.fsBase = random.next() & 0x7fff_ffff_0000n;
        c.gsBase = random.next() & 0x7fff_ffff_0000n;
        c.mxcsr = Number(random.next() & 0xffffn);
        // RC and PC are free; every exception is masked, or one that FSW shows would be pending.
        c.fcw = 0x37f | Number(random.next() & 0xc00n);
        c.fsw = Number(random.next() & 0x7f7fn);
        c.tags = Number(random.next() & 0xffn);
      });
      const before = p.cpu.save();
      expect(hw.engine(p).run(1)).toEqual({ why: 'budget', retired: 1 });
      p.cpu.rip = CODE;
      expect(hex(p.cpu.save())).toBe(hex(before));
    }
  });

  test('machines take turns on one process, and changes from outside are seen', () => {
    const [a, b] = [
      parts('MOVQ (DI), AX; JMP -1(PC)', set([R.di, DATA])),
      parts('INCQ 8(DI); JMP -1(PC)', set([R.di, DATA])),
    ];
    const [ea, eb] = [hw.engine(a), hw.engine(b)];
    for (let i = 1n; i < 20n; i++) {
      a.mem.write(DATA, 8, i);
      ea.run(2);
      eb.run(2);
      expect([a.cpu.gpr(R.ax), b.mem.peek(DATA + 8n, 8)]).toEqual([i, i]);
    }
    expect([a.mem.peek(DATA + 8n, 8), b.mem.peek(DATA, 8)]).toEqual([0n, 0n]);
  });

  test('running free ends where stepping ends', () => {
    const source = 'MOVQ $100000, CX; ADDQ CX, BX; DECQ CX; JNE -2(PC); RDTSC; MOVQ BX, (DI); SYSCALL; INT $3';
    const [a, b] = [parts(source, set([R.di, DATA])), parts(source, set([R.di, DATA]))];
    const interpreter = new Interpreter(a);
    const engine = hw.engine(b);
    for (const why of ['syscall', 'trap']) {
      expect(interpreter.run(1e6).why).toBe(why);
      expect(engine.runFree().why).toBe(why);
      expect(state(b)).toEqual(state(a));
    }
  });

  test('running free meets traps and faults as stepping does', () => {
    for (const source of [
      'INT $3',
      'BYTE $0xcc',
      'BYTE $0xf1',
      'INT $4',
      'UD2',
      'MOVQ (BX), AX',
      'PUSHQ $0x302; POPFQ; JMP BX',
      'BYTE $0x06',
    ]) {
      const [a, b] = [parts(source), parts(source)];
      const { retired: _, ...expected } = new Interpreter(a).run(9);
      expect(hw.engine(b).runFree()).toEqual(expected);
      expect(state(b)).toEqual(state(a));
    }
  });

  describe('containment', () => {
    const { kill, exit_group } = NR;
    test.each([
      ['kill', kill, BigInt(globalThis.process.pid), 9n],
      ['write', 1, 2n, DATA],
      ['exit_group', exit_group, 1n, 0n],
    ])('%s stops before it is made', (_, nr, a, b) => {
      const setup = set([R.ax, BigInt(nr)], [R.di, a], [R.si, b], [R.dx, 16n]);
      const { stop, cpu } = bothRun('SYSCALL; INT $3', 9, setup);
      expect(stop).toEqual({ why: 'syscall', retired: 1 });
      expect(cpu.gpr(R.ax)).toBe(BigInt(nr));
      const free = parts('SYSCALL; INT $3', setup);
      expect(hw.engine(free).runFree()).toEqual({ why: 'syscall' });
      expect(state(free)).toEqual(state({ ...free, cpu }));
    });

    test('INT $0x80 and SYSENTER do not get there either', () => {
      for (const code of [Uint8Array.of(0xcd, 0x80), Uint8Array.of(0x0f, 0x34)]) {
        expect(bothRun(code, 9, set([R.ax, 1n])).stop.why).toBe('fault');
        const free = parts(code, set([R.ax, 1n]));
        expect(hw.engine(free).runFree().why).toBe('fault');
        expect(free.cpu.rip).toBe(CODE);
      }
    });

    test('should a call be made all the same, the kernel kills the process', async () => {
      const silicon = await openSilicon();
      const { pid } = silicon.tracee;
      expect(() => silicon.tracee.syscall(NR.getpid)).toThrow('guest code reached the kernel');
      silicon.dispose();
      expect(existsSync(`/proc/${pid}`)).toBe(false);
    });

    test('nothing of ours is mapped there, and no file of ours is open but the memory', async () => {
      const silicon = await openSilicon();
      const p = parts('BYTE $0x90');
      silicon.push(p.cpu, p.mem);
      silicon.mirror.code(CODE, 1);
      const maps = readFileSync(`/proc/${silicon.tracee.pid}/maps`, 'utf8').trim().split('\n');
      expect(maps.filter((l) => !/vsyscall/.test(l)).map((l) => l.split(' ')[0])).toEqual(['00400000-00401000']);
      const status = readFileSync(`/proc/${silicon.tracee.pid}/status`, 'utf8');
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      expect(status).toMatch(/^Seccomp:\t2$/m);
      silicon.dispose();
    });

    test('signals from outside do not reach the guest; SIGKILL is said', async () => {
      const silicon = await openSilicon();
      const p = parts('INCQ AX; JMP -1(PC)');
      const engine = new HardwareEngine(p, silicon);
      for (const signal of ['SIGUSR1', 'SIGSTOP', 'SIGSEGV', 'SIGTERM'] as const) {
        globalThis.process.kill(silicon.tracee.pid, signal);
        expect(engine.run(10)).toEqual({ why: 'budget', retired: 10 });
      }
      expect(p.cpu.gpr(R.ax)).toBe(20n);
      globalThis.process.kill(silicon.tracee.pid, 'SIGKILL');
      expect(() => engine.run(10)).toThrow(/process/);
      silicon.dispose();
      expect(() => engine.run(10)).toThrow('disposed of');
    });

    test('it dies when its parent is killed', async () => {
      const dir = mkdtempSync(join(import.meta.dirname, '../../node_modules/.callgate-'));
      try {
        await bundle(join(dir, 'silicon.mjs'));
        const program = `import { openSilicon } from ${JSON.stringify(join(dir, 'silicon.mjs'))};
          const silicon = await openSilicon();
          console.log(silicon.tracee.pid);
          setInterval(() => {}, 1000);`;
        const parent = spawn(globalThis.process.execPath, ['--input-type=module', '-e', program], {
          stdio: ['ignore', 'pipe', 'inherit'],
          cwd: dir,
        });
        const pid = Number(await new Promise((found) => parent.stdout.once('data', (d) => found(String(d)))));
        expect(pid).toBeGreaterThan(1);
        expect(isRunning(pid)).toBe(true);
        const ended = new Promise((r) => parent.once('exit', r));
        parent.kill('SIGKILL');
        await ended;
        await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  });

  describe('stubs', () => {
    const stubs = ownStubs();
    const traceOn = (name: string, engine: (typeof hw)['engine'] | undefined): string[] => {
      const scenario = scenarios.find((s) => s.name === name)!;
      const lines: string[] = [];
      for (const situation of scenario.situations) {
        for (const stack of scenario.stacks) {
          const c = { scenario, situation, stack, residue: 8, seed: 3n, fail: [], ...(engine && { engine }) };
          runCase(c, stubs, BUDGET, ({ machine }) => (e) => {
            lines.push(definedTrace(e, machine.symbols));
          });
        }
      }
      return lines;
    };
    test.each(scenarios.map((s) => s.name))('%s: the same trace as the interpreter', (name) => {
      const expected = traceOn(name, undefined);
      expect(expected.length).toBeGreaterThan(5);
      expect(traceOn(name, hw.engine)).toEqual(expected);
    });
  });

  describe('probe', () => {
    test('runs snippets from state to state, across pages, and reports what ends them', async () => {
      const probe = await openProbe([
        { address: CODE, size: 4096, prot: PROT.read | PROT.exec },
        { address: DATA, size: 8192, prot: PROT.read | PROT.write },
      ]);
      const file = new Uint8Array(AT.end);
      const { cpu } = parts('BYTE $0x90', set([R.di, STACK - 4n], [R.cx, 8n], [R.ax, 0x5an]));
      file.set(cpu.save());
      probe.write(CODE, Uint8Array.of(0xf3, 0xaa, 0x9c, 0x0f, 0x05, 0x0f, 0x0b));
      expect(probe.run(file)).toMatchObject({ retired: 1, end: 'retired' });
      expect([...probe.read(STACK - 5n, 10)]).toEqual([0, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0x5a, 0]);
      const three = probe.run(file, 9);
      expect(three).toMatchObject({ retired: 2, end: 'syscall' });
      expect(new DataView(probe.read(STACK - 8n, 8).buffer).getBigUint64(0, true)).toBe(0x202n);
      const last = three.after;
      expect(new DataView(last.buffer).getBigUint64(AT.gpr + 8 * R.r11, true)).toBe(0x202n);
      expect(probe.run(last, 9)).toMatchObject({ retired: 0, end: { signal: 4 } });
      probe.dispose();
    });
  });
});

test('where koffi is missing, one line says so', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'callgate-'));
  try {
    await bundle(join(dir, 'silicon.mjs'));
    const program = `import { openSilicon } from ${JSON.stringify(join(dir, 'silicon.mjs'))};
      await openSilicon().catch((e) => console.log(e.message));`;
    const said = execFileSync(globalThis.process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    });
    expect(said).toMatch(
      /^the hardware engine needs koffi's native module, .*: run npm install, or use another engine\n$/,
    );
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

/** The engine as one file, to be run without the test's tools. */
async function bundle(file: string): Promise<void> {
  const input = join(import.meta.dirname, '../../src/emu/engine/hardware/silicon.ts');
  const built = await rolldown({ input, external: ['koffi', /^node:/] });
  await built.write({ file, format: 'esm' });
}

const isRunning = (pid: number): boolean => {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
