/** The interpreter: control flow, the stack, precise faults, repeats, code that changes under it. */
import { describe, expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import type { Step, Stop } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';

const CODE = 0x40_0000n;
const STACK = 0x7000n;

/** Assemble a few lines, run them, and look. Memory: code, and a page of data and stack at 0x6000–0x7fff. */
function machine(source: string, setup: (cpu: Cpu, mem: Memory) => void = () => {}) {
  const text = `TEXT ·f(SB), 4, $0\n${source
    .split(';')
    .map((l) => `\t${l.trim()}\n`)
    .join('')}`;
  const object = assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: {} });
  expect(object.diagnostics).toEqual([]);
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.map(0x6000n, 0x2000n, PROT.read | PROT.write, 'stack');
  mem.pokeBytes(CODE, object.functions[0]!.code);
  cpu.rip = CODE;
  cpu.setGpr(R.sp, STACK);
  setup(cpu, mem);
  const engine = new Interpreter({ cpu, mem, clock: () => 0n });
  const steps: Step[] = [];
  const run = (budget: number): Stop => engine.run(budget, { retired: (s) => steps.push(s) });
  return { mem, cpu, run, steps };
}

describe('control flow and the stack', () => {
  test('CALL pushes the next address, RET takes it', () => {
    const { cpu, mem, run } = machine('CALL AX; NOP; INT $3; RET', (c) => c.setGpr(R.ax, CODE + 4n));
    expect(run(1)).toEqual({ why: 'budget', retired: 1 });
    expect([cpu.rip, cpu.gpr(R.sp), mem.peek(STACK - 8n, 8)]).toEqual([CODE + 4n, STACK - 8n, CODE + 2n]);
    run(1);
    expect([cpu.rip, cpu.gpr(R.sp)]).toEqual([CODE + 2n, STACK]);
    expect(run(5)).toEqual({ why: 'trap', vector: 3, retired: 1 });
    expect(cpu.rip).toBe(CODE + 4n);
  });

  test('PUSH SP stores the old SP; POP SP keeps the popped value; POP to memory uses the new SP', () => {
    const push = machine('PUSHQ SP');
    push.run(1);
    expect(push.mem.peek(STACK - 8n, 8)).toBe(STACK);
    const pop = machine('POPQ SP', (_, m) => m.poke(STACK, 8, 0x1234n));
    pop.run(1);
    expect(pop.cpu.gpr(R.sp)).toBe(0x1234n);
    const popMem = machine('POPQ 8(SP)', (_, m) => m.poke(STACK, 8, 0x55n));
    popMem.run(1);
    expect(popMem.mem.peek(STACK + 16n, 8)).toBe(0x55n);
  });

  test('a conditional branch that is not taken falls through, and a loop counts', () => {
    const { cpu, run } = machine('MOVQ $5, CX; ADDQ CX, AX; DECQ CX; JNE -2(PC); INT $3');
    expect(run(100)).toMatchObject({ why: 'trap', retired: 1 + 3 * 5 + 1 });
    expect(cpu.gpr(R.ax)).toBe(15n);
  });

  test('SYSCALL leaves the return address in RCX and the flags in R11, and stops behind itself', () => {
    const { cpu, run } = machine('STC; SYSCALL');
    expect(run(9)).toEqual({ why: 'syscall', retired: 2 });
    expect([cpu.rip, cpu.gpr(R.cx), cpu.gpr(R.r11) & 1n]).toEqual([CODE + 3n, CODE + 3n, 1n]);
  });

  test('FS-relative addresses add the segment base', () => {
    const { cpu, run } = machine('MOVQ 0(TLS), AX', (c, m) => {
      c.fsBase = 0x6100n;
      m.poke(0x6100n, 8, 42n);
    });
    run(1);
    expect(cpu.gpr(R.ax)).toBe(42n);
  });
});

