/** Unicorn gives what the interpreter gives: stops, registers, memory, traces; and where it cannot, it is not asked. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { R } from '#emu/cpu/layout.ts';
import type { EngineParts, Step, Stop } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { instructionAt } from '#emu/engine/straight-line.ts';
import { undefinedFlags } from '#emu/engine/undefined-flags.ts';
import type { Form } from '#emu/isa/form.ts';
import { forms } from '#emu/isa/forms/index.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Random } from '#runtime/junk.ts';
import { type Divergence, divergences } from '../../../src/emu/engine/unicorn/divergences.ts';
import { fromScript, loadUnicorn, NoUnicorn } from '../../../src/emu/engine/unicorn/provider.ts';
import type { UnicornModule } from '../../../src/emu/engine/unicorn/surface.ts';
import { type UnicornOptions, unicorn } from '../../../src/emu/engine/unicorn/unicorn.ts';
import { makeCase } from '../../witness/cases.ts';
import { CODE, DATA } from '../../witness/silicon.ts';
import { bare, load, state } from './bare.ts';
import { fakeUnicornJs } from './unicorn-double.ts';

const hasUnicorn = existsSync('/usr/lib/x86_64-linux-gnu/libunicorn.so.2');
const FLAG_MASK = 0xcd5;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const quirks = { counted: 0, uncounted: 0 };

const providers: [string, () => Promise<UnicornModule>][] = [
  ['libunicorn through koffi', () => loadUnicorn()],
  ['the surface with the ways of unicorn.js', () => fromScript(fakeUnicornJs(quirks))],
];

/** The same code on the interpreter and on Unicorn. */
function both(module: UnicornModule, options: UnicornOptions, code: string, setup: (p: EngineParts) => void) {
  const [a, b] = [bare(), bare()];
  for (const p of [a, b]) {
    p.mem.pokeBytes(CODE, bytes(code));
    p.cpu.rip = CODE;
    p.cpu.setGpr(R.sp, DATA + 0x800n);
    setup(p);
  }
  const engines = [new Interpreter(a), unicorn(module, options)(b)] as const;
  const steps: [Step[], Step[]] = [[], []];
  return {
    parts: [a, b] as const,
    steps,
    run: (budget: number): Stop => {
      const [x, y] = engines.map((e) => e.run(budget));
      expect(y).toEqual(x);
      expect(state(b, FLAG_MASK)).toEqual(state(a, FLAG_MASK));
      return y!;
    },
    record: (budget: number): Stop => {
      const [x, y] = engines.map((e, i) => e.run(budget, { retired: (s) => steps[i]!.push(s) }));
      expect(y).toEqual(x);
      expect(steps[1]).toEqual(steps[0]);
      return y!;
    },
  };
}

