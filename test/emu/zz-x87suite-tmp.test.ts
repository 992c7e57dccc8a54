/** Scratch. */
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { chapters } from '#emu/isa/forms/index.ts';
import { DEFINES } from '#runtime/stubs.ts';
import { goAsm } from '../witness/go.ts';
test('go', () => {
  const lines = new Set<string>();
  for (const f of [...chapters['x87']!, ...chapters['xsave']!]) {
    if (f.decodeOnly) continue;
    for (let i = 0; i < 8; i++) for (const mem of ['(BX)', '16(R11)', '8(SP)(R9*2)']) {
      const ops = f.operands.map((k) => k.slot === 'fixed' ? (k.file === 'gpr' ? 'AX' : `F${k.n}`) : k.slot === 'rm' && k.file === 'st' ? `F${i}` : mem).reverse();
      lines.add(`${f.name} ${ops.join(', ')}`);
    }
  }
  const text = [...lines].map((l, n) => `TEXT ·f${n}(SB), 4, $0\n\t${l}\n`).join('');
  writeFileSync('/tmp/x87t/g.s', text);
  const theirs = new Map(goAsm('/tmp/x87t/g.s', { packagePath: 'p', header: '' }).map((s) => [s.name, s.bytes]));
  const o = assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: DEFINES });
  console.log(o.diagnostics.slice(0, 5), lines.size, theirs.size);
  const bad = [...lines].flatMap((l, n) => { const a = theirs.get(`p.f${n}`); const b = Buffer.from(o.functions[n]!.code).toString('hex'); return a === b ? [] : [`${l}: go ${a} ours ${b}`]; });
  console.log(bad.length, bad.slice(0, 30).join('\n'));
});
