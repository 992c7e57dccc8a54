/** CPU models: what each has, what CPUID says of it, and what becomes of instructions it does not have. */
import { describe, expect, test } from 'vitest';
import { Cpu } from '#emu/cpu/cpu.ts';
import { cpuid, featureBits, type Leaf } from '#emu/cpu/cpuid.ts';
import { R } from '#emu/cpu/layout.ts';
import { type CpuModel, models } from '#emu/cpu/models.ts';
import { decode } from '#emu/decode/decode.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import type { Feature } from '#emu/isa/feature.ts';
import { forms } from '#emu/isa/forms/index.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';

const CODE = 0x40_0000n;
const all = Object.values(models);
const names = Object.keys(featureBits) as Feature[];
const registers = ['EAX', 'EBX', 'ECX', 'EDX'];

/** The features that CPUID's answers, and nothing else, tell of. */
function told(model: CpuModel): Set<Feature> {
  return new Set(
    names.filter((f) => {
      const [leaf, subleaf, register, bit] = featureBits[f];
      return (cpuid(model, leaf, subleaf)[registers.indexOf(register)]! >>> bit) & 1;
    }),
  );
}

function run(model: CpuModel, code: string, setup: (cpu: Cpu) => void = () => {}) {
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.pokeBytes(CODE, Buffer.from(code, 'hex'));
  cpu.rip = CODE;
  setup(cpu);
  const stop = new Interpreter({ cpu, mem, clock: () => 0n, model }).run(1);
  return { cpu, stop };
}

const text = (...words: number[]): string => Buffer.from(Uint32Array.from(words).buffer).toString('latin1');

describe('CPUID', () => {
  test.each(all)('$name tells exactly the features it has', (model) => {
    expect(told(model)).toEqual(model.features);
  });

  test('every feature of a model has rows, all of them with meanings, and every row needs a feature that CPUID can tell', () => {
    for (const f of models.max.features) {
      const rows = forms.filter((row) => row.feature === f);
      expect(rows.length, f).toBeGreaterThan(0);
      expect(
        rows.filter((row) => !row.meaning).map((row) => row.name),
        f,
      ).toEqual([]);
    }
    expect(forms.filter((row) => row.feature && !(row.feature in featureBits)).map((row) => row.name)).toEqual([]);
    const executed = names.filter((f) => forms.some((row) => row.feature === f && row.meaning));
    expect([...models.max.features].sort()).toEqual(executed.sort());
  });

  test('each model has all of the one below', () => {
    const chain = [models.v1, models.v2, models.v3, models.haswell, models.skylake, models.zen3, models.max];
    for (const [i, model] of chain.entries())
      for (const f of chain[i - 1]?.features ?? []) expect(model.features.has(f), `${model.name} ${f}`).toBe(true);
  });

  test.each(all)('$name has a vendor, a brand and long mode', (model) => {
    const [highest, b, c, d] = cpuid(model, 0, 0);
    expect(text(b, d, c)).toBe(model.vendor);
    const brand = [2, 3, 4].map((n) => text(...cpuid(model, 0x8000_0000 + n, 0))).join('');
    expect(brand.replace(/\0+$/, '')).toBe(model.brand);
    expect(cpuid(model, 0x8000_0001, 0)[3] & (1 << 29)).not.toBe(0);
    // Beyond the highest leaf there is nothing.
    for (let leaf = highest + 1; leaf < 0x20; leaf++) expect(cpuid(model, leaf, 0)).toEqual([0, 0, 0, 0]);
  });

  test('XSAVE: the area grows by the YMM registers, and XGETBV reads what leaf 0DH says', () => {
    const area = (m: CpuModel): Leaf => cpuid(m, 0xd, 0);
    expect(area(models.v2)).toEqual([0, 0, 0, 0]);
    expect(area(models.v3)).toEqual([7, 832, 832, 0]);
    expect(cpuid(models.v3, 0xd, 2)).toEqual([256, 576, 0, 0]);
    const { cpu } = run(models.v3, '0f01d0', (c) => {
      c.setGpr(R.ax, ~0n);
      c.setGpr(R.dx, ~0n);
    });
    expect([cpu.gpr(R.ax), cpu.gpr(R.dx)]).toEqual([7n, 0n]);
    expect(run(models.v3, '0f01d0', (c) => c.setGpr(R.cx, 2n)).stop).toMatchObject({ fault: { kind: 'protection' } });
    expect(run(models.v2, '0f01d0').stop).toMatchObject({ fault: { kind: 'undefined' } });
  });

  test('CPUID the instruction answers for its model', () => {
    const { cpu } = run(models.zen3, '0fa2', (c) => c.setGpr(R.ax, 0n));
    expect(text(...[R.bx, R.dx, R.cx].map((n) => Number(cpu.gpr(n))))).toBe('AuthenticAMD');
  });
});