describe('faults', () => {
  /** Everything a program can see. */
  const state = (cpu: Cpu, mem: Memory): unknown => [cpu.save(), mem.peekBytes(0x6000n, 0x2000)];

  test.each([
    ['PUSHQ AX', { kind: 'page', address: 0x5ff8n, access: 'write' }, (c: Cpu) => c.setGpr(R.sp, 0x6000n)],
    ['CALL AX', { kind: 'page', address: 0x5ff8n, access: 'write' }, (c: Cpu) => c.setGpr(R.sp, 0x6000n)],
    ['RET', { kind: 'page', address: 0x8000n, access: 'read' }, (c: Cpu) => c.setGpr(R.sp, 0x8000n)],
    ['XCHGQ AX, (BX)', { kind: 'page', address: 0x1000n, access: 'write' }, (c: Cpu) => c.setGpr(R.bx, 0x1000n)],
    ['XADDQ AX, (BX)', { kind: 'page', address: 0x1000n, access: 'write' }, (c: Cpu) => c.setGpr(R.bx, 0x1000n)],
    ['ADDQ $1, (BX)', { kind: 'page', address: CODE, access: 'write', mapped: true }, (c: Cpu) => c.setGpr(R.bx, CODE)],
    ['CMPXCHGQ CX, (BX)', { kind: 'page', address: CODE, access: 'write' }, (c: Cpu) => c.setGpr(R.bx, CODE)],
    [
      'MOVSQ',
      { kind: 'page', address: 0x1000n, access: 'write' },
      (c: Cpu) => {
        c.setGpr(R.si, 0x6000n);
        c.setGpr(R.di, 0x1000n);
      },
    ],
    [
      'MOVAPS X0, 8(BX)',
      { kind: 'protection', detail: 'address is not 16-byte aligned' },
      (c: Cpu) => c.setGpr(R.bx, 0x6000n),
    ],
    [
      'MOVQ (BX), AX',
      { kind: 'protection', detail: 'non-canonical address 0x1000000000000' },
      (c: Cpu) => c.setGpr(R.bx, 1n << 48n),
    ],
    ['DIVQ CX', { kind: 'divide' }, (c: Cpu) => c.setGpr(R.cx, 0n)],
    [
      'DIVQ CX',
      { kind: 'divide' },
      (c: Cpu) => {
        c.setGpr(R.dx, 5n);
        c.setGpr(R.cx, 5n);
      },
    ],
    ['UD2', { kind: 'undefined' }, () => {}],
    ['HLT', { kind: 'protection' }, () => {}],
    ['INT $0x81', { kind: 'protection' }, () => {}],
    ['INT $0x80', { kind: 'no-meaning' }, () => {}],
    [
      'PXOR 8(BX), X0',
      { kind: 'protection', detail: 'address is not 16-byte aligned' },
      (c: Cpu) => c.setGpr(R.bx, 0x6000n),
    ],
    ['JMP AX', { kind: 'protection' }, (c: Cpu) => c.setGpr(R.ax, 1n << 60n)],
    ['CALL AX', { kind: 'protection' }, (c: Cpu) => c.setGpr(R.ax, 1n << 60n)],
    ['RET', { kind: 'protection' }, (_: Cpu, m: Memory) => m.poke(STACK, 8, 1n << 63n)],
    ['PUSHQ AX', { kind: 'stack' }, (c: Cpu) => c.setGpr(R.sp, 1n << 62n)],
    ['MOVQ 0(BP), AX', { kind: 'stack' }, (c: Cpu) => c.setGpr(R.bp, 1n << 63n)],
    ['SHLQ $3, (BX)', { kind: 'page', address: CODE, access: 'write', mapped: true }, (c: Cpu) => c.setGpr(R.bx, CODE)],
    ['BYTE $0x06', { kind: 'undefined' }, () => {}],
    ['IRETQ', { kind: 'protection' }, () => {}],
    ['VPADDD Z0, Z1, Z2', { kind: 'no-meaning' }, () => {}],
  ] as const)('%s faults and leaves everything as it was', (source, fault, setup) => {
    const { cpu, mem, run, steps } = machine(source, setup);
    const before = state(cpu, mem);
    expect(run(3)).toMatchObject({ why: 'fault', retired: 0, fault });
    expect(state(cpu, mem)).toEqual(before);
    expect(cpu.rip).toBe(CODE);
    expect(steps).toEqual([]);
  });

  test('an instruction that runs into a page without code faults on the first byte there', () => {
    const { run } = machine('NOP', (c, m) => {
      m.pokeBytes(CODE + 0xffen, Uint8Array.of(0x48, 0x8b));
      c.rip = CODE + 0xffen;
    });
    expect(run(1)).toMatchObject({ why: 'fault', fault: { kind: 'page', access: 'execute', address: CODE + 0x1000n } });
  });

  test('REP stops at the element that faults, and can go on from there', () => {
    const { cpu, mem, run } = machine('REP; MOVSB; INT $3', (c, m) => {
      m.pokeBytes(0x6000n, Uint8Array.of(1, 2, 3, 4, 5, 6));
      c.setGpr(R.si, 0x6000n);
      c.setGpr(R.di, 0x7ffdn);
      c.setGpr(R.cx, 6n);
    });
    expect(run(9)).toMatchObject({ why: 'fault', retired: 0, fault: { address: 0x8000n, access: 'write' } });
    expect([cpu.rip, cpu.gpr(R.cx), cpu.gpr(R.si), cpu.gpr(R.di)]).toEqual([CODE, 3n, 0x6003n, 0x8000n]);
    mem.map(0x8000n, 0x1000n, PROT.read | PROT.write, 'more');
    expect(run(9)).toMatchObject({ why: 'trap' });
    expect([...mem.peekBytes(0x7ffdn, 6)]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('recording', () => {
  test('lists real changes of registers, written flags, and every store', () => {
    const { run, steps } = machine('MOVQ $0, AX; MOVQ AX, AX; CMPQ AX, $0; MOVQ AX, 8(SP); STC', (c) =>
      c.setGpr(R.ax, 9n),
    );
    run(5);
    expect(steps.map((s) => s.gprs)).toEqual([[[R.ax, 0n]], [], [], [], []]);
    expect(steps.map((s) => s.stores)).toEqual([[], [], [], [{ address: STACK + 8n, size: 8, value: 0n }], []]);
    expect(steps.map((s) => s.flagsWritten.toString(16))).toEqual(['0', '0', '8d5', '0', '1']);
  });

  test('with and without a recorder the end is the same', () => {
    const source = 'MOVQ $1000, CX; PUSHQ CX; POPQ AX; ADDQ AX, BX; RORQ $3, BX; DECQ CX; JNE -5(PC); INT $3';
    const [a, b] = [machine(source), machine(source)];
    a.run(100_000);
    new Interpreter({ ...b, clock: () => 0n }).run(100_000);
    expect(b.cpu.save()).toEqual(a.cpu.save());
  });
});

test('code that rewrites itself runs as rewritten', () => {
  // INCQ AX is 48 FF C0 at offset 7; with C8 for its last byte it is DECQ AX.
  const { cpu, mem, run } = machine('MOVQ $3, CX; INCQ AX; MOVB $0xc8, 9(R8); DECQ CX; JNE -3(PC); INT $3', (c, m) => {
    m.protect(CODE, 0x1000n, PROT.read | PROT.write | PROT.exec);
    c.setGpr(R.r8, CODE);
  });
  expect(run(100)).toMatchObject({ why: 'trap' });
  expect(mem.peek(CODE + 9n, 1)).toBe(0xc8n);
  expect(BigInt.asIntN(64, cpu.gpr(R.ax))).toBe(1n - 1n - 1n);
});
