/** tmp */
import { expect, test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Jit } from '#emu/engine/jit/jit.ts';
import { forms } from '#emu/isa/forms/index.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase, randomState } from '../witness/cases.ts';
import { Bench, differences } from '../witness/ours.ts';
import { DATA } from '../witness/silicon.ts';
const elsewhere = /^(CALL|SYSCALL|INT|CPUID|RDTSC|LEAVE|RDRAND|RDSEED)/;
const usable = forms.filter((f) => f.meaning && !elsewhere.test(f.name) && f.operands.every((k) => k.slot !== 'rel'));
test('blocks', () => {
  const r = new Random(7n);
  const N = Number(process.env.N ?? 1000), LEN = Number(process.env.LEN ?? 6);
  const only = process.env.ONLY ? new RegExp(process.env.ONLY) : /./;
  const pool = usable.filter((f) => only.test(f.name));
  let bad = 0; const t0 = performance.now(); let t1 = 0, t2 = 0; let translated = 0;
  let jb: Jit;
  const A = new Bench((p) => new Interpreter(p));
  let B = new Bench((p) => (jb = new Jit(p, { warm: 1, few: 1 })));
  const counts = new Map<string, number>();
  for (let i = 0; i < N; i++) {
    translated += jb! ? 0 : 0;
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
    const a0 = performance.now();
    const a = A.run(c, parts.length); const a1 = performance.now();
    let b;
    try { b = B.run(c, parts.length); } catch (e) { bad++; if (bad < 12) console.log(names.join(' '), code.toString('hex'), String((e as Error).stack).slice(0, 600)); B = new Bench((p) => (jb = new Jit(p, { warm: 1, few: 1 }))); continue; }
    t1 += a1 - a0; t2 += performance.now() - a1;
    const d = differences({ ...a, signal: a.signal, code: 0, address: a.fault?.kind === 'page' ? a.fault.address : 0n, error: 0, rip: 0n } as never, b, 0xffffffffn);
    if (d) { bad++; if (bad < 12) console.log(names.join(' '), code.toString('hex'), d.slice(0, 300)); }
  }
  console.log('bad', bad, 'of', N, 'interp ms', t1.toFixed(0), 'jit ms', t2.toFixed(0), 'translated', jb!.translated);
  expect(bad).toBe(0);
}, 1e6);
