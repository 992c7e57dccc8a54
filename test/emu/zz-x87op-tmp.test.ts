/** Scratch. */
import { test } from 'vitest';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Random } from '#runtime/junk.ts';
import { randomState } from '../witness/cases.ts';
import { Bench } from '../witness/ours.ts';
import { onSilicon } from '../witness/silicon.ts';
test('op', () => {
  const bench = new Bench((parts) => new Interpreter(parts)); const r = new Random(5n);
  const cases = ['', '66', '48', '6648', 'f2', 'f3', '66f3', 'f0', '41'].flatMap((p) => Array.from({ length: 8 }, (_, d) => Array.from({ length: 72 }, (_, m) => {
    const modrm = m < 64 ? 0xc0 + m : 0x45 | ((m - 64) << 3);
    const mem = m >= 64;
    return { p, code: Buffer.from(`${p === '48' || p === '6648' ? p.replace('48', mem ? '49' : '48') : mem ? p.replace('41', '') + '41' : p}${(0xd8 + d).toString(16)}${modrm.toString(16)}${mem ? '00' : ''}`, 'hex'), before: randomState(r) };
  })).flat()).flatMap((c) => [c, { ...c, before: randomState(r) }]);
  const res = onSilicon(cases);
  const bad = cases.flatMap((c, i) => { const o = bench.run(c); return o.signal === res[i]!.signal ? [] : [`${c.code.toString('hex')}: silicon ${res[i]!.signal} ours ${o.signal}`]; });
  const areas = ['66', 'f2', 'f3', 'f0'].flatMap((p) => ['0fae4500', '0fae4d00', '0fae6500', '0fae6d00', '0fae7500', '0fc76500', '0fc76d00', '0fc75d00'].flatMap((o) => ['', '49'].map((x) => ({ code: Buffer.from(`${p}${x || '41'}${o}`, 'hex'), before: randomState(r) }))));
  const res2 = onSilicon(areas);
  bad.push(...areas.flatMap((c, i) => { const o = bench.run(c); return o.signal === res2[i]!.signal ? [] : [`${c.code.toString('hex')}: silicon ${res2[i]!.signal} ours ${o.signal}`]; }));
  console.log(cases.length, bad.length, bad.slice(0, 50).join('\n'));
});