describe.skipIf(!hasUnicorn).each(providers)(
  `%s${hasUnicorn ? '' : ' (needs libunicorn2)'}`,
  async (_name, provide) => {
    const module = hasUnicorn ? await provide() : (undefined as never);
    const on = (code: string, setup: (p: EngineParts) => void = () => {}, options: UnicornOptions = {}) =>
      both(module, options, code, setup);

    test('a budget ends a run exactly there, in the middle of a line and of a loop', () => {
      // INCQ AX; INCQ CX; JMP -8
      const t = on('48ffc0 48ffc1 ebf8');
      for (const n of [1, 2, 3, 7, 100]) expect(t.run(n)).toEqual({ why: 'budget', retired: n });
    });

    test('SYSCALL and INT retire, then stop', () => {
      const t = on('48ffc0 0f05 cc', ({ cpu }) => cpu.setFlag('CF', true));
      expect(t.run(9)).toEqual({ why: 'syscall', retired: 2 });
      expect(t.run(9)).toEqual({ why: 'trap', vector: 3, retired: 1 });
    });

    test('UD2, HLT and privileged instructions fault, with RIP at them', () => {
      for (const code of ['90 0f0b', '90 f4', '90 fa', '90 0f22c0', '90 ec']) {
        const t = on(code);
        expect(t.run(9)).toMatchObject({ why: 'fault', retired: 1 });
        expect(t.parts[1].cpu.rip).toBe(CODE + 1n);
      }
    });

    test('faults are told as ours are: first byte, size, kind of access', () => {
      const low = (p: EngineParts): void => p.cpu.setGpr(R.bx, 0x5000n);
      const edge = (p: EngineParts): void => p.cpu.setGpr(R.bx, DATA + 0xffcn);
      // Store; load; add to memory; push; 16 bytes across the edge of a page; a write to code.
      for (const code of ['488903', '488b03', '480103', 'ff33', '0f1103', '0f1003']) {
        for (const setup of [low, edge, (p: EngineParts) => p.cpu.setGpr(R.bx, 1n << 63n)]) {
          const t = on(`48ffc0 ${code} 48ffc1`, setup);
          expect(t.run(9)).toMatchObject({ why: 'fault', retired: 1 });
          expect(t.parts[1].mem.peekBytes(DATA + 0xfc0n, 64)).toEqual(t.parts[0].mem.peekBytes(DATA + 0xfc0n, 64));
        }
      }
      expect(on('50', ({ cpu }) => cpu.setGpr(R.sp, 0x9000n)).run(1)).toMatchObject({
        fault: { kind: 'page', address: 0x8ff8n, access: 'write', size: 8, mapped: false },
      });
      expect(on('8803', ({ cpu }) => cpu.setGpr(R.bx, CODE)).run(1)).toMatchObject({ fault: { mapped: true } });
    });

    test('one fault after the other is still a fault', () => {
      const t = on('48f7f1');
      for (let i = 0; i < 5; i++) expect(t.run(1)).toEqual({ why: 'fault', fault: { kind: 'divide' }, retired: 0 });
    });

    test('a branch to a non-canonical address faults where it stands', () => {
      for (const code of ['ffe3', 'ffd3', 'c3', 'c21000'])
        on(`90 ${code}`, ({ cpu, mem }) => {
          cpu.setGpr(R.bx, 1n << 50n);
          mem.poke(DATA + 0x800n, 8, 1n << 50n);
        }).run(9);
    });

    test('a branch into nothing faults at the next instruction', () => {
      const t = on('ffe3', ({ cpu }) => cpu.setGpr(R.bx, 0x123000n));
      expect(t.run(9)).toMatchObject({ why: 'fault', retired: 1, fault: { access: 'execute' } });
    });

    test('a repeated instruction counts once, and faults in the middle of its work', () => {
      const t = on('f348ab 90', ({ cpu }) => {
        cpu.setGpr(R.di, DATA + 0xfe0n);
        cpu.setGpr(R.cx, 3n);
      });
      expect(t.run(2)).toEqual({ why: 'budget', retired: 2 });
      const f = on('f348ab 90', ({ cpu }) => {
        cpu.setGpr(R.di, DATA + 0xfe0n);
        cpu.setGpr(R.cx, 9n);
      });
      expect(f.run(2)).toMatchObject({ why: 'fault', retired: 0 });
      expect(f.parts[1].cpu.gpr(R.cx)).toBe(5n);
    });

    test('code that changes under it is seen: written by the guest, by the host, mapped anew', () => {
      // MOVB $0x90, 2(PC)...: turns the INCQ CX behind it into NOPs.
      const t = on('c6050000000090 48ffc1 48ffc0', ({ mem }) =>
        mem.protect(CODE, 1n, PROT.read | PROT.write | PROT.exec),
      );
      t.run(4);
      const host = on('48ffc0 ebfb');
      host.run(10);
      for (const p of host.parts) p.mem.pokeBytes(CODE, bytes('48ffc8'));
      host.run(10);
      for (const p of host.parts) {
        p.mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'again');
        p.mem.pokeBytes(CODE, bytes('48ffc148ffc1'));
        p.cpu.rip = CODE;
      }
      host.run(2);
      expect(host.parts[1].cpu.gpr(R.cx)).toBe(2n);
    });

    test('memory that others write between two runs is seen, and memory it writes is ours', () => {
      const t = on('488b03 48ffc0 488903 ebf5', ({ cpu }) => cpu.setGpr(R.bx, DATA));
      t.run(3);
      for (const p of t.parts) p.mem.poke(DATA, 8, 100n);
      t.run(4);
      expect(t.parts[1].mem.peek(DATA, 8)).toBe(101n);
    });

    test('two engines of one Unicorn take turns', () => {
      const make = unicorn(module);
      const [a, b] = [bare(), bare()];
      for (const p of [a, b]) {
        p.mem.pokeBytes(CODE, bytes('48ff03 ebfb'));
        p.cpu.rip = CODE;
        p.cpu.setGpr(R.bx, DATA);
      }
      const engines = [make(a), make(b)];
      for (let i = 0; i < 6; i++) engines[i % 2]!.run(2);
      expect([a.mem.peek(DATA, 8), b.mem.peek(DATA, 8)]).toEqual([3n, 3n]);
    });

    test('a recorder is told the same steps', () => {
      // MOVQ, PUSH, POP, ADD to memory, MOVUPS, REP STOSQ, CPUID, MOVD, CALL.
      const t = on('48c7c005000000 50 59 480103 0f2803 0f1100 f348ab 0fa2 660f6ec0 e800000000', ({ cpu }) => {
        cpu.setGpr(R.bx, DATA + 0x100n);
        cpu.setGpr(R.ax, DATA);
        cpu.setGpr(R.di, DATA + 0x200n);
      });
      t.parts.forEach((p) => p.mem.poke(DATA + 0x100n, 8, 0x1122n));
      t.record(3);
      for (const p of t.parts) p.cpu.setGpr(R.ax, DATA);
      t.record(7);
      expect(t.steps[1].length).toBe(10);
      expect(t.steps[1].some((s) => s.stores.length > 2)).toBe(true);
    });

    test('every row that it is given agrees with the interpreter on random operands', () => {
      const random = new Random(20261122n);
      const handed = new Set<string>();
      const [a, b] = [bare(), bare()];
      const interpreter = new Interpreter(a);
      const engine = unicorn(module, { onHandOver: (i) => handed.add(i.form.name) })(b);
      const wrong: string[] = [];
      let compared = 0;
      for (const f of forms.filter((x) => x.operands.every((k) => k.slot !== 'rel'))) {
        for (let i = 0; i < 3; i++) {
          const c = f.meaning && makeCase(f, random, i > 0);
          const cl = Number((c?.before.gprs[R.cx] ?? 0n) & 0xffn);
          // More than the whole of both operands: no result is right or wrong.
          if (!c || isDoubleShift16(f)) continue;
          load(a, c);
          load(b, c);
          const insn = instructionAt(a.mem, CODE);
          const mask = FLAG_MASK & ~(insn ? undefinedFlags(insn, cl) : 0);
          const stops = [interpreter.run(1), engine.run(1)].map((s) => [s, (s as { fault?: unknown }).fault]);
          const differs = state(b, mask).filter((l, n) => l !== state(a, mask)[n]);
          if (differs.length || JSON.stringify(stops[0], text) !== JSON.stringify(stops[1], text)) {
            wrong.push(`${f.name} ${f.encoding.text} ${Buffer.from(c.code).toString('hex')}: ${differs.join('; ')}`);
          }
          compared++;
        }
      }
      expect(wrong).toEqual([]);
      expect(compared).toBeGreaterThan(2000);
      expect(handed.has('ADDQ')).toBe(false);
    });

    test('what Unicorn gets wrong is handed over and counted, or stops the run', () => {
      const why: string[] = [];
      const t = on('480fbcc1 90', undefined, { onHandOver: (i, w) => why.push(`${i.form.name}: ${w}`) });
      expect(t.run(2)).toEqual({ why: 'budget', retired: 2 });
      expect(why).toEqual(['BSFQ: of zero, writes the destination']);
      const p = bare();
      p.mem.pokeBytes(CODE, bytes('90 480fbcc1'));
      p.cpu.rip = CODE;
      expect(unicorn(module, { divergent: 'stop' })(p).run(5)).toMatchObject({
        why: 'fault',
        retired: 1,
        fault: { kind: 'no-meaning', what: expect.stringContaining('BSFQ') },
      });
    });
  },
);

