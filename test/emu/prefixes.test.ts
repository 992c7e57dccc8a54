/** Prefixes that change what no operand names: address size and segments of string instructions, and where REP stops. */
import { describe, expect, test } from 'vitest';
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import type { Step } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';

const CODE = 0x40_0000n;
/** A page that can be written, and behind it nothing. */
const DATA = 0x6000n;
const END = 0x7000n;
const HIGH = 0xabcd_0000_0000n;

function machine(code: string, registers: Partial<Record<keyof typeof R, bigint>>) {
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.map(DATA, 0x1000n, PROT.read | PROT.write, 'data');
  mem.pokeBytes(CODE, Buffer.from(code, 'hex'));
  mem.pokeBytes(
    DATA,
    Uint8Array.from({ length: 256 }, (_, i) => i),
  );
  cpu.rip = CODE;
  for (const [name, v] of Object.entries(registers)) cpu.setGpr(R[name as keyof typeof R], v);
  const engine = new Interpreter({ cpu, mem, clock: () => 0n });
  const steps: Step[] = [];
  const run = (budget = 1) => engine.run(budget, { retired: (s) => steps.push(s) });
  return { mem, cpu, run, steps };
}

describe('address size', () => {
  test('MOVSB goes through ESI and EDI, which lose their upper halves', () => {
    const { cpu, mem, run } = machine('67a4', { si: HIGH + DATA + 5n, di: HIGH + DATA + 512n, cx: 9n });
    expect(run()).toEqual({ why: 'budget', retired: 1 });
    expect(mem.peek(DATA + 512n, 1)).toBe(5n);
    expect([cpu.gpr(R.si), cpu.gpr(R.di), cpu.gpr(R.cx)]).toEqual([DATA + 6n, DATA + 513n, 9n]);
  });

  test('a pointer wraps at 32 bits', () => {
    const { cpu, run } = machine('fd67ac', { si: HIGH });
    expect(run(2)).toMatchObject({ why: 'fault', fault: { kind: 'page', address: 0n } });
    expect(cpu.gpr(R.si)).toBe(HIGH);
    const backwards = machine('fd67ac', { si: HIGH });
    backwards.mem.map(0n, 0x1000n, PROT.read, 'zero page');
    expect(backwards.run(2)).toEqual({ why: 'budget', retired: 2 });
    expect(backwards.cpu.gpr(R.si)).toBe(0xffff_ffffn);
  });

  test('REP counts in ECX', () => {
    const { cpu, run } = machine('f367aa', { di: DATA + 512n, cx: HIGH + 3n, ax: 0x55n });
    run();
    expect([cpu.gpr(R.cx), cpu.gpr(R.di), cpu.rip]).toEqual([0n, DATA + 515n, CODE + 3n]);
  });

  test('LOOP and JCXZ count in ECX', () => {
    const loop = machine('67e2fe', { cx: HIGH + 2n });
    loop.run();
    expect([loop.cpu.gpr(R.cx), loop.cpu.rip]).toEqual([1n, CODE + 1n]);
    const jump = machine('67e310', { cx: HIGH });
    jump.run();
    expect(jump.cpu.rip).toBe(CODE + 0x13n);
    const stay = machine('e310', { cx: HIGH });
    stay.run();
    expect(stay.cpu.rip).toBe(CODE + 2n);
  });
});

