import { test } from 'vitest';
import { compare, jobOf } from './soak/cpu.ts';
import { onSilicon } from './witness/silicon.ts';
import { print } from '#emu/decode/print.ts';
import { decode } from '#emu/decode/decode.ts';
test('x', () => {
  const jobs = Array.from({ length: 600 }, (_, i) => jobOf('1', `block:${i}`));
  const r = onSilicon(jobs.map((j) => j.cases[0]!.c));
  const by: Record<string, number> = {};
  let depth = 0;
  r.forEach((o, i) => { const k = String(o.signal) ; by[k] = (by[k] ?? 0) + 1; depth += Number(o.rip - 0x20000000n) / jobs[i]!.cases[0]!.c.code.length; });
  console.log(by, depth / 600);
  for (const i of [0, 1, 2]) { const c = jobs[i]!.cases[0]!.c.code; let at = 0; const out = []; while (at < c.length) { const insn = decode(c.subarray(at), BigInt(at)); if (!insn || insn === 'short') break; out.push(at.toString(16) + ' ' + print(insn)); at += insn.length; } console.log(out.join('\n')); }
});