const isDoubleShift16 = (f: Form): boolean => /^SH[LR]W$/.test(f.name) && f.operands.length === 3;
/** Undefined when Unicorn does not even stay where it was put. */
function goingAstray(run: () => Stop): Stop | undefined {
  try {
    return run();
  } catch (e) {
    expect(String(e)).toContain('outside of what it was given');
    return undefined;
  }
}

const text = (_key: string, v: unknown): unknown => (typeof v === 'bigint' ? v.toString(16) : v);

/** Rows that Unicorn has no instruction for at all are seen by its refusal, which the engine counts. */
test.skipIf(!hasUnicorn)(
  'every divergence is one: trusted, Unicorn leaves something else than the interpreter',
  async () => {
    const random = new Random(20261123n);
    const [a, b] = [bare(), bare()];
    const interpreter = new Interpreter(a);
    let refused = 0;
    const engine = unicorn(await loadUnicorn(), { divergent: 'trust', onHandOver: () => refused++ })(b);
    const seen = new Set<Divergence>();
    const met = new Set<Divergence>();
    // Over some lengths in RAX and RDX the string comparisons take the whole process down.
    const survives = (f: Form): boolean => !/^PCMP.STR/.test(f.name);
    for (const f of forms.filter((x) => x.meaning && survives(x) && x.operands.every((k) => k.slot !== 'rel'))) {
      for (let i = 0; i < 12; i++) {
        const c = makeCase(f, random, i % 2 === 1);
        if (!c) continue;
        load(a, c);
        load(b, c);
        const insn = instructionAt(a.mem, CODE);
        const divergence = insn && divergences.find((d) => d.concerns(insn));
        if (!divergence || seen.has(divergence)) continue;
        met.add(divergence);
        const cl = Number(c.before.gprs[R.cx]! & 0xffn);
        const before = refused;
        const stops = [interpreter.run(1), goingAstray(() => engine.run(1))];
        const mask = FLAG_MASK & ~undefinedFlags(insn, cl);
        const same = String(state(a, mask)) === String(state(b, mask)) && stops[0]?.why === stops[1]?.why;
        if (!same || refused > before) seen.add(divergence);
      }
    }
    expect([...met].filter((d) => !seen.has(d)).map((d) => d.unicorn)).toEqual([]);
    expect(seen.size).toBeGreaterThan(15);
  },
);

test('without a provider there is one line that says what to do', async () => {
  await expect(loadUnicorn('/nowhere/unicorn.js')).rejects.toThrow(NoUnicorn);
  await expect(loadUnicorn('/nowhere/unicorn.js')).rejects.toThrow(/^\/nowhere\/unicorn\.js: this is no unicorn\.js/);
});
