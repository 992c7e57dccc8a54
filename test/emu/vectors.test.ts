/** tmp */
import { expect, test } from 'vitest';
import { chapters } from '#emu/isa/forms/index.ts';
import { replay } from '../witness/replay.ts';
test.each((process.env.CH ?? Object.keys(chapters).join()).split(','))('%s', (c) => {
  const t = performance.now(); const c0 = process.cpuUsage();
  const r = replay(c); const cu = process.cpuUsage(c0);
  console.log(c, r.rows, r.encodings, r.cases, (performance.now() - t).toFixed(0), 'cpu ms', (cu.user/1000).toFixed(0));
  const by = new Map<string, string[]>(); for (const w of r.wrong) { const k = w.split(' ')[0]! + ' ' + / (interpreter|translator) /.exec(w)![1]; by.set(k, [...(by.get(k) ?? []), w]); }
  for (const [k, w] of [...by].slice(0, 60)) console.log(`${k} ${w.length}: ${w[0]!.slice(0, 420)}`);
  expect(r.wrong.length).toBe(0);
});