describe('what a model does not have', () => {
  // biome-ignore format: table
  const undefinedOn: [name: string, code: string, below: CpuModel, from: CpuModel][] = [
    ['POPCNT',      'f30fb8c1',     models.v1,      models.v2],
    ['CRC32L',      'f20f38f1c1',   models.v1,      models.v2],
    ['LAHF',        '9f',           models.v1,      models.v2],
    ['MOVBEL',      '0f38f001',     models.v2,      models.v3],
    ['VZEROUPPER',  'c5f877',       models.v2,      models.v3],
    ['ANDNL',       'c4e260f2c1',   models.v2,      models.v3],
    ['VPADDD ymm',  'c5f5fec2',     models.v2,      models.v3],
    ['AESENC',      '660f38dcc1',   models.v3,      models.haswell],
    ['VAESENC',     'c4e271dcc2',   models.v3,      models.haswell],
    ['RDFSBASEL',   'f30faec0',     models.v3,      models.haswell],
    ['ADCXL',       '660f38f6c1',   models.haswell, models.skylake],
    ['SHA1NEXTE',   '0f38c8c1',     models.skylake, models.zen3],
  ];
  test.each(undefinedOn)('%s is #UD on the model below', (_, code, below, from) => {
    expect(run(below, code).stop).toMatchObject({ why: 'fault', fault: { kind: 'undefined' } });
    expect(decode(Buffer.from(code, 'hex'), CODE, from.features)).toMatchObject({ length: code.length / 2 });
  });

  test.each([
    ['f30fbdc1', 'v2', 'BSRL', 12n],
    ['f30fbdc1', 'v3', 'LZCNTL', 19n],
    ['f30fbcc1', 'v2', 'BSFL', 4n],
    ['f30fbcc1', 'v3', 'TZCNTL', 4n],
  ] as const)('%s on %s is %s', (code, model, name, answer) => {
    expect(decode(Buffer.from(code, 'hex'), CODE, models[model].features)).toMatchObject({ form: { name } });
    expect(run(models[model], code, (c) => c.setGpr(R.cx, 0x1010n)).cpu.gpr(R.ax)).toBe(answer);
  });

  test('the fault says what is missing', () => {
    expect(run(models.v2, 'c5f877').stop).toMatchObject({
      fault: { detail: 'VZEROUPPER needs AVX, which this processor does not have' },
    });
    expect(run(models.v2, 'c4e260f2c1').stop).toMatchObject({
      fault: { detail: 'ANDNL needs BMI1, which this processor does not have' },
    });
  });

  test('LZCNT of zero is the width; where it is BSR the destination stays', () => {
    const of = (m: CpuModel): bigint => run(m, 'f30fbdc1', (c) => c.setGpr(R.ax, 77n)).cpu.gpr(R.ax);
    expect([of(models.v2), of(models.v3)]).toEqual([77n, 32n]);
  });

  test('PREFETCHW is a hint that everybody takes', () => {
    for (const model of all) expect(run(model, '0f0d08').stop).toEqual({ why: 'budget', retired: 1 });
  });
});

test('RDRAND gives a sequence of its own, which a saved register file brings back', () => {
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.pokeBytes(CODE, Buffer.from('480fc7f0480fc7f1'.repeat(2), 'hex'));
  cpu.rip = CODE;
  cpu.random = 42n;
  const engine = new Interpreter({ cpu, mem, clock: () => 0n });
  const before = cpu.save();
  engine.run(4);
  const first = [cpu.gpr(R.ax), cpu.gpr(R.cx)];
  expect(cpu.flag('CF')).toBe(true);
  expect(first[0]).not.toBe(first[1]);
  cpu.restore(before);
  engine.run(4);
  expect([cpu.gpr(R.ax), cpu.gpr(R.cx)]).toEqual(first);
  cpu.restore(before);
  cpu.random = 43n;
  engine.run(4);
  expect([cpu.gpr(R.ax), cpu.gpr(R.cx)]).not.toEqual(first);
});
