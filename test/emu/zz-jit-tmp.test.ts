/** tmp */
import { test } from 'vitest';
import { assemble } from '#asm/assemble.ts';
import { Cpu } from '#emu/cpu/cpu.ts';
import { R } from '#emu/cpu/layout.ts';
import { Interpreter } from '#emu/engine/interp/interp.ts';
import { Jit } from '#emu/engine/jit/jit.ts';
import { PROT } from '#emu/mem/layout.ts';
import { Memory } from '#emu/mem/memory.ts';

const CODE = 0x40_0000n;
import { readFileSync } from 'node:fs';
function machine(source: string) {
  if (source.startsWith('/')) return boot(readFileSync(source));
  const text = `TEXT ·f(SB), 4, $0\n${source.split(';').map((l) => `${/:$/.test(l.trim()) ? '' : '\t'}${l.trim()}\n`).join('')}`;
  const object = assemble('t.s', { read: (p) => (p === 't.s' ? text : undefined) }, { includeDirs: [], defines: {} });
  if (object.diagnostics.length) console.log(object.diagnostics);
  return boot(object.functions[0]!.code);
}
function boot(code: Uint8Array) {
  const mem = new Memory();
  const cpu = new Cpu(mem.frames);
  mem.map(CODE, 0x1000n, PROT.read | PROT.exec, 'code');
  mem.map(0x100000n, 0x200000n, PROT.read | PROT.write, 'data');
  mem.map(0x6000n, 0x2000n, PROT.read | PROT.write, 'stack');
  mem.pokeBytes(CODE, code);
  cpu.rip = CODE;
  cpu.setGpr(R.sp, 0x7000n);
  return { mem, cpu };
}
const W1 = 'MOVQ $100000000, CX; MOVQ $12345, BX; loop:; ADDQ BX, AX; XORQ CX, AX; SHLQ $3, DX; IMULQ AX, BX; XORQ DX, BX; ADDQ $7, SI; XORQ SI, AX; ADDQ AX, DX; DECQ CX; CMPQ CX, $0; JNE loop; INT $3';
const W2='/tmp/b/w2.bin', FIB='/tmp/b/fib.bin', MEM='/tmp/b/mem.bin';
test('jit', () => {
  for (const [name, src] of Object.entries({ W1, W2, FIB, MEM })) {
    for (const budget of [1000, 100_003]) {
      const [a, b] = [machine(src), machine(src)];
      const ia = new Interpreter({ ...a, clock: () => 0n });
      const jb = new Jit({ ...b, clock: () => 0n });
      const ra = ia.run(budget), rb = jb.run(budget);
      const bad: string[] = [];
      for (let i = 0; i < 16; i++) if (a.cpu.gpr(i) !== b.cpu.gpr(i)) bad.push(`r${i} ${a.cpu.gpr(i).toString(16)} ${b.cpu.gpr(i).toString(16)}`);
      if (a.cpu.rip !== b.cpu.rip) bad.push(`rip ${a.cpu.rip.toString(16)} ${b.cpu.rip.toString(16)}`);
      if (a.cpu.rflags !== b.cpu.rflags) bad.push(`fl ${a.cpu.rflags.toString(16)} ${b.cpu.rflags.toString(16)}`);
      console.log(name, budget, JSON.stringify(ra), JSON.stringify(rb), bad.join(' ') || 'same');
    }
    const m = machine(src);
    const j = new Jit({ ...m, clock: () => 0n });
    for (let k = 0; k < 4; k++) {
    const t = performance.now();
    const r = j.run(300_000_000);
    const dt = (performance.now() - t) / 1000;
    console.log(name, r.why, r.retired, (r.retired / dt / 1e6).toFixed(0), 'M/s', j.translated);
    if (r.why !== 'budget') break;
    }
  }
}, 100000);