describe('segments', () => {
  test('a segment is added to the source and never to the destination', () => {
    const { cpu, mem, run } = machine('64a4', { si: 3n, di: DATA + 512n });
    cpu.fsBase = DATA;
    expect(run()).toEqual({ why: 'budget', retired: 1 });
    expect(mem.peek(DATA + 512n, 1)).toBe(3n);
    const store = machine('65aa', { di: DATA + 512n, ax: 0x77n });
    store.cpu.gsBase = 0x1_0000n;
    store.run();
    expect(store.mem.peek(DATA + 512n, 1)).toBe(0x77n);
  });

  test('XLAT adds it to the table, after the address-size prefix has cut the sum', () => {
    const { cpu, run } = machine('6567d7', { bx: HIGH + 0xffff_ffffn, ax: 0x1c1n });
    cpu.gsBase = DATA;
    run();
    expect(cpu.gpr(R.ax)).toBe(0x1c0n);
  });

  test('WRGSBASE and RDGSBASE; a base must be canonical', () => {
    const { cpu, run, steps } = machine('f3480faed8f3480faec9', { ax: 0x7fff_1234_5678n });
    expect(run(2)).toEqual({ why: 'budget', retired: 2 });
    expect([cpu.gsBase, cpu.gpr(R.cx)]).toEqual([0x7fff_1234_5678n, 0x7fff_1234_5678n]);
    expect(steps[0]!.others).toEqual([['GSBASE', 0x7fff_1234_5678n]]);
    const bad = machine('f3480faed8', { ax: 1n << 47n });
    expect(bad.run()).toMatchObject({ fault: { kind: 'protection' } });
    expect(bad.cpu.gsBase).toBe(0n);
  });

  test('selectors are as Linux has them; loading FS clears its base; most selectors are refused', () => {
    const { cpu, run } = machine('8cc8668cd28ee08ce3', { ax: ~0n & ((1n << 64n) - 1n), dx: 0n });
    cpu.fsBase = 0x1234n;
    expect(run(2)).toEqual({ why: 'budget', retired: 2 });
    expect([cpu.gpr(R.ax), cpu.gpr(R.dx)]).toEqual([0x33n, 0x2bn]);
    cpu.setGpr(R.ax, 0x2bn);
    run(2);
    expect([cpu.fsBase, cpu.gpr(R.bx)]).toEqual([0n, 0x2bn]);
    expect(machine('8ee0', { ax: 0x10n }).run()).toMatchObject({ fault: { kind: 'protection' } });
    expect(machine('8ed0', { ax: 0x33n }).run()).toMatchObject({ fault: { kind: 'protection' } });
    expect(machine('8ec8', { ax: 0x33n }).run()).toMatchObject({ fault: { kind: 'undefined' } });
  });
});

describe('a REP that faults on the way', () => {
  test('what its turns changed is recorded; it has not retired, and goes on when the page is there', () => {
    const { cpu, mem, run, steps } = machine('f3aa', { di: END - 3n, cx: 8n, ax: 0x11n });
    expect(run()).toMatchObject({ why: 'fault', retired: 0, fault: { kind: 'page', address: END } });
    expect([cpu.rip, cpu.gpr(R.di), cpu.gpr(R.cx)]).toEqual([CODE, END, 5n]);
    expect(steps).toHaveLength(1);
    expect(steps[0]).toMatchObject({
      unfinished: true,
      gprs: [
        [R.cx, 5n],
        [R.di, END],
      ],
      flagsWritten: 0,
    });
    expect(steps[0]!.stores.map((s) => s.address)).toEqual([END - 3n, END - 2n, END - 1n]);
    mem.map(END, 0x1000n, PROT.read | PROT.write, 'more');
    expect(run()).toEqual({ why: 'budget', retired: 1 });
    expect(steps[1]!.unfinished).toBeUndefined();
    expect(steps[1]!.stores).toHaveLength(5);
  });

  test('a fault in its first turn has changed nothing', () => {
    const { run, steps } = machine('f3aa', { di: END, cx: 8n });
    expect(run()).toMatchObject({ why: 'fault', retired: 0 });
    expect(steps).toEqual([]);
  });

  test('CMPS leaves the flags as they were before it', () => {
    const { cpu, run } = machine('f3a6', { si: END - 2n, di: END - 2n, cx: 8n });
    cpu.rflags = 0x2n | 1n;
    expect(run()).toMatchObject({ why: 'fault' });
    expect([cpu.flag('CF'), cpu.flag('ZF'), cpu.gpr(R.cx)]).toEqual([true, false, 6n]);
  });
});

describe('traps and privileges', () => {
  test('ICEBP traps as the debugger; INT $1 is not open', () => {
    expect(machine('f1', {}).run()).toEqual({ why: 'trap', vector: 1, retired: 1 });
    expect(machine('cd01', {}).run()).toMatchObject({ fault: { kind: 'protection' } });
  });

  test.each(['fa', 'ec', '0f20c0', '0f32', '0f01f8', '0f0138'])('%s is #GP', (code) => {
    expect(machine(code, {}).run()).toMatchObject({ fault: { kind: 'protection' } });
  });

  test.each(['0f20c8', '0f04', '0f34', '82c000', '8fe97881c0', '0f0fc19e', 'f090'])('%s is #UD', (code) => {
    expect(machine(code, {}).run()).toMatchObject({ fault: { kind: 'undefined' } });
  });

  test('AVX-512 is not there, and said so', () => {
    expect(machine('62f17c48107b01', {}).run()).toMatchObject({ fault: { kind: 'no-meaning' } });
  });
});
