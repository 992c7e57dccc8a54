/** tmp */
import { expect, test } from 'vitest';
import { Cpu } from '#emu/cpu/cpu.ts';
import type { MakeEngine, Step } from '#emu/engine/engine.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Jit } from '#emu/engine/jit/jit.ts';
import { forms } from '#emu/isa/forms/index.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase, randomState } from '../witness/cases.ts';
import { CODE, DATA } from '../witness/silicon.ts';
const elsewhere = /^(CPUID|RDTSC)/;
const usable = forms.filter((f) => f.meaning && !elsewhere.test(f.name) && f.operands.every((k) => k.slot !== 'rel'));
class B {
  mem = new Memory(); cpu = new Cpu(this.mem.frames); engine;
  constructor(make: MakeEngine) {
    this.mem.map(CODE, 4096n, PROT.read | PROT.exec, 'code');
    this.mem.map(DATA, 4096n, PROT.read | PROT.write, 'data');
    this.engine = make({ cpu: this.cpu, mem: this.mem, clock: () => 0n });
  }
  set({ code, before }: any) {
    this.mem.pokeBytes(CODE, code); this.mem.pokeBytes(DATA, before.data);
    const { cpu } = this;
    before.gprs.forEach((v: bigint, n: number) => cpu.setGpr(n, v));
    before.vectors.forEach((v: bigint, n: number) => cpu.setXmm(n & 15, v, n < 16 ? 0 : 1));
    const { registers, ...control } = before.x87;
    Object.assign(cpu, control, { mxcsr: before.mxcsr, rflags: before.flags, rip: CODE, fop: 0, fip: 0n, fdp: 0n });
    registers.forEach((v: bigint, n: number) => cpu.setX87(n, v));
  }
  tape(c: any, budget: number) {
    this.set(c);
    const parts: Buffer[] = [];
    const stop = this.engine.run(budget, { retired() { throw new Error('step'); }, tape: (b) => { parts.push(Buffer.from(b)); } });
    return { stop, bytes: Buffer.concat(parts), regs: Buffer.from(this.cpu.save()).toString('hex') };
  }
  steps(c: any, budget: number) {
    this.set(c);
    const steps: Step[] = [];
    const stop = this.engine.run(budget, { retired: (s) => { steps.push(s); } });
    return { stop, steps };
  }
}
const show = (s: any) => JSON.stringify(s, (k, v) => (typeof v === 'bigint' ? v.toString(16) : k === 'insn' ? v.form.name : v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v));
test('tapes', () => {
  const r = new Random(BigInt(process.env.SEED ?? 7));
  const N = Number(process.env.N ?? 500), LEN = Number(process.env.LEN ?? 6);
  const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
  const pool = usable.filter((f) => only.test(f.name));
  let bad = 0, steps = 0; const t0 = performance.now();
  const A = new B((p) => new Interpreter(p)), J = new B((p) => new Jit(p, { warm: 1, few: 1, tape: Number(process.env.TAPE ?? 1 << 16) }));
  for (let i = 0; i < N; i++) {
    const parts: Uint8Array[] = []; const names: string[] = [];
    while (parts.length < LEN) {
      const f = pool[Number(r.next() % BigInt(pool.length))]!;
      const c = makeCase(f, r, Number(r.next() & 1n) === 1);
      if (c && parts.reduce((n, p) => n + p.length, 0) + c.code.length < 55) { parts.push(c.code); names.push(f.name); } else if (parts.length > 2) break;
    }
    const code = Buffer.concat([...parts, Buffer.of(0xcc)]);
    const before = randomState(r);
    const gprs = [...before.gprs]; gprs[1] = r.next() & 0x3fn; gprs[6] = DATA + 128n; gprs[7] = DATA + 160n;
    const c = { code, before: { ...before, gprs } };
    const a = A.tape(c, parts.length), b = J.tape(c, parts.length);
    const s = A.steps(c, parts.length), u = J.steps(c, parts.length);
    steps += s.steps.length;
    const say = (what: string, x: unknown, y: unknown) => { bad++; if (bad < 8) console.log(what, names.join(' '), code.toString('hex'), '\n', x, '\n', y); };
    if (show(a.stop) !== show(b.stop)) say('stop', show(a.stop), show(b.stop));
    else if (a.regs !== b.regs) say('regs', a.regs, b.regs);
    else if (!a.bytes.equals(b.bytes)) say('bytes', a.bytes.toString('hex'), b.bytes.toString('hex'));
    else if (show(s) !== show(u)) say('steps', show(s), show(u));
  }
  console.log('bad', bad, 'of', N, 'steps', steps, (performance.now() - t0).toFixed(0), 'ms', (J.engine as Jit).translated);
  expect(bad).toBe(0);
}, 1e6);
