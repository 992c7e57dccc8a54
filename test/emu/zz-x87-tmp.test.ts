/** Scratch. */
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { x87 } from '#emu/isa/forms/x87.ts';
import { xsave } from '#emu/isa/forms/xsave.ts';
import { Random } from '#runtime/junk.ts';
import { makeCase } from '../witness/cases.ts';
import { Bench, differences } from '../witness/ours.ts';
import { withFreedom } from '../witness/x87.ts';
import { onSilicon } from '../witness/silicon.ts';

const bench = new Bench((parts) => new Interpreter(parts));
const only = process.env.ROW ? new RegExp(process.env.ROW) : /./;
const N = Number(process.env.N ?? 60);
test('x87', () => {
  const random = new Random(BigInt(process.env.SEED ?? 7));
  const jobs = [...x87, ...xsave].filter((f) => only.test(f.name)).flatMap((f) => Array.from({ length: N }, (_, i) => makeCase(f, random, i % 2 === 1)).flatMap((c) => (c ? [{ f, c }] : [])));
  const results = onSilicon(jobs.map((j) => j.c));
  const by = new Map<string, string[]>();
  const t0 = Date.now();
  jobs.forEach(({ f, c }, i) => {
    let d: string | undefined;
    try { const o = bench.run(c); d = differences(results[i]!, { ...o, after: withFreedom(f, results[i]!.after, o.after) }, 0xcd5n, 0xffff); } catch (err) { d = String((err as Error).stack).slice(0, 300); }
    if (!d) return;
    const { fsw, fcw, tags, registers } = c.before.x87; const top = (fsw >> 11) & 7;
    const st = [0,1,2,7].map((n) => `${(tags >> ((top + n) & 7)) & 1 ? '' : '!'}${registers[(top + n) & 7]!.toString(16)}`).join(' ');
    const key = `${f.name} ${f.encoding.text}`;
    by.set(key, [...(by.get(key) ?? []), `${Buffer.from(c.code).toString('hex')} fcw ${fcw.toString(16)} fsw ${fsw.toString(16)} st ${st}: ${d}`]);
  });
  let out = `${jobs.length} cases, ${Date.now() - t0} ms\n`;
  for (const [k, v] of by) out += `${k}: ${v.length}\n${v.slice(0, Number(process.env.SHOW ?? 2)).map((l) => `    ${l}\n`).join('')}`;
  writeFileSync('/tmp/x87t/out.txt', out);
}, 600_000);
