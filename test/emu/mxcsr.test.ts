/** Floating-point exceptions as a machine sees them: MXCSR's flags, what the recorder is told, #XM. */
import { expect, test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import type { Step } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';

const CODE = 0x40_0000n;
const DATA = 0x6000n;
const MASKED = 0x1f80;
const [DENORMAL, ZERO_DIVIDE, PRECISION] = [2, 4, 32];

const doubles = (low: number, high: number): bigint => {
  const view = new DataView(new ArrayBuffer(16));
  view.setFloat64(0, low, true);
  view.setFloat64(8, high, true);
  return view.getBigUint64(0, true) | (view.getBigUint64(8, true) << 64n);
};

/** A few lines with X0 and X1 given, and BX at a page of data. */
function machine(source: string, mxcsr: number, x0: bigint, x1: bigint) {
  const text = `TEXT ·f(SB), 4, $0\n\t${source.replaceAll('; ', '\n\t')}\n`;
  const object = assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: {} });
  expect(object.diagnostics).toEqual([]);
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.map(DATA, 0x1000n, PROT.read | PROT.write, 'data');
  mem.pokeBytes(CODE, object.functions[0]!.code);
  cpu.rip = CODE;
  cpu.mxcsr = mxcsr;
  cpu.setGpr(R.bx, DATA);
  cpu.setXmm(0, x0);
  cpu.setXmm(1, x1);
  const engine = new Interpreter({ cpu, mem, clock: () => 0n });
  const steps: Step[] = [];
  return { cpu, mem, steps, run: (budget: number) => engine.run(budget, { retired: (s) => steps.push(s) }) };
}

test('a flag of MXCSR is news once: it is sticky', () => {
  const { cpu, steps, run } = machine('DIVSD X1, X0; DIVSD X1, X0', MASKED, doubles(1, 0), doubles(3, 0));
  expect(run(2)).toEqual({ why: 'budget', retired: 2 });
  expect(steps.map((s) => s.others)).toEqual([[['MXCSR', BigInt(MASKED | PRECISION)]], []]);
  expect(cpu.mxcsr).toBe(MASKED | PRECISION);
  expect(cpu.xmm(0)).toBe(doubles(1 / 3 / 3, 0));
});

test('an unmasked exception of one lane leaves the results of all lanes unmet and unwritten', () => {
  const unmasked = MASKED & ~(ZERO_DIVIDE << 7);
  const { cpu, steps, run } = machine('DIVPD X1, X0', unmasked, doubles(1, 1), doubles(3, 0));
  expect(run(1)).toEqual({ why: 'fault', fault: { kind: 'simd' }, retired: 0 });
  expect([cpu.rip, cpu.xmm(0), cpu.mxcsr]).toEqual([CODE, doubles(1, 1), unmasked | ZERO_DIVIDE]);
  expect(steps).toEqual([]);
});

test('an unmasked exception of a result comes with the flags of its operands', () => {
  const unmasked = MASKED & ~(PRECISION << 7);
  const { cpu, run } = machine('ADDPD X1, X0', unmasked, doubles(1, 5e-324), doubles(2 ** -60, 0));
  expect(run(1)).toMatchObject({ why: 'fault', fault: { kind: 'simd' } });
  expect(cpu.mxcsr).toBe(unmasked | PRECISION | DENORMAL);
  expect(cpu.xmm(0)).toBe(doubles(1, 5e-324));
});

test('LDMXCSR refuses reserved bits, and does not raise what it loads', () => {
  const pending = (MASKED & ~(PRECISION << 7)) | PRECISION;
  const { cpu, mem, steps, run } = machine('LDMXCSR (BX); LDMXCSR 4(BX); STMXCSR 8(BX)', MASKED, 0n, 0n);
  mem.poke(DATA, 4, BigInt(pending));
  mem.poke(DATA + 4n, 4, 0x1_1f80n);
  expect(run(2)).toMatchObject({ why: 'fault', fault: { kind: 'protection' }, retired: 1 });
  expect(cpu.mxcsr).toBe(pending);
  expect(steps.map((s) => s.others)).toEqual([[['MXCSR', BigInt(pending)]]]);
  cpu.rip += 4n;
  expect(run(1)).toEqual({ why: 'budget', retired: 1 });
  expect(mem.peek(DATA + 8n, 4)).toBe(BigInt(pending));
});
