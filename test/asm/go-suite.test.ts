/** tmp */
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { goroot } from '../witness/go.ts';
const dir = `${goroot}/src/cmd/asm/internal/asm/testdata`;
test('x', () => {
  const files = ['amd64.s', 'amd64enc.s', 'amd64enc_extra.s', ...['aes_avx512f','avx512_4fmaps','avx512_4vnniw','avx512_bitalg','avx512_ifma','avx512_vbmi','avx512_vbmi2','avx512_vnni','avx512_vpopcntdq','avx512bw','avx512cd','avx512dq','avx512er','avx512f','avx512pf','gfni_avx512f','vpclmulqdq_avx512f'].map((n) => `avx512enc/${n}.s`)];
  const bad: string[] = []; let total = 0;
  for (const f of files) {
    const lines: [string, string[]][] = [];
    for (const m of readFileSync(`${dir}/${f}`, 'utf8').matchAll(/^\t([A-Z0-9][^/\n]*?)[ \t]*(?:\/\/.*?)?\/\/ ((?:[0-9a-f]{2})+(?: or [0-9a-f]+)*)$/gm)) lines.push([m[1]!, m[2]!.split(' or ')]);
    const source = lines.map(([l], i) => `TEXT ·f${i}(SB), 4, $0\n\t${l}\n`).join('');
    const o = assemble('lines.s', { read: (p) => (p === 'lines.s' ? source : undefined) }, { includeDirs: [], defines: {}, allErrors: true } as never);
    const by = new Map(o.functions.map((x) => [x.symbol.name, Buffer.from(x.code).toString('hex')]));
    total += lines.length;
    lines.forEach(([l, hex], i) => { const got = by.get(`.f${i}`) ?? 'nothing'; if (!hex.includes(got)) bad.push(`${f}: ${l}: ${got} not ${hex}`); });
  }
  writeFileSync('/tmp/avx/bad.txt', bad.join('\n'));
  console.log(total, bad.length, bad.slice(0, 60).join('\n'));
});
